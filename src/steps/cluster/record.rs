//! What is known here of a cluster that was made: `.infractl/cluster/ENVIRONMENT.json`, mode 0600. Whose a cluster is says
//! the cluster itself; this says what it was made of, key by key, and whether the making came to its end.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::Environment;
use crate::disk;
use crate::failure::Failure;
use crate::tools::clusters::Made;

/// What is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(super) struct Record {
    /// Its name.
    pub(super) name: String,
    /// Whether the making came to its end.
    pub(super) is_whole: bool,
    /// What it was made of.
    pub(super) made: Made,
    /// Where its API answers.
    pub(super) server: Option<String>,
    /// The file that was written to say so.
    pub(super) file: Option<PathBuf>,
    /// The file that it was merged into, and where its API answered then.
    pub(super) merged: Option<Merged>,
}

/// Where a cluster was merged into.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Merged {
    /// The file.
    pub(super) file: PathBuf,
    /// Where its API answered.
    pub(super) server: String,
}

/// A cluster that was made here, for people and programs (docs/status.md).
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Known {
    /// What made it: `k3d`, `kind`.
    kind: &'static str,
    /// Its name.
    name: String,
    /// Its making came to its end.
    whole: bool,
}

impl Known {
    /// In words.
    pub(crate) fn words(&self) -> String {
        let half = if self.whole { "" } else { ", half made" };
        format!("{} {}{half}", self.kind, self.name)
    }
}

/// What this checkout knows of the cluster of an environment; nothing is asked.
pub(crate) fn known(env: &Environment) -> Option<Known> {
    let cluster = env.cluster.as_ref()?;
    let record = Record::read(env).ok()??;
    Some(Known { kind: cluster.kind.word(), name: record.name, whole: record.is_whole })
}

/// The folder of all of them: machines of kind mount it, and it holds nothing secret.
pub(super) fn folder(env: &Environment) -> PathBuf {
    env.root.join(".infractl/cluster")
}

fn path(env: &Environment) -> PathBuf {
    folder(env).join(format!("{}.json", env.name))
}

impl Record {
    /// What is known; what cannot be read is as good as nothing.
    pub(super) fn read(env: &Environment) -> Result<Option<Record>, Failure> {
        let text = disk::read_text_if_there(&path(env))?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// Keeps it.
    pub(super) fn write(&self, env: &Environment) -> Result<(), Failure> {
        disk::make_private_dir(&folder(env))?;
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        Ok(disk::write(&path(env), text.as_bytes(), 0o600)?)
    }
}

/// Forgets it.
pub(super) fn forget(env: &Environment) -> Result<(), Failure> {
    disk::remove(&path(env))?;
    disk::remove(&registries(env))?;
    Ok(())
}

/// The file that tells machines of k3d of their registry.
pub(super) fn registries(env: &Environment) -> PathBuf {
    folder(env).join(format!("{}-registries.yaml", env.name))
}

/// A file is one of infractl's own: nobody else writes there.
pub(super) fn is_own(env: &Environment, file: &Path) -> bool {
    file.starts_with(env.root.join(".infractl"))
}
