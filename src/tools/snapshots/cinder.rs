//! Volumes of OpenStack.

use serde_json::Value as Json;

use super::{Cloud, New, gib, of_object, parsed, program, state, text, words};
use crate::exec::Cmd;
use crate::failure::Failure;
use crate::snapshots::away::{Marks, PROPERTY, Thing};
use crate::tools::openstack;

/// Volumes of OpenStack, in this region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cinder(pub(crate) Option<String>);

impl Cinder {
    fn volume(&self, rest: &[&str]) -> Cmd {
        let cmd = program("openstack");
        let region = self.0.as_deref();
        let cmd = region.map_or_else(|| cmd.clone(), |region| cmd.clone().args(["--os-region-name", region]));
        cmd.arg("volume").args(rest.iter().copied())
    }
}

fn properties(cmd: Cmd, marks: &Marks) -> Cmd {
    words(marks, PROPERTY).into_iter().fold(cmd, |cmd, word| cmd.arg("--property").arg(word))
}

/// A field of one, or of a row of a list, whose names are those of columns.
fn either(value: &Json, one: &str, row: &str) -> String {
    let found = text(value, one);
    if found.is_empty() { text(value, row) } else { found }
}

fn things(stdout: &[u8], ready: &[&str], failed: &[&str]) -> Result<Vec<Thing>, String> {
    let told = parsed(stdout)?;
    let one = |value: &Json| {
        let status = either(value, "/status", "/Status");
        Thing {
            id: either(value, "/id", "/ID"),
            state: state(&status, ready, failed),
            status,
            bytes: gib(value, "/size").or_else(|| gib(value, "/Size")),
            marks: of_object(value.get("properties").or_else(|| value.get("Properties")), PROPERTY),
        }
    };
    Ok(match told.as_array() {
        Some(all) => all.iter().map(one).collect(),
        None => vec![one(&told)],
    })
}

impl Cloud for Cinder {
    fn noun(&self) -> &'static str {
        "volume"
    }

    fn create(&self, of: &str, name: &str, marks: &Marks, live: bool) -> Cmd {
        let cmd = self.volume(&["snapshot", "create", "-f", "json", "--volume", of]);
        let cmd = if live { cmd.arg("--force") } else { cmd };
        properties(cmd, marks).arg(name)
    }

    fn list(&self, _: &str, _: &str) -> Cmd {
        self.volume(&["snapshot", "list", "--long", "-f", "json"])
    }

    fn look(&self, id: &str) -> Cmd {
        self.volume(&["snapshot", "show", "-f", "json", id])
    }

    fn read(&self, stdout: &[u8]) -> Result<Vec<Thing>, String> {
        things(stdout, &["available"], &["error", "deleting", "error_deleting", "deleted", "unmanaging"])
    }

    fn mark(&self, id: &str, marks: &Marks) -> Cmd {
        properties(self.volume(&["snapshot", "set"]), marks).arg(id)
    }

    fn remove(&self, id: &str) -> Cmd {
        self.volume(&["snapshot", "delete", id])
    }

    fn source(&self, _: &str) -> Option<Cmd> {
        // A volume of a snapshot gets its size and type from that.
        None
    }

    fn restore(&self, id: &str, new: &New<'_>) -> Cmd {
        properties(self.volume(&["create", "-f", "json", "--snapshot", id]), new.marks).arg(new.name)
    }

    fn look_new(&self, id: &str) -> Cmd {
        self.volume(&["show", "-f", "json", id])
    }

    fn read_new(&self, stdout: &[u8]) -> Result<Vec<Thing>, String> {
        things(stdout, &["available"], &["error", "error_restoring", "deleting", "error_deleting"])
    }

    fn remove_new(&self, id: &str) -> Cmd {
        self.volume(&["delete", id])
    }

    fn switch(&self, of: &str, new: &str, _: &Json) -> Vec<String> {
        vec![
            format!(
                "switch: stop the server, `openstack server remove volume SERVER {of}`, `openstack server add volume SERVER {new}`, \
                 start it again"
            ),
            format!(
                "tell terraform, if it has made {of}: `terraform state rm ADDRESS`, `terraform import ADDRESS {new}`"
            ),
        ]
    }

    fn explain(&self, tail: &str) -> Option<Failure> {
        // A quota that is used up is refused with the same code as a user who may not.
        if is_quota(tail) { None } else { openstack::explain(tail) }
    }

    fn advice(&self, of: &str, tail: &str) -> Option<String> {
        let said = |word: &str| tail.contains(word);
        if is_quota(tail) {
            return Some(
                "remove what is not needed (`infractl snapshot prune`), or ask for a larger quota: `openstack quota show --volume`"
                    .to_owned(),
            );
        }
        if said("must be available") || said("Invalid volume") {
            return Some(
                "write `live = true` if a copy as after a power cut is good enough: it is in use; or stop its server before"
                    .to_owned(),
            );
        }
        if said("No volume with a name or ID") || said("could not be found") || said("No Volume found") {
            return Some(format!("check `of` and the project: `openstack volume show {of}`"));
        }
        if said("dependent") {
            return Some("remove the volumes that were made of it first, or leave it".to_owned());
        }
        None
    }

    fn is_gone(&self, tail: &str) -> bool {
        let gone =
            ["No snapshot with a name or ID", "No VolumeSnapshot found", "No Snapshot found", "HTTP 404"];
        gone.iter().any(|words| tail.contains(words))
            || tail.contains("No volume with a name or ID")
            || tail.contains("No Volume found")
    }

    fn is_doubtful(&self, tail: &str) -> bool {
        ["Unable to establish connection", "timed out", "Remote end closed", "HTTP 50"]
            .iter()
            .any(|words| tail.contains(words))
    }
}

fn is_quota(tail: &str) -> bool {
    tail.contains("OverLimit")
        || tail.contains("LimitExceeded")
        || tail.contains("exceeds allowed")
        || tail.contains("exceeded for quota")
}
