//! Which values are secrets that nobody should have written down in clear.

use super::marks;

/// Parts of names whose values are secrets.
const NAMES: [&str; 14] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "api_key",
    "access_key",
    "accesskey",
    "private_key",
    "credential",
    "_pwd",
    "_pass",
    "auth_key",
];
/// Ends of names that say where a secret is, or what it is called.
const ABOUT: [&str; 12] = [
    "_file",
    "_path",
    "_name",
    "_url",
    "_dir",
    "_arn",
    "_length",
    "_ttl",
    "_endpoint",
    "_id",
    "_store",
    "_prefix",
];

/// The value of such a name is a secret in clear.
pub(super) fn is_secret(name: &str, value: &str) -> bool {
    let value = value.trim().trim_matches(['"', '\'']);
    let is_empty =
        value.is_empty() || matches!(value.to_lowercase().as_str(), "true" | "false" | "yes" | "no");
    let is_place = value.starts_with(['/', '~', '.', '@', '$', '{', marks::ROOT])
        || value.contains(marks::OUTER)
        || value.contains("://") && !value.contains('@');
    is_secret_name(name) && !is_empty && !is_place
}

/// Whether a name says that its value is a secret.
pub(super) fn is_secret_name(name: &str) -> bool {
    let name = name.trim_start_matches("TF_VAR_").trim_start_matches('-').to_lowercase().replace('-', "_");
    let is_about = ABOUT.iter().any(|end| name.ends_with(end)) && !name.ends_with("access_key_id");
    !is_about
        && (NAMES.iter().any(|part| name.contains(part))
            || matches!(name.as_str(), "pass" | "pwd_db" | "pgpass"))
}

/// The part of a text that is a password in an address: `https://user:password@host`.
pub(super) fn in_address(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("://")?;
    let authority = rest.split(['/', ' ', '"', '\'']).next()?;
    let (login, _) = authority.rsplit_once('@')?;
    let (_, password) = login.split_once(':')?;
    (!password.is_empty() && !password.contains(['$', '{', '\u{e001}'])).then_some(password)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_tell() {
        for (name, value) in [
            ("DB_PASSWORD", "hunter2"),
            ("TF_VAR_api_token", "abcd"),
            ("--password", "x1"),
            ("AWS_SECRET_ACCESS_KEY", "k"),
        ] {
            assert!(is_secret(name, value), "{name}");
        }
        for (name, value) in [
            ("SSH_PRIVATE_KEY_FILE", "key"),
            ("TOKEN_URL", "https://x"),
            ("SECRETS", "./credentials"),
            ("KEYBOARD", "fr"),
            ("DB_PASSWORD", ""),
            ("DB_PASSWORD", "$(shell pass db)"),
        ] {
            assert!(!is_secret(name, value), "{name}");
        }
        assert_eq!(in_address("curl https://me:pw1@host/x"), Some("pw1"));
        assert_eq!(in_address("https://host/x@y"), None);
    }
}
