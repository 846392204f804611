//! Takes programs out of an archive: those that are wanted, nothing else, and nothing that is a trap.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Seek as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Component, Path, PathBuf};

use flate2::read::MultiGzDecoder;

use crate::failure::{Failure, Kind};
use crate::text::list;

/// More bytes no archive holds.
const LARGEST: u64 = 2 * 1024 * 1024 * 1024;
/// More files no archive holds.
const MOST: usize = 100_000;
/// So many names are shown of an archive that has not what is wanted.
const SHOWN: usize = 8;

/// Why an archive gives nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UnpackError {
    /// This machine could not take it.
    #[error(transparent)]
    Disk(io::Error),
    /// It is not what it should be.
    #[error("{0}")]
    Archive(String),
}

fn archive(text: impl Into<String>) -> UnpackError {
    UnpackError::Archive(text.into())
}

fn damaged(error: impl std::fmt::Display) -> UnpackError {
    archive(format!("it is damaged: {error}"))
}

/// Takes programs out of an archive and puts them into a folder. `programs` are how they end in the archive, and what
/// they are called then.
pub(crate) fn unpack(from: &Path, programs: &[(String, String)], to: &Path) -> Result<(), UnpackError> {
    let mut file = File::open(from).map_err(UnpackError::Disk)?;
    let mut first = Vec::new();
    (&mut file).take(6).read_to_end(&mut first).map_err(UnpackError::Disk)?;
    file.rewind().map_err(UnpackError::Disk)?;
    let mut taken = Taken { programs, to, best: vec![None; programs.len()], seen: Vec::new(), files: 0 };
    match first.as_slice() {
        [b'P', b'K', 3 | 5, ..] => zip(file, &mut taken)?,
        [0x1f, 0x8b, ..] => tar(MultiGzDecoder::new(BufReader::new(file)), &mut taken)?,
        // A program for Linux, for macOS, or a script.
        [0x7f, b'E', b'L', b'F', ..]
        | [0xcf | 0xce, 0xfa, 0xed, 0xfe, ..]
        | [0xca, 0xfe, 0xba, 0xbe, ..]
        | [b'#', b'!', ..] => {
            let (_, name) = programs.first().ok_or_else(|| archive("no program is wanted"))?;
            return copy(&mut file.take(LARGEST), &to.join(name));
        }
        [b'<', ..] => return Err(archive("it is a page for people, no archive")),
        [0xfd, b'7', b'z', ..] | [b'B', b'Z', b'h', ..] | [b'7', b'z', ..] | [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            return Err(archive("it is packed in a way that is not known here: name a `.zip` or `.tar.gz`"));
        }
        _ => return Err(archive("it is neither an archive nor a program")),
    }
    taken.check()
}

/// What was taken out of an archive so far.
struct Taken<'a> {
    programs: &'a [(String, String)],
    to: &'a Path,
    /// How deep in the archive each of them was found: the one that is nearest to the top counts.
    best: Vec<Option<usize>>,
    seen: Vec<String>,
    files: usize,
}

impl Taken<'_> {
    /// Looks at an entry and takes it if it is wanted.
    fn entry(&mut self, name: &str, is_file: bool, content: &mut dyn Read) -> Result<(), UnpackError> {
        self.files += 1;
        if self.files > MOST {
            return Err(archive(format!("it holds more than {MOST} files")));
        }
        let path = safe(name)?;
        if is_file && self.seen.len() < SHOWN {
            self.seen.push(path.display().to_string());
        }
        let depth = path.components().count();
        for (at, (wanted, called)) in self.programs.iter().enumerate() {
            if !path.ends_with(wanted) || self.best[at].is_some_and(|best| best <= depth) {
                continue;
            }
            if is_file {
                self.best[at] = Some(depth);
                return copy(content, &self.to.join(called));
            }
        }
        Ok(())
    }

    fn check(&self) -> Result<(), UnpackError> {
        match self.programs.iter().zip(&self.best).find(|(_, best)| best.is_none()) {
            None => Ok(()),
            Some(((wanted, _), _)) if self.seen.is_empty() => {
                Err(archive(format!("it has no file `{wanted}`: it is empty")))
            }
            Some(((wanted, _), _)) => {
                let more = if self.files > self.seen.len() { ", …" } else { "" };
                Err(archive(format!("it has no file `{wanted}`; it holds {}{more}", list(&self.seen, "and"))))
            }
        }
    }
}

/// The path of an entry; one that leads out of the archive is a trap.
fn safe(name: &str) -> Result<PathBuf, UnpackError> {
    let path = Path::new(name);
    let is_safe = path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if !is_safe || name.contains(['\0', '\\']) {
        return Err(archive(format!("it holds `{}`, which leads out of it", name.escape_debug())));
    }
    Ok(path.components().filter(|part| *part != Component::CurDir).collect())
}

fn copy(content: &mut dyn Read, to: &Path) -> Result<(), UnpackError> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o755)
        .open(to)
        .map_err(UnpackError::Disk)?;
    let mut buffer = vec![0; 64 * 1024];
    let mut total = 0;
    loop {
        let read = content.read(&mut buffer).map_err(damaged)?;
        if read == 0 {
            break;
        }
        total += read as u64;
        if total > LARGEST {
            return Err(too_large());
        }
        io::Write::write_all(&mut file, &buffer[..read]).map_err(UnpackError::Disk)?;
    }
    crate::platform::sync(&file).map_err(UnpackError::Disk)
}

fn too_large() -> UnpackError {
    archive("it holds more than 2 GiB")
}

fn zip(file: File, taken: &mut Taken<'_>) -> Result<(), UnpackError> {
    let mut archive = zip::ZipArchive::new(file).map_err(damaged)?;
    for at in 0..archive.len() {
        let mut entry = archive.by_index(at).map_err(damaged)?;
        let name = entry.name().map_err(damaged)?.into_owned();
        if entry.size() > LARGEST {
            return Err(too_large());
        }
        let is_file = entry.is_file() && !entry.is_symlink();
        taken.entry(&name, is_file, &mut entry)?;
    }
    Ok(())
}

fn tar(content: impl Read, taken: &mut Taken<'_>) -> Result<(), UnpackError> {
    // One byte more tells that there is more.
    let mut content = content.take(LARGEST + 1);
    let mut archive = tar::Archive::new(&mut content);
    let result = (|| {
        for entry in archive.entries().map_err(damaged)? {
            let mut entry = entry.map_err(damaged)?;
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let is_file = entry.header().entry_type().is_file();
            // It is said before it is unpacked.
            if entry.size() > LARGEST {
                return Err(too_large());
            }
            taken.entry(&name, is_file, &mut entry)?;
        }
        Ok(())
    })();
    if content.limit() == 0 { Err(too_large()) } else { result }
}

/// The failure of an archive.
pub(crate) fn failure(error: UnpackError, address: &str, disk: impl FnOnce(io::Error) -> Failure) -> Failure {
    match error {
        UnpackError::Disk(error) => disk(error),
        UnpackError::Archive(why) => Failure::new(Kind::Failed, why)
            .context(format!("`{address}` could not be unpacked"))
            .help("check `url` and `program` in `[tools]`, and open the address in a browser"),
    }
}
