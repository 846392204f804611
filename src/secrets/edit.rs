//! What editing a file in clear needs: an editor, a private place, a draft when it goes wrong.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::{Pid, getppid};
use tempfile::TempDir;
use zeroize::Zeroizing;

use super::error::SecretsError;
use super::keys::Vars;
use super::store::{Store, fill};
use crate::disk;
use crate::platform;
use crate::sops::{Format, KeyGroups, NewFile, Plain};

/// The variables that name an editor, first one first.
pub(crate) const EDITORS: [&str; 3] = ["SOPS_EDITOR", "EDITOR", "VISUAL"];

/// Editors that are looked for when no variable names one.
const USUAL: [&str; 3] = ["vim", "nano", "vi"];

/// What the names of folders with plain texts begin with; the process id of their owner follows.
const PREFIX: &str = "infractl-edit-";

/// How often the guard looks whether its owner lives.
const LOOK: Duration = Duration::from_millis(20);

/// The editor as words: the first variable that names one, else one of the usual editors.
pub(crate) fn editor(vars: &Vars) -> Result<Vec<String>, SecretsError> {
    for name in EDITORS {
        let Some(value) = vars.get(std::ffi::OsStr::new(name)).filter(|value| !value.is_empty()) else {
            continue;
        };
        let words =
            value.to_str().and_then(|line| shell_words::split(line).ok()).filter(|words| !words.is_empty());
        return words.ok_or_else(|| SecretsError::Usage {
            message: format!("{name} is not a command: its words cannot be told apart"),
            help: format!("set {name} to an editor, for instance `{name}='code --wait'`"),
        });
    }
    let found = USUAL.iter().find(|name| which::which(name).is_ok());
    found.map(|name| vec![(*name).to_owned()]).ok_or_else(|| SecretsError::Usage {
        message: "there is no editor: EDITOR is not set, and none of vim, nano and vi is installed"
            .to_owned(),
        help: "set EDITOR, or change one value with `infractl secrets set`".to_owned(),
    })
}

/// Arguments with which an editor keeps no copy of the text outside of its folder. vim writes deleted and copied lines
/// to ~/.viminfo, and swap, backup and undo files to wherever its settings say.
pub(crate) fn discreet(editor: &str) -> &'static [&'static str] {
    let found = which::which(editor).unwrap_or_else(|_| editor.into());
    let real = found.canonicalize().unwrap_or(found);
    match real.file_name().unwrap_or_default().to_string_lossy().split('.').next() {
        Some("vim" | "nvim" | "gvim") => &["-n", "-i", "NONE", "-c", "set nobackup nowritebackup noundofile"],
        _ => &[],
    }
}

/// A folder for a plain text: in memory where there is such a place, mode 0700, removed when the value is dropped.
/// What killed runs left is removed too.
pub(crate) fn private_folder(vars: &Vars) -> Result<TempDir, SecretsError> {
    use std::os::unix::fs::PermissionsExt as _;
    let places = places(vars);
    for place in &places {
        sweep(place);
    }
    let prefix = format!("{PREFIX}{}-", std::process::id());
    let mut last = None;
    for place in &places {
        let made = tempfile::Builder::new()
            .prefix(&prefix)
            .permissions(std::fs::Permissions::from_mode(0o700))
            .tempdir_in(place);
        match made {
            Ok(folder) => return Ok(folder),
            Err(error) => last = Some((place.clone(), error)),
        }
    }
    let (path, source) = last.unwrap_or_else(|| (PathBuf::new(), std::io::ErrorKind::NotFound.into()));
    Err(disk::DiskError { path, action: disk::Operation::MakeFolder, source }.into())
}

/// Where plain texts may be, best first: file systems in memory, then the folder for temporary files.
fn places(vars: &Vars) -> Vec<PathBuf> {
    let runtime = vars.get(std::ffi::OsStr::new("XDG_RUNTIME_DIR")).map(PathBuf::from);
    let temporary = vars.get(std::ffi::OsStr::new("TMPDIR")).map_or_else(std::env::temp_dir, PathBuf::from);
    let memory = [platform::MEMORY.map(PathBuf::from), runtime].into_iter().flatten();
    memory.filter(|place| place.is_dir()).chain([temporary]).collect()
}

