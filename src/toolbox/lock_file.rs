//! `tools.lock`: the checksums of archives, by program, version and platform.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::disk;
use crate::failure::{Failure, Kind, Problem, Snippet};
use crate::toolbox::pin::{Pin, Platform};
use crate::tools::archives::is_sha256;

/// Its name, in the project's folder.
pub(crate) const NAME: &str = "tools.lock";

const HEAD: &str =
    "# Written by `infractl tools lock`: checksums of the archives of [tools]. Commit this file.\n\n";
const SIGN: &str = "sha256:";

/// The checksums.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LockFile {
    tools: BTreeMap<String, BTreeMap<String, BTreeMap<String, String>>>,
}

/// Where it is.
pub(crate) fn path(root: &Path) -> PathBuf {
    root.join(NAME)
}

impl LockFile {
    /// That of the project; empty when there is none.
    pub(crate) fn read(root: &Path) -> Result<LockFile, Failure> {
        let text = disk::read_text_if_there(&path(root))?.unwrap_or_default();
        LockFile::parse(&text)
    }

    fn parse(text: &str) -> Result<LockFile, Failure> {
        let damaged = |message: String, span: std::ops::Range<usize>| {
            let place = Snippet { path: NAME.to_owned(), text: text.to_owned(), span };
            let help = "take one side of it (`git checkout -- tools.lock`), then run `infractl tools lock`";
            Failure::problems(
                Kind::Config,
                vec![Problem { message, place: Some(place), help: vec![help.to_owned()] }],
            )
        };
        let tools: BTreeMap<String, BTreeMap<String, BTreeMap<String, String>>> = toml::from_str(text)
            .map_err(|error| {
                damaged(format!("`{NAME}` is damaged: {}", error.message()), error.span().unwrap_or_default())
            })?;
        for sum in tools.values().flat_map(BTreeMap::values).flat_map(BTreeMap::values) {
            if !sum.strip_prefix(SIGN).is_some_and(is_sha256) {
                let at = text.find(sum.as_str()).unwrap_or_default();
                return Err(damaged(
                    format!("`{NAME}` is damaged: `{sum}` is no checksum"),
                    at..at + sum.len(),
                ));
            }
        }
        Ok(LockFile { tools })
    }

    /// The checksum of an archive.
    pub(crate) fn sha256(&self, pin: &Pin, platform: &Platform) -> Option<&str> {
        self.tools.get(&pin.name)?.get(&pin.version)?.get(&platform.to_string())?.strip_prefix(SIGN)
    }

    /// Takes a checksum in.
    pub(crate) fn set(&mut self, pin: &Pin, platform: &Platform, sha256: &str) {
        let versions = self.tools.entry(pin.name.clone()).or_default();
        let platforms = versions.entry(pin.version.clone()).or_default();
        platforms.insert(platform.to_string(), format!("{SIGN}{sha256}"));
    }

    /// Forgets versions that nobody asks for.
    pub(crate) fn keep_only(&mut self, pins: &[Pin]) {
        let is_wanted =
            |name: &str, version: &str| pins.iter().any(|pin| pin.name == name && pin.version == version);
        for (name, versions) in &mut self.tools {
            versions.retain(|version, _| is_wanted(name, version));
        }
        self.tools.retain(|_, versions| !versions.is_empty());
    }

    /// The text of the file.
    pub(crate) fn text(&self) -> String {
        format!("{HEAD}{}", toml::to_string(&self.tools).unwrap_or_default())
    }

    /// Writes it.
    pub(crate) fn write(&self, root: &Path) -> Result<(), Failure> {
        Ok(disk::write(&path(root), self.text().as_bytes(), 0o644)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_it_was_written_and_damage_is_shown_where_it_is() {
        let mut lock = LockFile::default();
        let table = serde_json::json!({"version": "1.11.4"});
        let pin = Pin::new("terraform", &serde_json::from_value(table).unwrap()).unwrap();
        let (here, other) =
            (Platform::parse("linux-amd64").unwrap(), Platform::parse("linux-arm64").unwrap());
        lock.set(&pin, &here, &"a".repeat(64));
        let text = lock.text();
        assert!(text.contains("[terraform.\"1.11.4\"]\nlinux-amd64 = \"sha256:aaaa"), "{text}");
        let mut again = LockFile::parse(&text).unwrap();
        assert_eq!(again, lock);
        assert_eq!(again.sha256(&pin, &here), Some("a".repeat(64).as_str()));
        assert_eq!(again.sha256(&pin, &other), None);
        again.keep_only(&[pin]);
        assert_eq!(again, lock);
        again.keep_only(&[]);
        assert_eq!(again, LockFile::default());
        for (damaged, line) in
            [("<<<<<<< HEAD\n", "HEAD"), ("[a.\"1\"]\nlinux-amd64 = \"sha256:short\"\n", "sha256:short")]
        {
            let failure = LockFile::parse(damaged).unwrap_err();
            let place = failure.problems[0].place.as_ref().unwrap();
            assert!(place.text[place.span.start..].starts_with(line), "{place:?}");
            assert_eq!(failure.kind, Kind::Config);
        }
    }
}
