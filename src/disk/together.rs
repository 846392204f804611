//! Reading, changing and writing a file as one: what several runs of infractl do at once comes one after the other.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use super::{DiskError, Operation, folder_of, make_dir, mode_of, place_of, read_if_there, write};

/// Nobody holds a folder for longer than a few files take.
const LONGEST: Duration = Duration::from_secs(60);
/// How often a folder that is held is tried again.
const AGAIN: Duration = Duration::from_millis(5);

/// Keeps other runs of infractl from changing files in one folder, for as long as the value lives.
#[derive(Debug)]
pub(crate) struct FolderLock(Option<File>);

impl FolderLock {
    /// Waits for the folder of a file that is about to be written; it is made when it is not there. Where folders cannot
    /// be locked nobody waits.
    pub(crate) fn of(path: &Path) -> Result<Self, DiskError> {
        let place = place_of(path);
        let folder = folder_of(&place);
        if !folder.exists() {
            make_dir(folder).map_err(DiskError::new(Operation::MakeFolder, folder))?;
        }
        let Ok(folder) = File::open(folder) else { return Ok(FolderLock(None)) };
        let begun = Instant::now();
        loop {
            match folder.try_lock() {
                Ok(()) => return Ok(FolderLock(Some(folder))),
                Err(TryLockError::WouldBlock) if begun.elapsed() < LONGEST => std::thread::sleep(AGAIN),
                Err(TryLockError::WouldBlock) => {
                    let busy = io::Error::new(io::ErrorKind::TimedOut, "another infractl holds its folder");
                    return Err(DiskError::new(Operation::Write, path)(busy));
                }
                Err(TryLockError::Error(_)) => return Ok(FolderLock(None)),
            }
        }
    }

    /// Whether it is the folder of this file that is held.
    pub(crate) fn covers(&self, path: &Path) -> bool {
        let id = |meta: fs::Metadata| (meta.dev(), meta.ino());
        let held = self.0.as_ref().and_then(|folder| folder.metadata().ok()).map(id);
        held.is_some() && held == fs::metadata(folder_of(&place_of(path))).ok().map(id)
    }
}

/// Reads a file, hands it over, and writes what comes back, with nobody in between. One that is there keeps its mode.
pub(crate) fn update<E: From<DiskError>>(
    path: &Path,
    mode: u32,
    change: impl FnOnce(Option<&[u8]>) -> Result<Vec<u8>, E>,
) -> Result<(), E> {
    let _lock = FolderLock::of(path)?;
    let old = read_if_there(path)?.map(zeroize::Zeroizing::new);
    let new = zeroize::Zeroizing::new(change(old.as_ref().map(|text| text.as_slice()))?);
    if old.as_ref().is_some_and(|old| *old == new) {
        return Ok(());
    }
    Ok(write(path, &new, mode_of(path)?.unwrap_or(mode))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forty_at_once_lose_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("list");
        std::thread::scope(|scope| {
            for number in 0..40 {
                let path = &path;
                scope.spawn(move || {
                    update::<DiskError>(path, 0o600, |old| {
                        Ok([old.unwrap_or_default(), format!("{number}\n").as_bytes()].concat())
                    })
                    .unwrap();
                });
            }
        });
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().collect::<std::collections::BTreeSet<_>>().len(), 40, "{text}");
        assert_eq!(mode_of(&path).unwrap(), Some(0o600));
    }
}
