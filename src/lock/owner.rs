//! Who holds a lock: what is written into it, and how it is told.

use std::fs::{File, TryLockError};
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::config::Environment;
use crate::context::Ctx;
use crate::platform;
use crate::text;

/// The run that holds a lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Owner {
    /// The person, or the account of a CI job.
    pub owner: String,
    /// The machine's name.
    pub host: String,
    /// The process.
    pub pid: u32,
    /// What it does.
    pub verb: String,
    /// To which environment.
    pub environment: String,
    /// Since when.
    pub start: Timestamp,
    /// Its last sign of life, by its own clock.
    pub heartbeat: Timestamp,
    /// Seconds without a sign of life after which it counts as dead.
    pub stale_after: u64,
    /// Boot and process namespace: only where these are the same a process id says something.
    pub machine: String,
    /// An infractl started by this run knows it, and passes.
    pub token: String,
    /// Its lock on its own machine, which all that it has started holds too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local: Option<PathBuf>,
}

impl Owner {
    /// This run.
    pub(crate) fn new(cx: &Ctx, env: &Environment, verb: &str) -> Self {
        let now = (cx.now)();
        Owner {
            owner: person(cx),
            host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            pid: std::process::id(),
            verb: verb.to_owned(),
            environment: env.name.clone(),
            start: now,
            heartbeat: now,
            stale_after: stale_after(env).as_secs().max(1),
            machine: machine(),
            token: crate::lock::token::own(&cx.vars).to_owned(),
            local: Some(local_path(env)),
        }
    }

    /// The same run, alive at this moment.
    #[must_use]
    pub(crate) fn alive(&self, now: Timestamp) -> Self {
        Owner { heartbeat: now, ..self.clone() }
    }

    /// Whether both are one run, whatever its last sign of life.
    pub(crate) fn is_same_run(&self, other: &Owner) -> bool {
        self.token == other.token && self.start == other.start
    }

    /// As it is written: one line of JSON.
    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default() + "\n"
    }

    /// Reads what was written; what follows the first value does not count.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        serde_json::Deserializer::from_slice(bytes).into_iter().next()?.ok()
    }

    /// True when it ran here and its process is gone.
    pub(crate) fn is_gone_here(&self) -> bool {
        // Two machines that do not say which they are must not pass for one.
        !self.machine.is_empty() && self.machine == machine() && platform::is_gone(self.pid)
    }

    /// The same, and what it has started still runs.
    pub(crate) fn has_heirs_here(&self) -> bool {
        let is_held = |path: &PathBuf| {
            File::open(path).is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
        };
        self.is_gone_here() && self.local.as_ref().is_some_and(is_held)
    }

    /// True when it ran here, and neither it nor anything that it has started runs any more.
    pub(crate) fn is_dead_here(&self) -> bool {
        self.is_gone_here() && !self.has_heirs_here()
    }

    /// How long it may be silent.
    pub(crate) fn patience(&self) -> Duration {
        Duration::from_secs(self.stale_after.max(1))
    }

    /// "`apply` by alice on ci-7 (pid 4242) since 2026-11-20 14:02:11 UTC, for 3m 05s, last sign of life 4.0 s ago".
    pub(crate) fn describe(&self, now: Timestamp) -> String {
        let ago = |then: Timestamp| {
            text::duration(Duration::try_from(now.duration_since(then)).unwrap_or_default())
        };
        format!(
            "`{}` by {} on {} (pid {}) since {}, for {}, last sign of life {} ago",
            self.verb,
            self.owner,
            self.host,
            self.pid,
            self.start.strftime("%Y-%m-%d %H:%M:%S UTC"),
            ago(self.start),
            ago(self.heartbeat)
        )
    }
}

/// The account that runs this; in CI the person who started the job.
pub(crate) fn person(cx: &Ctx) -> String {
    ["GITHUB_ACTOR", "GITLAB_USER_LOGIN", "BUILD_REQUESTEDFOR", "SUDO_USER", "USER", "LOGNAME"]
        .iter()
        .find_map(|name| cx.vars.get(name).filter(|value| !value.is_empty()))
        .map_or_else(|| format!("uid {}", rustix::process::getuid().as_raw()), str::to_owned)
}

/// This boot and this process namespace; empty where the system does not say.
fn machine() -> String {
    static BOOT: LazyLock<String> = LazyLock::new(|| platform::boot().unwrap_or_default());
    BOOT.clone()
}

/// Silence after which a shared lock counts as left behind, if the configuration does not say.
pub(super) const STALE_AFTER: Duration = Duration::from_secs(120);

pub(super) fn stale_after(env: &Environment) -> Duration {
    env.lock.stale_after.map_or(STALE_AFTER, |period| period.0)
}

/// Where the lock of this machine is.
pub(super) fn local_path(env: &Environment) -> PathBuf {
    env.home.join(".infractl/locks").join(format!("{}.json", env.name))
}
