//! Files, whole or not at all.

mod fresh;
mod desk;
mod beside;
mod own;
mod private;
pub(crate) mod repository;
mod together;
mod read;

use std::fs::{self, File, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use crate::failure::{Explain, Kind};

pub(crate) use beside::{MARK, sweep_folder};
pub(crate) use desk::Desk;
pub(crate) use fresh::Fresh;
pub(crate) use own::check_own;
pub(crate) use private::PrivateDir;
pub(crate) use read::{
    open_file, read, read_if_there, read_lossy_if_there, read_named, read_text, read_text_if_there,
};
pub(crate) use together::{FolderLock, update};

/// The folder of infractl's own notes in a project.
const OWN: &str = ".infractl";

/// The mode of a file that only its owner may read.
pub(crate) const PRIVATE: u32 = 0o600;

/// What was being done when it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Reading a file.
    Read,
    /// Writing a file; the old one is as it was.
    Write,
    /// Removing a file.
    Remove,
    /// Making a folder.
    MakeFolder,
}

impl Operation {
    fn failed(self) -> &'static str {
        match self {
            Operation::Read => "could not be read",
            Operation::Write => "could not be written, and is as it was",
            Operation::Remove => "could not be removed",
            Operation::MakeFolder => "could not be made",
        }
    }
}

/// A file or folder that could not be read, written, removed or made.
#[derive(Debug, thiserror::Error)]
#[error("`{}` {}", path.display(), action.failed())]
pub struct DiskError {
    /// Which one.
    pub path: PathBuf,
    /// What was tried.
    pub action: Operation,
    /// What the operating system said.
    #[source]
    pub source: io::Error,
}

impl DiskError {
    fn new(action: Operation, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| DiskError { path: path.to_owned(), action, source }
    }

    /// True when there is no such file.
    pub fn is_not_found(&self) -> bool {
        self.source.kind() == ErrorKind::NotFound
    }
}

impl Explain for DiskError {
    fn kind(&self) -> Kind {
        Kind::Failed
    }

    fn help(&self) -> Vec<String> {
        let folder = folder_of(&self.path).display();
        let path = self.path.display();
        let help = match (self.source.kind(), self.action) {
            (ErrorKind::StorageFull | ErrorKind::QuotaExceeded, _) => {
                format!("free some space where `{folder}` is (`df -h {folder}`) and run it again")
            }
            (ErrorKind::PermissionDenied, Operation::Read) => {
                format!("see who may read it with `ls -l {path}`")
            }
            (ErrorKind::PermissionDenied, _) => {
                format!("see who may write in its folder with `ls -ld {folder}`")
            }
            (ErrorKind::ReadOnlyFilesystem, _) => {
                format!("mount the file system of `{folder}` for writing, or name another path")
            }
            (ErrorKind::NotADirectory, _) => {
                "remove or rename the file that stands where a folder is needed".to_owned()
            }
            (ErrorKind::IsADirectory, _) => format!("remove or rename the folder `{path}`"),
            _ if self.source.raw_os_error() == Some(Errno::LOOP.raw_os_error()) => {
                format!("mend the symbolic link `{path}`, which points to itself")
            }
            _ => return Vec::new(),
        };
        vec![help]
    }
}

/// Where a file is really written: in no folder that is a link, and where its own links end.
pub(crate) fn place_of(path: &Path) -> PathBuf {
    let place = behind_links(path).unwrap_or_else(|_| path.to_owned());
    match (folder_of(&place).canonicalize(), place.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => place,
    }
}

/// Bytes that may still be written where this file or folder is, and whether no file can be made there: a file system can
/// have space, and no numbers left for files.
pub(crate) fn space(place: &Path) -> std::io::Result<(u64, bool)> {
    let stat = rustix::fs::statvfs(place)?;
    Ok((stat.f_bavail.saturating_mul(stat.f_frsize), stat.f_files > 0 && stat.f_favail == 0))
}

/// The mode of a file or folder (`0o600`), or none when it is not there. Follows symbolic links.
pub fn mode_of(path: &Path) -> Result<Option<u32>, DiskError> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(metadata.permissions().mode() & 0o7777)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(DiskError::new(Operation::Read, path)(error)),
    }
}

