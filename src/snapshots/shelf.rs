//! The folder of an environment's snapshots: what is there, and whether it is still what it was.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::Manifest;
use super::manifest::FORMAT;
use crate::config::Environment;
use crate::disk::{self, DiskError};
use crate::text::hex;

/// Where the snapshots of an environment are, seen from the project.
const FOLDER: &str = ".infractl/snapshots";
/// The ending of the files that say what is known of one.
const ENDING: &str = ".json";

/// The folder with the copies of one entry of `[snapshots]`.
#[derive(Debug, Clone)]
pub(crate) struct Shelf {
    folder: PathBuf,
    project: String,
    environment: String,
    snapshot: String,
}

/// A snapshot that is there.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Kept {
    /// What was written down.
    pub manifest: Manifest,
    /// Why it is of no use, where that can be seen without reading it whole.
    pub trouble: Option<String>,
}

impl Kept {
    /// It can be seen from outside that it is of no use.
    pub(crate) fn is_good(&self) -> bool {
        self.trouble.is_none()
    }

    /// Bytes on the disk.
    pub(crate) fn bytes(&self) -> u64 {
        self.manifest.stored.as_ref().map_or(0, |stored| stored.bytes)
    }
}

impl Shelf {
    /// That of an entry of `[snapshots]`.
    pub(crate) fn of(env: &Environment, snapshot: &str) -> Shelf {
        let dir = env.snapshots.get(snapshot).and_then(|source| source.dir.as_ref());
        Shelf {
            folder: dir.map_or_else(|| env.home.join(FOLDER).join(&env.name), |dir| dir.0.clone()),
            project: env.project.clone(),
            environment: env.name.clone(),
            snapshot: snapshot.to_owned(),
        }
    }

    /// Where it is.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Removes what killed runs have left.
    pub(crate) fn sweep(&self) {
        disk::sweep_folder(&self.folder);
    }

    /// The place of a file beside the manifest of that name.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// All copies, newest first; those of other entries and environments in the same folder are not among them.
    pub(crate) fn all(&self) -> Result<Vec<Kept>, DiskError> {
        let mut all: Vec<Kept> = self.manifests()?.into_iter().filter(|kept| self.is_ours(kept)).collect();
        all.sort_by(|one, other| {
            (other.manifest.created, &other.manifest.name).cmp(&(one.manifest.created, &one.manifest.name))
        });
        Ok(all)
    }

    /// What the folder has by this name, whosever it is.
    pub(crate) fn named(&self, name: &str) -> Result<Option<Kept>, DiskError> {
        Ok(self.manifests()?.into_iter().find(|kept| kept.manifest.name == name))
    }

    fn is_ours(&self, kept: &Kept) -> bool {
        let Manifest { project, environment, snapshot, .. } = &kept.manifest;
        (project, environment, snapshot) == (&self.project, &self.environment, &self.snapshot)
    }

    /// Whose it is, if it is not of this entry.
    pub(crate) fn stranger(&self, manifest: &Manifest) -> Option<String> {
        let Manifest { project, environment, snapshot, .. } = manifest;
        if *project != self.project {
            Some(format!("project `{project}`"))
        } else if *environment != self.environment {
            Some(format!("environment `{environment}`"))
        } else {
            (*snapshot != self.snapshot).then(|| format!("`[snapshots.{snapshot}]`"))
        }
    }

    fn manifests(&self) -> Result<Vec<Kept>, DiskError> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if !path.to_string_lossy().ends_with(ENDING) {
                continue;
            }
            let Some(bytes) = disk::read_if_there(&path)? else { continue };
            // What is no manifest of ours is somebody else's.
            let Ok(manifest) = serde_json::from_slice::<Manifest>(&bytes) else { continue };
            if path.file_stem().is_some_and(|stem| stem == manifest.name.as_str()) {
                found.push(Kept { trouble: self.trouble(&manifest), manifest });
            }
        }
        Ok(found)
    }

    fn trouble(&self, manifest: &Manifest) -> Option<String> {
        if manifest.format != FORMAT {
            return Some("a newer infractl has made it".to_owned());
        }
        if let Some(why) = &manifest.failed {
            return Some(format!("its check failed: {why}"));
        }
        let stored = manifest.stored.as_ref()?;
        match fs::metadata(self.file(&stored.file)) {
            Ok(there) if there.len() == stored.bytes => None,
            Ok(there) => Some(format!("its file has {} bytes, not {}", there.len(), stored.bytes)),
            Err(_) => Some("its file is gone".to_owned()),
        }
    }

    /// Writes down what is known of one: from now on it counts.
    pub(crate) fn keep(&self, manifest: &Manifest) -> Result<(), DiskError> {
        let text = serde_json::to_string_pretty(manifest).unwrap_or_default();
        disk::write(&self.place(&manifest.name), format!("{text}\n").as_bytes(), disk::PRIVATE)
    }

    /// Removes one; killed in between it does not count any more.
    pub(crate) fn remove(&self, manifest: &Manifest) -> Result<(), DiskError> {
        disk::remove(&self.place(&manifest.name))?;
        if let Some(stored) = &manifest.stored {
            disk::remove(&self.file(&stored.file))?;
        }
        Ok(())
    }

    fn place(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}{ENDING}"))
    }
}

/// The sum of a file, piece by piece.
pub(crate) fn sum_of(path: &Path) -> Result<String, DiskError> {
    let mut file = disk::open_file(path)?;
    let mut sum = Sha256::new();
    std::io::copy(&mut file, &mut sum).map_err(|source| DiskError {
        path: path.to_owned(),
        action: disk::Operation::Read,
        source,
    })?;
    Ok(hex(&sum.finalize()))
}
