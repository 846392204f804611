//! Brings an archive to this machine: to a file of its own, with its checksum on the way.

use std::fs::OpenOptions;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use sha2::{Digest as _, Sha256};

use crate::disk::{self, Desk};
use crate::failure::{Failure, Kind};
use crate::text::hex;
use crate::toolbox::web::{self, Missing, Web};

/// More no archive of a program has.
const LONGEST: u64 = 1024 * 1024 * 1024;

/// How far a download is; who waits for it looks at it.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// Bytes that came.
    pub done: AtomicU64,
    /// Bytes that will come; 0 if nobody knows.
    pub total: AtomicU64,
    /// It is to end.
    pub stop: AtomicBool,
}

/// Downloads to `archive` on a desk; the result is the checksum. Blocks.
pub(crate) fn download(web: &Web, url: &str, desk: &Desk, progress: &Progress) -> Result<String, Missing> {
    web::tried(|| once(web, url, desk, progress))
}

/// The file it is brought to.
pub(crate) fn archive(desk: &Desk) -> std::path::PathBuf {
    desk.path().join("archive")
}

fn once(web: &Web, url: &str, desk: &Desk, progress: &Progress) -> Result<String, Missing> {
    let mut sent = web.get(url)?;
    let address = || web.address(url);
    if sent.is_page {
        let failure = Failure::new(Kind::Failed, format!("`{}` is a page for people, no archive", address()))
            .help("open it in a browser: a proxy or a server may want a login");
        return Err(Missing::Refused(failure));
    }
    let failed = |error| Missing::Refused(desk.failed(error).into());
    let mut file = open(&archive(desk)).map_err(failed)?;
    let (mut hash, mut buffer, mut done) = (Sha256::new(), vec![0; 64 * 1024], 0);
    progress.total.store(sent.length.unwrap_or(0), Ordering::Relaxed);
    loop {
        if progress.stop.load(Ordering::Relaxed) {
            return Err(Missing::Refused(Failure::silent(Kind::Interrupted)));
        }
        let read = sent.body.read(&mut buffer).map_err(|error| Missing::Again(web.cut(url, &error)))?;
        if read == 0 {
            break;
        }
        done += read as u64;
        if done > LONGEST {
            let failure = Failure::new(Kind::Failed, format!("`{}` has more than 1 GiB", address()))
                .help("check the address in `[tools]`: no program is that large");
            return Err(Missing::Refused(failure));
        }
        hash.update(&buffer[..read]);
        file.write_all(&buffer[..read]).map_err(failed)?;
        progress.done.store(done, Ordering::Relaxed);
    }
    if let Some(length) = sent.length.filter(|length| *length != done) {
        return Err(Missing::Again(web.cut(url, &format!("{done} of {length} bytes came"))));
    }
    crate::platform::sync(&file).map_err(failed)?;
    Ok(hex(&hash.finalize()))
}

fn open(path: &Path) -> std::io::Result<std::fs::File> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(disk::PRIVATE).open(path)
}
