//! What was wanted of a project that is being written: a run that is killed is completed by the next one.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::template::Template;
use crate::disk::{self, DiskError};

/// What was wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Note {
    /// Name of the project.
    pub name: String,
    /// None when a repository was adopted.
    pub template: Option<Template>,
    /// Names of the environments.
    pub environments: Vec<String>,
}

fn path(root: &Path) -> PathBuf {
    root.join(".infractl").join("new.json")
}

impl Note {
    /// What a killed run left; what cannot be read is none.
    pub(crate) fn left(root: &Path) -> Option<Note> {
        serde_json::from_slice(&disk::read(&path(root)).ok()?).ok()
    }

    /// Keeps it until everything is written.
    pub(crate) fn keep(&self, root: &Path) -> Result<(), DiskError> {
        let text = serde_json::to_vec(self).unwrap_or_default();
        disk::write(&path(root), &text, disk::PRIVATE)
    }

    /// Everything is written.
    pub(crate) fn done(root: &Path) -> Result<(), DiskError> {
        disk::remove(&path(root)).map(drop)
    }
}
