//! What the secrets verbs ask git.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::context::Ctx;
use crate::exec::{Cmd, Io};
use crate::failure::{Failure, Kind};

/// What git prints, or none when it ends with an error: no repository, no such thing in it.
pub async fn ask(cx: &Ctx, dir: &Path, args: &[&str]) -> Result<Option<Zeroizing<Vec<u8>>>, Failure> {
    let cmd =
        Cmd::new("git").args(args.iter().copied()).dir(dir).io(Io::Capture).env("GIT_OPTIONAL_LOCKS", "0");
    let done = cx.runner.run(&cmd, &|_, _| {}).await?;
    Ok((done.code == 0).then(|| Zeroizing::new(done.stdout)))
}

/// The same as one line of text.
pub async fn line(cx: &Ctx, dir: &Path, args: &[&str]) -> Result<Option<String>, Failure> {
    let out = ask(cx, dir, args).await?;
    Ok(out.map(|out| String::from_utf8_lossy(&out).trim_end_matches('\n').to_owned()))
}

/// Changes something in the repository.
pub async fn change(cx: &Ctx, dir: &Path, args: &[&str]) -> Result<(), Failure> {
    match ask(cx, dir, args).await? {
        Some(_) => Ok(()),
        None => Err(Failure::new(Kind::Failed, format!("`git {}` failed", shell_words::join(args)))),
    }
}

/// The top folder of the repository, if there is one.
pub async fn top(cx: &Ctx, dir: &Path) -> Result<Option<PathBuf>, Failure> {
    let dir = dir.ancestors().find(|dir| dir.is_dir()).unwrap_or(dir);
    match line(cx, dir, &["rev-parse", "--show-toplevel"]).await {
        Ok(top) => Ok(top.map(PathBuf::from)),
        // Without git there is no repository to look at.
        Err(failure) if failure.kind == Kind::Tool => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// Paths that git prints with NUL between them, relative to the top.
pub fn paths(out: &[u8]) -> Vec<String> {
    let parts = out.split(|&b| b == 0).filter(|part| !part.is_empty());
    parts.map(|part| String::from_utf8_lossy(part).into_owned()).collect()
}

/// How git is to call infractl: by its name when that is this program, else by its path.
pub fn own_name() -> Result<String, Failure> {
    let own = std::env::current_exe()
        .map_err(|error| Failure::new(Kind::Bug, format!("infractl does not find itself: {error}")))?;
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let on_path = which::which("infractl").is_ok_and(|found| real(&found) == real(&own));
    Ok(if on_path { "infractl".to_owned() } else { shell_words::quote(&own.to_string_lossy()).into_owned() })
}
