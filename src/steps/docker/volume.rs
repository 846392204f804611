//! Volumes as docker takes them.

use std::path::{Path, PathBuf};

/// A volume whose folder here is found wherever docker is started.
pub(crate) fn absolute(dir: &Path, volume: &str) -> String {
    match volume.split_once(':') {
        Some((here, there)) if here.starts_with('.') || here.contains('/') => {
            let parts = dir.join(here).components().fold(PathBuf::new(), |mut path, part| {
                match part {
                    std::path::Component::CurDir => {}
                    std::path::Component::ParentDir => drop(path.pop()),
                    part => path.push(part),
                }
                path
            });
            format!("{}:{there}", parts.display())
        }
        _ => volume.to_owned(),
    }
}
