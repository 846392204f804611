//! Merge files by key.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::{git, place};
use crate::context::Ctx;
use crate::disk::{self, FolderLock};
use crate::failure::{Failure, Kind};
use crate::secrets::merge::{self, Prefer};
use crate::secrets::{self, SecretsError, Store, covered};
use crate::sops::Plain;
use crate::text;

/// Merge the versions of a file by key, not by line
///
/// `--install` lets git do it by itself in every merge, and show changed names in `git diff`. With FILE, a file that
/// git left in conflict is merged now.
#[derive(Debug, clap::Args)]
pub struct MergeArgs {
    /// File that git left in conflict
    #[arg(value_name = "FILE", required_unless_present_any = ["install", "driver"])]
    file: Option<PathBuf>,
    /// Take our value where both sides changed one
    #[arg(long, conflicts_with = "theirs")]
    ours: bool,
    /// Take their value where both sides changed one
    #[arg(long)]
    theirs: bool,
    /// Set git up: merge driver and `git diff` for files of secrets
    #[arg(long, conflicts_with = "driver")]
    install: bool,
    /// Called by git: the common version, ours, theirs, and the path
    #[arg(long, num_args = 4, value_names = ["BASE", "OURS", "THEIRS", "PATH"], hide = true)]
    driver: Option<Vec<PathBuf>>,
}

/// Merges.
pub(crate) async fn run(cx: &Ctx, args: &MergeArgs) -> Result<(), Failure> {
    let prefer = match (args.ours, args.theirs) {
        (true, _) => Prefer::Ours,
        (_, true) => Prefer::Theirs,
        _ => Prefer::Neither,
    };
    if args.install {
        return install(cx).await;
    }
    if let Some([base, ours, theirs, path]) = args.driver.as_deref() {
        return driver(cx, [base, ours, theirs], path).await;
    }
    let Some(file) = &args.file else { return Err(Failure::new(Kind::Usage, "no file was named")) };
    conflicted(cx, file, prefer).await
}

/// The three versions of a file; the common one may be missing.
struct Versions {
    base: Option<Plain>,
    ours: Plain,
    theirs: Plain,
}

async fn opened(store: &mut Store<'_>, path: &Path, bytes: &[u8], side: &str) -> Result<Plain, Failure> {
    let shown = format!("{} ({side})", store.shown(path));
    let encrypted = secrets::parse(path, bytes, None)
        .map_err(|source| SecretsError::File { file: shown.clone(), source })?;
    let key = store.data_key(path, &encrypted).await?;
    Ok(encrypted.decrypt(&key).map_err(|source| SecretsError::File { file: shown, source })?)
}

impl Versions {
    async fn open(store: &mut Store<'_>, path: &Path, texts: [Option<&[u8]>; 3]) -> Result<Self, Failure> {
        let base = match texts[0].filter(|bytes| !bytes.trim_ascii().is_empty()) {
            // A common version that cannot be read is no reason to give up: all differences are then conflicts.
            Some(bytes) => opened(store, path, bytes, "common version").await.ok(),
            None => None,
        };
        Ok(Versions {
            base,
            ours: opened(store, path, texts[1].unwrap_or_default(), "ours").await?,
            theirs: opened(store, path, texts[2].unwrap_or_default(), "theirs").await?,
        })
    }

    /// The text of the merged file, and the places in conflict.
    fn merge(
        &self,
        cx: &Ctx,
        store: &Store<'_>,
        path: &Path,
        prefer: Prefer,
    ) -> Result<(Vec<u8>, Vec<String>, usize), Failure> {
        let refused = |source| store.refused(path, source);
        let merged = merge::merge(self.base.as_ref(), &self.ours, &self.theirs, prefer).map_err(refused)?;
        if merged.lost_comments {
            cx.ui.warn(format!(
                "comments that only they changed in `{}` were not brought over: see them with `git log -p`",
                store.shown(path)
            ));
        }
        let mut plain = merged.plain;
        if merged.new_key {
            let wanted = merged.recipients.clone().unwrap_or_else(|| crate::sops::KeyGroups {
                groups: plain.metadata().age_groups(),
                threshold: None,
            });
            plain.rotate_for(&wanted, &mut secrets::fill).map_err(refused)?;
        }
        let mut sealed = plain.seal((cx.now)(), &mut secrets::fill).map_err(refused)?;
        if let (Some(wanted), false) = (&merged.recipients, merged.new_key) {
            sealed.set_recipients(plain.data_key(), wanted, &mut secrets::fill).map_err(refused)?;
        }
        Ok((store.verified(path, &plain, &sealed)?, merged.conflicts, merged.taken.len()))
    }
}

/// Git calls this with three files; the second is to become the result.
async fn driver(cx: &Ctx, files: [&PathBuf; 3], path: &Path) -> Result<(), Failure> {
    let (project, identities) = place::project(cx);
    let top = git::top(cx, &cx.dir).await?.unwrap_or_else(|| cx.dir.clone());
    let path = top.join(path);
    let root = project.map_or_else(|| place::root_of(&path), |project| project.root);
    let mut store = place::store(cx, &root, &identities);
    let mut texts = Vec::new();
    for file in files {
        texts.push(disk::read(&cx.dir.join(file))?);
    }
    let texts = [0, 1, 2].map(|at| texts.get(at).map(Vec::as_slice));
    let versions = Versions::open(&mut store, &path, texts).await?;
    let (bytes, conflicts, _) = versions.merge(cx, &store, &path, Prefer::Neither)?;
    let mode = disk::mode_of(&cx.dir.join(files[1]))?.unwrap_or(0o644);
    disk::write(&cx.dir.join(files[1]), &bytes, mode)?;
    refuse(&store.shown(&path), &conflicts)
}

