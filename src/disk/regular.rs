//! Files that are files: a pipe, a device or a socket is never opened, because that may wait for ever.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;

use super::{Action, DiskError};

/// Opens a file for reading.
pub(crate) fn open_file(path: &Path) -> Result<File, DiskError> {
    open(path).map_err(DiskError::new(Action::Read, path))
}

/// The bytes of a file.
pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>, DiskError> {
    let mut bytes = Vec::new();
    open(path)
        .and_then(|mut file| file.read_to_end(&mut bytes))
        .map_err(DiskError::new(Action::Read, path))?;
    Ok(bytes)
}

/// The text of a file, which must be UTF-8.
pub(crate) fn read_file_text(path: &Path) -> Result<String, DiskError> {
    String::from_utf8(read_file(path)?).map_err(|error| {
        DiskError::new(Action::Read, path)(io::Error::new(io::ErrorKind::InvalidData, error))
    })
}

/// What a thing is that is neither a file nor a folder; none for those.
pub(crate) fn odd_kind(about: &std::fs::Metadata) -> Option<&'static str> {
    let kind = about.file_type();
    if kind.is_file() || kind.is_dir() {
        None
    } else if kind.is_fifo() {
        Some("a named pipe")
    } else if kind.is_socket() {
        Some("a socket")
    } else {
        Some("a device")
    }
}

fn open(path: &Path) -> io::Result<File> {
    // Without it the opening of a pipe waits for somebody who writes; it changes nothing for files.
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)?;
    let about = file.metadata()?;
    match odd_kind(&about) {
        Some(kind) => Err(io::Error::other(format!("it is {kind}, not a file"))),
        None if about.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        None => Ok(file),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_is_not_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let pipe = dir.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        let error = read_file(&pipe).unwrap_err();
        assert_eq!(error.source.to_string(), "it is a named pipe, not a file");
        assert!(read_file(Path::new("/dev/zero")).unwrap_err().source.to_string().contains("a device"));
        assert!(read_file(dir.path()).is_err());
        crate::disk::write(&dir.path().join("file"), b"x", 0o600).unwrap();
        assert_eq!(read_file_text(&dir.path().join("file")).unwrap(), "x");
    }
}
