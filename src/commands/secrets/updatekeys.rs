//! Files for the recipients of the rules.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::place;
use crate::commands::Global;
use crate::context::Ctx;
use crate::disk::FolderLock;
use crate::failure::Failure;
use crate::secrets::rekey::{self, Change, DataKeyIs, Prepared};
use crate::secrets::{CreationRule, Labels, Mac, Rules, Store, bare};
use crate::sops::KeyGroups;
use crate::text;

/// Let exactly the recipients of .sops.yaml open the files
///
/// Without a target, every file that a rule is for. When somebody is removed the file also gets a new data key, so
/// that a copy of the old one opens nothing that is written later.
#[derive(Debug, clap::Args)]
pub struct UpdatekeysArgs {
    /// Files, `common`, or names of environments
    #[arg(value_name = "FILE|ENV|common")]
    targets: Vec<String>,
    /// Keep the data key also when somebody is removed, as `sops updatekeys` does
    #[arg(long)]
    keep_data_key: bool,
}

/// Updates them.
pub(crate) async fn run(cx: &Ctx, global: &Global, args: &UpdatekeysArgs) -> Result<(), Failure> {
    let (files, root, identities) = super::rotate::files(cx, &args.targets)?;
    let mut store = place::store(cx, &root, &identities);
    let data_key = if args.keep_data_key { DataKeyIs::Kept } else { DataKeyIs::NewOnRemoval };
    let is_for_all = args.targets.is_empty();
    // Questions are asked before others have to wait for us.
    prepare(cx, &mut store, &by_rules(cx, &root, &files, is_for_all)?.0, data_key).await?;
    store.keep(FolderLock::of(&place::rules_file(cx, &root))?);
    let (wanted, left) = by_rules(cx, &root, &files, is_for_all)?;
    for (file, rule) in &left {
        left_to_sops(cx, &root, file, rule);
    }
    for (file, _) in &wanted {
        super::said::clear(cx, &store, file, &store.read(file, None)?);
    }
    let labels = Labels::of_project(&root, place::named_rules(cx).as_deref());
    let changed = apply(cx, global, &mut store, &wanted, data_key, &labels).await?;
    if changed == 0 {
        cx.ui.note(format!("{} up to date", text::plural(wanted.len(), "file")));
    }
    Ok(())
}

/// Files and who is to open them.
type Wanted = Vec<(PathBuf, KeyGroups)>;

/// Who is to open files by the rules; of all files of a project, those that only sops can change are left.
fn by_rules(
    cx: &Ctx,
    root: &Path,
    files: &[PathBuf],
    is_for_all: bool,
) -> Result<(Wanted, Vec<(PathBuf, CreationRule)>), Failure> {
    let named = place::named_rules(cx);
    let (mut wanted, mut left) = (Vec::new(), Vec::new());
    for file in files {
        let rules = Rules::find(root, named.as_deref(), file)?.ok_or_else(|| {
            Failure::new(
                crate::failure::Kind::Config,
                "there is no `.sops.yaml` that says who may read the files",
            )
            .help("make one with `infractl secrets keygen`")
        })?;
        let rule = rules.expect_rule(file)?;
        if is_for_all && !rule.others.is_empty() {
            left.push((file.clone(), rule.clone()));
        } else {
            wanted.push((file.clone(), rule.new_file(&rules)?.recipients));
        }
    }
    Ok((wanted, left))
}

async fn prepare(
    cx: &Ctx,
    store: &mut Store<'_>,
    wanted: &[(PathBuf, KeyGroups)],
    data_key: DataKeyIs,
) -> Result<Vec<Prepared>, Failure> {
    let mut prepared = Vec::new();
    for (file, groups) in wanted {
        let (wanted, mac, now) = (Some(groups.clone()), Mac::Verify, (cx.now)());
        prepared.extend(rekey::prepare(store, file, &Change { wanted, data_key, mac, now }).await?);
    }
    Ok(prepared)
}

