//! The AWS CLI and its files: only who somebody is.

pub(crate) mod ecr;
pub(crate) mod power;

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde::Deserialize;

use crate::exec::{Cmd, Io};

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
}

/// Reads what [`export_credentials`] prints: id, key, token of the session.
pub(crate) fn parse_credentials(stdout: &[u8]) -> Option<(String, SecretString, Option<SecretString>)> {
    let exported: Exported = serde_json::from_slice(stdout).ok()?;
    let session = exported.session_token.map(SecretString::from);
    Some((exported.access_key_id, exported.secret_access_key.into(), session))
}

/// The entries of a profile in a file of credentials.
pub(crate) fn profile(text: &str, name: &str) -> BTreeMap<String, String> {
    let mut inside = false;
    let mut found = BTreeMap::new();
    for line in text.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            inside = section.trim() == name;
        } else if inside
            && !line.starts_with(['#', ';'])
            && let Some((key, value)) = line.split_once('=')
        {
            found.insert(key.trim().to_owned(), value.trim().to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_has_its_own_entries_only() {
        let text = "[default]\naws_access_key_id = A\n# x = y\n[other]\naws_access_key_id=B\n";
        assert_eq!(profile(text, "default"), BTreeMap::from([("aws_access_key_id".into(), "A".into())]));
        assert_eq!(profile(text, "other").get("aws_access_key_id").map(String::as_str), Some("B"));
        assert!(profile(text, "none").is_empty());
    }

    #[test]
    fn exported_credentials_are_read() {
        let text = br#"{"Version": 1, "AccessKeyId": "A", "SecretAccessKey": "S", "SessionToken": "T"}"#;
        let (access, _, session) = parse_credentials(text).unwrap();
        assert_eq!(access, "A");
        assert!(session.is_some());
        assert!(parse_credentials(b"not logged in").is_none());
    }
}
