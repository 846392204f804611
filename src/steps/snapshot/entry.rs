//! One entry of `[snapshots]`, and the copies that there are of it.

use jiff::{Timestamp, ToSpan as _};

use crate::config::model::{SnapshotKind, SnapshotSource};
use crate::exec::Supply;
use crate::failure::{Failure, Kind};
use crate::history;
use crate::secrets::aged;
use crate::snapshots::shelf::{Shelf, sum_of};
use crate::snapshots::{Manifest, Stored, Verified, name};
use crate::text::{list, nearest};
use crate::work::StepCx;

/// What came of a check.
pub(super) enum Checked {
    /// The copy works.
    Good(Verified),
    /// It is of no use, and why.
    Bad(Failure),
}

/// One entry of `[snapshots]`.
pub(crate) struct Entry<'a> {
    pub(crate) name: &'a str,
    pub(crate) source: &'a SnapshotSource,
    pub(crate) kind: SnapshotKind,
    pub(crate) shelf: Shelf,
}

impl<'a> Entry<'a> {
    /// By its name.
    pub(crate) fn of(step: &StepCx<'a>, name: &'a str) -> Result<Entry<'a>, Failure> {
        let env = step.env;
        let Some(source) = env.snapshots.get(name) else {
            let names: Vec<&String> = env.snapshots.keys().collect();
            let failure = Failure::new(Kind::Usage, format!("`{}` has no snapshot `{name}`", env.name));
            return Err(match (nearest(name, &names), names.as_slice()) {
                (Some(near), _) => failure.help(format!("did you mean `{near}`?")),
                (None, []) => failure.help(format!("declare it: `[snapshots.{name}]`")),
                (None, names) => failure.help(format!("its snapshots are {}", list(names, "and"))),
            });
        };
        let kind = source.kind().unwrap_or(SnapshotKind::Command);
        Ok(Entry { name, source, kind, shelf: Shelf::of(env, name) })
    }

    /// What can be said of a new copy before it is made: the name is free.
    pub(super) fn begin(&self, step: &StepCx<'_>) -> Result<Manifest, Failure> {
        self.shelf.sweep();
        let env = step.env;
        let mut created: Timestamp = (step.cx.now)();
        let mut name = name::name(&env.project, &env.name, self.name, created);
        // Two in one second.
        while self.shelf.named(&name)?.is_some() {
            created = created.saturating_add(1.second()).unwrap_or(created);
            name = name::name(&env.project, &env.name, self.name, created);
        }
        let user = ["USER", "LOGNAME"].iter().find_map(|name| step.cx.vars.get(name)).unwrap_or("somebody");
        Ok(Manifest {
            format: 1,
            name,
            project: env.project.clone(),
            environment: env.name.clone(),
            snapshot: self.name.to_owned(),
            kind: self.kind.word().to_owned(),
            created,
            by: format!("{user}@{}", history::host()),
            run: step.frame.verb.clone(),
            infractl: env!("CARGO_PKG_VERSION").to_owned(),
            stored: None,
            database: None,
            of: None,
            id: None,
            size: None,
            verified: None,
            failed: None,
        })
    }

    /// What is in the encrypted file of a copy. It is read whole before, so that what comes can be trusted.
    pub(super) async fn opened(&self, step: &StepCx<'_>, manifest: &Manifest) -> Result<Supply, Failure> {
        let Some(Stored { file, sha256, recipients, .. }) = &manifest.stored else {
            return Err(Failure::new(Kind::Failed, format!("`{}` has no file here", manifest.name)));
        };
        let path = self.shelf.file(file);
        step.progress("reading the copy");
        if sum_of(&path)? != *sha256 {
            return Err(damaged(manifest, "it is not the file that was written: its sum differs"));
        }
        let cx = step.cx;
        let no_input = cx.ui.mode.no_input;
        let opened =
            aged::open(cx.runner.as_ref(), &cx.vars.0, step.env, no_input, (&path, recipients)).await?;
        Ok(Supply::new(opened))
    }
}

/// A copy is of no use.
pub(super) fn damaged(manifest: &Manifest, why: &str) -> Failure {
    Failure::new(Kind::Failed, format!("`{}` is damaged: {why}", manifest.name))
        .help(format!("use another one: `infractl snapshot list {}`", manifest.environment))
}
