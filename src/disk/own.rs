//! What infractl keeps for itself, in `.infractl`: never where a link leads, which a repository may have brought.

use std::io;
use std::path::{Path, PathBuf};

const FOLDER: &str = ".infractl";

/// An error if a path below `.infractl` goes through a symbolic link there, or is one.
pub(crate) fn check_own(path: &Path) -> io::Result<()> {
    let mut place = PathBuf::new();
    let mut is_own = false;
    for part in path.components() {
        place.push(part);
        is_own |= part.as_os_str() == FOLDER;
        if is_own && place.is_symlink() {
            let reason = format!(
                "`{}` is a link, and must be a file or folder of infractl's own: remove it",
                place.display()
            );
            return Err(io::Error::other(reason));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use crate::disk;

    #[test]
    fn nothing_of_our_own_is_written_where_a_link_leads() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("p");
        let precious = dir.path().join("precious");
        disk::write(&precious, b"x", 0o600).unwrap();
        std::fs::create_dir_all(root.join(".infractl/init")).unwrap();
        symlink(&precious, root.join(".infractl/init/dev.json")).unwrap();
        symlink(dir.path(), root.join(".infractl/resume")).unwrap();
        for path in [".infractl/init/dev.json", ".infractl/resume/precious", ".infractl/resume/new/x"] {
            let path = root.join(path);
            assert!(disk::write(&path, b"new", 0o600).is_err() && disk::open_at_end(&path).is_err());
            assert!(disk::make_private_dir(&path).is_err());
        }
        assert!(disk::remove(&root.join(".infractl/resume/precious")).is_err());
        assert!(disk::remove(&root.join(".infractl/init/dev.json")).unwrap(), "the link itself goes");
        assert_eq!(disk::read(&precious).unwrap(), b"x");
    }
}
