//! A folder beside a place, for what is to stand there when it is whole.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{DiskError, Operation, beside, folder_of, make_dir};

/// A folder beside a place. It is removed when this is dropped; what a killed owner left is removed by the next.
#[derive(Debug)]
pub(crate) struct Desk {
    dir: TempDir,
    place: PathBuf,
}

impl Desk {
    /// Makes one beside a folder that is to be made.
    pub(crate) fn of(place: &Path) -> Result<Desk, DiskError> {
        let made = make_dir(folder_of(place)).and_then(|()| beside::desk(place));
        let dir = made.map_err(DiskError::new(Operation::MakeFolder, place))?;
        Ok(Desk { dir, place: place.to_owned() })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// What it means that something could not be written here.
    pub(crate) fn failed(&self, error: io::Error) -> DiskError {
        DiskError::new(Operation::Write, &self.place)(error)
    }

    /// Moves a folder of the desk to the place. One that somebody else has put there meanwhile stays.
    pub(crate) fn publish(self, folder: &str) -> Result<(), DiskError> {
        match fs::rename(self.path().join(folder), &self.place) {
            Err(error)
                if !matches!(error.kind(), ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists) =>
            {
                Err(self.failed(error))
            }
            _ => Ok(()),
        }
    }
}
