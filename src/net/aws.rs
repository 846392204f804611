//! The services of AWS that speak JSON: one signed request, its answer, and what a refusal means.

use std::sync::atomic::{AtomicBool, AtomicI64};
use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::Value as Json;

use super::answer::Answer;
use super::dial::Dial;
use super::http::{self, Reply};
use super::sign::{self, Keys};
use crate::failure::{Failure, Kind};

/// How long one request may take.
const EACH: Duration = Duration::from_secs(20);
/// The longest answer that is taken.
const LONGEST: u64 = 64 * 1024 * 1024;

/// A service.
#[derive(Debug)]
pub(crate) struct Service {
    /// As the `aws` program calls it.
    pub(crate) word: &'static str,
    /// As variables and profiles call it: `AWS_ENDPOINT_URL_ECS`, `ecs`.
    pub(crate) id: &'static str,
    /// The first part of the name of its server.
    host: &'static str,
    /// As signatures call it.
    signed: &'static str,
    /// What stands before the name of an operation.
    target: &'static str,
}

/// Containers: tasks, services.
pub(crate) const ECS: Service = Service {
    word: "ecs",
    id: "ecs",
    host: "ecs",
    signed: "ecs",
    target: "AmazonEC2ContainerServiceV20141113",
};
/// Load balancers; only the `aws` program asks them: they speak no JSON.
pub(crate) const ELB: Service = Service {
    word: "elbv2",
    id: "elastic_load_balancing_v2",
    host: "elasticloadbalancing",
    signed: "",
    target: "",
};
/// Names; the same.
pub(crate) const ROUTE53: Service =
    Service { word: "route53", id: "route_53", host: "route53", signed: "", target: "" };
/// Logs.
pub(crate) const LOGS: Service =
    Service { word: "logs", id: "cloudwatch_logs", host: "logs", signed: "logs", target: "Logs_20140328" };

impl Service {
    /// The usual server of a region; none where the names of servers there are not known.
    pub(crate) fn usual(&self, region: &str) -> Option<String> {
        let mut parts = region.split('-');
        let known = ["af", "ap", "ca", "cn", "eu", "il", "me", "mx", "sa", "us"];
        let is_known = parts.next().is_some_and(|area| known.contains(&area))
            && parts.next().is_some_and(|part| !part.starts_with("iso"))
            && parts.next_back().is_some_and(|last| last.parse::<u8>().is_ok());
        let end = if region.starts_with("cn-") { ".cn" } else { "" };
        is_known.then(|| format!("https://{}.{region}.amazonaws.com{end}", self.host))
    }
}

/// Where a service is, and how it is reached.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// Of the server, without a path.
    pub(crate) url: String,
    pub(crate) region: String,
    pub(crate) dial: Dial,
    /// Certificates to trust besides those of the system.
    pub(crate) ca: Option<std::path::PathBuf>,
}

/// Keys, and how long they count.
#[derive(Debug, Clone)]
pub(crate) struct Lent {
    pub(crate) keys: Keys,
    pub(crate) until: Option<Timestamp>,
    /// Others can be had when these are over.
    pub(crate) is_renewable: bool,
}

/// What is known of AWS for the rest of a run.
#[derive(Debug, Default)]
pub(crate) struct Session {
    /// Who asks.
    pub(crate) lent: tokio::sync::Mutex<Option<Lent>>,
    /// How many seconds the clock of AWS is ahead of ours.
    pub(crate) ahead: AtomicI64,
    /// The `aws` program has to ask.
    pub(crate) by_program: AtomicBool,
}

/// A refusal, in the words of AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// 0 where the `aws` program told it.
    pub(crate) status: u16,
    /// `ThrottlingException`.
    pub(crate) code: String,
    pub(crate) message: String,
    /// What the clock of the server says.
    pub(crate) date: Option<Timestamp>,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Wrong {
    /// AWS refuses.
    Refused(Refusal),
    /// AWS says nothing.
    Unreached(Answer),
    /// Nobody was asked.
    Failed(Failure),
}

