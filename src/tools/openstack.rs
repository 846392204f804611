//! The OpenStack client: servers by name, and what its error texts mean.
//!
//! `server stop` ends with 0 before anything has stopped, and with 1 for every kind of error: only the list of the
//! servers and the words of the error tell.

use serde_json::Value as Json;

use super::power::{Billed, Found, Goal, Is, list, text};
use crate::config::model::PowerMode;
use crate::exec::{Cmd, Io};
use crate::failure::{Failure, Kind};

/// Every server of the project, in one call, without asking for the names of images and flavors.
pub(crate) fn list_servers() -> Cmd {
    let columns = ["ID", "Name", "Status", "Task State", "Networks", "created_at"];
    let columns = columns.iter().flat_map(|column| ["-c", column]);
    Cmd::new("openstack")
        .args(["server", "list", "--long", "--no-name-lookup", "-f", "json"])
        .args(columns)
        .io(Io::Capture)
}

/// Reads what [`list_servers`] prints.
pub(crate) fn parse_servers(stdout: &[u8]) -> Result<Vec<Found>, String> {
    Ok(list(stdout, "")?.iter().map(server).collect())
}

fn server(value: &Json) -> Found {
    let status = text(value, "/Status").unwrap_or_default();
    let task = text(value, "/Task State");
    let state = match (status.as_str(), &task) {
        ("ERROR", None) => Is::Failed,
        (_, Some(_)) => Is::Changing,
        ("SHUTOFF", _) => Is::Off,
        ("SUSPENDED" | "PAUSED", _) => Is::Suspended,
        ("SHELVED" | "SHELVED_OFFLOADED", _) => Is::Released,
        ("BUILD" | "REBOOT" | "HARD_REBOOT" | "MIGRATING" | "REBUILD" | "RESIZE" | "REVERT_RESIZE", _) => {
            Is::Changing
        }
        ("DELETED" | "SOFT_DELETED", _) => Is::Missing,
        _ => Is::On,
    };
    let billed = match status.as_str() {
        "SHELVED_OFFLOADED" => Billed::Disk,
        "DELETED" => Billed::No,
        _ => Billed::Yes,
    };
    let networks = value.get("Networks").and_then(Json::as_object).into_iter().flatten();
    Found {
        name: text(value, "/Name").unwrap_or_default(),
        id: text(value, "/ID").unwrap_or_default(),
        state,
        status: task.map_or_else(|| status.clone(), |task| format!("{status} ({task})")),
        since: None,
        created: text(value, "/created_at").or_else(|| text(value, "/Created At")),
        addresses: networks
            .flat_map(|(_, all)| all.as_array().into_iter().flatten())
            .filter_map(|address| address.as_str().map(str::to_owned))
            .collect(),
        billed,
    }
}

/// The word that brings a server in this state to the goal.
pub(crate) fn word(goal: Goal, status: &str) -> &'static str {
    match goal {
        Goal::Off(PowerMode::Shelve) => "shelve",
        Goal::Off(PowerMode::Suspend) => "suspend",
        Goal::Off(_) => "stop",
        Goal::On => match status.split(' ').next().unwrap_or_default() {
            "SUSPENDED" => "resume",
            "PAUSED" => "unpause",
            "SHELVED" | "SHELVED_OFFLOADED" => "unshelve",
            _ => "start",
        },
    }
}

/// Asks for it; the client goes through the servers in this order and ends at the first that is refused.
pub(crate) fn ask<'a>(word: &str, servers: impl IntoIterator<Item = &'a str>) -> Cmd {
    Cmd::new("openstack").args(["server", word]).args(servers).io(Io::Capture)
}

/// Why one server was refused, without the address that was asked.
pub(crate) fn reason(tail: &str) -> &str {
    let last = crate::text::last_line(tail);
    match last.split_once("Client Error for url: ").and_then(|(_, rest)| rest.split_once(", ")) {
        Some((_, reason)) => reason,
        None => last,
    }
}

/// What an error of the client means, where it is not about one server.
pub(crate) fn explain(tail: &str) -> Option<Failure> {
    let said = |words: &str| tail.contains(words);
    let last = crate::text::last_line(tail);
    let refused = said("HTTP 401") || said("Could not recognize Fernet");
    if refused {
        return Some(
            Failure::new(Kind::Failed, last)
                .context("the cloud refuses the credentials: a wrong password or project, or a token that has expired")
                .help("check OS_USERNAME, OS_PASSWORD, OS_PROJECT_NAME and the domains among the secrets of the environment")
                .help("take a new one, if OS_TOKEN is used: a token lasts a day at most"),
        );
    }
    if said("Missing value auth")
        || said("No password entered")
        || said("Missing parameter")
        || said("was not found. Check")
    {
        return Some(
            Failure::new(Kind::Failed, last)
                .context("`openstack` has no credentials")
                .help("put OS_AUTH_URL, OS_USERNAME, OS_PASSWORD and OS_PROJECT_NAME among the secrets of the environment")
                .help("set OS_CLOUD, if there is a clouds.yaml"),
        );
    }
    if said("Unable to establish connection") || said("timed out") || said("Name or service not known") {
        return Some(
            Failure::new(Kind::Failed, address(tail).unwrap_or(last))
                .context("the cloud cannot be reached")
                .help("check OS_AUTH_URL and the network"),
        );
    }
    if said("endpoint for") && said("not found") {
        return Some(
            Failure::new(Kind::Failed, last)
                .context("the cloud has no such service in this region")
                .help("check OS_REGION_NAME"),
        );
    }
    if said("HTTP 403") {
        return Some(
            Failure::new(Kind::Failed, last)
                .context("the cloud does not allow it")
                .help("give the user of OS_USERNAME the role `member` in the project"),
        );
    }
    None
}

