//! Publishes folders as repositories of a forge: what is missing there is made, a commit is pushed only where the files
//! differ, on top of what is there or not at all. Neither the checkout nor its index is touched.

mod foreseen;
mod one;
mod wanted;
mod api;
mod remote;
mod content;
mod guard;

use futures_util::stream::{self, StreamExt as _};
use serde_json::{Map, Value as Json};

use self::one::{Became, Outcome};
use self::wanted::{Target, Wanted};
use crate::config::Environment;
use crate::config::model::{Forge, Publish};
use crate::config::verbs::Effect;
use crate::disk::{self, PrivateDir};
use crate::exec::BoxFuture;
use crate::failure::{Failure, Kind};
use crate::text::plural;
use crate::ui::event::Level;
use crate::work::StepCx;
use crate::work::kind::{Mention, StepKind};
use crate::work::script::Script;
use crate::work::values::Known;

pub(crate) use self::foreseen::foreseen;

/// So many at once.
const AT_ONCE: usize = 4;

impl StepKind for Publish {
    fn visit(&self, _: &Environment, see: &mut dyn FnMut(Mention<'_>)) {
        let arguments = [Some(&self.server), self.owner.as_ref(), self.name.as_ref(), self.branch.as_ref()];
        arguments.into_iter().flatten().for_each(|argument| see(Mention::Template(&argument.0)));
        self.token.iter().for_each(|token| see(Mention::Template(&token.0)));
        self.folders.iter().for_each(|folder| see(Mention::File(&folder.0)));
        see(Mention::Starts("git"));
    }

    fn effect(&self) -> Option<Effect> {
        Some(Effect::Changes)
    }

    fn run<'a>(&'a self, step: &'a mut StepCx<'_>) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(run(step, self))
    }

    fn describe(&self, step: &mut StepCx<'_>) -> Result<Vec<String>, Failure> {
        let known = Known::shown(step, self);
        let (server, targets) = wanted::targets(step, &known, self)?;
        let branch = wanted::branch(step, &known, self)?;
        let one = |target: &Target| {
            let is_made = if self.forge == Some(Forge::None) { "" } else { "made if it is missing; " };
            let shown = crate::work::relative(step, &target.folder);
            let url = server.url(&target.name);
            format!("publish {shown} to {url} {branch}  # {is_made}a commit if the files differ")
        };
        Ok(targets.iter().map(one).collect())
    }

    fn script(&self, step: &StepCx<'_>, _: &mut Script) -> Result<Vec<String>, Failure> {
        let why = format!(
            "`{}` has no script: it looks what is there, waits for the forge and compares files before it makes or pushes \
             anything",
            step.name
        );
        Err(Failure::new(Kind::Usage, why)
            .help("leave it out with `--skip`")
            .help("see what it would do: `--dry-run`"))
    }
}

/// The folder for what is made on the way; gone with it.
fn bench(step: &StepCx<'_>) -> Result<PrivateDir, Failure> {
    let place = step.env.home.join(".infractl/publish");
    disk::make_private_dir(&place)?;
    Ok(PrivateDir::at(&place)?)
}

/// Publishes them all; one that fails ends none of the others.
async fn run(step: &mut StepCx<'_>, publish: &Publish) -> Result<String, Failure> {
    let wanted = Wanted::of(step, &Known::of(step), publish)?;
    let folder = bench(step)?;
    let mut ended = {
        let step = &*step;
        let forge = wanted.forge(step).await?;
        let (wanted, forge, folder) = (&wanted, forge.as_ref(), folder.path());
        let mut all: Vec<BoxFuture<'_, (usize, Result<Outcome, Failure>)>> = Vec::new();
        for (at, target) in wanted.targets.iter().enumerate() {
            let own = folder.join(at.to_string());
            all.push(Box::pin(async move {
                let outcome = one::publish(step, wanted, forge, target, own).await;
                told(step, target, &outcome);
                (at, outcome)
            }));
        }
        stream::iter(all).buffer_unordered(AT_ONCE).collect::<Vec<_>>().await
    };
    // What is said of them does not depend on which is the first to end.
    ended.sort_by_key(|(at, _)| *at);
    let (mut done, mut failures) = (Vec::new(), Vec::new());
    for (target, (_, outcome)) in wanted.targets.iter().zip(ended) {
        match outcome {
            Ok(outcome) => done.push((target, outcome)),
            Err(failure) => {
                failures.push(failure.context(format!("`{}` could not be published", target.name)));
            }
        }
    }
    if let Some(ear) = &step.frame.ear {
        let revisions: Map<String, Json> = done
            .iter()
            .map(|(target, outcome)| (target.name.clone(), Json::from(outcome.revision.as_str())))
            .collect();
        ear.answer(Vec::new(), Json::Object(revisions).to_string());
    }
    Failure::all(failures)?;
    Ok(summary(&done))
}

/// The line of one of them, as soon as it is known.
fn told(step: &StepCx<'_>, target: &Target, outcome: &Result<Outcome, Failure>) {
    let name = &target.name;
    step.line(
        Level::Normal,
        match outcome {
            Ok(outcome) => format!("{name}: {} at {:.10}", outcome.became.shown(), outcome.revision),
            Err(_) => format!("{name}: failed"),
        },
    );
}

/// `2 created, 1 unchanged`.
fn summary(done: &[(&Target, Outcome)]) -> String {
    if let [(_, outcome)] = done {
        return outcome.became.shown();
    }
    let count = |is: fn(&Became) -> bool| done.iter().filter(|(_, outcome)| is(&outcome.became)).count();
    let all = [
        (count(|became| matches!(became, Became::Created(_))), "created"),
        (count(|became| matches!(became, Became::Updated(_))), "updated"),
        (count(|became| matches!(became, Became::Unchanged)), "unchanged"),
    ];
    let some = all.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}"));
    some.collect::<Vec<_>>().join(", ")
}

impl Became {
    fn shown(&self) -> String {
        match self {
            Became::Created(files) => format!("created, {}", plural(*files, "file")),
            Became::Updated(files) => format!("updated, {}", plural(*files, "file")),
            Became::Unchanged => "unchanged".to_owned(),
        }
    }
}
