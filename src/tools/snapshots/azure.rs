//! Managed disks of Azure. A snapshot goes by its whole id, which ends in its name.

use serde_json::Value as Json;

use super::{Cloud, New, gib, of_object, parsed, program, state, text, words};
use crate::exec::Cmd;
use crate::failure::Failure;
use crate::snapshots::away::{Marks, PREFIX, State, Thing};
use crate::tools::azure;

/// Disks of this resource group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Disk(pub(crate) String);

fn az(rest: &[&str]) -> Cmd {
    program("az").args(rest.iter().copied()).args(["--only-show-errors", "--output", "json"])
}

fn things(stdout: &[u8]) -> Result<Vec<Thing>, String> {
    let told = parsed(stdout)?;
    let one = |value: &Json| {
        let word = text(value, "/provisioningState");
        let percent = value.get("completionPercent").and_then(Json::as_f64);
        let (ready, failed) = (["Succeeded"], ["Failed", "Canceled", "Deleting"]);
        // Of one that is copied between regions `Succeeded` says only that it has begun.
        let is_copied = percent.is_none_or(|percent| percent >= 100.0);
        let state = match state(&word, &ready, &failed) {
            State::Ready if !is_copied => State::Pending,
            state => state,
        };
        Thing {
            id: text(value, "/id"),
            state,
            status: match percent {
                Some(percent) if !is_copied => format!("{word}, {percent}%"),
                _ => word,
            },
            bytes: gib(value, "/diskSizeGb").or_else(|| gib(value, "/diskSizeGB")),
            marks: of_object(value.get("tags"), PREFIX),
        }
    };
    Ok(match told.as_array() {
        Some(all) => all.iter().map(one).collect(),
        None => vec![one(&told)],
    })
}

impl Cloud for Disk {
    fn noun(&self) -> &'static str {
        "disk"
    }

    fn create(&self, of: &str, name: &str, marks: &Marks, _: bool) -> Cmd {
        az(&[
            "snapshot",
            "create",
            "--resource-group",
            &self.0,
            "--name",
            name,
            "--source",
            of,
            "--incremental",
            "true",
        ])
        .arg("--tags")
        .args(words(marks, PREFIX))
    }

    fn list(&self, _: &str, _: &str) -> Cmd {
        az(&["snapshot", "list", "--resource-group", &self.0])
    }

    fn look(&self, id: &str) -> Cmd {
        az(&["snapshot", "show", "--ids", id])
    }

    fn read(&self, stdout: &[u8]) -> Result<Vec<Thing>, String> {
        things(stdout)
    }

    fn mark(&self, id: &str, marks: &Marks) -> Cmd {
        az(&["tag", "update", "--resource-id", id, "--operation", "Merge"])
            .arg("--tags")
            .args(words(marks, PREFIX))
    }

    fn remove(&self, id: &str) -> Cmd {
        az(&["snapshot", "delete", "--ids", id])
    }

    fn source(&self, of: &str) -> Option<Cmd> {
        Some(match of.starts_with('/') {
            true => az(&["disk", "show", "--ids", of]),
            false => az(&["disk", "show", "--resource-group", &self.0, "--name", of]),
        })
    }

    fn restore(&self, id: &str, new: &New<'_>) -> Cmd {
        let mut cmd =
            az(&["disk", "create", "--resource-group", &self.0, "--name", new.name, "--source", id]);
        for (flag, path) in [("--sku", "/sku/name"), ("--zone", "/zones/0")] {
            let value = text(new.source, path);
            if !value.is_empty() {
                cmd = cmd.args([flag.to_owned(), value]);
            }
        }
        cmd.arg("--tags").args(words(new.marks, PREFIX))
    }

    fn look_new(&self, id: &str) -> Cmd {
        az(&["disk", "show", "--ids", id])
    }

    fn read_new(&self, stdout: &[u8]) -> Result<Vec<Thing>, String> {
        things(stdout)
    }

    fn remove_new(&self, id: &str) -> Cmd {
        az(&["disk", "delete", "--yes", "--ids", id])
    }

    fn switch(&self, of: &str, new: &str, source: &Json) -> Vec<String> {
        let vm = text(source, "/managedBy");
        let vm = vm.rsplit('/').next().filter(|vm| !vm.is_empty()).unwrap_or("VM");
        let group = &self.0;
        vec![
            format!(
                "switch: `az vm deallocate -g {group} -n {vm}`, then for the disk of its system `az vm update -g {group} -n {vm} \
                 --os-disk {new}`, for another one `az vm disk detach` and `az vm disk attach`, then `az vm start -g {group} -n {vm}`"
            ),
            format!(
                "tell terraform, if it has made {of}: `terraform state rm ADDRESS`, `terraform import ADDRESS {new}`"
            ),
        ]
    }

    fn explain(&self, tail: &str) -> Option<Failure> {
        // What is told of these is about `[power]`.
        let is_own = tail.contains("ResourceGroupNotFound") || tail.contains("AuthorizationFailed");
        if is_own { None } else { azure::explain(tail) }
    }

    fn advice(&self, of: &str, tail: &str) -> Option<String> {
        let said = |word: &str| tail.contains(word);
        if said("ResourceGroupNotFound") {
            return Some("correct `resource-group`, or choose the subscription: `az account set`".to_owned());
        }
        if said("AuthorizationFailed") {
            return Some(
                "give the user the role `Disk Snapshot Contributor` on the resource group".to_owned(),
            );
        }
        if said("ResourceNotFound") || said("NotFound") {
            return Some(format!("check `of`: `az disk show -g {} -n {of}`", self.0));
        }
        if said("QuotaExceeded") || said("OperationNotAllowed") {
            return Some(
                "remove what is not needed (`infractl snapshot prune`), or ask Azure for a larger quota"
                    .to_owned(),
            );
        }
        None
    }

    fn is_gone(&self, tail: &str) -> bool {
        tail.contains("ResourceNotFound") || tail.contains("(NotFound)")
    }

    fn is_doubtful(&self, tail: &str) -> bool {
        ["timed out", "Connection aborted", "InternalServerError", "GatewayTimeout"]
            .iter()
            .any(|words| tail.contains(words))
    }
}
