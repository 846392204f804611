//! A folder of a test's own.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// It goes with the value.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Folder(TempDir::new().unwrap())
    }

    pub(crate) fn root(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.root().join(path)
    }

    pub(crate) fn write(&self, path: impl AsRef<Path>, text: &(impl AsRef<[u8]> + ?Sized)) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Writes a program; its path.
    pub(crate) fn script(&self, path: impl AsRef<Path>, text: &str) -> PathBuf {
        self.write(&path, text);
        let path = self.path(path);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    pub(crate) fn read(&self, path: impl AsRef<Path>) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    /// Replaces a text in a file; it has to be there.
    #[track_caller]
    pub(crate) fn edit(&self, path: impl AsRef<Path>, from: &str, to: &str) {
        let text = self.read(&path);
        assert!(text.contains(from), "`{from}` is not in {}", path.as_ref().display());
        self.write(path, &text.replacen(from, to, 1));
    }

    /// Leaves only the lines that are wanted.
    pub(crate) fn keep_lines(&self, path: &str, wanted: impl Fn(&str) -> bool) {
        let text = self.read(path);
        let lines: Vec<&str> = text.lines().filter(|line| wanted(line)).collect();
        self.write(path, &(lines.join("\n") + "\n"));
    }

    /// Permissions of a file.
    pub(crate) fn mode(&self, path: impl AsRef<Path>) -> u32 {
        fs::metadata(self.path(path)).unwrap().permissions().mode() & 0o777
    }
}
