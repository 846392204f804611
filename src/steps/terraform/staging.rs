//! Where one init gets its packages from and puts what it downloads: a folder of its own in the cache.
//!
//! terraform writes into its cache in place, and where a link there leads. So it sees links to those packages only whose
//! checksum is in the lock file, which it takes as they are; what it downloads comes into the cache by a rename, when it
//! is whole. Nothing in the cache ever changes under a terraform that runs.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Component, Path, PathBuf};

use super::package::checksum;
use crate::disk::{DiskError, PrivateDir};
use crate::tools::terraform::root::Locked;

/// The folder of one init.
#[derive(Debug)]
pub(super) struct Staging {
    dir: PrivateDir,
    /// The cache.
    shared: PathBuf,
}

impl Staging {
    /// Makes it, with those packages of the cache that the lock file knows.
    pub(super) fn new(shared: &Path, locked: &[Locked]) -> Result<Self, DiskError> {
        let staging = Staging { dir: PrivateDir::at(shared)?, shared: shared.to_owned() };
        for package in locked.iter().flat_map(|locked| known(shared, locked)) {
            if let Ok(below) = package.strip_prefix(shared)
                && let Err(error) = link(&package, &staging.dir.path().join(below))
            {
                tracing::debug!(%error, package = %package.display(), "it will be downloaded again");
            }
        }
        Ok(staging)
    }

    /// For `TF_PLUGIN_CACHE_DIR`.
    pub(super) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Moves what terraform has put here into the cache, and lets its links in the data folder lead there. What it has not
    /// linked is not whole.
    pub(super) fn settle(&self, data: &Path) -> io::Result<()> {
        let mut links = Vec::new();
        find_links(&data.join("providers"), &mut links);
        for link in links {
            let here = fs::read_link(&link)?;
            let Ok(below) = here.strip_prefix(self.path()) else { continue };
            let place = self.shared.join(below);
            if !fs::read_link(&here).is_ok_and(|known| known == place) {
                self.publish(&here, &place)?;
            }
            replace_link(&place, &link)?;
        }
        Ok(())
    }

    fn publish(&self, here: &Path, place: &Path) -> io::Result<()> {
        let is_there = || checksum(place).is_some_and(|sum| checksum(here) == Some(sum));
        if is_there() {
            return Ok(());
        }
        fs::create_dir_all(place.parent().unwrap_or(&self.shared))?;
        // Damaged, or another that calls itself by the same version. Those that run it go on.
        if place.symlink_metadata().is_ok() {
            fs::rename(place, here.with_extension("replaced"))?;
        }
        fs::rename(here, place).or_else(|error| if is_there() { Ok(()) } else { Err(error) })
    }
}

/// Whether everything that the lock file names is in the cache as it names it.
pub(super) fn is_warm(shared: &Path, locked: &[Locked]) -> bool {
    !locked.is_empty() && locked.iter().all(|locked| !known(shared, locked).is_empty())
}

/// Packages of the cache that are what the lock file says, of any system.
fn known(shared: &Path, locked: &Locked) -> Vec<PathBuf> {
    let below = Path::new(&locked.address).join(&locked.version);
    if below.components().any(|part| !matches!(part, Component::Normal(_))) {
        return Vec::new();
    }
    let systems = fs::read_dir(shared.join(below)).into_iter().flatten().flatten();
    let packages = systems.map(|entry| entry.path());
    packages.filter(|package| checksum(package).is_some_and(|sum| locked.hashes.contains(&sum))).collect()
}

fn link(target: &Path, link: &Path) -> io::Result<()> {
    fs::create_dir_all(link.parent().unwrap_or(link))?;
    symlink(target, link)
}

/// At any moment there is the old link or the new one.
fn replace_link(target: &Path, link: &Path) -> io::Result<()> {
    let new = link.with_extension(format!("{}.infractl", std::process::id()));
    symlink(target, &new)?;
    fs::rename(&new, link)
}

fn find_links(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_symlink() => found.push(entry.path()),
            Ok(kind) if kind.is_dir() => find_links(&entry.path(), found),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk;

    const ADDRESS: &str = "registry.example.com/acme/brick";
    const PROGRAM: &str = "terraform-provider-brick_v1.0.0";

    /// As terraform does: a package in its cache, and a link to it in the data folder.
    fn download(staging: &Staging, data: &Path, text: &str) -> PathBuf {
        let below = Path::new(ADDRESS).join("1.0.0/linux_amd64");
        disk::write(&staging.path().join(&below).join(PROGRAM), text.as_bytes(), 0o755).unwrap();
        let own = data.join("providers").join(&below);
        let _ = fs::remove_file(&own);
        link(&staging.path().join(&below), &own).unwrap();
        own.join(PROGRAM)
    }

    #[test]
    fn what_is_whole_comes_into_the_cache_and_only_what_the_lock_file_knows_is_taken_from_it() {
        let dir = tempfile::tempdir().unwrap();
        let (shared, data) = (dir.path().join("cache"), dir.path().join("data"));
        fs::create_dir(&shared).unwrap();
        let package = shared.join(ADDRESS).join("1.0.0/linux_amd64");
        let staging = Staging::new(&shared, &[]).unwrap();
        let program = download(&staging, &data, "one");
        // One that was not finished.
        disk::write(&staging.path().join(ADDRESS).join("2.0.0/linux_amd64").join(PROGRAM), b"ha", 0o755)
            .unwrap();
        staging.settle(&data).unwrap();
        drop(staging);
        assert_eq!(fs::read_dir(&shared).unwrap().count(), 1, "the folder of the init is gone");
        assert_eq!(fs::canonicalize(&program).unwrap(), fs::canonicalize(package.join(PROGRAM)).unwrap());
        assert!(!shared.join(ADDRESS).join("2.0.0").exists());

        let sum = checksum(&package).unwrap();
        let locked = |address: &str, hashes: &[&str]| Locked {
            address: address.into(),
            version: "1.0.0".into(),
            hashes: hashes.iter().map(|hash| (*hash).to_owned()).collect(),
        };
        let is_linked = |locked: Locked| {
            let staging = Staging::new(&shared, &[locked]).unwrap();
            fs::read_link(staging.path().join(ADDRESS).join("1.0.0/linux_amd64")).is_ok()
        };
        assert!(
            is_warm(&shared, &[locked(ADDRESS, &["zh:1", &sum])])
                && is_linked(locked(ADDRESS, &["zh:1", &sum]))
        );
        for wrong in
            [locked(ADDRESS, &["zh:1", "h1:other"]), locked("../../etc", &[&sum]), locked("/etc", &[&sum])]
        {
            assert!(!is_warm(&shared, std::slice::from_ref(&wrong)) && !is_linked(wrong));
        }
        assert!(!is_warm(&shared, &[]));

        // Damaged: it is not taken, and the next download replaces it. One that was open stays as it was.
        disk::write(&package.join(PROGRAM), b"half", 0o755).unwrap();
        assert!(!is_warm(&shared, &[locked(ADDRESS, &[&sum])]));
        let staging = Staging::new(&shared, &[locked(ADDRESS, &[&sum])]).unwrap();
        download(&staging, &data, "one");
        staging.settle(&data).unwrap();
        assert_eq!(fs::read(&program).unwrap(), b"one");
        assert_eq!(checksum(&package), Some(sum));
    }
}