/// Removes a file and what killed runs left beside it; false when there was none. A symbolic link is removed,
/// not what it points to.
pub(crate) fn remove(path: &Path) -> Result<bool, DiskError> {
    check_own(folder_of(path)).map_err(DiskError::new(Operation::Remove, path))?;
    beside::sweep(path);
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(DiskError::new(Operation::Remove, path)(error)),
    }
}

/// Makes a folder that only its owner may enter, and its missing parents. One that is there gets that mode.
pub(crate) fn make_private_dir(path: &Path) -> Result<(), DiskError> {
    let made = check_own(path).and_then(|()| fs::DirBuilder::new().recursive(true).mode(0o700).create(path));
    made.and_then(|()| fs::set_permissions(path, Permissions::from_mode(0o700)))
        .and_then(|()| ignore_own(path))
        .map_err(DiskError::new(Operation::MakeFolder, path))
}

/// Makes a folder and its missing parents, for everybody.
pub(crate) fn make_folder(path: &Path) -> Result<(), DiskError> {
    make_dir(path).map_err(DiskError::new(Operation::MakeFolder, path))
}

/// The same, for those who say themselves what failed.
pub(crate) fn make_dir(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)?;
    ignore_own(path)
}

/// The folder of our own notes is nothing that git should see, whatever the project's `.gitignore` says.
fn ignore_own(path: &Path) -> io::Result<()> {
    match path.ancestors().find(|folder| folder.ends_with(OWN)) {
        Some(own) => beside::ignore(own),
        None => Ok(()),
    }
}

/// Writes a file whole: whoever reads it, at any time, sees the old content or the new one, also when this process
/// is killed or the disk is full. Nobody whom `mode` keeps out can read the new content at any moment.
///
/// A symbolic link stays one: the file it points to is replaced. Missing folders are made.
pub fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<(), DiskError> {
    replace(path, bytes, mode).map_err(DiskError::new(Operation::Write, path))
}

fn replace(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    check_own(path)?;
    let place = behind_links(path)?;
    replaceable(&place)?;
    let folder = folder_of(&place);
    make_dir(folder)?;
    beside::write(&place, bytes, mode)?;
    // Not every file system and folder lets us; after a power cut the old file would then be back, whole.
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
    Ok(())
}

/// A file to add lines to, made if it is not there, which nobody else may read then.
pub(crate) fn open_at_end(path: &Path) -> Result<File, DiskError> {
    let open = fs::OpenOptions::new().append(true).create(true).mode(PRIVATE).clone();
    check_own(path).and_then(|()| open.open(path)).map_err(DiskError::new(Operation::Write, path))
}

fn replaceable(place: &Path) -> io::Result<()> {
    match fs::metadata(place) {
        Ok(there) if there.is_dir() => Err(ErrorKind::IsADirectory.into()),
        Ok(there) if !there.is_file() => Err(io::Error::other("it is a device, a pipe or a socket")),
        _ => Ok(()),
    }
}

/// Takes rights away from everybody but those in `mode`.
pub(crate) fn set_mode(path: &Path, mode: u32) -> Result<(), DiskError> {
    fs::set_permissions(path, Permissions::from_mode(mode)).map_err(DiskError::new(Operation::Write, path))
}

/// An error if no file can be made in a folder: asked by making one.
pub(crate) fn check_writable(folder: &Path) -> Result<(), DiskError> {
    // One without a name: nothing is left when we are killed.
    tempfile::tempfile_in(folder).map(drop).map_err(|error| DiskError::new(Operation::Write, folder)(error))
}

/// An error if `write` could not put a file there: what stands in its place is none.
pub(crate) fn check_replaceable(path: &Path) -> Result<(), DiskError> {
    replaceable(path).map_err(DiskError::new(Operation::Write, path))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Where a file would really be written: the end of a chain of symbolic links, whether it is there or not.
fn behind_links(path: &Path) -> io::Result<PathBuf> {
    let mut place = path.to_owned();
    for _ in 0..40 {
        match fs::read_link(&place) {
            Ok(target) => place = folder_of(&place).join(target),
            // no link, or not there
            Err(error) if matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::NotFound) => {
                return Ok(place);
            }
            Err(error) => return Err(error),
        }
    }
    Err(Errno::LOOP.into())
}

#[cfg(test)]
mod tests;