impl Refusal {
    fn of(reply: &Reply) -> Refusal {
        let body: Json = serde_json::from_slice(&reply.body).unwrap_or_default();
        let text = |name: &str| body.get(name).and_then(Json::as_str);
        let code = text("__type").or(text("code")).or_else(|| reply.header("x-amzn-errortype"));
        let code = code.unwrap_or_default();
        // `com.amazonaws.ecs#ClientException`, `AccessDeniedException:http://…`
        let code = code.rsplit('#').next().unwrap_or_default().split(':').next().unwrap_or_default();
        let message = text("message").or(text("Message")).unwrap_or_default();
        let date = reply.header("date").and_then(|date| jiff::fmt::rfc2822::parse(date).ok());
        let (code, message) = match (code, message) {
            ("", "") => (http::status(reply.status), reply.first_lines(1).concat()),
            (code, message) => (code.to_owned(), message.to_owned()),
        };
        Refusal { status: reply.status, code, message, date: date.map(|date| date.timestamp()) }
    }

    /// From what the `aws` program prints: `An error occurred (CODE) when calling the X operation: TEXT`.
    pub(crate) fn printed(tail: &str) -> Option<Refusal> {
        let (code, rest) = tail.rsplit_once("An error occurred (")?.1.split_once(')')?;
        let rest = rest.split_once(" operation")?.1;
        // " (reached max retries: 4): TEXT"
        let rest =
            rest.strip_prefix(" (").and_then(|rest| rest.split_once(')')).map_or(rest, |(_, rest)| rest);
        let message = rest.strip_prefix(": ")?;
        let message = message.lines().next().unwrap_or_default().trim();
        Some(Refusal { status: 0, code: code.to_owned(), message: message.to_owned(), date: None })
    }

    /// It may be well in a moment.
    pub(crate) fn is_passing(&self) -> bool {
        let slower =
            ["RequestLimitExceeded", "SlowDown", "PriorRequestNotComplete", "TooManyRequestsException"];
        let broken = ["ServerException", "InternalFailure", "InternalServerError", "ServiceUnavailable"];
        let is = |words: &[&str]| words.iter().any(|word| self.code.contains(word));
        is(&["Throttl"])
            || is(&slower)
            || is(&broken)
            || self.status == 429
            || matches!(self.status, 500..=599)
            || self.message.contains("Rate exceeded")
    }

    /// The session of who asks is over.
    pub(crate) fn is_expired(&self) -> bool {
        self.code.starts_with("ExpiredToken")
            || self.message.contains("security token included in the request is expired")
    }

    /// The clock here differs from that of AWS.
    pub(crate) fn is_of_the_clock(&self) -> bool {
        let late = ["RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture"];
        let signed = ["InvalidSignatureException", "SignatureDoesNotMatch"];
        late.contains(&self.code.as_str())
            || signed.contains(&self.code.as_str())
                && ["expired", "not yet current"].iter().any(|words| self.message.contains(words))
    }

    /// AWS reckons another signature.
    pub(crate) fn is_of_the_signature(&self) -> bool {
        ["InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignature"]
            .contains(&self.code.as_str())
    }

    /// The failure of whoever asked: `what` was not done.
    pub(crate) fn failure(&self, what: &str) -> Failure {
        let failure =
            Failure::new(Kind::Failed, format!("{}: {}", self.code, self.message)).context(what.to_owned());
        let denied = |text: &str| {
            let (action, rest) = text.split_once("not authorized to perform: ")?.1.split_once(' ')?;
            let resource = rest.split_once("on resource: ").and_then(|(_, rest)| rest.split(' ').next());
            Some(format!("allow {action} on {}", resource.unwrap_or("*")))
        };
        match self.code.as_str() {
            "UnrecognizedClientException" | "InvalidClientTokenId" | "AuthFailure" => failure.help(
                "check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, and that the region is enabled for this account",
            ),
            _ if self.is_of_the_clock() => failure.help("set the clock of this machine"),
            _ => match denied(&self.message) {
                Some(help) => failure.help(help),
                None => failure,
            },
        }
    }
}

impl Wrong {
    /// What AWS calls it.
    pub(crate) fn code(&self) -> &str {
        match self {
            Wrong::Refused(refusal) => &refusal.code,
            Wrong::Unreached(_) | Wrong::Failed(_) => "",
        }
    }

