//! What there is.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::Serialize;

use super::Found;
use crate::commands::table::{shown, table, when};
use crate::config::Environment;
use crate::context::Ctx;
use crate::deployments;
use crate::failure::{Failure, Kind};
use crate::snapshots::Manifest;
use crate::snapshots::away::gib;
use crate::snapshots::gate::age;
use crate::snapshots::shelf::{Kept, Shelf};
use crate::steps::snapshot::kept;
use crate::text::document;
use crate::text::{ago, bytes, duration, plain};

/// All copies, as a table or as JSON.
pub(super) async fn list(cx: &Ctx, env: &Environment, found: &[Found], as_json: bool) -> Result<(), Failure> {
    let mut all = Vec::new();
    let pinned = deployments::snapshots(&env.root, &env.name)?;
    for found in found {
        let kept = Box::pin(kept(cx, env, &found.entry)).await?;
        all.extend(
            kept.into_iter()
                .filter(|kept| found.copy.as_ref().is_none_or(|name| *name == kept.manifest.name)),
        );
    }
    if as_json {
        let rows: Vec<Shown> = all.iter().map(|kept| whole(cx, kept, &pinned)).collect();
        return cx.ui.document(document::pretty(&rows).as_bytes());
    }
    if all.is_empty() {
        cx.ui.note(format!("there is no snapshot of `{}` yet", env.name));
        return Ok(());
    }
    let mut rows = table(["snapshot", "of", "kind", "age", "size", "verified", "pinned"]);
    for kept in &all {
        let manifest = &kept.manifest;
        let verified = match (&kept.trouble, &manifest.verified) {
            (Some(trouble), _) => trouble.clone(),
            (None, Some(verified)) => ago(since(cx, verified.at)),
            (None, None) => "no".to_owned(),
        };
        rows.add_row([
            manifest.name.clone(),
            manifest.snapshot.clone(),
            manifest.kind.clone(),
            age(kept, (cx.now)()).map_or_else(|| "of the future".to_owned(), ago),
            size(manifest),
            plain(&verified).into_owned(),
            if pinned.contains(&manifest.name) { "by a deployment".to_owned() } else { String::new() },
        ]);
    }
    cx.ui.page(&shown(&rows))
}

/// What is stored, or the most that a cloud keeps of it.
fn size(manifest: &Manifest) -> String {
    match (&manifest.stored, manifest.size) {
        (Some(stored), _) => bytes(stored.bytes),
        (None, Some(size)) => format!("at most {}", gib(size)),
        (None, None) => String::new(),
    }
}

/// One copy: a fact a line, or JSON.
pub(super) async fn show(cx: &Ctx, env: &Environment, found: &Found, as_json: bool) -> Result<(), Failure> {
    let shelf = Shelf::of(env, &found.entry);
    let all = Box::pin(kept(cx, env, &found.entry)).await?;
    let kept = match &found.copy {
        Some(name) => all
            .into_iter()
            .find(|kept| kept.manifest.name == *name)
            .map_or_else(|| shelf.named(name), |kept| Ok(Some(kept)))?,
        None => all.into_iter().next(),
    };
    let Some(kept) = kept else {
        return Err(Failure::new(
            Kind::Failed,
            format!("there is no snapshot of `{}` of `{}` yet", found.entry, env.name),
        )
        .help(format!("make one: `infractl snapshot create {} {}`", env.name, found.entry)));
    };
    if as_json {
        let pinned = deployments::snapshots(&env.root, &env.name)?;
        return cx.ui.document(document::pretty(&whole(cx, &kept, &pinned)).as_bytes());
    }
    let manifest = &kept.manifest;
    let mut text = format!("{}\n", manifest.name);
    let mut fact = |name: &str, value: String| {
        let _ = writeln!(text, "{name:>10}  {}", plain(&value));
    };
    fact(
        "of",
        format!(
            "{} ({}), {} of {}",
            manifest.snapshot, manifest.kind, manifest.environment, manifest.project
        ),
    );
    fact("made", format!("{}, by {}, in `{}`", when(manifest.created), manifest.by, manifest.run));
    if let (Some(id), None) = (&manifest.id, &manifest.stored) {
        fact("id", id.clone());
        fact("made of", manifest.of.clone().unwrap_or_default());
        fact("size", size(manifest));
    }
    if let Some(stored) = &manifest.stored {
        fact("file", shelf.file(&stored.file).display().to_string());
        fact(
            "size",
            format!("{}, {} before it was encrypted", bytes(stored.bytes), bytes(stored.plain_bytes)),
        );
        fact("sha256", stored.sha256.clone());
        stored.recipients.iter().for_each(|one| fact("opened by", one.clone()));
    }
    if let Some(database) = &manifest.database {
        fact(
            "database",
            format!("{}, server {}, pg_dump {}", database.name, database.server, database.client),
        );
    }
    match &manifest.verified {
        Some(verified) => fact(
            "verified",
            format!(
                "{}: {} ({})",
                ago(since(cx, verified.at)),
                verified.how,
                duration(std::time::Duration::try_from_secs_f64(verified.seconds).unwrap_or_default())
            ),
        ),
        None => fact("verified", "no".to_owned()),
    }
    if let Some(trouble) = &kept.trouble {
        fact("trouble", trouble.clone());
    }
    cx.ui.page(&text)
}

/// What was written down, and what can be seen now.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Shown {
    /// What was written down.
    #[serde(flatten)]
    manifest: Manifest,
    /// How old it is; none for one of the future.
    age_seconds: Option<u64>,
    /// Why it is of no use.
    trouble: Option<String>,
    /// A deployment needs it: `prune` lets it be.
    pinned: bool,
}

fn whole(cx: &Ctx, kept: &Kept, pinned: &BTreeSet<String>) -> Shown {
    Shown {
        manifest: kept.manifest.clone(),
        age_seconds: age(kept, (cx.now)()).map(|age| age.as_secs()),
        trouble: kept.trouble.clone(),
        pinned: pinned.contains(&kept.manifest.name),
    }
}

fn since(cx: &Ctx, time: jiff::Timestamp) -> std::time::Duration {
    std::time::Duration::try_from((cx.now)().duration_since(time)).unwrap_or_default()
}
