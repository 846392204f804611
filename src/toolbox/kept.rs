//! Versions of programs that were asked before: kept in the project, true as long as nothing about the program changed.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use semver::Version;

use crate::context::Vars;
use crate::disk;

/// Files by which version managers (tfenv, asdf, mise) choose what their stand-in for a program starts.
const CHOICES: [&str; 5] =
    [".terraform-version", ".opentofu-version", ".tool-versions", "mise.toml", ".config/mise/config.toml"];
/// The same at home.
const CHOICES_AT_HOME: [&str; 2] = [".tfenv/version", ".tofuenv/version"];

/// What was seen of a program, and its version, by its path.
type Versions = BTreeMap<String, (String, String)>;

/// What is kept: by path, what was seen of the program, and its version.
#[derive(Debug)]
pub(crate) struct Kept {
    file: PathBuf,
    all: Mutex<(Versions, bool)>,
}

impl Kept {
    /// That of the project. What cannot be read is asked again.
    pub(crate) fn read(root: &Path) -> Kept {
        let file = root.join(".infractl/versions.json");
        let all = disk::read(&file).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        Kept { file, all: Mutex::new((all.unwrap_or_default(), false)) }
    }

    /// The version of a program that was seen like this.
    pub(super) fn version(&self, program: &Path, stamp: &str) -> Option<Version> {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let (seen, version) = all.0.get(&*program.to_string_lossy())?;
        (seen == stamp).then(|| Version::parse(version).ok()).flatten()
    }

    /// Remembers it.
    pub(super) fn set(&self, program: &Path, stamp: String, version: &Version) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.0.insert(program.to_string_lossy().into_owned(), (stamp, version.to_string()));
        all.1 = true;
    }

    /// Writes it down, if something is new. A project on a read-only disk only loses the shortcut.
    pub(crate) fn write(&self) {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if let (true, Ok(bytes)) = (all.1, serde_json::to_vec(&all.0)) {
            let written = disk::write(&self.file, &bytes, disk::PRIVATE);
            tracing::debug!(?written, "versions of tools");
        }
    }
}

/// What is seen of a program without starting it; none if there is nothing to see. A stand-in of a version manager is
/// another one wherever that would choose another version.
pub(super) fn stamp(name: &str, program: &Path, dir: &Path, vars: &Vars) -> Option<String> {
    let mut stamp = seen(program)?;
    let real = program.canonicalize().ok()?;
    if real.file_name().is_some_and(|file| file == name) && !is_script(&real) {
        return Some(stamp);
    }
    let home = vars.get("HOME").map(PathBuf::from);
    let around = dir.ancestors().chain(home.as_deref());
    let files = around.flat_map(|folder| CHOICES.map(|file| folder.join(file)));
    let at_home = home.iter().flat_map(|home| CHOICES_AT_HOME.map(|file| home.join(file)));
    for file in files.chain(at_home) {
        if let Some(seen) = seen(&file) {
            stamp.push_str(&format!(" {}={seen}", file.display()));
        }
    }
    let variable = format!("_{}_VERSION", name.to_uppercase().replace('-', "_"));
    for (key, value) in &vars.0 {
        if key.to_string_lossy().ends_with(&variable) {
            stamp.push_str(&format!(" {}={}", key.display(), value.display()));
        }
    }
    Some(stamp)
}

fn seen(path: &Path) -> Option<String> {
    let meta = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    Some(format!("{} {}.{} {}", meta.len(), meta.mtime(), meta.mtime_nsec(), meta.ino()))
}

fn is_script(path: &Path) -> bool {
    let mut first = [0; 2];
    let read = fs::File::open(path).and_then(|mut file| std::io::Read::read_exact(&mut file, &mut first));
    read.is_ok() && first == *b"#!"
}
