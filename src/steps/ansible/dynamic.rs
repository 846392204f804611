//! Machines that ansible finds by itself: asked for once before a playbook, for one that finds none ends well.

use std::path::Path;

use crate::config::environment::Inventory;
use crate::config::model::plugin_named;
use crate::disk;
use crate::exec::Cmd;
use crate::failure::{Failure, Kind};
use crate::text;
use crate::tools::ansible::{self, Playbook, groups};
use crate::work::{StepCx, relative};

/// What `[inventory]` says of machines that are found, if it says anything, and the playbook uses it.
pub(super) fn declared<'a>(step: &StepCx<'a>, playbook: &Playbook) -> Option<&'a Inventory> {
    let inventory = step.env.inventory.as_ref()?;
    let is_wanted = inventory.dynamic.is_some() || !inventory.expect.is_empty();
    (is_wanted && playbook.dynamic == inventory.dynamic).then_some(inventory)
}

/// An error when fewer machines are found than there have to be.
pub(super) async fn check(step: &StepCx<'_>, playbook: &Playbook, cmd: &Cmd) -> Result<(), Failure> {
    let Some(inventory) = declared(step, playbook) else { return Ok(()) };
    let source = match &inventory.dynamic {
        Some(file) => is_there(step, file)?,
        None => String::new(),
    };
    let said = std::sync::Mutex::new(crate::text::Tail::<80>::default());
    let hear = |line: &str| said.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(line);
    let done = step.run_with(cmd, &hear).await.map_err(|error| step.unanswered(error))?;
    let said = said.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner).lines().join("\n");
    let shown =
        inventory.dynamic.as_ref().map_or_else(|| "the inventory".to_owned(), |file| relative(step, file));
    if done.code != 0 {
        // What the plugin says comes before what ansible makes of it.
        let plugin = said
            .lines()
            .find_map(|line| line.strip_prefix("[WARNING]: Failed to parse inventory with 'auto' plugin: "));
        let reason = plugin.map_or_else(|| ansible::reason(done.code, &said).0, str::to_owned);
        return Err(Failure::new(Kind::Failed, format!("`{shown}` could not be read: {reason}")).help(
            "run `ansible-inventory --graph -i FILE` by hand: an inventory that is not read is no empty one",
        ));
    }
    let Some(found) = groups::read(&done.stdout) else {
        return Err(Failure::new(Kind::Failed, format!("`{shown}`: ansible-inventory printed no JSON")));
    };
    let usual = [("all".to_owned(), 1)];
    let wanted: Vec<(&String, u32)> = if inventory.expect.is_empty() {
        usual.iter().map(|(name, count)| (name, *count)).collect()
    } else {
        inventory.expect.iter().map(|(name, count)| (name, *count)).collect()
    };
    let missing: Vec<String> = wanted
        .iter()
        .filter_map(|(name, count)| {
            let there = found.get(*name).map_or(0, std::collections::BTreeSet::len);
            let is_short = there < usize::try_from(*count).unwrap_or(usize::MAX);
            is_short.then(|| format!("`{name}` has {}, not {count}", text::plural(there, "machine")))
        })
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let there: Vec<String> = found.iter().map(|(name, hosts)| format!("{name} {}", hosts.len())).collect();
    let mut failure = Failure::new(
        Kind::Failed,
        format!("fewer machines were found than there have to be: {}", missing.join("; ")),
    )
    .help(match there.as_slice() {
        [] => "look at what is there: no group has a machine".to_owned(),
        _ => format!("look at what was found: {}", there.join(", ")),
    });
    let filters = filters(&source);
    if !filters.is_empty() {
        failure = failure.help(format!("compare with what `{shown}` asks for:\n{filters}"));
    }
    Err(failure.help("see all of it: `ansible-inventory --graph -i FILE`"))
}

/// The text of the file, which its plugin has to take.
fn is_there(step: &StepCx<'_>, file: &Path) -> Result<String, Failure> {
    let problem = |message: String, help: String| {
        Failure::problems(
            Kind::Config,
            vec![step.env.document.problem_at(&["inventory", "dynamic"], message, vec![help])],
        )
    };
    let shown = relative(step, file);
    let Some(text) = disk::read_lossy_if_there(file)? else {
        return Err(problem(format!("there is no inventory `{shown}`"), "correct `dynamic`".to_owned()));
    };
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let plugin = text.lines().find_map(|line| line.strip_prefix("plugin:"));
    let plugin = plugin.map(|name| name.trim().trim_matches(['"', '\'']));
    match plugin.and_then(plugin_named).filter(|plugin| !plugin.takes(&name)) {
        None => Ok(text),
        Some(plugin) => Err(problem(
            format!(
                "the plugin `{}` takes no file called `{name}`, and ansible would go on without it",
                plugin.name
            ),
            format!("let its name end in {}", text::list(plugin.ends, "or")),
        )),
    }
}

/// What a file asks its cloud for: the blocks about it, as they are written.
fn filters(source: &str) -> String {
    let wanted = ["filters:", "include_filters:", "exclude_filters:", "exclude_host_filters:", "regions:"];
    let mut lines = Vec::new();
    let mut is_inside = false;
    for line in source.lines() {
        if !line.starts_with([' ', '\t', '-', '#']) && !line.is_empty() {
            is_inside = wanted.iter().any(|key| line.starts_with(key));
        }
        if is_inside && !line.trim().is_empty() {
            lines.push(format!("  {line}"));
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_shown_and_nothing_else() {
        let source = "plugin: amazon.aws.aws_ec2\naccess_key: x\nregions:\n- eu-west-3\nfilters:\n  tag:Role: web\n\nkeyed_groups:\n  - key: tags.Role\n";
        assert_eq!(filters(source), "  regions:\n  - eu-west-3\n  filters:\n    tag:Role: web");
        assert_eq!(filters("#!/bin/sh\necho {}\n"), "");
    }
}
