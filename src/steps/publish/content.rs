//! The files of a folder as a tree of git, made in a repository of our own.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use secrecy::ExposeSecret as _;

use super::guard;
use crate::disk;
use crate::exec::{Cmd, Done};
use crate::failure::{Failure, Kind};
use crate::secrets::leaks::Search;
use crate::text::plain;
use crate::tools::git as tool;
use crate::tools::git::publish::{self as git, Bench};
use crate::work::{StepCx, relative};

/// Values that are shorter stand in files by chance.
const SHORTEST: usize = 8;
/// In longer files nothing is searched.
const LONGEST: u64 = 16 * 1024 * 1024;

/// A tree, and how many files it has.
#[derive(Debug, Clone)]
pub(super) struct Content {
    pub(super) bench: Bench,
    pub(super) tree: String,
    pub(super) files: usize,
}

/// Makes it of the files that git knows or does not ignore.
pub(super) async fn of(
    step: &StepCx<'_>,
    folder: &Path,
    own: PathBuf,
    allow: &[PathBuf],
) -> Result<Content, Failure> {
    for part in ["", "objects", "refs"] {
        disk::make_private_dir(&own.join(part))?;
    }
    for (name, text) in git::FILES {
        disk::write(&own.join(name), text.as_bytes(), 0o600)?;
    }
    let bench = Bench { own, folder: folder.to_owned() };
    let paths = listed(step, &bench).await?;
    let shown = relative(step, folder);
    guarded(step, folder, &paths, allow).await?;
    ask(step, &bench.stage(&paths), "take up the files").await?;
    let staged = ask(step, &bench.staged(), "list the files").await?;
    let staged: Vec<&str> = staged.split_terminator('\0').collect();
    if let Some(inner) = staged.iter().find(|line| line.starts_with("160000 ")) {
        let path = inner.split_once('\t').map_or("", |(_, path)| path);
        return Err(inside(&shown, path));
    }
    if staged.is_empty() {
        let message = format!("`{shown}` has no files that git would take");
        return Err(Failure::new(Kind::Failed, message)
            .help("see whether it is ignored: `git check-ignore -v FILE`")
            .help("publish another folder: what is ignored is never published"));
    }
    let tree = ask(step, &bench.tree(), "make a tree of the files").await?.trim().to_owned();
    Ok(Content { files: staged.len(), bench, tree })
}

fn inside(shown: &str, path: &str) -> Failure {
    let path = path.trim_end_matches('/');
    Failure::new(Kind::Failed, format!("`{shown}/{path}` is a repository of its own"))
        .help("publish it by itself, or let its files be part of this one: remove its `.git`")
}

/// The paths below the folder.
async fn listed(step: &StepCx<'_>, bench: &Bench) -> Result<Vec<String>, Failure> {
    let is_inside = call(step, &git::is_inside(&bench.folder)).await?;
    let cmd = match is_inside.code {
        0 => git::listed(&bench.folder),
        _ if git::is_outside(&is_inside.tail) => bench.listed(),
        _ => return Err(failed(&is_inside, "look at the folder")),
    };
    let done = call(step, &cmd).await?;
    if done.code != 0 {
        return Err(failed(&done, "list the files"));
    }
    let shown = relative(step, &bench.folder);
    let text = String::from_utf8(done.stdout).map_err(|_| {
        Failure::new(Kind::Failed, format!("a file in `{shown}` has a name that is not UTF-8"))
            .help("rename it")
    })?;
    // Those in a conflict are there several times.
    let paths: BTreeSet<&str> = text.split_terminator('\0').collect();
    match paths.iter().find(|path| path.ends_with('/')) {
        Some(path) => Err(inside(&shown, path)),
        None => Ok(paths.into_iter().map(str::to_owned).collect()),
    }
}

/// An error when one of them is never to be published.
async fn guarded(
    step: &StepCx<'_>,
    folder: &Path,
    paths: &[String],
    allow: &[PathBuf],
) -> Result<(), Failure> {
    let env = step.env;
    let secrets = step.facts.secrets.iter().flat_map(crate::secrets::Secrets::iter);
    let secrets = secrets.filter(|(_, value)| value.expose_secret().trim().len() >= SHORTEST);
    let search = Search::new(secrets.map(|(name, value)| (name, value.expose_secret().as_bytes())));
    for path in paths {
        step.go_on().await?;
        let file = folder.join(path);
        if allow.contains(&file) {
            continue;
        }
        let own = [&env.root, &env.home].map(|root| root.join(".infractl"));
        let is_own = own.iter().any(|own| file.starts_with(own)) || file == env.env_file.path;
        let why = if is_own {
            Some("infractl writes it for this machine".to_owned())
        } else {
            match file.symlink_metadata() {
                Ok(about) if about.is_file() && about.len() <= LONGEST => {
                    disk::read_if_there(&file)?.and_then(|bytes| guard::why_not(&bytes, search.as_ref()))
                }
                _ => None,
            }
        };
        if let Some(why) = why {
            let shown = relative(step, &file);
            return Err(Failure::new(Kind::Failed, format!("`{shown}` is not published: {why}"))
                .help("let git ignore it, and forget it: `git rm --cached FILE`")
                .help(format!("if it may be published: `allow = [\"{shown}\"]`")));
        }
    }
    Ok(())
}

/// Runs git to its end.
pub(super) async fn call(step: &StepCx<'_>, cmd: &Cmd) -> Result<Done, Failure> {
    let done = step.quietly(cmd).await.map_err(|error| step.unanswered(error))?;
    if done.interrupted {
        return Err(step.interrupted(format!("`{}` of `{}` was stopped", step.name, step.env.name)));
    }
    Ok(done)
}

/// The same for a call that has to go well: its standard output.
pub(super) async fn ask(step: &StepCx<'_>, cmd: &Cmd, what: &str) -> Result<String, Failure> {
    let done = call(step, cmd).await?;
    if done.code != 0 {
        return Err(failed(&done, what));
    }
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}

/// What git had against it.
pub(super) fn failed(done: &Done, what: &str) -> Failure {
    let heading = format!("git could not {what}");
    match tool::reason(&plain(&done.tail)).as_str() {
        "" => Failure::new(Kind::Failed, format!("{heading}: exit code {}", done.code)),
        reason => Failure::new(Kind::Failed, reason).context(heading),
    }
}
