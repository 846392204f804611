//! Errors that go away by themselves: what a `retry` tries again for when it names no patterns of its own.

use std::sync::LazyLock;

use regex::{RegexSet, RegexSetBuilder};

use crate::config::step::Retry;
use crate::failure::{Failure, Kind};

/// What tools say of them; the case of letters does not count. `docs/pipelines.md` lists them.
pub(super) const PATTERNS: [&str; 25] = [
    // The network.
    r"connection (was )?(refused|reset|closed|aborted|timed out)",
    r"\bECONN(REFUSED|RESET|ABORTED)\b|\bETIMEDOUT\b|\bEAI_AGAIN\b",
    r"(i/o|read|write|dial|handshake|request|operation|connect(ion)?) time(d )?-?out",
    r"took longer than",
    r"context deadline exceeded|Client\.Timeout exceeded",
    r"unexpected EOF|: EOF$|use of closed network connection|broken pipe|transport is closing|server closed (the )?(idle )?connection",
    r"temporary failure in name resolution|server misbehaving|could not resolve host",
    r"no route to host|network is unreachable",
    r"net/http: (request canceled|TLS handshake timeout)",
    r"ssh_exchange_identification|kex_exchange_identification|Connection closed by remote host",
    // Services that are busy.
    r"\b(429|502|503|504)\b.{0,40}(too many|bad gateway|unavailable|time-?out)",
    r"(too many requests|bad gateway|service (temporarily )?unavailable|gateway time-?out)",
    r"toomanyrequests|rate limit|rate exceeded",
    r"Throttling|RequestLimitExceeded|SlowDown|ProvisionedThroughputExceeded",
    r"InternalServerError|InternalError|internal server error|InternalFailure",
    r"try again later|please retry|temporarily unavailable",
    // Clouds that need a moment.
    r"OperationNotAllowed.*another operation|ConcurrentModification|ConflictException",
    r"ResourceInUse|DependencyViolation|eventual consistency",
    r"RetryableError|ServerTimeout|RequestTimeout",
    // Tools.
    r"Error acquiring the state lock",
    r"failed to (query|install) (available )?provider|could not (query|download) provider",
    r"registry (service )?is unreachable|Failed to query available provider packages",
    r"text file busy",
    r"could not get lock /var/lib|dpkg frontend lock",
    r"RequestError: send request failed",
];

static TRANSIENT: LazyLock<Option<RegexSet>> =
    LazyLock::new(|| RegexSetBuilder::new(PATTERNS).case_insensitive(true).build().ok());

/// Whether a failure is worth another try, by what was said.
pub(super) fn is_worth(retry: &Retry, failure: &Failure, heard: &[String]) -> bool {
    if failure.kind != Kind::Failed {
        return false;
    }
    let reasons = failure.error.chain().map(ToString::to_string);
    let said: Vec<String> = reasons.chain(heard.iter().cloned()).collect();
    let words: Vec<&str> =
        if retry.on.is_empty() { vec!["transient"] } else { retry.on.iter().map(String::as_str).collect() };
    words.into_iter().any(|word| match word {
        "any" => true,
        "transient" => TRANSIENT.as_ref().is_some_and(|all| said.iter().any(|line| all.is_match(line))),
        pattern => regex::Regex::new(pattern).is_ok_and(|one| said.iter().any(|line| one.is_match(line))),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn worth(on: &[&str], said: &str) -> bool {
        let on = on.iter().map(ToString::to_string).collect();
        let retry = Retry { attempts: 3, every: Duration::ZERO, on };
        is_worth(&retry, &Failure::new(Kind::Failed, "exit code 1"), &[said.to_owned()])
    }

    #[test]
    fn errors_that_go_away_are_known() {
        for said in [
            "curl: (7) Failed to connect: Connection refused",
            "Error: dial tcp 10.0.0.1:443: i/o timeout",
            "read tcp: connection reset by peer",
            "ThrottlingException: Rate exceeded",
            "HTTP 503 Service Unavailable",
            "Error: Error acquiring the state lock",
            "net/http: TLS handshake timeout",
            "toomanyrequests: You have reached your pull rate limit",
            "getaddrinfo EAI_AGAIN registry",
            "Put \"http://registry.example/v2/team/etl/manifests/1\": EOF",
            "curl: (6) Could not resolve host: example.org",
        ] {
            assert!(worth(&[], said), "{said}");
        }
        for said in [
            "assertion failed",
            "Error: Unsupported argument",
            "exit status 1",
            "port 5030 is open",
            "403 Forbidden",
        ] {
            assert!(!worth(&[], said), "{said}");
        }
    }

    #[test]
    fn patterns_replace_the_list_and_words_stand_for_it() {
        assert!(!worth(&["quota"], "connection refused"));
        assert!(worth(&["quota"], "quota exceeded"));
        assert!(worth(&["transient", "quota"], "connection refused"));
        assert!(worth(&["any"], "assertion failed"));
        assert!(TRANSIENT.is_some());
    }

    #[test]
    fn what_another_try_cannot_mend_is_not_tried_again() {
        let retry = Retry { attempts: 3, every: Duration::ZERO, on: vec!["any".into()] };
        for kind in [Kind::Config, Kind::Secrets, Kind::Tool, Kind::Interrupted, Kind::Declined, Kind::Usage]
        {
            assert!(!is_worth(&retry, &Failure::new(kind, "x"), &[]));
        }
    }
}
