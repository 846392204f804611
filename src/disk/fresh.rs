//! A file that is written piece by piece, and stands in its place only when it is whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{DiskError, Operation, PRIVATE, beside, check_own, folder_of, make_dir};

/// A file that only its owner may read, under way to its place. Dropped before it is settled, nothing is left of it; what a
/// killed owner leaves is removed by [`sweep_folder`](super::sweep_folder).
#[derive(Debug)]
pub(crate) struct Fresh {
    desk: TempDir,
    file: File,
    place: PathBuf,
}

impl Fresh {
    /// Begins it beside its place.
    pub(crate) fn of(place: &Path) -> Result<Fresh, DiskError> {
        let begin = || {
            check_own(place)?;
            make_dir(folder_of(place))?;
            let desk = beside::desk(place)?;
            let next = desk.path().join("next");
            let file = OpenOptions::new().write(true).create_new(true).mode(PRIVATE).open(next)?;
            Ok(Fresh { desk, file, place: place.to_owned() })
        };
        begin().map_err(DiskError::new(Operation::Write, place))
    }

    /// Puts it into its place, on the disk itself.
    pub(crate) fn settle(self) -> Result<(), DiskError> {
        let settle = || {
            crate::platform::sync(&self.file)?;
            fs::rename(self.desk.path().join("next"), &self.place)?;
            // Not every file system lets us.
            let _ = File::open(folder_of(&self.place)).and_then(|folder| folder.sync_all());
            Ok(())
        };
        settle().map_err(DiskError::new(Operation::Write, &self.place))
    }

    /// The error of not having been able to write it.
    pub(crate) fn failed(place: &Path, source: io::Error) -> DiskError {
        DiskError::new(Operation::Write, place)(source)
    }
}

impl Write for Fresh {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn it_is_there_whole_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("a/b.age");
        let mut fresh = Fresh::of(&place).unwrap();
        fresh.write_all(b"half").unwrap();
        assert!(!place.exists());
        drop(fresh);
        assert_eq!(fs::read_dir(dir.path().join("a")).unwrap().count(), 0);
        let mut fresh = Fresh::of(&place).unwrap();
        fresh.write_all(b"whole").unwrap();
        fresh.settle().unwrap();
        assert_eq!(fs::read(&place).unwrap(), b"whole");
        assert_eq!(fs::metadata(&place).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
