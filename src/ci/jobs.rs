//! The jobs that the configuration asks for, whatever the forge is. Pure.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::line::{Command, Wrong, command, wrong};
use crate::config::model::{Ci, CiIdentity, CiStage};
use crate::config::verbs::{self, Effect};

/// What is known of the project.
#[derive(Debug, Clone)]
pub(crate) struct Setting {
    /// `[ci]`.
    pub ci: Ci,
    /// The branch that is released.
    pub branch: String,
    /// The project's folder in the repository; empty when it is the top.
    pub folder: String,
    /// The environments by name.
    pub environments: IndexMap<String, About>,
    /// The project says which programs it works with.
    pub has_tools: bool,
    /// Secrets of the forge that jobs get.
    pub secrets: Vec<String>,
}

/// What is known of an environment.
#[derive(Debug, Clone, Default)]
pub(crate) struct About {
    /// Its name has to be confirmed.
    pub protected: bool,
    /// It has files of secrets: its plans are encrypted for those who read them.
    pub has_secrets: bool,
}

impl Setting {
    fn shards(&self) -> u16 {
        self.ci.shards.unwrap_or(1)
    }
}

/// When a job runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// Something is proposed.
    Proposed,
    /// The branch has moved.
    Merged,
    /// At night.
    Nightly,
}

/// A job.
#[derive(Debug)]
pub(super) struct Job {
    /// Its name, for every forge.
    pub name: String,
    pub when: When,
    /// The job that has to be done before.
    pub needs: Option<String>,
    /// The environment that it works on.
    pub environment: Option<String>,
    /// It changes the environment: one at a time, and never cancelled.
    pub changes: bool,
    /// Somebody lets it begin.
    pub approval: bool,
    /// Machines that share the work.
    pub shards: u16,
    /// It reaches something: it gets secrets and is somebody at the cloud.
    pub reaches: bool,
    /// The role of AWS that it has.
    pub role: Option<String>,
    /// What it says becomes a comment.
    pub comments: bool,
    pub work: Vec<Work>,
}

/// A part of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Work {
    /// A command of infractl.
    Run(Command),
    /// A plan that is kept, encrypted.
    Keep { environment: String },
    /// A plan that was kept is applied: `--plan` or `--verify`.
    Apply { environment: String, flag: &'static str, command: Command },
}

/// All of them, in order.
pub(super) fn jobs(setting: &Setting) -> Result<Vec<Job>, Wrong> {
    let mut names = BTreeSet::new();
    let mut all = proposed(setting, &mut names)?;
    for stage in &setting.ci.main {
        let before = all.iter().rev().find(|job| job.when == When::Merged).map(|job| job.name.clone());
        all.extend(merged(setting, stage, before, &mut names)?);
    }
    all.extend(nightly(setting, &mut names)?);
    if all.is_empty() {
        return wrong("forge", "`[ci]` names nothing to run", "write `merge-request`, `main` or `nightly`");
    }
    Ok(all)
}

