//! What the secrets verbs ask git.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::context::Ctx;
use crate::disk::repository;
use crate::exec::{Cmd, Done, Io};
use crate::failure::{Failure, Kind};

async fn run(cx: &Ctx, dir: &Path, args: &[&str]) -> Result<Done, Failure> {
    let cmd =
        Cmd::new("git").args(args.iter().copied()).dir(dir).io(Io::Capture).env("GIT_OPTIONAL_LOCKS", "0");
    Ok(cx.runner.run(&cmd, &|_, _| {}).await?)
}

/// What git prints, or none when it ends with an error: no repository, no such thing in it.
pub(crate) async fn ask(cx: &Ctx, dir: &Path, args: &[&str]) -> Result<Option<Zeroizing<Vec<u8>>>, Failure> {
    let done = run(cx, dir, args).await?;
    Ok((done.code == 0).then(|| Zeroizing::new(done.stdout)))
}

/// The same as one line of text.
pub(crate) async fn line(cx: &Ctx, dir: &Path, args: &[&str]) -> Result<Option<String>, Failure> {
    let out = ask(cx, dir, args).await?;
    Ok(out.map(|out| String::from_utf8_lossy(&out).trim_end_matches('\n').to_owned()))
}

/// Changes something in the repository.
pub(crate) async fn change(cx: &Ctx, dir: &Path, args: &[&str]) -> Result<(), Failure> {
    match ask(cx, dir, args).await? {
        Some(_) => Ok(()),
        None => Err(Failure::new(Kind::Failed, format!("`git {}` failed", shell_words::join(args)))),
    }
}

/// The top folder of the repository, if there is one.
pub(crate) async fn top(cx: &Ctx, dir: &Path) -> Result<Option<PathBuf>, Failure> {
    let dir = dir.ancestors().find(|dir| dir.is_dir()).unwrap_or(dir);
    let done = match run(cx, dir, &["rev-parse", "--show-toplevel"]).await {
        // Without git there is no repository to look at.
        Err(failure) if failure.kind == Kind::Tool => return Ok(None),
        done => done?,
    };
    if done.code == 0 {
        let line = String::from_utf8_lossy(&done.stdout).trim_end_matches('\n').to_owned();
        return Ok(Some(line.into()));
    }
    if !repository::is_around(dir) {
        return Ok(None);
    }
    let why = done.tail.lines().next().unwrap_or("it does not say why").to_owned();
    Err(Failure::new(Kind::Failed, format!("git does not answer: {why}"))
        .help(format!("see what is wrong with `git -C {} status`", dir.display())))
}

/// A file in the index of git.
pub(crate) struct Blob {
    /// Its path, relative to the top of the repository.
    pub path: PathBuf,
    /// The name of its content.
    id: String,
}

/// The files of a `--raw -z` list of git that have a content in the index. `side` is 0 for what the list compares from,
/// 1 for what it compares with.
pub(crate) fn blobs(raw: &[u8], side: usize) -> Vec<Blob> {
    let mut parts = raw.split(|&b| b == 0);
    let mut found = Vec::new();
    while let Some(head) = parts.next().filter(|head| head.starts_with(b":")) {
        let Some(path) = parts.next() else { break };
        // `:100644 100644 FROM TO M`; links and submodules have no content of their own.
        let head = String::from_utf8_lossy(head).into_owned();
        let words: Vec<&str> = head.trim_start_matches(':').split(' ').collect();
        let (Some(mode), Some(id)) = (words.get(side), words.get(2 + side)) else { continue };
        let is_new = |blob: &Blob| blob.id != **id || blob.path.as_os_str().as_bytes() != path;
        if mode.starts_with("100") && !id.bytes().all(|b| b == b'0') && found.last().is_none_or(is_new) {
            found.push(Blob { path: OsStr::from_bytes(path).into(), id: (*id).to_owned() });
        }
    }
    found
}

/// Longer contents are not looked into.
pub(crate) const LONGEST: usize = 64 << 20;

/// Gets a path and the content of the file.
pub(crate) type Look<'a> = dyn FnMut(&Path, &[u8]) -> Result<(), Failure> + 'a;

/// Hands over the content of every file, in order, several with one call of git. Returns how many were too long.
pub(crate) async fn each_content(
    cx: &Ctx,
    dir: &Path,
    blobs: &[Blob],
    look: &mut Look<'_>,
) -> Result<usize, Failure> {
    let sizes = batch(cx, dir, "--batch-check=%(objectsize)", blobs.iter()).await?;
    let sizes: Vec<usize> =
        String::from_utf8_lossy(&sizes).lines().map(|size| size.parse().unwrap_or(usize::MAX)).collect();
    let mut wanted: Vec<&Blob> = Vec::new();
    let (mut total, mut too_long) = (0, 0);
    for (at, (blob, size)) in blobs.iter().zip(&sizes).enumerate() {
        if *size > LONGEST {
            too_long += 1;
        } else {
            wanted.push(blob);
            total += size;
        }
        if total > LONGEST || (at + 1 == blobs.len() && !wanted.is_empty()) {
            let out = batch(cx, dir, "--batch", wanted.iter().copied()).await?;
            let mut rest = out.as_slice();
            for blob in wanted.drain(..) {
                let Some(end) = memchr::memchr(b'\n', rest) else { break };
                let head = String::from_utf8_lossy(&rest[..end]);
                let size = head.rsplit(' ').next().and_then(|size| size.parse::<usize>().ok());
                let Some(size) = size else {
                    rest = &rest[end + 1..];
                    continue;
                };
                let Some(content) = rest.get(end + 1..end + 1 + size) else { break };
                look(&blob.path, content)?;
                rest = rest.get(end + size + 2..).unwrap_or_default();
            }
            total = 0;
        }
    }
    Ok(too_long)
}

async fn batch(
    cx: &Ctx,
    dir: &Path,
    how: &str,
    blobs: impl Iterator<Item = &Blob>,
) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let input = blobs.fold(String::new(), |list, blob| list + &blob.id + "\n");
    if input.is_empty() {
        return Ok(Zeroizing::default());
    }
    let cmd = Cmd::new("git").args(["cat-file", how]).dir(dir).io(Io::Capture).input(input.into());
    let done = cx.runner.run(&cmd, &|_, _| {}).await?;
    if done.code == 0 {
        return Ok(Zeroizing::new(done.stdout));
    }
    Err(Failure::new(Kind::Failed, format!("git cannot read its index: {}", done.tail)))
}

/// How git is to call infractl: by its name when that is this program, else by its path.
pub(crate) fn own_name() -> Result<String, Failure> {
    let own = std::env::current_exe()
        .map_err(|error| Failure::new(Kind::Bug, format!("infractl does not find itself: {error}")))?;
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let on_path = which::which("infractl").is_ok_and(|found| real(&found) == real(&own));
    Ok(if on_path { "infractl".to_owned() } else { shell_words::quote(&own.to_string_lossy()).into_owned() })
}
