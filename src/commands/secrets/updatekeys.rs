//! Files for the recipients of the rules.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::place;
use crate::commands::Global;
use crate::context::Ctx;
use crate::failure::Failure;
use crate::secrets::rekey::{self, DataKeyIs, Prepared};
use crate::secrets::{CreationRule, Labels, Mac, Rules, Store};
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
    let named = place::named_rules(cx);
    let mut wanted = Vec::new();
    for file in files {
        let rules = Rules::find(&root, named.as_deref(), &file)?.ok_or_else(|| {
            Failure::new(
                crate::failure::Kind::Config,
                "there is no `.sops.yaml` that says who may read the files",
            )
            .help("make one with `infractl secrets keygen`")
        })?;
        let rule = rules.expect_rule(&file)?;
        if args.targets.is_empty() && !rule.others.is_empty() {
            left_to_sops(cx, &root, &file, rule);
            continue;
        }
        let groups = rule.new_file(&rules)?.recipients;
        wanted.push((file, groups));
    }
    let data_key = if args.keep_data_key { DataKeyIs::Kept } else { DataKeyIs::NewOnRemoval };
    let mut store = place::store(cx, &root, &identities);
    let count = wanted.len();
    let labels = Labels::of_project(&root, named.as_deref());
    let changed = apply(cx, global, &mut store, &wanted, data_key, &labels).await?;
    if changed == 0 {
        cx.ui.note(format!("{} up to date", text::plural(count, "file")));
    }
    Ok(())
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
    let mut prepared: Vec<Prepared> = Vec::new();
    for (file, groups) in wanted {
        prepared.extend(rekey::prepare(store, file, Some(groups), data_key, Mac::Verify, (cx.now)()).await?);
    }
    for (at, file) in prepared.iter().enumerate() {
        if !global.dry_run {
            file.save(store).map_err(|error| unfinished(store, error.into(), &prepared[at..]))?;
        }
        show(cx, global, store, file, labels);
    }
    after_removal(cx, store, &prepared, labels);
    Ok(prepared.len())
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
    let names: Vec<String> =
        first.difference.removed.iter().map(|key| super::encrypt::short(labels, key)).collect();
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
