//! What a job is, whatever the forge is. Pure.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::line::Command;
use crate::config::model::{Ci, CiIdentity};

/// What is known of the project.
#[derive(Debug, Clone)]
pub(crate) struct Setting {
    /// `[ci]`.
    pub ci: Ci,
    /// The branch that is released.
    pub branch: String,
    /// What the tag of a release begins with.
    pub tag_prefix: String,
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
    /// It says which snapshots there are of it.
    pub has_snapshots: bool,
    /// Its deployment records are where every machine sees them.
    pub has_records: bool,
}

impl Setting {
    pub(super) fn shards(&self) -> u16 {
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
    /// The tag of a release appeared.
    Tagged,
    /// At night.
    Nightly,
    /// Once a week.
    Weekly,
}

impl When {
    /// The key of `[ci]`.
    pub(super) fn key(self) -> &'static str {
        match self {
            When::Proposed => "merge-request",
            When::Merged => "main",
            When::Tagged => "tag",
            When::Nightly => "nightly",
            When::Weekly => "weekly",
        }
    }

    /// At the times that a schedule says.
    pub(super) fn is_timed(self) -> bool {
        matches!(self, When::Nightly | When::Weekly)
    }
}

/// What becomes of what a job says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Says {
    /// It is in its log.
    Log,
    /// A comment.
    Comment,
    /// A part of a comment, which another job writes.
    Part,
    /// It writes the comment, of the parts of that job, whose work was shared out to so many machines.
    Joined { of: String, shards: u16 },
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
    /// It runs when the job before it has failed.
    pub goes_back: bool,
    /// Machines that share the work.
    pub shards: u16,
    /// It reaches something: it gets secrets and is somebody at the cloud.
    pub reaches: bool,
    /// The role of AWS that it has.
    pub role: Option<String>,
    pub says: Says,
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
    /// A look for drift.
    Watch { command: Command, keeps: bool, is_issue: bool },
}

impl Job {
    pub(super) fn new(name: String, when: When, work: Vec<Work>) -> Job {
        Job {
            name,
            when,
            needs: None,
            environment: None,
            changes: false,
            approval: false,
            goes_back: false,
            shards: 1,
            reaches: false,
            role: None,
            says: Says::Log,
            work,
        }
    }

    /// It writes a comment.
    pub(super) fn comments(&self) -> bool {
        matches!(self.says, Says::Comment | Says::Joined { .. })
    }

    /// It keeps an issue.
    pub(super) fn is_issue(&self) -> bool {
        self.work.iter().any(|work| matches!(work, Work::Watch { is_issue: true, .. }))
    }

    /// What it told is kept for the next time.
    pub(super) fn remembers(&self) -> bool {
        self.work.iter().any(|work| matches!(work, Work::Watch { keeps: true, .. }))
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

pub(super) fn role(setting: &Setting, own: Option<&CiIdentity>) -> Option<String> {
    own.or(setting.ci.identity.as_ref()).map(|identity| identity.aws.clone())
}

/// A name that no other job has, in letters that every forge takes.
pub(super) fn own(wanted: &str, names: &mut BTreeSet<String>) -> String {
    let plain: String =
        wanted.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect();
    let numbered = (2..).map(|number| format!("{plain}-{number}"));
    let mut all = std::iter::once(plain.clone()).chain(numbered);
    let free = all.find(|name| !names.contains(&name.to_lowercase())).unwrap_or(plain);
    names.insert(free.to_lowercase());
    free
}
