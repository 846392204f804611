//! How a playbook ended: which hosts failed at what, or that nothing was done. Exit codes do not say.

use crate::exec::Done;
use crate::failure::{Failure, Kind, Problem};
use crate::text::plural;
use crate::tools::ansible::events::{Progress, Recap, Trouble};
use crate::tools::ansible::{self, Playbook};
use crate::work::{StepCx, relative};

/// Success, or which hosts failed at what.
pub(crate) fn judge(
    step: &StepCx<'_>,
    playbook: &Playbook,
    progress: &Progress,
    done: &Done,
) -> Result<(), Failure> {
    if done.interrupted {
        return Err(step.interrupted(format!("`{}` of `{}` was stopped", step.name, step.env.name)));
    }
    let failed = progress.failed();
    if !failed.is_empty() {
        return Err(hosts_failed(&failed, &progress.recap, &step.env.name));
    }
    if done.code != 0 {
        let said = if progress.errors.is_empty() { done.tail.clone() } else { progress.errors.join("\n") };
        let (text, help) = ansible::reason(done.code, &said);
        let failure = Failure::new(Kind::Failed, text);
        return Err(help
            .into_iter()
            .map(|line| line.replace("ENV", &step.env.name))
            .fold(failure, Failure::help));
    }
    if !progress.had_no_hosts() && progress.recap.is_empty() {
        return Err(no_task(step, playbook));
    }
    if progress.had_no_hosts() {
        let limit = if playbook.limit.is_empty() { "" } else { ", or `--limit` leaves none of them" };
        let inventory = playbook
            .inventory
            .as_ref()
            .map_or_else(|| "the inventory".to_owned(), |path| relative(step, path));
        return Err(Failure::new(
            Kind::Failed,
            format!("no host did anything: no play names a host of {inventory}{limit}"),
        )
        .help(format!("compare `hosts:` of the plays with `infractl inventory {} --print`", step.env.name)));
    }
    Ok(())
}

pub(crate) fn no_task(step: &StepCx<'_>, playbook: &Playbook) -> Failure {
    let message = if playbook.tags.is_empty() && playbook.skip_tags.is_empty() {
        "no task was run on any host"
    } else {
        "no task of the playbook is selected by these tags"
    };
    let file = relative(step, &playbook.file);
    Failure::new(Kind::Failed, message)
        .help(format!("see its tasks and tags with `ansible-playbook --list-tasks {file}`"))
}

fn hosts_failed(failed: &[Trouble], recap: &[Recap], environment: &str) -> Failure {
    let problem = |trouble: &Trouble| {
        let Trouble { host, task, unreachable, message } = trouble;
        let what = if *unreachable { "cannot be reached" } else { "failed" };
        let at = if task.is_empty() { String::new() } else { format!(" at `{task}`") };
        let help = advice(message).map(|help| help.replace("HOST", host).replace("ENV", environment));
        Problem {
            message: format!("`{host}` {what}{at}: {message}"),
            place: None,
            help: help.into_iter().collect(),
        }
    };
    let failure = Failure::problems(Kind::Failed, failed.iter().map(problem).collect());
    let well = recap.len().saturating_sub(failed.len());
    failure.context(format!("{} of {} failed, {well} went well", failed.len(), plural(recap.len(), "host")))
}

/// What to do about the usual reasons.
fn advice(message: &str) -> Option<&'static str> {
    let advice = [
        (
            "Host key verification failed",
            "run `infractl ssh ENV HOST --forget-host-key`, if the machine was rebuilt",
        ),
        (
            "Permission denied (",
            "give HOST a user and a key that it accepts: `user`, `identity` or `identity-file` in `[hosts]`",
        ),
        (
            "Missing sudo password",
            "let the user become root without a password, or hand one over: `vars = { ansible_become_password = \"{{secret.NAME}}\" }` in `[ansible]`",
        ),
        ("Connection refused", "wait for its ssh first: `{ wait = { ssh = \"HOST\" } }`"),
        ("timed out", "see whether it is switched on, and whether a firewall is between"),
    ];
    advice.into_iter().find(|(pattern, _)| message.contains(pattern)).map(|(_, help)| help)
}

pub(crate) fn summary(check: bool, progress: &Progress) -> String {
    let hosts = plural(progress.recap.len(), "host");
    match (check, progress.changed()) {
        (true, (0, _)) => format!("{hosts}, nothing would change"),
        (true, (tasks, on)) => format!("{} would change on {on} of {hosts}", plural(tasks, "task")),
        (false, (0, _)) => format!("{hosts}, nothing changed"),
        (false, (tasks, on)) => format!("{} changed something on {on} of {hosts}", plural(tasks, "task")),
    }
}