/// Every line of `[ci]` as the command of infractl that it becomes, with the key it stands under.
pub(crate) fn commands(setting: &Setting) -> Result<Vec<(&'static str, Vec<String>)>, Wrong> {
    let key = |when| match when {
        When::Proposed => "merge-request",
        When::Merged => "main",
        When::Nightly => "nightly",
    };
    let jobs = jobs(setting)?;
    let all = jobs.iter().flat_map(|job| job.work.iter().map(move |work| (key(job.when), work)));
    Ok(all
        .filter_map(|(key, work)| match work {
            Work::Run(command) | Work::Apply { command, .. } => Some((key, command.words.clone())),
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
        if !work.is_empty() {
            jobs.push(Job {
                reaches,
                role: role(setting, None).filter(|_| reaches),
                comments: reaches,
                shards: shards(setting, &work),
                ..Job::new(own(name, names), When::Proposed, work)
            });
        }
    }
    Ok(jobs)
}

fn nightly(setting: &Setting, names: &mut BTreeSet<String>) -> Result<Vec<Job>, Wrong> {
    let lines = setting.ci.nightly.iter();
    lines
        .map(|line| {
            let command = command(setting.shards(), "nightly", line)?;
            let verb = command.words.first().cloned().unwrap_or_default();
            let work = vec![Work::Run(command)];
            Ok(Job {
                reaches: true,
                role: role(setting, None),
                shards: shards(setting, &work),
                ..Job::new(own(&format!("nightly-{verb}"), names), When::Nightly, work)
            })
        })
        .collect()
}

/// The jobs of one environment: a plan that is handed over is made before somebody looks at it.
fn merged(
    setting: &Setting,
    stage: &CiStage,
    mut before: Option<String>,
    names: &mut BTreeSet<String>,
) -> Result<Vec<Job>, Wrong> {
    let environment = &stage.env.0;
    let about = setting.environments.get(environment).cloned().unwrap_or_default();
    if about.protected && !stage.approval {
        let message = format!("`{environment}` is protected, and nobody is asked before it is changed");
        return wrong("main", message, "add `approval = true`, and name the people at the forge");
    }
    if stage.run.is_empty() {
        return wrong("main", format!("nothing is run on `{environment}`"), "write `run = [\"apply\"]`");
    }
    let (mut work, mut keeps) = (Vec::new(), false);
    for line in &stage.run {
        let mut words = command(setting.shards(), "main", line)?.words;
        let verb = words.first().cloned().unwrap_or_default();
        let flag = words
            .iter()
            .skip(1)
            .find_map(|word| ["--plan", "--verify"].into_iter().find(|flag| flag == word));
        let flag = flag.filter(|_| verb == "apply");
        if let Some(flag) = flag {
            words.retain(|word| word != flag);
        }
        words.insert(1.min(words.len()), environment.clone());
        if about.protected {
            let at = words.iter().position(|word| word == "--").unwrap_or(words.len());
            words.splice(at..at, ["--confirm".to_owned(), environment.clone()]);
        }
        let command = Command { words, is_shared: false };
        let Some(flag) = flag else {
            work.push(Work::Run(command));
            continue;
        };
        if !about.has_secrets {
            let message =
                format!("a plan of `{environment}` holds secrets, and nothing says who may read them");
            let help =
                "name a file in `[secrets] files` of it: plans are encrypted for those who read that file";
            return wrong("main", message, help);
        }
        if std::mem::replace(&mut keeps, true) {
            return wrong("main", format!("two plans of `{environment}` are applied"), "keep one of them");
        }
        work.push(Work::Apply { environment: environment.clone(), flag, command });
    }
    let role = role(setting, stage.identity.as_ref());
    let mut jobs = Vec::new();
    if keeps {
        let name = own(&format!("plan-{environment}"), names);
        jobs.push(Job {
            needs: before.replace(name.clone()),
            environment: Some(environment.clone()),
            reaches: true,
            role: role.clone(),
            ..Job::new(name, When::Merged, vec![Work::Keep { environment: environment.clone() }])
        });
    }
    jobs.push(Job {
        needs: before,
        environment: Some(environment.clone()),
        changes: true,
        approval: stage.approval,
        reaches: true,
        role,
        ..Job::new(own(&format!("to-{environment}"), names), When::Merged, work)
    });
    Ok(jobs)
}

impl Job {
    fn new(name: String, when: When, work: Vec<Work>) -> Job {
        Job {
            name,
            when,
            needs: None,
            environment: None,
            changes: false,
            approval: false,
            shards: 1,
            reaches: false,
            role: None,
            comments: false,
            work,
        }
    }

    /// The environment whose plan it keeps.
    pub(super) fn keeps(&self) -> Option<&str> {
        self.work.iter().find_map(|work| match work {
            Work::Keep { environment } => Some(environment.as_str()),
            _ => None,
        })
    }

    /// The environment whose plan it applies.
    pub(super) fn takes(&self) -> Option<&str> {
        self.work.iter().find_map(|work| match work {
            Work::Apply { environment, .. } => Some(environment.as_str()),
            _ => None,
        })
    }
}

fn role(setting: &Setting, own: Option<&CiIdentity>) -> Option<String> {
    own.or(setting.ci.identity.as_ref()).map(|identity| identity.aws.clone())
}

fn shards(setting: &Setting, work: &[Work]) -> u16 {
    let is_shared = |work: &Work| matches!(work, Work::Run(command) if command.is_shared);
    if work.iter().any(is_shared) { setting.shards() } else { 1 }
}

/// A name that no other job has, in letters that every forge takes.
fn own(wanted: &str, names: &mut BTreeSet<String>) -> String {
    let plain: String =
        wanted.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect();
    let numbered = (2..).map(|number| format!("{plain}-{number}"));
    let mut all = std::iter::once(plain.clone()).chain(numbered);
    let free = all.find(|name| !names.contains(&name.to_lowercase())).unwrap_or(plain);
    names.insert(free.to_lowercase());
    free
}
