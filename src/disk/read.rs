//! Reads files that somebody else may have put there: never without end, never waiting.

use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::{DiskError, Operation};

/// More bytes than this no file has that infractl reads whole.
const LIMIT: u64 = 256 * 1024 * 1024;

/// The bytes of a file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, DiskError> {
    open(path).and_then(|file| bounded(&file)).map_err(DiskError::new(Operation::Read, path))
}

/// The bytes of what the user names in this call: may be a pipe (`<(…)`), whose writer is waited for.
pub(crate) fn read_named(path: &Path) -> Result<Vec<u8>, DiskError> {
    File::open(path).and_then(|file| bounded(&file)).map_err(DiskError::new(Operation::Read, path))
}

/// The text of a file, which must be UTF-8.
pub(crate) fn read_text(path: &Path) -> Result<String, DiskError> {
    let text = |bytes| {
        String::from_utf8(bytes).map_err(|_| {
            let source = io::Error::new(ErrorKind::InvalidData, "stream did not contain valid UTF-8");
            DiskError::new(Operation::Read, path)(source)
        })
    };
    read(path).and_then(text)
}

/// The same; none when there is no file.
pub(crate) fn read_text_if_there(path: &Path) -> Result<Option<String>, DiskError> {
    match read_text(path) {
        Err(error) if error.is_not_found() => Ok(None),
        other => other.map(Some),
    }
}

/// The bytes of a file; none when there is no file.
pub(crate) fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, DiskError> {
    match read(path) {
        Err(error) if error.is_not_found() => Ok(None),
        other => other.map(Some),
    }
}

/// Opens a file of any size, and nothing else.
pub(crate) fn open_file(path: &Path) -> Result<File, DiskError> {
    open(path).map_err(DiskError::new(Operation::Read, path))
}

/// The text of a file that somebody may have damaged: what is not UTF-8 reads as `\u{fffd}`. None when there is no file.
pub(crate) fn read_lossy_if_there(path: &Path) -> Result<Option<String>, DiskError> {
    Ok(read_if_there(path)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}

/// Opens a file and nothing else. To open a pipe would wait for a writer, to read a device might never end.
fn open(path: &Path) -> io::Result<File> {
    let no_wait = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file = File::options().read(true).custom_flags(no_wait).open(path)?;
    let is = file.metadata()?;
    if is.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    if !is.is_file() {
        return Err(io::Error::other("it is a device, a pipe or a socket"));
    }
    Ok(file)
}

fn bounded(file: &File) -> io::Result<Vec<u8>> {
    let length = file.metadata()?.len();
    let too_long = || io::Error::new(ErrorKind::FileTooLarge, "it has more than 256 MiB");
    if length > LIMIT {
        return Err(too_long());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default() + 1);
    file.take(LIMIT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LIMIT { Err(too_long()) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_waited_for_and_nothing_is_read_without_end() {
        let dir = tempfile::tempdir().unwrap();
        let pipe = dir.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRUSR).unwrap();
        let sparse = dir.path().join("sparse");
        File::options()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&sparse)
            .unwrap()
            .set_len(LIMIT + 1)
            .unwrap();
        std::os::unix::fs::symlink("/dev/zero", dir.path().join("zero")).unwrap();
        for (name, why) in [
            ("pipe", "it is a device, a pipe or a socket"),
            ("zero", "it is a device, a pipe or a socket"),
            ("sparse", "it has more than 256 MiB"),
            ("", "is a directory"),
        ] {
            let error = read(&dir.path().join(name)).unwrap_err();
            assert!(error.source.to_string().contains(why), "{name}: {}", error.source);
        }
        assert!(read_named(Path::new("/dev/zero")).is_err());
    }
}
