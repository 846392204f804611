//! What a release is made of: the end of the message of its tag, as JSON.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::config::Environment;
use crate::disk;
use crate::failure::{Failure, Kind};
use crate::text::hex;
use crate::work::images::{self, Image};

/// The line that it begins below.
const HEADING: &str = "Manifest:";

/// By environment and name.
pub(crate) type Images = IndexMap<String, IndexMap<String, String>>;

/// What a release is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Manifest {
    /// Without the prefix of the tag.
    pub version: String,
    /// The commit that was released: what images were built from. The commit of the release itself is the tag's.
    pub commit: String,
    /// By environment and name: `REGISTRY/REPOSITORY@sha256:…`.
    pub images: Images,
    /// By environment: the hash of `defaults.toml` and `environment.toml`, one after the other.
    pub configuration: IndexMap<String, String>,
    /// By path: the hash of each `.terraform.lock.hcl`.
    pub terraform_lock: IndexMap<String, String>,
}

impl Manifest {
    /// The message of the tag.
    pub(crate) fn message(&self, tag: &str, section: &str) -> String {
        format!("{tag}\n\n{section}\n{HEADING}\n\n{}\n", self.json())
    }

    /// As it stands there.
    pub(crate) fn json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

/// The images of an environment that its registry has, of those that are wanted; and why others are not among them.
pub(crate) fn pushed<'a>(
    env: &Environment,
    known: &IndexMap<String, Image>,
    wanted: impl Iterator<Item = &'a String>,
) -> (IndexMap<String, String>, Vec<String>) {
    let (mut images, mut missing) = (IndexMap::new(), Vec::new());
    for name in wanted {
        match known.get(name) {
            Some(Image::Pushed { built, .. }) if built.is_dirty => {
                missing
                    .push(format!("`{name}` of `{}` was built from files that were not committed", env.name));
            }
            Some(
                Image::Pushed { reference, .. }
                | Image::There { reference, .. }
                | Image::Given { reference, .. },
            ) => {
                images.insert(name.clone(), reference.clone());
            }
            Some(Image::Here(_)) | None => {
                missing.push(format!("`{name}` of `{}` was not pushed from here", env.name));
            }
        }
    }
    (images, missing)
}

/// Looks at the images of all environments. One that `[release] images` names has to be in a registry.
pub(crate) fn images(
    environments: &[Environment],
    named: Option<&[String]>,
) -> Result<(Images, Vec<String>), Failure> {
    let (mut all, mut notes) = (Images::new(), Vec::new());
    for env in environments {
        let wanted = env.images.keys().filter(|name| named.is_none_or(|named| named.contains(name)));
        let (images, missing) = pushed(env, &images::read(env), wanted);
        notes.extend(missing);
        if !images.is_empty() {
            all.insert(env.name.clone(), images);
        }
    }
    let has = |name: &String| all.values().any(|images| images.contains_key(name));
    if let Some(name) = named.into_iter().flatten().find(|name| !has(name)) {
        let why = notes.iter().find(|note| note.starts_with(&format!("`{name}` ")));
        let why = why.cloned().unwrap_or_else(|| format!("no environment has an image `{name}`"));
        return Err(Failure::new(Kind::Failed, why)
            .context(format!("the release is to name `{name}` by its digest"))
            .help("push it first: `infractl push ENV`"));
    }
    Ok((all, notes))
}

/// The hash of the configuration of an environment.
pub(crate) fn configuration(env: &Environment) -> Result<String, Failure> {
    let folder = env.root.join("environments");
    let defaults = disk::read_if_there(&folder.join("defaults.toml"))?.unwrap_or_default();
    let own = disk::read(&folder.join(&*env.name).join("environment.toml"))?;
    Ok(hash(&[defaults, own].concat()))
}

/// `sha256:…`.
pub(crate) fn hash(bytes: &[u8]) -> String {
    format!("sha256:{}", hex(&Sha256::digest(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_ends_with_json() {
        let manifest = Manifest {
            version: "1.0.0".to_owned(),
            commit: "abc".to_owned(),
            images: IndexMap::new(),
            configuration: IndexMap::from([("dev".to_owned(), hash(b""))]),
            terraform_lock: IndexMap::new(),
        };
        let text = manifest.message("v1.0.0", "## [1.0.0]\n");
        let (above, json) = text.split_once("\nManifest:\n\n").unwrap();
        assert_eq!(above, "v1.0.0\n\n## [1.0.0]\n");
        let json: serde_json::Value = serde_json::from_str(json).unwrap();
        let keys: Vec<&String> = json.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["version", "commit", "images", "configuration", "terraform-lock"]);
        let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(json["configuration"]["dev"], empty);
    }
}
