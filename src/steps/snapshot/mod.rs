//! Snapshots: made, required, checked, restored, thinned out.

mod prune;
mod back;
mod postgres;
mod command;
mod volume;
mod sealing;
pub(crate) mod entry;
mod way;

use self::entry::{Checked, Entry};
use self::way::Via;
use crate::config::Environment;
use crate::config::model::{SnapshotCheck, SnapshotKind, SnapshotSource, SnapshotStep, SnapshotVerify};
use crate::config::verbs::Effect;
use crate::exec::BoxFuture;
use crate::failure::{Failure, Kind};
use crate::snapshots::Manifest;
use crate::snapshots::gate::{Lack, Wanted, age, good_enough};
use crate::text::{ago, bytes};
use crate::work::StepCx;
use crate::work::kind::{Mention, StepKind};
use crate::work::script::{Script, no_script};

/// A step `snapshot`, with what only the verb can ask for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// What the project says.
    pub step: SnapshotStep,
    /// The copy that is meant; the newest if none.
    pub copy: Option<String>,
    /// A copy is restored in the place of what is there.
    pub in_place: bool,
    /// Everything that is restored belongs to whoever restores it.
    pub no_owner: bool,
    /// Nothing is removed: it is only said what would be.
    pub is_look: bool,
}

impl StepKind for Snapshot {
    fn visit(&self, env: &Environment, see: &mut dyn FnMut(Mention<'_>)) {
        let (deed, name) = self.step.deed();
        let Some(source) = env.snapshots.get(name) else { return };
        let is_local = deed == "require" || (deed == "prune" && source.kind() != Some(SnapshotKind::Command));
        if !is_local {
            visit(source, deed, see);
        }
    }

    fn effect(&self) -> Option<Effect> {
        Some(match self.step.deed().0 {
            "require" => Effect::Reads,
            "prune" if self.is_look => Effect::Reads,
            "restore" if self.in_place => Effect::Stops,
            "restore" | "prune" => Effect::Changes,
            _ => Effect::Writes,
        })
    }

    fn run<'a>(&'a self, step: &'a mut StepCx<'_>) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(run(step, self))
    }

    fn describe(&self, step: &mut StepCx<'_>) -> Result<Vec<String>, Failure> {
        let (deed, name) = self.step.deed();
        Ok(described(self, deed, &Entry::of(step, name)?))
    }

    fn script(&self, step: &StepCx<'_>, _: &mut Script) -> Result<Vec<String>, Failure> {
        Err(no_script(step))
    }
}

