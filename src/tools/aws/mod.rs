//! The AWS CLI and its files: who somebody is, and where.

pub(crate) mod verdict;
pub(crate) mod branches;
pub(crate) mod stopped;
pub(crate) mod events;
pub(crate) mod definition;
pub(crate) mod ecr;
pub(crate) mod power;
pub(crate) mod profile;
pub(crate) mod service;
pub(crate) mod stream;
mod log;
pub(crate) mod task;

use jiff::Timestamp;
use secrecy::SecretString;
use serde::Deserialize;

use crate::exec::{Cmd, Io};
use crate::failure::{Failure, Kind};
use crate::net::aws::Lent;
use crate::net::sign::Keys;
use crate::text::last_line;

/// The program, for one region: its answers are JSON, it asks nothing, and it pages nothing.
pub(crate) fn program(region: &str, words: &[&str]) -> Cmd {
    Cmd::new("aws").args(["--region", region, "--output", "json"]).args(words.iter().copied()).io(Io::Capture)
}

/// Variables with which every version of it says the same.
pub(crate) const MANNERS: [(&str, &str); 5] = [
    ("AWS_PAGER", ""),
    ("AWS_CLI_AUTO_PROMPT", "off"),
    ("AWS_CLI_ERROR_FORMAT", "legacy"),
    ("AWS_RETRY_MODE", "standard"),
    ("AWS_MAX_ATTEMPTS", "5"),
];

/// What it calls an operation: `describe-tasks` for `DescribeTasks`.
pub(crate) fn word(operation: &str) -> String {
    operation.char_indices().fold(String::new(), |mut word, (at, letter)| {
        if letter.is_ascii_uppercase() && at > 0 {
            word.push('-');
        }
        word.push(letter.to_ascii_lowercase());
        word
    })
}

