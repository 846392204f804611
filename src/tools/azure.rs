//! The Azure CLI: virtual machines.

use serde_json::Value as Json;

use crate::config::model::PowerMode;
use crate::exec::{Cmd, Io};
use crate::failure::{Failure, Kind};
use crate::tools::power::{Billed, Found, Goal, Is, list, text};

fn az() -> Cmd {
    Cmd::new("az").io(Io::Capture)
}

/// Every virtual machine of the resource group, else of the subscription, with its power state.
pub(crate) fn list_machines(group: Option<&str>) -> Cmd {
    let cmd = az().args(["vm", "list", "--show-details", "--only-show-errors", "--output", "json"]);
    group.map_or_else(|| cmd.clone(), |group| cmd.clone().args(["--resource-group", group]))
}

/// Reads what [`list_machines`] prints.
pub(crate) fn parse_machines(stdout: &[u8]) -> Result<Vec<Found>, String> {
    Ok(list(stdout, "")?.iter().map(machine).collect())
}

fn machine(value: &Json) -> Found {
    let status = text(value, "/powerState").unwrap_or_default();
    let (state, billed) = match status.as_str() {
        "VM running" => (Is::On, Billed::Yes),
        "VM stopped" => (Is::Off, Billed::Yes),
        "VM deallocated" => (Is::Released, Billed::Disk),
        _ => (Is::Changing, Billed::Yes),
    };
    let failed =
        text(value, "/provisioningState").is_some_and(|state| state == "Failed") && state == Is::Changing;
    let addresses = ["/publicIps", "/privateIps"].iter().filter_map(|path| text(value, path));
    Found {
        name: text(value, "/name").unwrap_or_default(),
        id: text(value, "/id").unwrap_or_default(),
        state: if failed { Is::Failed } else { state },
        status: if status.is_empty() { "unknown".to_owned() } else { status },
        since: None,
        created: text(value, "/timeCreated"),
        addresses: addresses.flat_map(|all| all.split(',').map(str::to_owned).collect::<Vec<_>>()).collect(),
        billed,
    }
}

/// Asks machines to deallocate, stop or start; does not wait for it.
pub(crate) fn ask<'a>(goal: Goal, ids: impl IntoIterator<Item = &'a str>) -> Cmd {
    let word = match goal {
        Goal::On => "start",
        Goal::Off(PowerMode::Stop) => "stop",
        Goal::Off(_) => "deallocate",
    };
    az().args(["vm", word, "--no-wait", "--only-show-errors", "--ids"]).args(ids)
}

/// Who logs in to a container registry with the token that [`registry_token`] prints.
pub(crate) const REGISTRY_USER: &str = "00000000-0000-0000-0000-000000000000";

/// A token for 3 hours of a container registry, on standard output. `--expose-token` leaves docker alone.
pub(crate) fn registry_token(server: &str) -> Cmd {
    let name = server.split('.').next().unwrap_or(server);
    let query = ["--query", "accessToken", "--output", "tsv", "--only-show-errors"];
    az().args(["acr", "login", "--expose-token", "--name", name]).args(query)
}

/// What an error of the CLI means, where it is not about one machine.
pub(crate) fn explain(tail: &str) -> Option<Failure> {
    let said = |words: &str| tail.contains(words);
    let last = crate::text::last_line(tail);
    if said("az login")
        || said("AADSTS")
        || said("AuthenticationFailed")
        || said("ExpiredAuthenticationToken")
    {
        return Some(
            Failure::new(Kind::Failed, last)
                .context("`az` is not logged in, or its login has expired")
                .help("run `az login`; in CI log in before infractl is started: `az` takes no credentials from variables"),
        );
    }
    if said("ResourceGroupNotFound") {
        return Some(
            Failure::new(Kind::Failed, last)
                .context("there is no such resource group")
                .help("correct `resource-group` of `[power]`, or choose the subscription: `az account set`"),
        );
    }
    if said("AuthorizationFailed") {
        return Some(
            Failure::new(Kind::Failed, last)
                .context("Azure does not allow it")
                .help("give the user the role `Virtual Machine Contributor` on the resource group"),
        );
    }
    if said("Max retries exceeded") || said("Failed to establish a new connection") {
        return Some(
            Failure::new(Kind::Failed, last).context("Azure cannot be reached").help("check the network"),
        );
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stopped_is_billed_and_deallocated_is_not() {
        let text = br#"[{"id":"/subscriptions/s/vm/a","name":"a","powerState":"VM running","publicIps":"203.0.113.7","privateIps":"10.0.0.4,10.0.0.5"},
            {"id":"b","name":"b","powerState":"VM stopped"},{"id":"c","name":"c","powerState":"VM deallocated"},
            {"id":"d","name":"d","powerState":null,"provisioningState":"Failed"}]"#;
        let found = parse_machines(text).unwrap();
        let all: Vec<(Is, Billed)> = found.iter().map(|vm| (vm.state, vm.billed)).collect();
        assert_eq!(
            all,
            [
                (Is::On, Billed::Yes),
                (Is::Off, Billed::Yes),
                (Is::Released, Billed::Disk),
                (Is::Failed, Billed::Yes)
            ]
        );
        assert_eq!(found[0].addresses, ["203.0.113.7", "10.0.0.4", "10.0.0.5"]);
        let goal = Goal::Off(PowerMode::Deallocate);
        assert!(goal.is_reached(found[2].state) && !goal.is_reached(found[1].state));
    }

    #[test]
    fn deallocate_is_what_stop_means() {
        let line = |goal| ask(goal, ["x"]).args.join(" ");
        assert_eq!(
            line(Goal::Off(PowerMode::Deallocate)),
            "vm deallocate --no-wait --only-show-errors --ids x"
        );
        assert_eq!(line(Goal::Off(PowerMode::Stop)), "vm stop --no-wait --only-show-errors --ids x");
        assert_eq!(line(Goal::On), "vm start --no-wait --only-show-errors --ids x");
    }
}
