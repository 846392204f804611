//! Installs programs: downloaded, compared with their checksum, unpacked, and only then put in their place.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::context::Ctx;
use crate::disk::Desk;
use crate::failure::{Failure, Kind};
use crate::toolbox::download::{self, Progress};
use crate::toolbox::lock_file::{self, LockFile};
use crate::toolbox::pin::{Pin, Platform};
use crate::toolbox::together::{self, Job};
use crate::toolbox::web::{Missing, Web};
use crate::toolbox::{store, unpack};

/// A program that is to be installed.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    /// Which.
    pub pin: Pin,
    /// The checksum that its archive must have.
    pub sha256: String,
    /// Where it goes.
    pub folder: PathBuf,
}

impl Wish {
    /// The wish for a program that the lock file knows.
    pub(crate) fn new(pin: &Pin, lock: &LockFile, root: &Path) -> Result<Wish, Failure> {
        let here = Platform::here();
        let sha256 = lock.sha256(pin, &here).ok_or_else(|| {
            Failure::new(
                Kind::Config,
                format!("`{}` has no checksum of {} {} for {here}", lock_file::NAME, pin.name, pin.version),
            )
            .help("run `infractl tools lock`, look at what it wrote, and commit it")
        })?;
        let folder = store::folder(root, pin, sha256);
        Ok(Wish { pin: pin.clone(), sha256: sha256.to_owned(), folder })
    }

    /// It is there already.
    pub(crate) fn is_installed(&self) -> bool {
        store::is_installed(&self.folder, &self.pin)
    }
}

/// Installs them side by side. Each is there whole or not at all; the results come in the order of the wishes.
pub(crate) async fn install(cx: &Ctx, wishes: Vec<Wish>) -> Result<Vec<Result<(), Failure>>, Failure> {
    let web = Arc::new(Web::of(&cx.vars)?);
    let job = |wish: Wish| {
        let web = Arc::clone(&web);
        Job {
            name: wish.pin.name.clone(),
            work: Box::new(move |progress: &Progress| one(&web, &wish, progress)) as Box<_>,
        }
    };
    together::all(cx, "install", wishes.into_iter().map(job).collect()).await
}

fn one(web: &Web, wish: &Wish, progress: &Progress) -> Result<(), Failure> {
    let here = Platform::here();
    let url = wish.pin.url(&here);
    let desk = Desk::of(&wish.folder)?;
    let found = download::download(web, &url, &desk, progress).map_err(Missing::failure)?;
    let address = web.address(&url);
    if found != wish.sha256 {
        return Err(Failure::new(
            Kind::Failed,
            format!("`{address}` is not what `{}` says: its checksum is {found}, not {}", lock_file::NAME, wish.sha256),
        )
        .help("trust nobody on the way: find out who changed it, the server, a mirror or a proxy; nothing of it was kept")
        .help(format!(
            "remove its lines from `{}` and run `infractl tools lock`, if the archive was replaced with good reason",
            lock_file::NAME
        )));
    }
    let next = desk.path().join("next");
    fs::create_dir(&next).map_err(|error| desk.failed(error))?;
    unpack::unpack(&download::archive(&desk), &wish.pin.programs(&here), &next)
        .map_err(|error| unpack::failure(error, &address, |error| desk.failed(error).into()))?;
    // What is left of one that somebody has damaged.
    if wish.folder.exists() && !wish.is_installed() {
        fs::remove_dir_all(&wish.folder).map_err(|error| desk.failed(error))?;
    }
    Ok(desk.publish("next")?)
}