/// Says that a file is left alone, and why.
pub(crate) fn left_to_sops(cx: &Ctx, root: &Path, file: &Path, rule: &CreationRule) {
    cx.ui.warn(format!(
        "{} is left alone: its rule names keys of {}, which only sops can use",
        file.strip_prefix(root).unwrap_or(file).display(),
        rule.others.join(", ")
    ));
}

/// Prepares all files, then writes them; how many changed.
pub(crate) async fn apply(
    cx: &Ctx,
    global: &Global,
    store: &mut Store<'_>,
    wanted: &[(PathBuf, KeyGroups)],
    data_key: DataKeyIs,
    labels: &Labels,
) -> Result<usize, Failure> {
    let mut prepared = prepare(cx, store, wanted, data_key).await?;
    shut_out(cx, store, &prepared);
    for at in 0..prepared.len() {
        if !global.dry_run {
            let saved = prepared[at].save(store).await;
            saved.map_err(|error| unfinished(store, error.into(), &prepared[at..]))?;
        }
        show(cx, global, store, &prepared[at], labels);
    }
    after_removal(cx, store, &prepared, labels);
    Ok(prepared.len())
}

/// Says before anything is written that whoever does it cannot open the files afterwards.
fn shut_out(cx: &Ctx, store: &Store<'_>, prepared: &[Prepared]) {
    let own = store.keys().public_keys();
    let is_own = |keys: &[String]| keys.iter().any(|key| own.iter().any(|own| bare(own) == bare(key)));
    let lost = prepared.iter().filter(|file| is_own(&file.difference.removed) && !is_own(&file.recipients()));
    let names: Vec<String> = lost.map(|file| store.shown(&file.path)).collect();
    if !names.is_empty() {
        cx.ui.warn(format!("none of your keys opens {} any more after this", text::list(&names, "and")));
    }
}

/// The error in the middle says which files are as they were.
pub(crate) fn unfinished(store: &Store<'_>, failure: Failure, left: &[Prepared]) -> Failure {
    let names: Vec<String> = left.iter().map(|file| store.shown(&file.path)).collect();
    failure.help(format!("not changed yet: {}; run it again for the rest", text::list(&names, "and")))
}

fn show(cx: &Ctx, global: &Global, store: &Store<'_>, file: &Prepared, labels: &Labels) {
    let verb = if global.dry_run { "would change" } else { "changed" };
    let key = if file.rotated { " (new data key)" } else { "" };
    let mut text = format!("{verb} {}{key}", store.shown(&file.path));
    for recipient in &file.difference.added {
        let _ = write!(text, "\n  + {}", labels.show(recipient));
    }
    for recipient in &file.difference.removed {
        let _ = write!(text, "\n  - {}", labels.show(recipient));
    }
    if file.difference.regrouped {
        text += "\n  key groups as in the rules";
    }
    cx.ui.note(text);
}

/// What a removal does not undo: said once.
fn after_removal(cx: &Ctx, store: &Store<'_>, prepared: &[Prepared], labels: &Labels) {
    let left: Vec<&Prepared> = prepared.iter().filter(|file| !file.difference.removed.is_empty()).collect();
    let Some(first) = left.first() else { return };
    let names: Vec<String> = first.difference.removed.iter().map(|key| labels.short(key)).collect();
    let who = text::list(&names, "and");
    let mut text =
        format!("{who} can still read the old versions in git. Change these secrets where they are used:");
    for file in &left {
        let _ = write!(text, "\n  {}: {}", store.shown(&file.path), file.names().join(", "));
    }
    cx.ui.warn(text);
}

/// The rules of a file, if there are any.
pub(crate) fn rules_of(
    root: &Path,
    named: Option<&Path>,
    file: &Path,
) -> Result<Option<(Rules, usize)>, Failure> {
    let Some(rules) = Rules::find(root, named, file)? else { return Ok(None) };
    let relative = rules.relative(file).to_string_lossy().into_owned();
    let number = rules.rules.iter().position(|rule| rule.matches(&relative));
    Ok(number.map(|number| (rules, number)))
}