fn visit(source: &SnapshotSource, deed: &str, see: &mut dyn FnMut(Mention<'_>)) {
    let check = source.verify.as_ref().and_then(|verify| verify.check());
    let into = check.and_then(|check: &SnapshotCheck| check.into.as_ref()).filter(|_| deed == "verify");
    let of = source.of.iter().chain(&source.region).map(|argument| &argument.0);
    source.url.iter().chain(into).chain(of).for_each(|template| see(Mention::Template(template)));
    for table in [&source.create, &source.list, &source.restore, &source.remove].into_iter().flatten() {
        crate::steps::command::visit(&table.clone().into_table(), see);
    }
    if let Some(check) = source.verify.as_ref().and_then(SnapshotVerify::command) {
        crate::steps::command::visit(&check, see);
    }
    match source.kind() {
        Some(SnapshotKind::Command) => see(Mention::Program),
        Some(SnapshotKind::Docker) => see(Mention::Starts("docker")),
        _ => {}
    }
    if source.kind() == Some(SnapshotKind::Postgres) {
        match Via::of(source.via.as_deref()) {
            Via::Host(host) => see(Mention::Host(host)),
            Via::Container(_) | Via::Image(_) => see(Mention::Starts("docker")),
            Via::Local => see(Mention::Starts(if deed == "create" { "pg_dump" } else { "pg_restore" })),
        }
    }
}

fn described(snapshot: &Snapshot, deed: &str, entry: &Entry<'_>) -> Vec<String> {
    let folder = entry.shelf.folder().display();
    let via = Via::of(entry.source.via.as_deref());
    let dump = || format!("{} > {folder}/NAME.dump.age, encrypted", via.shown("pg_dump --format=custom"));
    let restore = |into: &str| {
        format!("# {} into {into}", via.shown("pg_restore --single-transaction --exit-on-error"))
    };
    match deed {
        "require" => {
            vec![format!("# look for a snapshot of `{}` that is good enough in {folder}", entry.name)]
        }
        "prune" => vec![format!("# remove snapshots of `{}` that no rule keeps from {folder}", entry.name)],
        "create" => vec![format!("# {}", dump())],
        "verify" => vec![restore("a new database, ask it, remove it")],
        _ if snapshot.in_place => vec![
            format!("# {}", dump()),
            restore("a new database"),
            "# put it in the place of the one that is there".to_owned(),
        ],
        _ => vec![restore("a new database")],
    }
}

async fn run(step: &mut StepCx<'_>, snapshot: &Snapshot) -> Result<String, Failure> {
    let (deed, name) = snapshot.step.deed();
    let entry = Entry::of(step, name)?;
    match deed {
        "create" => {
            let manifest = create(step, &entry).await?;
            step.facts.keep_snapshot(&manifest.name);
            if let Some(keep) = snapshot.step.keep
                && let Err(failure) = prune::run(step, &entry, Some(keep), false).await
            {
                // What was made is there.
                step.cx.ui.warn(format!("nothing was removed: {:#}", failure.error));
            }
            Ok(match &manifest.stored {
                Some(stored) => format!("{}, {}", manifest.name, bytes(stored.bytes)),
                None => manifest.name,
            })
        }
        "require" => require(step, &entry, &snapshot.step),
        "prune" => prune::run(step, &entry, snapshot.step.keep, snapshot.is_look).await,
        "verify" => verify(step, &entry, snapshot.copy.as_deref()).await,
        _ => {
            let manifest = entry.copy(step, snapshot.copy.as_deref())?.manifest;
            restore(step, &entry, &manifest, snapshot).await
        }
    }
}

async fn create(step: &mut StepCx<'_>, entry: &Entry<'_>) -> Result<Manifest, Failure> {
    match entry.kind {
        SnapshotKind::Postgres => postgres::create(step, entry).await,
        SnapshotKind::Command => command::create(step, entry).await,
        SnapshotKind::Docker => volume::create(step, entry).await,
        _ => Err(unready(entry)),
    }
}

async fn restore(
    step: &mut StepCx<'_>,
    entry: &Entry<'_>,
    manifest: &Manifest,
    how: &Snapshot,
) -> Result<String, Failure> {
    if how.in_place && entry.kind != SnapshotKind::Postgres {
        let message = format!(
            "a snapshot of the kind `{}` is not restored in the place of what is there",
            entry.kind.word()
        );
        return Err(Failure::new(Kind::Usage, message).help("leave `--in-place` out"));
    }
    match entry.kind {
        SnapshotKind::Postgres => back::restore(step, entry, manifest, how.in_place, !how.no_owner).await,
        SnapshotKind::Command => command::restore(step, entry, manifest).await,
        SnapshotKind::Docker => volume::restore(step, entry, manifest).await,
        _ => Err(unready(entry)),
    }
}

/// Checks a copy, and writes down what came of it.
async fn verify(step: &mut StepCx<'_>, entry: &Entry<'_>, copy: Option<&str>) -> Result<String, Failure> {
    let kept = match copy {
        Some(_) => entry.copy(step, copy)?,
        // Also one whose last check failed.
        None => entry.shelf.all()?.into_iter().next().map_or_else(|| entry.copy(step, None), Ok)?,
    };
    let mut manifest = kept.manifest;
    let checked = match entry.kind {
        SnapshotKind::Postgres => postgres::verify(step, entry, &manifest).await,
        SnapshotKind::Command => command::verify(step, entry, &manifest).await,
        SnapshotKind::Docker => volume::verify(step, entry, &manifest).await,
        _ => Err(unready(entry)),
    };
    let checked = match checked? {
        Checked::Good(verified) => verified,
        Checked::Bad(failure) => {
            manifest.verified = None;
            let why = failure.error.to_string();
            let why = why.rsplit_once(" is damaged: ").map_or(why.as_str(), |(_, why)| why);
            manifest.failed = Some(step.cx.masks.mask(why).into_owned());
            entry.shelf.keep(&manifest)?;
            return Err(failure);
        }
    };
    let said = format!("{} is good: {}", manifest.name, checked.how);
    manifest.verified = Some(checked);
    manifest.failed = None;
    entry.shelf.keep(&manifest)?;
    Ok(said)
}

/// The gate: a copy that is good enough, or why there is none.
fn require(step: &StepCx<'_>, entry: &Entry<'_>, wanted: &SnapshotStep) -> Result<String, Failure> {
    let all = entry.shelf.all()?;
    let asked = Wanted { max_age: wanted.max_age.map(|period| period.0), verified: wanted.verified };
    let now = (step.cx.now)();
    let (env, name) = (&step.env.name, entry.name);
    let make = format!("make one: `infractl snapshot create {env} {name}`");
    let check = format!("check it: `infractl snapshot verify {env} {name}`");
    let refused = |why: String| {
        Failure::new(Kind::Failed, why)
            .context(format!("no snapshot of `{name}` of `{env}` is good enough to go on"))
    };
    match good_enough(&all, asked, now) {
        Ok(found) => {
            let age = age(found, now).map_or_else(String::new, |age| format!(", {}", ago(age)));
            Ok(format!("{}{age}", found.manifest.name))
        }
        Err(Lack::Unverified(why)) => Err(refused(why).help(check)),
        Err(Lack::None(why) | Lack::Old(why)) if wanted.verified => Err(refused(why).help(make).help(check)),
        Err(Lack::None(why) | Lack::Old(why)) => Err(refused(why).help(make)),
    }
}

/// What this version cannot keep yet.
fn unready(entry: &Entry<'_>) -> Failure {
    let word = entry.kind.word();
    Failure::new(
        Kind::Config,
        format!(
            "`{word}` is refused until it works: this version of infractl keeps no snapshots of that kind"
        ),
    )
    .help("use a step `command`")
}
