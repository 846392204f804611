//! A new data key.

use super::place;
use crate::commands::Global;
use crate::context::Ctx;
use crate::failure::Failure;
use crate::secrets::rekey::{self, Change, DataKeyIs};
use crate::secrets::{Mac, covered};

/// Encrypt files anew with a new data key, for the same recipients
///
/// Without a target, every file that a rule of .sops.yaml is for.
#[derive(Debug, clap::Args)]
pub struct RotateArgs {
    /// Files, `common`, or names of environments
    #[arg(value_name = "FILE|ENV|common")]
    targets: Vec<String>,
    /// Seal a file whose seal (MAC) differs: look at its values first
    #[arg(long)]
    ignore_mac: bool,
}

/// Rotates.
pub(crate) async fn run(cx: &Ctx, global: &Global, args: &RotateArgs) -> Result<(), Failure> {
    let (files, root, identities) = files(cx, &args.targets)?;
    let mut store = place::store(cx, &root, &identities);
    let mac = Mac::ignored_if(args.ignore_mac);
    let change = Change { wanted: None, data_key: DataKeyIs::New, mac, now: (cx.now)() };
    let mut prepared = Vec::new();
    for file in &files {
        super::said::differences(cx, &store, file, &store.read(file, None)?);
        prepared.extend(rekey::prepare(&mut store, file, &change).await?);
    }
    for at in 0..prepared.len() {
        let shown = store.shown(&prepared[at].path);
        if global.dry_run {
            cx.ui.note(format!("would encrypt {shown} with a new data key"));
        } else {
            let saved = prepared[at].save(&mut store).await;
            saved.map_err(|error| super::updatekeys::unfinished(&store, error.into(), &prepared[at..]))?;
            cx.ui.note(format!("encrypted {shown} with a new data key"));
        }
    }
    Ok(())
}

/// The files of targets, or every encrypted file that a rule is for; the folder; the identities that are named.
pub(crate) fn files(
    cx: &Ctx,
    targets: &[String],
) -> Result<(Vec<std::path::PathBuf>, std::path::PathBuf, Vec<std::path::PathBuf>), Failure> {
    if targets.is_empty() {
        let (project, identities) = place::project(cx);
        let root = project.map_or_else(|| place::root_of(&cx.dir.join("x")), |project| project.root);
        let found = covered::files(&root, place::named_rules(cx).as_deref())?;
        let files = found.into_iter().filter(|file| file.is_encrypted).map(|file| file.path).collect();
        return Ok((files, root, identities));
    }
    let mut places = Vec::new();
    for target in targets {
        places.push(place::resolve(cx, target)?);
    }
    let root = places[0].root.clone();
    let identities = places.iter().flat_map(|place| place.identities.clone()).collect();
    Ok((places.iter().map(|place| place.file().to_owned()).collect(), root, identities))
}