fn refuse(shown: &str, conflicts: &[String]) -> Result<(), Failure> {
    if conflicts.is_empty() {
        return Ok(());
    }
    let places = conflicts.join(", ");
    Err(Failure::new(Kind::Failed, format!("both sides changed {places} in `{shown}`: ours was kept so far"))
        .help(format!(
            "run `infractl secrets merge --ours {shown}` or `infractl secrets merge --theirs {shown}`"
        ))
        .help(format!("or set them with `infractl secrets set {shown} NAME`, then run `git add {shown}`")))
}

/// Merges a file whose three versions are in the index of git.
async fn conflicted(cx: &Ctx, file: &Path, prefer: Prefer) -> Result<(), Failure> {
    let place = place::resolve(cx, &file.to_string_lossy())?;
    let path = place.file();
    let shown = place.shown();
    let top =
        git::top(cx, path).await?.ok_or_else(|| Failure::new(Kind::Failed, "there is no git repository"))?;
    let relative = path.strip_prefix(&top).unwrap_or(path).display().to_string();
    let mut versions: Vec<Option<Zeroizing<Vec<u8>>>> = Vec::new();
    for stage in ["1", "2", "3"] {
        versions.push(git::ask(cx, &top, &["cat-file", "blob", &format!(":{stage}:{relative}")]).await?);
    }
    if versions[0].is_some()
        && (versions[1].is_some() || versions[2].is_some())
        && versions[1..].contains(&None)
    {
        let (removed, changed) = if versions[1].is_none() { ("we", "they") } else { ("they", "we") };
        return Err(Failure::new(
            Kind::Failed,
            format!("{removed} removed `{shown}`, and {changed} changed it"),
        )
        .help(format!("keep it with `git add {shown}`, or remove it with `git rm {shown}`")));
    }
    if versions[1].is_none() || versions[2].is_none() {
        return Err(Failure::new(Kind::Failed, format!("git has no conflict in `{shown}`")).help(format!(
            "see where it has with `git status`; look at the file with `infractl secrets check {shown}`"
        )));
    }
    let mut store = place.store(cx);
    let texts = [0, 1, 2].map(|at| versions[at].as_ref().map(|text| text.as_slice()));
    let versions = Versions::open(&mut store, path, texts).await?;
    let (bytes, conflicts, taken) = versions.merge(cx, &store, path, prefer)?;
    let mode = disk::mode_of(path)?.unwrap_or(0o644);
    disk::write(path, &bytes, mode)?;
    refuse(&shown, &conflicts)?;
    git::change(cx, &top, &["add", "--", &relative]).await?;
    cx.ui.note(format!(
        "merged {shown}: {} taken from theirs; next: `git commit`",
        text::plural(taken, "value")
    ));
    Ok(())
}

/// Marks our part of .gitattributes.
const MARK: &str =
    "# files of secrets: merged by key, shown by name, never converted (infractl secrets merge --install)";

/// Sets up the merge driver and the diff of the repository.
async fn install(cx: &Ctx) -> Result<(), Failure> {
    let (project, _) = place::project(cx);
    let root = project.map_or_else(|| place::root_of(&cx.dir.join("x")), |project| project.root);
    let top = git::top(cx, &root).await?.ok_or_else(|| {
        Failure::new(Kind::Failed, "there is no git repository to set up").help("make one with `git init`")
    })?;
    let own = git::own_name()?;
    let settings = [
        ("merge.infractl.name", "files of secrets, by key".to_owned()),
        ("merge.infractl.driver", format!("{own} secrets merge --driver %O %A %B %P")),
        ("diff.infractl.textconv", format!("{own} secrets textconv")),
    ];
    for (name, value) in &settings {
        git::change(cx, &top, &["config", name, value]).await?;
    }
    let path = root.join(".gitattributes");
    let _lock = FolderLock::of(&path)?;
    let old = disk::read_text_if_there(&path)?.unwrap_or_default();
    let mut text = old.clone();
    for pattern in patterns(&root, place::named_rules(cx).as_deref())? {
        let line = format!("{pattern} merge=infractl diff=infractl -text");
        if !text.lines().any(|known| known == line) {
            if !text.is_empty() && !text.ends_with('\n') {
                text.push('\n');
            }
            if !text.contains(MARK) {
                let _ = writeln!(text, "{MARK}");
            }
            let _ = writeln!(text, "{line}");
        }
    }
    if text != old {
        disk::write(&path, text.as_bytes(), disk::mode_of(&path)?.unwrap_or(0o644))?;
        cx.ui.note("wrote .gitattributes: commit it, it is for everybody");
    }
    cx.ui.note("git merges files of secrets by key in this clone; everybody runs this once in their own");
    Ok(())
}

/// What the files of secrets are called: the usual endings, and every other file that a rule is for.
fn patterns(root: &Path, named: Option<&Path>) -> Result<Vec<String>, Failure> {
    let mut patterns: Vec<String> =
        ["*.enc.env", "*.enc.yaml", "*.enc.yml", "*.enc.json"].map(str::to_owned).to_vec();
    for file in covered::files(root, named)?.into_iter().filter(|file| file.is_encrypted) {
        let relative = file.path.strip_prefix(root).unwrap_or(&file.path).display().to_string();
        if !patterns.iter().any(|pattern| relative.ends_with(pattern.trim_start_matches('*'))) {
            patterns.push(format!("/{}", relative.replace(' ', "?")));
        }
    }
    Ok(patterns)
}
