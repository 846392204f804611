//! The jobs of what is done with one environment after the other. Pure.

use std::collections::BTreeSet;

use super::job::{About, Job, Setting, When, Work, own, role};
use super::line::{Command, Wrong, command, wrong};
use crate::config::model::{CiSnapshot, CiStage};

/// The jobs of these stages, each after the one before.
pub(super) fn stages(
    setting: &Setting,
    when: When,
    stages: &[CiStage],
    names: &mut BTreeSet<String>,
) -> Result<Vec<Job>, Wrong> {
    let mut all: Vec<Job> = Vec::new();
    for stage in stages {
        let before = all.iter().rev().find(|job| !job.goes_back).map(|job| job.name.clone());
        all.extend(jobs(setting, when, stage, before, names)?);
    }
    Ok(all)
}

/// The jobs of one environment: what somebody looks at before he lets it begin, what changes it, what goes back.
fn jobs(
    setting: &Setting,
    when: When,
    stage: &CiStage,
    mut before: Option<String>,
    names: &mut BTreeSet<String>,
) -> Result<Vec<Job>, Wrong> {
    let environment = &stage.env.0;
    let about = setting.environments.get(environment).cloned().unwrap_or_default();
    check(when.key(), stage, &about)?;
    let work = work(setting, when.key(), stage, &about)?;
    let role = role(setting, stage.identity.as_ref());
    let job = |name: String, work: Vec<Work>| Job {
        environment: Some(environment.clone()),
        reaches: true,
        role: role.clone(),
        ..Job::new(name, when, work)
    };
    let mut jobs = Vec::new();
    if work.iter().any(|work| matches!(work, Work::Apply { .. })) {
        let name = own(&format!("plan-{environment}"), names);
        let keep = vec![Work::Keep { environment: environment.clone() }];
        jobs.push(Job { needs: before.replace(name.clone()), ..job(name, keep) });
    }
    if let Some(snapshot) = stage.snapshot {
        let name = own(&format!("verify-snapshot-{environment}"), names);
        let whats: &[&str] = match snapshot {
            CiSnapshot::Create => &["create", "verify"],
            CiSnapshot::Verify => &["verify"],
        };
        let run = |what: &&str| Work::Run(Command::of(&["snapshot", what, environment]));
        jobs.push(Job { needs: before.replace(name.clone()), ..job(name, whats.iter().map(run).collect()) });
    }
    let name = own(&format!("to-{environment}"), names);
    jobs.push(Job { needs: before, changes: true, approval: stage.approval, ..job(name.clone(), work) });
    if stage.rollback {
        let mut back = Command::of(&["rollback", environment, "--keep-configuration", "--of-this-run"]);
        confirm(&mut back, environment, &about);
        jobs.push(Job {
            needs: Some(name),
            changes: true,
            goes_back: true,
            ..job(own(&format!("rollback-{environment}"), names), vec![Work::Run(back)])
        });
    }
    Ok(jobs)
}

fn check(key: &'static str, stage: &CiStage, about: &About) -> Result<(), Wrong> {
    let environment = &stage.env.0;
    if about.protected && !stage.approval {
        let message = format!("`{environment}` is protected, and nobody is asked before it is changed");
        return wrong(key, message, "add `approval = true`, and name the people at the forge");
    }
    if stage.run.is_empty() {
        return wrong(key, format!("nothing is run on `{environment}`"), "write `run = [\"apply\"]`");
    }
    if stage.snapshot.is_some() && !about.has_snapshots {
        let message = format!("`{environment}` has no snapshots that could be verified");
        return wrong(key, message, "say in `[snapshots]` what is kept, or take `snapshot` out");
    }
    if stage.rollback && !about.has_records {
        let message = format!(
            "the deployment records of `{environment}` stay on the machine of the job, which is gone then"
        );
        return wrong(key, message, "write `[lock] shared = true`, or take `rollback` out");
    }
    Ok(())
}

/// What changes the environment: each line with its name, confirmed where that is asked for.
fn work(setting: &Setting, key: &'static str, stage: &CiStage, about: &About) -> Result<Vec<Work>, Wrong> {
    let environment = &stage.env.0;
    let (mut all, mut keeps) = (Vec::new(), false);
    for line in &stage.run {
        let mut command = Command { is_shared: false, ..command(setting.shards(), key, line)? };
        let words = &mut command.words;
        let verb = words.first().cloned().unwrap_or_default();
        let flag = words
            .iter()
            .skip(1)
            .find_map(|word| ["--plan", "--verify"].into_iter().find(|flag| flag == word));
        let flag = flag.filter(|_| verb == "apply");
        if let Some(flag) = flag {
            words.retain(|word| word != flag);
        }
        let at = place(words, environment).map_err(|message| Wrong {
            key,
            message,
            help: "write `promote FROM`: where it goes is the environment of the stage".to_owned(),
        })?;
        words.insert(at, environment.clone());
        confirm(&mut command, environment, about);
        let Some(flag) = flag else {
            all.push(Work::Run(command));
            continue;
        };
        if !about.has_secrets {
            let message =
                format!("a plan of `{environment}` holds secrets, and nothing says who may read them");
            let help =
                "name a file in `[secrets] files` of it: plans are encrypted for those who read that file";
            return wrong(key, message, help);
        }
        if std::mem::replace(&mut keeps, true) {
            return wrong(key, format!("two plans of `{environment}` are applied"), "keep one of them");
        }
        all.push(Work::Apply { environment: environment.clone(), flag, command });
    }
    Ok(all)
}

/// Where the name of the environment stands among the words: after the verb, or after what of it is done, or where it comes
/// from. Where it is there already it is taken out.
fn place(words: &mut Vec<String>, environment: &str) -> Result<usize, String> {
    let is_word = |words: &[String], at: usize| words.get(at).is_some_and(|word| !word.starts_with('-'));
    match words.first().map(String::as_str) {
        Some("promote") if !is_word(words, 1) => {
            Err("`promote` does not say from which environment".to_owned())
        }
        Some("promote") if is_word(words, 2) => {
            if words[2] != environment {
                return Err(format!("`promote` goes to `{}`, and this is about `{environment}`", words[2]));
            }
            words.remove(2);
            Ok(2)
        }
        Some("promote" | "snapshot") => Ok(2.min(words.len())),
        _ => Ok(1.min(words.len())),
    }
}

fn confirm(command: &mut Command, environment: &str, about: &About) {
    if about.protected {
        let words = &mut command.words;
        let at = words.iter().position(|word| word == "--").unwrap_or(words.len());
        words.splice(at..at, ["--confirm".to_owned(), environment.to_owned()]);
    }
}
