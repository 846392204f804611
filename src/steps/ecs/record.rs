//! Tasks that were started and whose end nobody has seen: `.infractl/tasks/ENVIRONMENT/TASK.TOKEN.json`. It is written
//! before AWS is asked: whatever kills this process, the task can be found again.

use std::hash::{BuildHasher as _, RandomState};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::config::Environment;
use crate::disk;
use crate::failure::Failure;
use crate::platform;
use crate::work::StepCx;

/// A task that was started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Started {
    /// By which AWS knows a question that is asked twice.
    pub token: String,
    /// By which the task is found again.
    pub started_by: String,
    /// When, in UTC.
    pub at: String,
    pub cluster: String,
    /// What was asked for, but for the tokens.
    pub input: String,
    /// Once AWS has named it.
    #[serde(default)]
    pub arn: Option<String>,
    /// Who follows it.
    pub pid: u32,
    /// It was left on purpose.
    #[serde(default)]
    pub is_left: bool,
}

impl Started {
    pub(super) fn new(step: &StepCx<'_>, cluster: &str, input: &str) -> Started {
        let random = || RandomState::new().hash_one((std::process::id(), std::time::Instant::now()));
        let token = format!("{:016x}{:016x}", random(), random());
        Started {
            started_by: format!("infractl/{}", &token[..24]),
            token,
            at: (step.cx.now)().strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
            cluster: cluster.to_owned(),
            input: input.to_owned(),
            arn: None,
            pid: std::process::id(),
            is_left: false,
        }
    }

    /// Writes it down.
    pub(super) fn keep(&self, env: &Environment, task: &str) -> Result<(), Failure> {
        let bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        Ok(disk::write(&self.file(env, task), &bytes, disk::PRIVATE)?)
    }

    /// Its end was seen.
    pub(super) fn forget(&self, env: &Environment, task: &str) {
        // What stays is looked at and forgotten by the next run.
        let _ = disk::remove(&self.file(env, task));
    }

    /// Nobody follows it any more, though nobody wanted that.
    pub(super) fn is_orphan(&self) -> bool {
        !self.is_left && platform::is_gone(self.pid)
    }

    pub(super) fn file(&self, env: &Environment, task: &str) -> PathBuf {
        folder(env).join(format!("{task}.{}.json", self.token))
    }
}

/// Those of a task, the newest last.
pub(super) fn all(env: &Environment, task: &str) -> Vec<Started> {
    let entries = folder(env).read_dir().into_iter().flatten().flatten();
    let own = entries.filter(|entry| {
        let name = entry.file_name();
        let rest = name.to_str().and_then(|name| name.strip_prefix(task)?.strip_prefix('.'));
        rest.is_some_and(|rest| rest.strip_suffix(".json").is_some())
    });
    let read = |entry: std::fs::DirEntry| serde_json::from_slice(&disk::read(&entry.path()).ok()?).ok();
    let mut all: Vec<Started> = own.filter_map(read).collect();
    all.sort_by(|a, b| a.at.cmp(&b.at));
    all
}

fn folder(env: &Environment) -> PathBuf {
    env.home.join(".infractl/tasks").join(&env.name)
}
