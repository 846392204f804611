//! Folders of our own that nobody else may enter, gone with their owner, however that ends.

use std::fs::{self, File, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::getuid;
use tempfile::TempDir;

use super::{DiskError, Operation};
use crate::platform;

const PREFIX: &str = "infractl-run-";
/// The longest place of a folder for sockets: what ssh adds to their names leaves no more.
const SHORT: usize = 40;
/// A younger folder with nothing in it may be one whose owner is about to lock it.
const YOUNG: Duration = Duration::from_secs(60);

/// A folder of our own for as long as the value lives, mode 0700. One whose owner was killed is removed by the next.
#[derive(Debug)]
pub struct PrivateDir {
    dir: TempDir,
    /// Locked: the owner lives.
    _lock: File,
}

impl PrivateDir {
    /// Makes one, in memory where the system has such a place.
    pub fn new() -> Result<Self, DiskError> {
        PrivateDir::first(&places())
    }

    /// The folder of this kind that a path is in.
    pub(crate) fn around(path: &Path) -> Option<&Path> {
        let is_one = |folder: &&Path| {
            folder.file_name().is_some_and(|name| name.to_string_lossy().starts_with(PREFIX))
        };
        path.ancestors().find(is_one)
    }

    /// Removes what owners left that were killed.
    pub(crate) fn sweep() {
        for place in places() {
            sweep(&place, YOUNG);
        }
    }

    /// The same of what [`at`](Self::at) made in this place; whether there was something.
    pub(crate) fn sweep_at(place: &Path) -> bool {
        sweep(place, YOUNG)
    }

    /// Makes one whose path is short: the name of a socket in it holds about a hundred bytes.
    pub(crate) fn for_sockets() -> Result<Self, DiskError> {
        let all = places().into_iter().chain(["/tmp".into(), "/var/tmp".into()]);
        let short = all.filter(|place: &PathBuf| place.as_os_str().len() <= SHORT);
        PrivateDir::first(&short.collect::<Vec<_>>())
    }

    /// Makes one in this place.
    pub(crate) fn at(place: &Path) -> Result<Self, DiskError> {
        PrivateDir::first(&[place.to_owned()])
    }

    /// In the first of these places that takes it.
    fn first(places: &[PathBuf]) -> Result<Self, DiskError> {
        let mut last = None;
        for place in places {
            sweep(place, YOUNG);
            match PrivateDir::within(place) {
                Ok(made) => return Ok(made),
                Err(error) => last = Some(error),
            }
        }
        let none = || DiskError::new(Operation::MakeFolder, Path::new("/tmp"))(ErrorKind::NotFound.into());
        Err(last.unwrap_or_else(none))
    }

    fn within(place: &Path) -> Result<Self, DiskError> {
        let made = || {
            let dir = tempfile::Builder::new()
                .prefix(PREFIX)
                .permissions(Permissions::from_mode(0o700))
                .tempdir_in(place)?;
            let lock = File::open(dir.path())?;
            lock.lock()?;
            Ok(PrivateDir { dir, _lock: lock })
        };
        made().map_err(DiskError::new(Operation::MakeFolder, place))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }
}

/// In memory where the system has such a place.
fn places() -> Vec<PathBuf> {
    platform::MEMORY.map(PathBuf::from).into_iter().chain([std::env::temp_dir()]).collect()
}

/// Removes what killed owners left, and says whether there was something. Only tidies up, so it never fails.
fn sweep(place: &Path, young: Duration) -> bool {
    let mut is_removed = false;
    for entry in fs::read_dir(place).into_iter().flatten().flatten() {
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        let Ok(meta) = entry.metadata() else { continue };
        let is_old = meta.modified().is_ok_and(|time| time.elapsed().is_ok_and(|age| age >= young));
        if !meta.is_dir() || meta.uid() != getuid().as_raw() || !(is_old || has_content(&entry.path())) {
            continue;
        }
        if File::open(entry.path()).is_ok_and(|folder| folder.try_lock().is_ok()) {
            let removed = fs::remove_dir_all(entry.path());
            tracing::debug!(folder = %entry.path().display(), ok = removed.is_ok(), "left by a killed run");
            is_removed |= removed.is_ok();
        }
    }
    is_removed
}

fn has_content(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_takes_nothing_is_passed_over() {
        let place = tempfile::tempdir().unwrap();
        let places = ["/proc".into(), "/no/such/place".into(), place.path().to_owned()];
        assert!(PrivateDir::first(&places).unwrap().path().starts_with(place.path()));
        assert!(PrivateDir::first(&places[..2]).is_err());
        assert!(PrivateDir::for_sockets().unwrap().path().as_os_str().len() < 70);
    }

    #[test]
    fn what_a_killed_owner_left_is_removed_and_what_lives_stays() {
        let place = tempfile::tempdir().unwrap();
        let alive = PrivateDir::within(place.path()).unwrap();
        assert_eq!(fs::metadata(alive.path()).unwrap().mode() & 0o777, 0o700);
        let left = place.path().join("infractl-run-left");
        fs::create_dir(&left).unwrap();
        fs::create_dir(place.path().join("infractl-other")).unwrap();

        sweep(place.path(), YOUNG);
        assert!(left.exists(), "its owner may be about to lock it");
        crate::disk::write(&left.join("infractl.tfplan"), b"x", 0o600).unwrap();
        sweep(place.path(), YOUNG);
        assert!(!left.exists() && alive.path().exists() && place.path().join("infractl-other").exists());
        let path = alive.path().to_owned();
        drop(alive);
        assert!(!path.exists());
    }
}