    /// It may be well in a moment.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Wrong::Refused(refusal) => refusal.is_passing(),
            Wrong::Unreached(answer) => !answer.is_final,
            Wrong::Failed(_) => false,
        }
    }

    /// The failure of whoever asked: `what` was not done.
    pub(crate) fn failure(self, what: &str) -> Failure {
        match self {
            Wrong::Refused(refusal) => refusal.failure(what),
            Wrong::Unreached(answer) => {
                let failure = Failure::new(Kind::Failed, answer.text).context(what.to_owned());
                answer.check.into_iter().fold(failure, Failure::help)
            }
            Wrong::Failed(failure) => failure.context(what.to_owned()),
        }
    }
}

/// Asks once. Blocks.
pub(crate) fn ask(
    service: &Service,
    place: &Place,
    operation: &str,
    body: &str,
    keys: &Keys,
    now: Timestamp,
) -> Result<Json, Wrong> {
    let url = format!("{}/", place.url.trim_end_matches('/'));
    let server = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
    let (host, path) = server.split_once('/').unwrap_or((server, ""));
    let target = format!("{}.{operation}", service.target);
    let request = sign::Request {
        service: service.signed,
        method: "POST",
        host,
        path: &format!("/{path}"),
        query: "",
        body: body.as_bytes(),
        headers: &[("content-type", "application/x-amz-json-1.1"), ("x-amz-target", &target)],
    };
    let headers = sign::headers(request, keys, &place.region, now);
    let request = http::Request {
        method: "POST",
        url,
        headers: headers.into_iter().map(|(name, value)| (name, SecretString::from(value))).collect(),
        body: Some(body.to_owned().into()),
        redirects: false,
        dial: place.dial.clone(),
        ca: place.ca.clone(),
    };
    let reply = http::open(&request, EACH, now).and_then(|open| open.read(LONGEST));
    let reply = reply.map_err(|trouble| Wrong::Unreached(trouble.answer))?;
    if !matches!(reply.status, 200..=299) {
        return Err(Wrong::Refused(Refusal::of(&reply)));
    }
    if reply.body.is_empty() {
        return Ok(Json::Object(serde_json::Map::new()));
    }
    reply.json().map_err(Wrong::Unreached)
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use super::*;

    fn keys() -> Keys {
        Keys {
            access: "AKID".into(),
            secret: "CANARY-key".to_owned().into(),
            session: Some("T".to_owned().into()),
        }
    }

    /// Answers once; what it was asked.
    fn server(status: &str, headers: &str, body: &str) -> (Place, std::thread::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answer = format!(
            "HTTP/1.1 {status}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        let asked = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut got = String::new();
            let mut bytes = [0; 4096];
            while !got.ends_with('}') {
                let count = stream.read(&mut bytes).unwrap();
                got.push_str(&String::from_utf8_lossy(&bytes[..count]));
            }
            stream.write_all(answer.as_bytes()).unwrap();
            got
        });
        (Place { url, region: "eu-west-3".into(), dial: Dial::default(), ca: None }, asked)
    }

    fn now() -> Timestamp {
        "2026-11-28T18:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_request_is_signed_for_its_service_and_names_the_operation() {
        let (place, asked) = server("200 OK", "", r#"{"tasks":[],"failures":[]}"#);
        let answer = ask(&ECS, &place, "DescribeTasks", r#"{"cluster":"c"}"#, &keys(), now()).unwrap();
        assert_eq!(answer["tasks"], serde_json::json!([]));
        let asked = asked.join().unwrap().to_ascii_lowercase();
        assert!(asked.starts_with("post / http/1.1\r\n"), "{asked}");
        for line in [
            "x-amz-target: amazonec2containerservicev20141113.describetasks",
            "content-type: application/x-amz-json-1.1",
            "x-amz-date: 20261128t180000z",
            "x-amz-security-token: t",
            "credential=akid/20261128/eu-west-3/ecs/aws4_request",
            "signedheaders=content-type;host;x-amz-content-sha256;x-amz-date;x-amz-security-token;x-amz-target",
        ] {
            assert!(asked.contains(line), "{line}\n{asked}");
        }
        assert!(!asked.contains("canary"), "{asked}");
    }

    #[test]
    fn a_refusal_has_its_code_its_words_and_the_time_of_the_server() {
        let (place, asked) = server(
            "400 Bad Request",
            "date: Sat, 28 Nov 2026 18:20:00 GMT\r\n",
            r#"{"__type":"com.amazonaws.ecs#InvalidSignatureException","message":"Signature expired: 20261128T180000Z is now earlier than …"}"#,
        );
        let wrong = ask(&ECS, &place, "DescribeTasks", "{}", &keys(), now()).unwrap_err();
        asked.join().unwrap();
        let Wrong::Refused(refusal) = wrong else { panic!("{wrong:?}") };
        assert_eq!((refusal.status, refusal.code.as_str()), (400, "InvalidSignatureException"));
        assert!(refusal.is_of_the_clock() && !refusal.is_passing() && !refusal.is_expired());
        assert_eq!(refusal.date, "2026-11-28T18:20:00Z".parse().ok());
    }

    #[test]
    fn what_is_no_json_and_what_is_cut_is_said() {
        let (place, asked) = server("503 Service Unavailable", "", "<html>busy</html>");
        let wrong = ask(&LOGS, &place, "GetLogEvents", "{}", &keys(), now()).unwrap_err();
        asked.join().unwrap();
        assert!(wrong.is_passing());
        assert_eq!(wrong.code(), "503 Service Unavailable");
        let (place, asked) = server("200 OK", "", "<html>a proxy</html>");
        let wrong = ask(&LOGS, &place, "GetLogEvents", "{}", &keys(), now()).unwrap_err();
        asked.join().unwrap();
        let text = format!("{:#}", wrong.failure("logs were not read").error);
        assert!(text.contains("the answer is not JSON"), "{text}");
    }

    #[test]
    fn an_answer_of_five_megabytes_is_taken() {
        let body = format!(r#"{{"events":["{}"]}}"#, "x".repeat(6 * 1024 * 1024));
        let (place, asked) = server("200 OK", "", &body);
        let answer = ask(&LOGS, &place, "GetLogEvents", "{}", &keys(), now()).unwrap();
        asked.join().unwrap();
        assert_eq!(answer["events"][0].as_str().map(str::len), Some(6 * 1024 * 1024));
    }

    fn said(status: u16, code: &str, message: &str) -> Refusal {
        Refusal { status, code: code.into(), message: message.into(), date: None }
    }

    #[test]
    fn what_passes_is_told_from_what_does_not() {
        for (status, code, message) in [
            (400, "ThrottlingException", "Rate exceeded"),
            (400, "ThrottledException", ""),
            (400, "RequestLimitExceeded", ""),
            (500, "ServerException", ""),
            (502, "502 Bad Gateway", ""),
            (429, "", ""),
        ] {
            assert!(said(status, code, message).is_passing(), "{code}");
        }
        for (status, code) in
            [(400, "ClientException"), (400, "LimitExceededException"), (403, "AccessDeniedException")]
        {
            assert!(!said(status, code, "").is_passing(), "{code}");
        }
        assert!(said(400, "ExpiredTokenException", "").is_expired());
        assert!(said(403, "ExpiredToken", "").is_expired());
    }

    #[test]
    fn the_words_of_the_program_are_a_refusal_too() {
        let tail = "\naws: [ERROR]: An error occurred (ThrottlingException) when calling the DescribeTasks operation (reached max retries: 4): Rate exceeded\n";
        assert_eq!(Refusal::printed(tail), Some(said(0, "ThrottlingException", "Rate exceeded")));
        assert_eq!(Refusal::printed("Unable to locate credentials"), None);
    }

    #[test]
    fn what_is_not_allowed_says_what_to_allow() {
        let message = "User: arn:aws:iam::1:user/u is not authorized to perform: ecs:RunTask on resource: arn:aws:ecs:x because no policy";
        let failure = said(400, "AccessDeniedException", message).failure("the task was not started");
        assert_eq!(failure.help, ["allow ecs:RunTask on arn:aws:ecs:x"]);
    }

    #[test]
    fn servers_are_named_where_their_names_are_known() {
        assert_eq!(ECS.usual("eu-west-3").as_deref(), Some("https://ecs.eu-west-3.amazonaws.com"));
        assert_eq!(LOGS.usual("cn-north-1").as_deref(), Some("https://logs.cn-north-1.amazonaws.com.cn"));
        assert_eq!(ECS.usual("us-gov-west-1").as_deref(), Some("https://ecs.us-gov-west-1.amazonaws.com"));
        for odd in ["us-iso-east-1", "us-isob-east-1", "eusc-de-east-1", "eu-isoe-west-1", "moon", ""] {
            assert_eq!(ECS.usual(odd), None, "{odd}");
        }
    }
}
