//! Where installed programs are: per version and checksum, in the user's data folder.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::context::Vars;
use crate::failure::{Failure, Kind};
use crate::toolbox::pin::{Pin, Platform};

/// So much of a checksum tells two archives of one version apart.
const DIGITS: usize = 16;

/// The folder of all of them.
pub(crate) fn root(vars: &Vars) -> Result<PathBuf, Failure> {
    let set = |name: &str| vars.0.get(OsStr::new(name)).map(PathBuf::from).filter(|path| path.is_absolute());
    let data = set("XDG_DATA_HOME").or_else(|| Some(set("HOME")?.join(".local/share")));
    data.map(|data| data.join("infractl/tools")).ok_or_else(|| {
        Failure::new(Kind::Failed, "there is no place for tools: neither XDG_DATA_HOME nor HOME is set")
            .help("set HOME to the home folder of the user")
    })
}

/// The folder of one.
pub(crate) fn folder(root: &Path, pin: &Pin, sha256: &str) -> PathBuf {
    root.join(&pin.name).join(format!("{}-{}", pin.version, &sha256[..DIGITS.min(sha256.len())]))
}

/// Whether all of its programs are there.
pub(crate) fn is_installed(folder: &Path, pin: &Pin) -> bool {
    pin.programs(&Platform::here()).iter().all(|(_, name)| folder.join(name).is_file())
}
