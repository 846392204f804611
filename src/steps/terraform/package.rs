//! A package of a provider on this disk, and the checksum that terraform's lock file has of it.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::text::hex;
use crate::work::modules::{Stat, stat};

/// The files of a package: their names in it, where they are, and how they were when they were read.
type Files = Vec<(String, PathBuf, Option<Stat>)>;

/// Packages that were read in this run: they are large.
static KNOWN: LazyLock<Mutex<HashMap<Files, String>>> = LazyLock::new(Mutex::default);

/// `h1:…`, of all its files; none where it cannot be read.
pub(super) fn checksum(package: &Path) -> Option<String> {
    let mut files = Files::new();
    gather(package, "", &mut files).ok()?;
    files.sort_unstable();
    // Held while one is read: the others that want the same wait for the answer.
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(sum) = known.get(&files) {
        return Some(sum.clone());
    }
    let sum = read(&files).ok()?;
    known.insert(files, sum.clone());
    Some(sum)
}

fn gather(folder: &Path, above: &str, files: &mut Files) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{above}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            gather(&entry.path(), &format!("{name}/"), files)?;
        } else {
            files.push((name, entry.path(), stat(&entry.path())));
        }
    }
    Ok(())
}

/// The checksum of Go's modules (`dirhash.Hash1`), which terraform uses too.
fn read(files: &Files) -> io::Result<String> {
    let mut all = Sha256::new();
    for (name, path, _) in files {
        let mut one = Sha256::new();
        io::copy(&mut File::open(path)?, &mut one)?;
        all.update(format!("{}  {name}\n", hex(&one.finalize())));
    }
    Ok(format!("h1:{}", STANDARD.encode(all.finalize())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_terraform_and_follows_the_files() {
        let dir = tempfile::tempdir().unwrap();
        let package = dir.path().join("package");
        for (name, text) in [("terraform-provider-brick_v1.2.3", "brick\n"), ("docs/README", "read\n")] {
            crate::disk::write(&package.join(name), text.as_bytes(), 0o755).unwrap();
        }
        // (cd package; find * -type f | LC_ALL=C sort | xargs sha256sum) | sha256sum | xxd -r -p | base64
        assert_eq!(checksum(&package).unwrap(), "h1:O5N4+ZpPS+AufDrRjYhWtMjj9EHubV2xs+dZyja0vVc=");
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(&package, &link).unwrap();
        assert_eq!(checksum(&link), checksum(&package));
        crate::disk::write(&package.join("docs/README"), b"other\n", 0o644).unwrap();
        assert_ne!(checksum(&package).unwrap(), "h1:O5N4+ZpPS+AufDrRjYhWtMjj9EHubV2xs+dZyja0vVc=");
        assert_eq!(checksum(&dir.path().join("nothing")), None);
    }
}
