//! Snapshots: made, required, checked, restored, thinned out.

mod prune;
mod there;
mod back;
mod postgres;
mod command;
mod volume;
mod renewed;
mod cloud;
mod until;
mod asked;
mod sealing;
pub(crate) mod entry;
mod way;

use self::entry::{Checked, Entry};
use self::way::Via;
use crate::config::Environment;
use crate::config::model::{
    SnapshotCheck, SnapshotKind, SnapshotName, SnapshotSource, SnapshotStep, SnapshotVerify,
};
use crate::config::verbs::Effect;
use crate::context::Ctx;
use crate::exec::BoxFuture;
use crate::failure::{Failure, Kind};
use crate::snapshots::Manifest;
use crate::snapshots::away::gib;
use crate::snapshots::gate::{Lack, Wanted, age, good_enough};
use crate::snapshots::shelf::Kept;
use crate::steps::meet::meet;
use crate::text::{ago, bytes};
use crate::work::kind::{Mention, StepKind};
use crate::work::needs::Needs;
use crate::work::script::{Script, no_script};
use crate::work::{Facts, StepCx};

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
        let kind = source.kind();
        let is_read = deed == "require" || (deed == "prune" && kind != Some(SnapshotKind::Command));
        if kind.is_some_and(SnapshotKind::is_away) || !is_read {
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
    // What a snapshot is of may be gone when it is needed.
    let of =
        source.of.iter().filter(|_| deed == "create" || !source.kind().is_some_and(SnapshotKind::is_away));
    let of = of.chain(&source.region).chain(&source.resource_group).map(|argument| &argument.0);
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
        Some(kind) if kind.is_away() => {
            see(Mention::Program);
            see(Mention::Starts(if kind == SnapshotKind::Azure { "az" } else { kind.word() }));
        }
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
    if entry.kind.is_away() {
        let (word, name) = (entry.kind.word(), entry.name);
        let of = entry.source.of.as_ref().map_or("", |of| of.0.as_str());
        return vec![match deed {
            "require" => format!("# ask {word} for a snapshot of `{name}` that is good enough"),
            "prune" => format!("# remove snapshots of `{name}` that no rule keeps from {word}"),
            "create" => format!("# let {word} make a snapshot of {of}, and wait until it is whole"),
            "verify" => format!("# look whether {word} has the newest snapshot of `{name}` whole"),
            _ => format!("# let {word} make something new of the newest snapshot of `{name}`"),
        }];
    }
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
            Ok(match (&manifest.stored, manifest.size, &manifest.id) {
                (Some(stored), ..) => format!("{}, {}", manifest.name, bytes(stored.bytes)),
                (None, Some(size), Some(id)) => {
                    format!("{} is {id}, at most {}", manifest.name, gib(size))
                }
                _ => manifest.name,
            })
        }
        "require" => require(step, &entry, &snapshot.step).await,
        "prune" => prune::run(step, &entry, snapshot.step.keep, snapshot.is_look).await,
        "verify" => verify(step, &entry, snapshot.copy.as_deref()).await,
        _ => {
            let kept = there::copy(step, &entry, snapshot.copy.as_deref()).await?;
            restore(step, &entry, &kept, snapshot).await
        }
    }
}

async fn create(step: &mut StepCx<'_>, entry: &Entry<'_>) -> Result<Manifest, Failure> {
    match entry.kind {
        SnapshotKind::Postgres => postgres::create(step, entry).await,
        SnapshotKind::Command => command::create(step, entry).await,
        SnapshotKind::Docker => volume::create(step, entry).await,
        SnapshotKind::Aws | SnapshotKind::Openstack | SnapshotKind::Azure => cloud::create(step, entry).await,
    }
}

async fn restore(
    step: &mut StepCx<'_>,
    entry: &Entry<'_>,
    kept: &Kept,
    how: &Snapshot,
) -> Result<String, Failure> {
    let manifest = &kept.manifest;
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
        SnapshotKind::Aws | SnapshotKind::Openstack | SnapshotKind::Azure => {
            Box::pin(renewed::restore(step, entry, kept)).await
        }
    }
}

/// The copies of an entry, newest first, wherever they are kept.
pub(crate) async fn kept(cx: &Ctx, env: &Environment, name: &str) -> Result<Vec<Kept>, Failure> {
    let look = SnapshotStep { require: Some(SnapshotName(name.to_owned())), ..SnapshotStep::default() };
    let look = Snapshot { step: look, ..Snapshot::default() };
    let mut facts = Facts::default();
    let mut step = StepCx::new(cx, env, "snapshot", &[], &mut facts);
    let entry = Entry::of(&step, name)?;
    if entry.kind.is_away() {
        Box::pin(meet(&mut step, &Needs::of(env, &look, None))).await?;
    }
    there::all(&step, &entry).await
}

/// Checks a copy, and writes down what came of it.
async fn verify(step: &mut StepCx<'_>, entry: &Entry<'_>, copy: Option<&str>) -> Result<String, Failure> {
    let kept = match copy {
        Some(_) => there::copy(step, entry, copy).await?,
        // Also one whose last check failed.
        None => match there::all(step, entry).await?.into_iter().next() {
            Some(newest) => newest,
            None => there::copy(step, entry, None).await?,
        },
    };
    let mut manifest = kept.manifest.clone();
    let checked = match entry.kind {
        SnapshotKind::Postgres => postgres::verify(step, entry, &manifest).await,
        SnapshotKind::Command => command::verify(step, entry, &manifest).await,
        SnapshotKind::Docker => volume::verify(step, entry, &manifest).await,
        SnapshotKind::Aws | SnapshotKind::Openstack | SnapshotKind::Azure => {
            Box::pin(renewed::verify(step, entry, &kept)).await
        }
    };
    let checked = match checked? {
        Checked::Good(verified) => verified,
        Checked::Bad(failure) => {
            manifest.verified = None;
            let why = failure.error.to_string();
            let why = why.rsplit_once(" is damaged: ").map_or(why.as_str(), |(_, why)| why);
            manifest.failed = Some(step.cx.masks.mask(why).into_owned());
            there::note(step, entry, &manifest).await?;
            return Err(failure);
        }
    };
    let said = format!("{} is good: {}", manifest.name, checked.how);
    manifest.verified = Some(checked);
    manifest.failed = None;
    there::note(step, entry, &manifest).await?;
    Ok(said)
}

/// The gate: a copy that is good enough, or why there is none.
async fn require(step: &StepCx<'_>, entry: &Entry<'_>, wanted: &SnapshotStep) -> Result<String, Failure> {
    let all = there::all(step, entry).await?;
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
