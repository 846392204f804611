//! The jobs that the configuration asks for, whatever the forge is. Pure.

use std::collections::BTreeSet;

use super::job::{Job, Says, Setting, When, Work, own, role};
use super::line::{Command, Wrong, command, wrong};
use super::stages::stages;
use crate::config::model::CiForge;
use crate::config::verbs::{self, Effect};

/// All of them, in order.
pub(super) fn jobs(setting: &Setting) -> Result<Vec<Job>, Wrong> {
    let mut names = BTreeSet::new();
    let mut all = proposed(setting, &mut names)?;
    all.extend(stages(setting, When::Merged, &setting.ci.main, &mut names)?);
    all.extend(stages(setting, When::Tagged, &setting.ci.tag, &mut names)?);
    all.extend(timed(setting, When::Nightly, &setting.ci.nightly, &mut names)?);
    all.extend(timed(setting, When::Weekly, &setting.ci.weekly, &mut names)?);
    if setting.ci.drift_issue && !all.iter().any(Job::is_issue) {
        return wrong("drift-issue", "no job looks for drift", "write `nightly = [\"drift --all --new\"]`");
    }
    if all.is_empty() {
        return wrong(
            "forge",
            "`[ci]` names nothing to run",
            "write `merge-request`, `main`, `tag` or `nightly`",
        );
    }
    Ok(all)
}

/// Every line of `[ci]` as the command of infractl that it becomes, with the key it stands under.
pub(crate) fn commands(setting: &Setting) -> Result<Vec<(&'static str, Vec<String>)>, Wrong> {
    let jobs = jobs(setting)?;
    let all = jobs.iter().flat_map(|job| job.work.iter().map(move |work| (job.when.key(), work)));
    Ok(all
        .filter_map(|(key, work)| match work {
            Work::Run(command) | Work::Apply { command, .. } | Work::Watch { command, .. } => {
                Some((key, command.words.clone()))
            }
            Work::Keep { .. } => None,
        })
        .collect())
}

fn proposed(setting: &Setting, names: &mut BTreeSet<String>) -> Result<Vec<Job>, Wrong> {
    let (mut offline, mut reaching) = (Vec::new(), Vec::new());
    for line in &setting.ci.merge_request {
        let command = command(setting.shards(), "merge-request", line)?;
        let verb = command.words.first().map(String::as_str).unwrap_or_default();
        let known = verbs::find(verb);
        if known.is_some_and(|verb| verb.effect >= Effect::Changes) {
            let message = format!("`{verb}` changes something, and what is proposed changes nothing");
            return wrong("merge-request", message, "move it to `main` or `nightly`");
        }
        let jobs = if known.is_some_and(|verb| verb.is_offline) { &mut offline } else { &mut reaching };
        jobs.push(Work::Run(command));
    }
    let mut jobs = Vec::new();
    for (name, work, reaches) in [("check", offline, false), ("plan", reaching, true)] {
        if work.is_empty() {
            continue;
        }
        let (shards, name) = (shards(setting, &work), own(name, names));
        let says = match (reaches, shards) {
            (false, _) => Says::Log,
            (true, 1) => Says::Comment,
            (true, _) => Says::Part,
        };
        let is_shared = says == Says::Part;
        let role = role(setting, None).filter(|_| reaches);
        jobs.push(Job { shards, reaches, role, says, ..Job::new(name.clone(), When::Proposed, work) });
        if is_shared && setting.ci.forge != CiForge::Azure {
            jobs.push(Job {
                needs: Some(name.clone()),
                says: Says::Joined { of: name, shards },
                ..Job::new(own("comment", names), When::Proposed, Vec::new())
            });
        }
    }
    Ok(jobs)
}

/// What runs at times, each in a job of its own.
fn timed(
    setting: &Setting,
    when: When,
    lines: &[String],
    names: &mut BTreeSet<String>,
) -> Result<Vec<Job>, Wrong> {
    let is_night = when == When::Nightly;
    let jobs = lines.iter().map(|line| {
        let command = command(setting.shards(), when.key(), line)?;
        let verb = command.words.first().cloned().unwrap_or_default();
        let work = vec![if is_night { watched(setting, command)? } else { Work::Run(command) }];
        Ok(Job {
            reaches: true,
            role: role(setting, None),
            shards: shards(setting, &work),
            ..Job::new(own(&format!("{}-{verb}", when.key()), names), when, work)
        })
    });
    jobs.collect()
}

/// A look for drift that has to remember what it told, or tells it in an issue, is not shared out: there is one of both.
fn watched(setting: &Setting, mut command: Command) -> Result<Work, Wrong> {
    let has = |flag: &str| command.words.iter().any(|word| word.split('=').next() == Some(flag));
    let is_drift = command.words.first().is_some_and(|verb| verb == "drift");
    let (keeps, is_issue) = (is_drift && has("--new") && !has("--known"), is_drift && setting.ci.drift_issue);
    if !keeps && !is_issue {
        return Ok(Work::Run(command));
    }
    if is_issue && has("--format") {
        let message = "an issue has a form of its own: `--format` says another one";
        return wrong("nightly", message, "take `--format` out");
    }
    command.is_shared = false;
    Ok(Work::Watch { command, keeps, is_issue })
}

fn shards(setting: &Setting, work: &[Work]) -> u16 {
    let is_shared = |work: &Work| matches!(work, Work::Run(command) if command.is_shared);
    if work.iter().any(is_shared) { setting.shards() } else { 1 }
}
