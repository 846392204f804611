//! Check the files of secrets.

use std::path::{Path, PathBuf};

use super::{git, leaked, place};
use crate::context::Ctx;
use crate::disk::{self, FolderLock};
use crate::failure::{Failure, Kind, Problem};
use crate::secrets::check;
use crate::secrets::{Labels, Rules, Wrong, covered};
use crate::text;

/// Check that every file of secrets is encrypted, whole, and for the right people; needs no key
///
/// Looks at every file that a rule of .sops.yaml is for, in the working tree and in what git is about to commit.
#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    /// Files to look at instead
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Look only at what git is about to commit
    #[arg(long)]
    staged: bool,
    /// Write a git hook that runs `infractl secrets check --staged` before every commit
    #[arg(long, conflicts_with_all = ["staged", "deep", "leaks"])]
    install: bool,
    /// Also decrypt the files and verify their seals (MAC); needs a key
    #[arg(long)]
    deep: bool,
    /// Also search files, the index, logs, environment files and saved plans for decrypted values; needs a key
    #[arg(long)]
    leaks: bool,
}

/// Checks them.
pub(crate) async fn run(cx: &Ctx, args: &CheckArgs) -> Result<(), Failure> {
    let (project, identities) = place::project(cx);
    let root = project.map_or_else(|| place::root_of(&cx.dir.join("x")), |project| project.root);
    if args.install {
        return install(cx, &root).await;
    }
    let named = place::named_rules(cx);
    let labels = Labels::of_project(&root, named.as_deref());
    let mut found = Vec::new();
    let mut looked = 0;
    if !args.staged {
        let files = files(cx, &root, &args.files)?;
        looked += files.len();
        for file in &files {
            found.extend(check::text(&root, file, &disk::read(&file.path)?, &labels));
        }
        if args.deep {
            let mut store = place::store(cx, &root, &identities);
            for file in files.iter().filter(|file| file.is_encrypted) {
                if let Err(error) = store.open(&file.path, None).await {
                    let failure = Failure::from(error);
                    let message = format!("{:#}", failure.error);
                    found.push(Wrong {
                        file: store.shown(&file.path),
                        message,
                        help: failure.help.into_iter().next(),
                    });
                }
            }
        }
    }
    if args.files.is_empty() {
        let (count, wrong) = staged(cx, &root, &labels).await?;
        looked += if args.staged { count } else { 0 };
        found.extend(
            wrong.into_iter().filter(|wrong| args.staged || !found_already(&root, named.as_deref(), wrong)),
        );
    }
    if args.leaks {
        found.extend(leaked::search(cx, &root, &identities).await?);
    }
    found.dedup();
    if found.is_empty() {
        cx.ui.note(format!("{} checked, nothing wrong", text::plural(looked, "file")));
        return Ok(());
    }
    Err(Failure::problems(Kind::Secrets, found.into_iter().map(problem).collect()))
}

/// What the working tree showed already is not said again for the index.
fn found_already(root: &Path, named: Option<&Path>, wrong: &Wrong) -> bool {
    check::project(root, named).is_ok_and(|found| found.iter().any(|known| known == wrong))
}

fn problem(wrong: Wrong) -> Problem {
    Problem {
        message: format!("`{}`: {}", wrong.file, wrong.message),
        place: None,
        help: wrong.help.into_iter().collect(),
    }
}

fn files(cx: &Ctx, root: &Path, named: &[PathBuf]) -> Result<Vec<covered::Covered>, Failure> {
    let rules_file = place::named_rules(cx);
    if named.is_empty() {
        return Ok(covered::files(root, rules_file.as_deref())?);
    }
    let mut files = Vec::new();
    for file in named {
        let path = place::resolve(cx, &file.to_string_lossy())?.file().to_owned();
        let rules = Rules::find(root, rules_file.as_deref(), &path)?;
        let found = match &rules {
            Some(rules) => covered::covered(&path, rules)?,
            None => None,
        };
        files.push(found.ok_or_else(|| {
            Failure::new(Kind::Usage, format!("no rule of `.sops.yaml` is for `{}`", file.display()))
                .help("name a file that a rule is for, or add a rule")
        })?);
    }
    Ok(files)
}

/// What git is about to commit: how many files were looked at and what is wrong with them.
async fn staged(cx: &Ctx, root: &Path, labels: &Labels) -> Result<(usize, Vec<Wrong>), Failure> {
    let Some(top) = git::top(cx, root).await? else { return Ok((0, Vec::new())) };
    let list = ["diff-index", "--cached", "--raw", "--no-abbrev", "-z", "--diff-filter=ACMT", "--no-renames"];
    let before = match git::line(cx, &top, &["rev-parse", "--verify", "-q", "HEAD"]).await? {
        Some(commit) => Some(commit),
        // Before the first commit everything is new.
        None => git::line(cx, &top, &["hash-object", "-t", "tree", "/dev/null"]).await?,
    };
    let before = before.unwrap_or_default();
    let Some(raw) = git::ask(cx, &top, &[&list[..], &[before.as_str()]].concat()).await? else {
        return Err(Failure::new(Kind::Failed, "git does not say what it is about to commit")
            .help("see why with `git status`"));
    };
    let named = place::named_rules(cx);
    let names = check::names(root, named.as_deref())?;
    let mut found = Vec::new();
    let blobs = git::blobs(&raw, 1);
    let mut look = |path: &Path, bytes: &[u8]| {
        found.extend(check::staged(root, named.as_deref(), &top.join(path), bytes, &names, labels)?);
        Ok(())
    };
    let too_long = git::each_content(cx, &top, &blobs, &mut look).await?;
    if too_long > 0 {
        cx.ui.warn(format!("{}, longer than 64 MiB, were not looked into", text::plural(too_long, "file")));
    }
    Ok((blobs.len(), found))
}

/// Marks the lines of the hook that are ours.
pub(crate) const MARK: &str = "# infractl secrets check";

/// A hook that begins with this line, ours behind it.
pub(crate) fn hook(first: &str) -> Result<String, Failure> {
    Ok(format!("{first}{} secrets check --staged || exit 1 {MARK}\n", git::own_name()?))
}

/// Writes the hook, or adds a line to the one that is there.
async fn install(cx: &Ctx, root: &Path) -> Result<(), Failure> {
    let Some(hooks) = git::line(cx, root, &["rev-parse", "--git-path", "hooks"]).await? else {
        return Err(Failure::new(Kind::Failed, "there is no git repository to put a hook in")
            .help("make one with `git init`"));
    };
    let path = root.join(hooks).join("pre-commit");
    let line = hook("")?;
    let _lock = FolderLock::of(&path)?;
    let text = match disk::read_text(&path) {
        Ok(text) if text.contains(MARK) => text
            .lines()
            .map(|old| if old.contains(MARK) { line.clone() } else { old.to_owned() + "\n" })
            .collect(),
        Ok(text) => {
            let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
            if !first.starts_with("#!") || !first.contains("sh") {
                return Err(Failure::new(Kind::Failed, format!("{} is not a shell script", path.display()))
                    .help("let that hook run `infractl secrets check --staged`"));
            }
            format!("{first}\n{line}{rest}")
        }
        Err(error) if error.is_not_found() => hook("#!/bin/sh\n")?,
        Err(error) => return Err(error.into()),
    };
    disk::write(&path, text.as_bytes(), 0o755)?;
    cx.ui
        .note(format!("git runs `infractl secrets check --staged` before every commit ({})", path.display()));
    Ok(())
}
