//! Finds out the checksums of archives: from the list that a project publishes, else from the archive itself.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use crate::context::Ctx;
use crate::disk::Desk;
use crate::failure::{Failure, Kind};
use crate::toolbox::download::{self, Progress};
use crate::toolbox::lock_file::LockFile;
use crate::toolbox::pin::{Pin, Platform};
use crate::toolbox::together::{self, Job};
use crate::toolbox::web::{Missing, Web};
use crate::toolbox::{store, unpack};
use crate::tools::archives;

/// An archive whose checksum is wanted.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    /// Of which program.
    pub pin: Pin,
    /// For which system.
    pub platform: Platform,
}

/// Those that the lock file does not know yet.
pub(crate) fn missing(lock: &LockFile, pins: &[Pin], platforms: &[Platform]) -> Vec<Wanted> {
    let all = pins.iter().flat_map(|pin| platforms.iter().map(move |platform| (pin, platform)));
    all.filter(|(pin, platform)| lock.sha256(pin, platform).is_none())
        .map(|(pin, platform)| Wanted { pin: pin.clone(), platform: platform.clone() })
        .collect()
}

/// Finds the checksums out, side by side; none for an archive that there is not.
pub(crate) async fn checksums(
    cx: &Ctx,
    wanted: Vec<Wanted>,
) -> Result<Vec<Result<Option<String>, Failure>>, Failure> {
    let web = Arc::new(Web::of(&cx.vars)?);
    let root = store::root(&cx.vars)?;
    let job = |wanted: Wanted| {
        let (web, root) = (Arc::clone(&web), root.clone());
        let name = format!("{} {}", wanted.pin.name, wanted.platform);
        Job { name, work: Box::new(move |progress: &Progress| one(&web, &root, &wanted, progress)) as Box<_> }
    };
    together::all(cx, "lock", wanted.into_iter().map(job).collect()).await
}

fn one(web: &Web, root: &Path, wanted: &Wanted, progress: &Progress) -> Result<Option<String>, Failure> {
    let Wanted { pin, platform } = wanted;
    let url = pin.url(platform);
    if let Some(sums) = pin.sums(platform) {
        match web.text(&sums) {
            Ok(list) => {
                let file = url.rsplit('/').next().unwrap_or(&url);
                let is_list =
                    list.lines().any(|line| line.split_whitespace().next().is_some_and(archives::is_sha256));
                if !is_list {
                    let text = format!("`{}` is no list of checksums", web.address(&sums));
                    return Err(Failure::new(Kind::Failed, text)
                        .help("open it in a browser: a proxy or a server may want a login"));
                }
                return Ok(archives::sum_of(&list, file));
            }
            // What publishes no list is looked at itself.
            Err(Missing::NotThere(_)) => {}
            Err(other) => return Err(other.failure()),
        }
    }
    let desk = Desk::of(&store::folder(root, pin, "lock"))?;
    let found = match download::download(web, &url, &desk, progress) {
        Err(Missing::NotThere(_)) => return Ok(None),
        found => found.map_err(Missing::failure)?,
    };
    // A checksum of something that is no program would be found wrong too late.
    let next = desk.path().join("next");
    fs::create_dir(&next).map_err(|error| desk.failed(error))?;
    unpack::unpack(&download::archive(&desk), &pin.programs(platform), &next)
        .map_err(|error| unpack::failure(error, &web.address(&url), |error| desk.failed(error).into()))?;
    Ok(Some(found))
}
