//! What makes a role, a database and its extensions, and what a refusal of it means.

use super::{identifier, text};

/// Serialises those who make the same on one server.
pub(crate) const ONE_AT_A_TIME: &str = "select pg_advisory_lock(hashtext('infractl database'))";

/// A name longer than this is cut by the server, and then another one.
pub(crate) const LONGEST: usize = 63;

/// What a refusal of the server means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It is starting, ending, or restoring: another try will say more.
    Starting,
    /// It is there already: somebody else was faster.
    Exists,
    /// Somebody uses the template of the database.
    InUse,
    /// The login is not accepted.
    Login,
    /// It is not there.
    Missing,
    /// The rights do not suffice.
    Rights,
    /// The files of the extension are not on the server.
    NotInstalled,
    /// Anything else.
    Other,
}

/// What a code of the server means.
pub(crate) fn refusal(code: &str) -> Refusal {
    match code {
        "57P03" | "57P01" | "57P02" => Refusal::Starting,
        // The last is what two at once get, who both saw that it was missing.
        "42710" | "42P04" | "23505" => Refusal::Exists,
        "55006" => Refusal::InUse,
        "28P01" | "28000" => Refusal::Login,
        "3D000" => Refusal::Missing,
        "42501" => Refusal::Rights,
        "0A000" | "58P01" | "22023" => Refusal::NotInstalled,
        _ => Refusal::Other,
    }
}

/// A role that logs in. The password is what the server keeps of it, and never the password itself.
pub(crate) fn create(role: &str, verifier: Option<&str>) -> String {
    format!("create role {} login{}", identifier(role), password(verifier))
}

/// Gives a role that is there a password, and lets it log in.
pub(crate) fn alter(role: &str, verifier: Option<&str>) -> String {
    format!("alter role {} login{}", identifier(role), password(verifier))
}

fn password(verifier: Option<&str>) -> String {
    verifier.map(|verifier| format!(" password {}", text(verifier))).unwrap_or_default()
}

/// A database of a role. It stands alone: no transaction is around it.
pub(crate) fn create_database(name: &str, owner: &str) -> String {
    format!("create database {} owner {}", identifier(name), identifier(owner))
}

/// Lets the administrator act for the role, without which one who is no superuser makes nothing for it.
pub(crate) fn join(role: &str) -> String {
    format!("grant {} to current_user", identifier(role))
}

/// Makes an extension.
pub(crate) fn create_extension(name: &str) -> String {
    format!("create extension if not exists {}", identifier(name))
}

/// Makes a role the owner of a database: for people.
pub(crate) fn give(name: &str, role: &str) -> String {
    format!("alter database {} owner to {}", identifier(name), identifier(role))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_names_stay_one_name() {
        let odd = "a\"; drop role x; --";
        assert_eq!(create(odd, None), "create role \"a\"\"; drop role x; --\" login");
        assert_eq!(alter("r", Some("SCRAM'x")), "alter role \"r\" login password 'SCRAM''x'");
        assert_eq!(create_database("My DB", "r-1"), "create database \"My DB\" owner \"r-1\"");
        assert_eq!(create_extension("uuid-ossp"), "create extension if not exists \"uuid-ossp\"");
    }

    #[test]
    fn what_two_at_once_get_is_no_failure() {
        assert!(["42710", "42P04", "23505"].into_iter().all(|code| refusal(code) == Refusal::Exists));
        assert_eq!(refusal("57P03"), Refusal::Starting);
        assert_eq!(refusal("28P01"), Refusal::Login);
        assert_eq!(refusal("XX000"), Refusal::Other);
    }
}
