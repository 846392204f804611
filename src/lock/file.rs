//! A lock that is a file: the operating system frees it when its owner and what he started are dead, however that happens.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::io::FdFlags;

use crate::config::Environment;
use crate::disk;
use crate::failure::{Failure, Kind};
use crate::lock::attempt::Attempt;
use crate::lock::owner::{Owner, local_path};
use crate::platform::{self, Process};

/// A held lock; dropping it frees it.
#[derive(Debug)]
pub(crate) struct FileLock {
    file: File,
    path: PathBuf,
}

/// Takes the lock if it is free.
pub(crate) fn try_take(path: &Path, owner: &Owner) -> Result<Attempt<FileLock>, Failure> {
    attempt(path, owner).map_err(|error| failed(path, error))
}

fn failed(path: &Path, error: io::Error) -> Failure {
    Failure {
        error: anyhow::Error::new(error).context(format!("the lock `{}` could not be taken", path.display())),
        ..Failure::new(Kind::Failed, "")
    }
    .help(format!("see who may write there with `ls -ld {}`", path.parent().unwrap_or(path).display()))
}

fn attempt(path: &Path, owner: &Owner) -> io::Result<Attempt<FileLock>> {
    disk::check_own(path)?;
    if let Some(folder) = path.parent() {
        crate::disk::make_dir(folder)?;
    }
    loop {
        // Never removed by whoever frees it: the next one may have it open already.
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(Attempt::Busy(holder(path))),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // Somebody cleaned up between our opening and locking: ours is a file that nobody else will find.
        let found = fs::metadata(path).map(|there| (there.dev(), there.ino())).ok();
        let ours = file.metadata()?;
        if found != Some((ours.dev(), ours.ino())) {
            continue;
        }
        // What this run starts holds it too: when we are killed, it is free when all of that has ended.
        rustix::io::fcntl_setfd(&file, FdFlags::empty())?;
        let left = read(path);
        let lock = FileLock { file, path: path.to_owned() };
        lock.write(owner)?;
        return Ok(Attempt::Taken(lock, left));
    }
}

/// What the file says; none when it is free, or not ours.
pub(crate) fn read(path: &Path) -> Option<Owner> {
    Owner::parse(&crate::disk::read(path).ok()?)
}

/// Who holds a lock that is busy: its owner may be about to write itself down.
fn holder(path: &Path) -> Option<Owner> {
    for _ in 0..10 {
        if let Some(owner) = read(path).filter(|owner| !owner.is_gone_here()) {
            return Some(owner);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    read(path)
}

/// Whether a living process holds it, and what it says.
pub(crate) fn look(path: &Path) -> io::Result<(bool, Option<Owner>)> {
    let file = match OpenOptions::new().read(true).write(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((false, None)),
        Err(error) => return Err(error),
    };
    match file.try_lock() {
        Ok(()) => Ok((false, read(path))),
        Err(TryLockError::WouldBlock) => Ok((true, holder(path))),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// What a run of this machine that was killed has left running, and what so holds its lock.
pub(crate) fn left_running(env: &Environment, holder: Option<&Owner>) -> Option<String> {
    let own = local_path(env);
    let holder = holder.filter(|holder| holder.is_gone_here())?;
    let heirs = platform::holders(holder.local.as_ref().unwrap_or(&own));
    let shown = |heir: &Process| format!("`{}` (pid {})", heir.name, heir.pid);
    (!heirs.is_empty()).then(|| heirs.iter().map(shown).collect::<Vec<_>>().join(", "))
}

/// Removes what a dead run left behind, unless somebody holds it: he would lose it.
pub(crate) fn clear(path: &Path) -> Result<(), Failure> {
    let cleared = || -> io::Result<bool> {
        let file = match OpenOptions::new().read(true).write(true).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
            Err(error) => return Err(error),
        };
        match file.try_lock() {
            // Not removed: the next run may have it open already.
            Ok(()) => file.set_len(0).map(|()| true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(error),
        }
    };
    if cleared().map_err(|error| failed(path, error))? {
        return Ok(());
    }
    let who = holder(path).map_or_else(String::new, |owner| {
        format!(": `{}` by {} on {} (pid {})", owner.verb, owner.owner, owner.host, owner.pid)
    });
    Err(Failure::new(Kind::Busy, format!("a run that is alive holds the lock `{}`{who}", path.display()))
        .help("wait for it, or end it: its lock ends with it"))
}

impl FileLock {
    /// Says who holds it, or that the holder lives.
    pub(crate) fn write(&self, owner: &Owner) -> io::Result<()> {
        let text = owner.to_json();
        self.file.write_all_at(text.as_bytes(), 0)?;
        self.file.set_len(text.len() as u64)
    }

    /// Starts a program that does not hold it.
    pub(crate) fn not_inherited<T>(&self, start: impl FnOnce() -> T) -> T {
        // Where that cannot be, it holds it like the others.
        let _ = rustix::io::fcntl_setfd(&self.file, FdFlags::CLOEXEC);
        let started = start();
        let _ = rustix::io::fcntl_setfd(&self.file, FdFlags::empty());
        started
    }

    /// Whether the file is still the one that others find.
    pub(crate) fn is_there(&self) -> bool {
        let (Ok(there), Ok(ours)) = (fs::metadata(&self.path), self.file.metadata()) else { return false };
        (there.dev(), there.ino()) == (ours.dev(), ours.ino())
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        // An empty file says that nobody left it behind.
        let _ = self.file.set_len(0);
        // For those who hold it too: a daemon that a step has left behind must not lock the next run out.
        let _ = self.file.unlock();
    }
}
