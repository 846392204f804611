//! What was built and pushed for an environment, for later steps and later runs: `.infractl/images/ENVIRONMENT.json`,
//! mode 0600.

use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::config::Environment;
use crate::disk;
use crate::failure::Failure;

/// An image that is built, here or for the registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Image {
    /// Only this machine has it.
    Here(Built),
    /// The registry has it, and so has this machine.
    Pushed {
        /// What was built here.
        built: Built,
        /// `REGISTRY/REPOSITORY@sha256:…`.
        reference: String,
    },
    /// Another environment had it, or this one before: nothing was built here.
    Given {
        /// What it is part of.
        release: String,
        /// `REGISTRY/REPOSITORY@sha256:…`, or what the engine calls it.
        reference: String,
    },
    /// The registry had it before: nothing was built here.
    There {
        /// The git commit, which is its tag.
        tag: String,
        /// `REGISTRY/REPOSITORY@sha256:…`.
        reference: String,
    },
}

/// What was built here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Built {
    /// What the engine calls it: `sha256:…`.
    pub id: String,
    /// Its folder differed from the commit.
    pub is_dirty: bool,
}

impl Image {
    /// By its digest: where the registry has it, else what the engine calls it.
    pub(crate) fn reference(&self) -> String {
        match self {
            Image::Here(built) => built.id.clone(),
            Image::Pushed { reference, .. }
            | Image::There { reference, .. }
            | Image::Given { reference, .. } => reference.clone(),
        }
    }

    /// The same after a build: what was pushed stays when this is it.
    pub(crate) fn rebuilt(before: Option<&Image>, built: Built) -> Image {
        match before {
            Some(Image::Pushed { built: other, reference }) if other.id == built.id => {
                Image::Pushed { built, reference: reference.clone() }
            }
            _ => Image::Here(built),
        }
    }
}

/// All that is known of an environment. What cannot be read counts as nothing: it is built again.
pub(crate) fn read(env: &Environment) -> IndexMap<String, Image> {
    let bytes = disk::read(&file(&env.home, &env.name)).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

/// Remembers one.
pub(crate) fn remember(env: &Environment, name: &str, image: &Image) -> Result<(), Failure> {
    let mut all = read(env);
    all.insert(name.to_owned(), image.clone());
    let bytes = serde_json::to_vec_pretty(&all).unwrap_or_default();
    Ok(disk::write(&file(&env.home, &env.name), &bytes, disk::PRIVATE)?)
}

/// Where they are written down.
pub(crate) fn file(root: &Path, environment: &str) -> PathBuf {
    root.join(".infractl/images").join(format!("{environment}.json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built(id: &str) -> Built {
        Built { id: id.to_owned(), is_dirty: false }
    }

    #[test]
    fn what_was_pushed_counts_until_something_else_is_built() {
        let reference = "registry.example/etl@sha256:1".to_owned();
        let pushed = Image::Pushed { built: built("sha256:a"), reference: reference.clone() };
        assert_eq!(pushed.reference(), reference);
        assert_eq!(Image::rebuilt(Some(&pushed), built("sha256:a")), pushed);
        let other = Image::rebuilt(Some(&pushed), built("sha256:b"));
        assert_eq!((other.reference().as_str(), &other), ("sha256:b", &Image::Here(built("sha256:b"))));
        let there = Image::There { tag: "1f2c".to_owned(), reference: reference.clone() };
        assert_eq!(there.reference(), reference);
        assert_eq!(Image::rebuilt(Some(&there), built("sha256:a")).reference(), "sha256:a");
    }

    #[test]
    fn it_is_read_as_it_was_written() {
        let there = Image::There { tag: "1f2c".to_owned(), reference: "r/etl@sha256:1".to_owned() };
        for image in [Image::Here(built("sha256:a")), there] {
            let text = serde_json::to_string(&image).unwrap();
            assert_eq!(serde_json::from_str::<Image>(&text).unwrap(), image);
        }
    }
}
