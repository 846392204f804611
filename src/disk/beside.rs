//! Where the next content of a file is written before it takes the file's place: a folder beside it that git ignores by
//! itself, so that what a killed run leaves there is never committed.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use tempfile::TempDir;

use super::folder_of;
use crate::platform;

/// A `.gitignore` that ignores its whole folder, itself too.
pub(super) const IGNORE_ALL: &[u8] = b"*\n";

/// What stands in the names of these folders, between the name of the file and the process id of the owner.
pub(crate) const MARK: &str = ".infractl-";

/// Writes the new content beside the file and moves it there.
pub(super) fn write(place: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let desk = desk(place)?;
    let next = desk.path().join("next");
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&next)?;
    // The mode again, because the umask took bits from the first one.
    file.set_permissions(Permissions::from_mode(mode))?;
    file.write_all(bytes)?;
    platform::sync(&file)?;
    fs::rename(&next, place)
}

/// A folder beside the file, removed when the value is dropped; what dead owners left there goes as well.
pub(super) fn desk(place: &Path) -> io::Result<TempDir> {
    sweep(place);
    let mut prefix = prefix_of(place);
    prefix.push(format!("{}-", std::process::id()));
    let desk = tempfile::Builder::new()
        .prefix(&prefix)
        .permissions(Permissions::from_mode(0o700))
        .tempdir_in(folder_of(place))?;
    ignore(desk.path())?;
    Ok(desk)
}

/// Makes git ignore everything in a folder, unless it has a `.gitignore` of its own.
pub(super) fn ignore(folder: &Path) -> io::Result<()> {
    match File::create_new(folder.join(".gitignore")) {
        Ok(mut file) => file.write_all(IGNORE_ALL),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// What the names of the folders for `path` begin with; the process id of their owner follows.
fn prefix_of(path: &Path) -> OsString {
    let name = path.file_name().unwrap_or_default().as_bytes();
    // A pattern like `.env.*` is for them too.
    let mut prefix = OsString::from(if name.starts_with(b".") { "" } else { "." });
    // names end at 255 bytes; two long names that begin the same only sweep for each other
    prefix.push(OsStr::from_bytes(&name[..name.len().min(200)]));
    prefix.push(MARK);
    prefix
}

/// Removes what dead owners left for `path`. Only tidies up, so it never fails.
pub(super) fn sweep(path: &Path) {
    let prefix = prefix_of(path);
    sweep_those(folder_of(path), |name| name.strip_prefix(prefix.as_bytes()));
}

/// The same for every file of a folder.
pub(crate) fn sweep_folder(folder: &Path) {
    sweep_those(folder, |name| {
        let at = name.windows(MARK.len()).rposition(|part| part == MARK.as_bytes())?;
        name.starts_with(b".").then(|| &name[at + MARK.len()..])
    });
}

/// `rest_of` finds what follows the mark in the name of such a folder.
fn sweep_those(folder: &Path, rest_of: impl Fn(&[u8]) -> Option<&[u8]>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let owner = rest_of(name.as_bytes())
            .and_then(|rest| std::str::from_utf8(rest).ok())
            .and_then(|rest| rest.split_once('-')?.0.parse().ok());
        if owner.is_some_and(platform::is_gone) {
            let path = entry.path();
            let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        }
    }
}