/// The part of a long text that names the address.
fn address(tail: &str) -> Option<&str> {
    let begin = tail.find("Unable to establish connection")?;
    let rest = &tail[begin..];
    Some(rest.split(": ").next().unwrap_or(rest).lines().next().unwrap_or(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(status: &str, task: &str) -> Found {
        let text = format!(
            r#"[{{"ID":"i","Name":"a","Status":"{status}","Task State":{task},"Networks":{{"Ext-Net":["203.0.113.7","2001:db8::7"]}}}}]"#
        );
        parse_servers(text.as_bytes()).unwrap().remove(0)
    }

    #[test]
    fn a_server_is_where_status_and_task_say() {
        for (status, task, state, billed) in [
            ("ACTIVE", "null", Is::On, Billed::Yes),
            ("ACTIVE", "\"powering-off\"", Is::Changing, Billed::Yes),
            ("SHUTOFF", "null", Is::Off, Billed::Yes),
            ("SHELVED", "\"shelving_offloading\"", Is::Changing, Billed::Yes),
            ("SHELVED", "null", Is::Released, Billed::Yes),
            ("SHELVED_OFFLOADED", "null", Is::Released, Billed::Disk),
            ("SUSPENDED", "null", Is::Suspended, Billed::Yes),
            ("ERROR", "null", Is::Failed, Billed::Yes),
            ("ERROR", "\"deleting\"", Is::Changing, Billed::Yes),
            ("BUILD", "null", Is::Changing, Billed::Yes),
            ("VERIFY_RESIZE", "null", Is::On, Billed::Yes),
        ] {
            let found = one(status, task);
            assert_eq!((found.state, found.billed), (state, billed), "{status} {task}");
        }
        let found = one("ACTIVE", "\"powering-off\"");
        assert_eq!(found.status, "ACTIVE (powering-off)");
        assert_eq!(found.addresses, ["203.0.113.7", "2001:db8::7"]);
        assert!(parse_servers(b"oops").is_err());
        assert!(parse_servers(b"{}").is_err());
    }

    #[test]
    fn starting_depends_on_how_it_was_stopped() {
        for (status, expected) in [
            ("SHUTOFF", "start"),
            ("SUSPENDED", "resume"),
            ("PAUSED", "unpause"),
            ("SHELVED", "unshelve"),
            ("SHELVED_OFFLOADED", "unshelve"),
            ("ERROR", "start"),
        ] {
            assert_eq!(word(Goal::On, status), expected);
        }
        assert_eq!(ask("stop", ["a", "b"]).to_string(), "openstack server stop a b");
    }

    #[test]
    fn errors_are_told_apart_by_their_words() {
        for (tail, kind, says) in [
            (
                "The request you have made requires authentication. (HTTP 401) (Request-ID: r)",
                Kind::Failed,
                "refuses",
            ),
            ("Could not recognize Fernet token (HTTP 404) (Request-ID: r)", Kind::Failed, "refuses"),
            ("Missing value auth-url required for auth plugin password", Kind::Failed, "no credentials"),
            ("Cloud nosuch was not found. Check", Kind::Failed, "no credentials"),
            (
                "Failed to discover\nUnable to establish connection to http://h:1/v3/auth/tokens: HTTPConnectionPool(x): y",
                Kind::Failed,
                "cannot be reached: Unable to establish connection to http://h:1/v3/auth/tokens",
            ),
            ("public endpoint for compute service in Nowhere region not found", Kind::Failed, "region"),
        ] {
            let failure = explain(tail).unwrap();
            assert_eq!(failure.kind, kind, "{tail}");
            assert!(format!("{:#}", failure.error).contains(says), "{:#}", failure.error);
        }
        assert!(explain("Cannot 'stop' instance x while it is in vm_state error (HTTP 409)").is_none());
        let told = "ConflictException: 409: Client Error for url: http://h/v2.1/servers/i/action, Cannot 'stop' instance i";
        assert_eq!(reason(told), "Cannot 'stop' instance i");
        assert_eq!(reason("one\n two \n\n"), "two");
    }
}