/// Prints credentials, wherever they come from: single sign-on, an assumed role, the machine's own.
pub(crate) fn export_credentials(profile: Option<&str>) -> Cmd {
    let cmd =
        Cmd::new("aws").args(["configure", "export-credentials", "--format", "process"]).io(Io::Capture);
    match profile {
        Some(name) => cmd.env("AWS_PROFILE", name),
        None => cmd,
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Exported {
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
    expiration: Option<String>,
}

/// Reads what [`export_credentials`] prints.
pub(crate) fn parse_credentials(stdout: &[u8]) -> Option<Lent> {
    let exported: Exported = serde_json::from_slice(stdout).ok()?;
    let session = exported.session_token.map(SecretString::from);
    let keys = Keys { access: exported.access_key_id, secret: exported.secret_access_key.into(), session };
    let until = exported.expiration.and_then(|text| text.parse::<Timestamp>().ok());
    Some(Lent { keys, until, is_renewable: true })
}

/// It is too old for [`export_credentials`].
pub(crate) fn cannot_export(tail: &str) -> bool {
    tail.contains("nvalid choice") || tail.contains("nknown subcommand")
}

/// What an error of the program means when it is about who somebody is.
pub(crate) fn who(tail: &str, profile: Option<&str>) -> Option<Failure> {
    let said = |all: &[&str]| all.iter().any(|words| tail.contains(words));
    let failure = |what: &str| Failure::new(Kind::Failed, last_line(tail)).context(what.to_owned());
    if said(&["Please reauthenticate using 'aws login'"]) {
        return Some(failure("the session of AWS is over").help("run `aws login`"));
    }
    if said(&[
        "Error loading SSO Token",
        "Token has expired and refresh failed",
        "The SSO session associated with this profile has expired",
        "Session token not found or invalid",
        "ExpiredToken",
        "RequestExpired",
        "security token included in the request is expired",
    ]) {
        return Some(over(last_line(tail), profile));
    }
    if said(&["Unable to locate credentials", "Partial credentials found", "NoCredentials"]) {
        return Some(
            failure("AWS does not know who asks: there are no credentials")
                .help("put AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY among the secrets of the environment")
                .help("or set AWS_PROFILE to a profile of `aws configure list-profiles`"),
        );
    }
    let is_late = said(&["Signature expired", "Signature not yet current"]);
    if said(&["AuthFailure", "InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch"])
        && !is_late
    {
        return Some(
            failure("AWS refuses the credentials: a wrong key, or one that was taken back").help(
                "check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN among the secrets of the environment, and that the region is enabled for this account",
            ),
        );
    }
    if said(&["The config profile ("]) {
        return Some(
            failure("there is no such profile of AWS")
                .help("set AWS_PROFILE to one of `aws configure list-profiles`"),
        );
    }
    if said(&["You must specify a region"]) {
        return Some(no_region());
    }
    if said(&["Could not connect to the endpoint URL", "Connect timeout on endpoint URL"]) {
        return Some(
            failure("AWS cannot be reached").help("check the name of the region, the network and the proxy"),
        );
    }
    if said(&["Unknown parameter in"]) {
        return Some(
            failure("the `aws` program does not know a field of this file")
                .help("install a newer `aws`: it is older than the field; or correct its name"),
        );
    }
    None
}

/// The session is over, and no other can be had without somebody.
pub(crate) fn over(words: &str, profile: Option<&str>) -> Failure {
    let failure = Failure::new(Kind::Failed, words.to_owned()).context("the session of AWS is over");
    match profile {
        Some(profile) => failure.help(format!("run `aws sso login --profile {profile}`")),
        None => failure
            .help("renew AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN")
            .help("or set AWS_PROFILE and run `aws sso login --profile PROFILE`: a profile renews itself"),
    }
}

/// Nobody says where.
pub(crate) fn no_region() -> Failure {
    Failure::new(Kind::Config, "nothing says which region of AWS is meant")
        .help("add `region = \"…\"`, or set AWS_REGION")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exported_credentials_are_read() {
        let text = br#"{"Version": 1, "AccessKeyId": "A", "SecretAccessKey": "S", "SessionToken": "T", "Expiration": "2026-11-28T18:00:00+00:00"}"#;
        let lent = parse_credentials(text).unwrap();
        assert_eq!(lent.keys.access, "A");
        assert!(lent.keys.session.is_some());
        assert_eq!(lent.until, "2026-11-28T18:00:00Z".parse().ok());
        assert!(parse_credentials(b"not logged in").is_none());
    }

    #[test]
    fn operations_have_words() {
        assert_eq!(word("DescribeTasks"), "describe-tasks");
        assert_eq!(word("GetLogEvents"), "get-log-events");
    }

    #[test]
    fn who_somebody_is_not_says_how_to_become_it() {
        for (tail, help) in [
            ("Error loading SSO Token: Token for https://x does not exist", "aws sso login --profile p"),
            (
                "Error when retrieving token from sso: Token has expired and refresh failed",
                "aws sso login --profile p",
            ),
            (
                "aws: [ERROR]: An error occurred (ExpiredTokenException) when calling the RunTask operation: The security token included in the request is expired",
                "aws sso login --profile p",
            ),
            ("Your session has expired. Please reauthenticate using 'aws login'.", "`aws login`"),
            (
                "Unable to locate credentials. You can configure credentials by running \"aws configure\".",
                "AWS_ACCESS_KEY_ID",
            ),
            ("The config profile (p) could not be found", "list-profiles"),
            ("You must specify a region. You can also configure your region", "AWS_REGION"),
            ("Could not connect to the endpoint URL: \"https://ecs.eu-west-33.amazonaws.com/\"", "region"),
            ("Unknown parameter in containerDefinitions[0]: \"x\", must be one of: name", "newer `aws`"),
            (
                "An error occurred (AuthFailure) when calling the DescribeInstances operation: AWS was not able",
                "AWS_SECRET_ACCESS_KEY",
            ),
            ("An error occurred (UnrecognizedClientException) when calling", "AWS_SECRET_ACCESS_KEY"),
        ] {
            let failure = who(tail, Some("p")).unwrap();
            assert!(failure.help[0].contains(help), "{tail}: {:?}", failure.help);
            // 65 is for secrets of the project that cannot be read: what another side refuses is a failure.
            let kind = if tail.contains("must specify") { Kind::Config } else { Kind::Failed };
            assert_eq!(failure.kind, kind, "{tail}");
        }
        let late =
            "An error occurred (SignatureDoesNotMatch) when calling: Signature expired: 20261128T180000Z";
        assert!(who(late, None).is_none(), "that is the clock");
        assert!(who("An error occurred (ClientException) when calling", None).is_none());
    }
}