/// Removes folders whose owner is dead.
fn sweep(place: &Path) {
    for entry in place.read_dir().into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let owner = name.strip_prefix(PREFIX).and_then(|rest| rest.split('-').next());
        if owner.and_then(|pid| pid.parse().ok()).is_some_and(platform::is_gone) {
            // Others' folders cannot be removed, and need not be.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// Stays until the folder is gone, and removes it when the parent dies before. Run in a process of its own, so that
/// nothing is left in clear even when infractl is killed.
pub(crate) fn guard(folder: &Path, owner: i32) {
    while folder.exists() {
        if getppid().map(Pid::as_raw_pid) != Some(owner) {
            let _ = std::fs::remove_dir_all(folder);
            // An editor that is still there may save once more while its folder goes.
            std::thread::sleep(LOOK);
            continue;
        }
        std::thread::sleep(LOOK);
    }
}

/// What a new file starts with: its template, or a hint.
pub(crate) fn template(path: &Path, format: Format) -> Zeroizing<Vec<u8>> {
    let example = PathBuf::from(format!("{}.example", path.display()));
    if let Ok(text) = disk::read(&example) {
        return Zeroizing::new(text);
    }
    let text: &[u8] = match format {
        Format::Dotenv => b"# One NAME=value a line; quotes are part of the value.\n",
        Format::Yaml => b"# name: value\n",
        Format::Json => b"{\n\t\"name\": \"value\"\n}\n",
        Format::Binary => b"",
    };
    Zeroizing::new(text.to_vec())
}

/// Keeps a text that could not be saved: encrypted for the recipients of its file. Says where.
pub(crate) fn draft(
    store: &Store<'_>,
    path: &Path,
    text: &[u8],
    recipients: &KeyGroups,
    now: jiff::Timestamp,
) -> Result<PathBuf, SecretsError> {
    let new = NewFile { recipients: recipients.clone(), rule: None, mac_only_encrypted: false };
    let refused = |source| store.refused(path, source);
    let plain = Plain::create(text, Format::Binary, &new, &mut fill).map_err(refused)?;
    let sealed = plain.seal(now, &mut fill).map_err(refused)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let stamp = now.strftime("%Y%m%dT%H%M%S");
    let name = format!("{name}.{stamp}.draft");
    let place = if store.root().join("environments").is_dir() {
        store.root().join(".infractl").join("drafts").join(name)
    } else {
        path.with_file_name(name)
    };
    let bytes = store.verified(&place, &plain, &sealed)?;
    match disk::write(&place, &bytes, disk::PRIVATE) {
        Ok(()) => Ok(place),
        // It is encrypted: where there is room, it may lie anywhere.
        Err(error) => {
            let elsewhere = std::env::temp_dir().join(place.file_name().unwrap_or_default());
            disk::write(&elsewhere, &bytes, disk::PRIVATE).map_err(|_| error)?;
            Ok(elsewhere)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vars(pairs: &[(&str, &str)]) -> Vars {
        pairs.iter().map(|(name, value)| (name.into(), value.into())).collect()
    }

    #[test]
    fn the_editor_is_the_first_that_is_named_split_into_words() {
        let all = vars(&[("VISUAL", "v"), ("EDITOR", "code --wait 'a b'"), ("SOPS_EDITOR", "")]);
        assert_eq!(editor(&all).unwrap(), ["code", "--wait", "a b"]);
        assert_eq!(editor(&vars(&[("EDITOR", "e"), ("SOPS_EDITOR", "s x")])).unwrap(), ["s", "x"]);
        let error = editor(&vars(&[("EDITOR", "e 'open")])).unwrap_err().to_string();
        assert!(error.starts_with("EDITOR is not a command"), "{error}");
    }

    #[test]
    fn the_folder_is_for_its_owner_and_those_of_the_dead_go() {
        use std::os::unix::fs::PermissionsExt as _;
        let place = tempfile::tempdir().unwrap();
        let dead = place.path().join(format!("{PREFIX}2147483646-x"));
        std::fs::create_dir(&dead).unwrap();
        let alive = place.path().join(format!("{PREFIX}{}-x", std::process::id()));
        std::fs::create_dir(&alive).unwrap();
        sweep(place.path());
        assert!(!dead.exists() && alive.exists());
        let folder = private_folder(&vars(&[("TMPDIR", place.path().to_str().unwrap())])).unwrap();
        assert_eq!(std::fs::metadata(folder.path()).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_guard_whose_owner_is_gone_removes_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("inner")).unwrap();
        guard(folder.path(), 1 << 22);
        assert!(!folder.path().exists());
    }
}
