//! The records of a run: what it is about to deploy, that it begins, how it ended.

use indexmap::IndexMap;

use super::lease::Term;
use super::record::{Begun, Deployed, Release, What};
use super::{job, store, tagged};
use crate::config::verbs::Turn;
use crate::failure::{Failure, Kind};
use crate::history::State;
use crate::work::StepCx;
use crate::work::images::{self, Image};

/// What a run is about to deploy.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meant {
    /// It deploys.
    pub deploys: bool,
    /// It looks whether all is well, after that.
    pub verifies: bool,
    /// What is deployed, where it is not what is checked out.
    pub of: Option<Release>,
    /// The environment it comes from.
    pub from: Option<String>,
    /// The deployment that it leaves.
    pub leaves: Option<u64>,
    /// What it means for the `[ttl]` of the environment; none where there is none.
    pub turn: Option<Turn>,
    /// Whether it brings something up, stops it or takes it down, with a `[ttl]` or without.
    pub way: Option<Turn>,
    /// It is done because the time of the environment is over.
    pub is_due: bool,
    /// It is done outside of the window of the environment: what is said of that.
    pub outside_window: Option<String>,
}

/// The records that a run writes.
#[derive(Debug, Default)]
pub(crate) struct Writing {
    meant: Meant,
    of: Release,
    number: Option<u64>,
    is_up: bool,
    is_told: bool,
}

impl Writing {
    /// Before the first step, with the lock: an error where nothing may be deployed.
    pub(crate) async fn new(step: &mut StepCx<'_>, meant: Option<&Meant>) -> Result<Writing, Failure> {
        let meant = meant.cloned().unwrap_or_default();
        if meant.is_due {
            still_over(step).await?;
        }
        if !meant.deploys {
            return Ok(Writing { meant, ..Writing::default() });
        }
        let name = &step.env.name;
        if let Some(why) = store::all(step).await?.standing.frozen {
            return Err(Failure::new(Kind::Busy, format!("`{name}` is frozen: {why}"))
                .help(format!(
                    "look at what runs there, then allow deployments: `infractl unlock {name} --thaw`"
                ))
                .help("read `infractl help promote.md`, on deployments that fail"));
        }
        let of = match &meant.of {
            Some(of) => of.clone(),
            None => tagged::here(step.cx, step.env).await?,
        };
        Ok(Writing { meant, of, ..Writing::default() })
    }

    /// Before the first step that changes the environment.
    pub(crate) async fn begins(&mut self, step: &mut StepCx<'_>, verb: &str) -> Result<(), Failure> {
        if let Some(text) = self.meant.outside_window.as_ref().filter(|_| !self.is_told) {
            step.cx.ui.warn(format!("`{}`: {text}", step.env.name));
            self.is_told = true;
        }
        if self.meant.turn == Some(Turn::Up) && !self.is_up {
            // Before anything is there: what is killed half way is up all the same.
            store::add(step, What::Up { verb: verb.to_owned() }).await?;
            self.is_up = true;
        }
        if !self.meant.deploys || self.number.is_some() {
            return Ok(());
        }
        let begun = Begun {
            verb: verb.to_owned(),
            environment: step.env.name.clone(),
            of: self.of.clone(),
            from: self.meant.from.clone(),
            leaves: self.meant.leaves,
            job: job::of(|name| step.cx.vars.get(name)),
            migrations: step.env.release.migrations,
            outside_window: self.meant.outside_window.clone(),
        };
        // Later runs of this environment mean the same images.
        for (name, image) in &step.facts.images {
            if matches!(image, Image::Given { .. }) {
                images::remember(step.env, name, image)?;
            }
        }
        self.number = Some(store::add(step, What::Began(begun)).await?);
        Ok(())
    }

    /// After the last step, or the one that failed. What was never begun leaves no record.
    pub(crate) async fn ended(
        &self,
        step: &mut StepCx<'_>,
        verb: &str,
        result: Result<(), &Failure>,
    ) -> Result<(), Failure> {
        if let Some(turn @ (Turn::Stops | Turn::Destroys)) = self.meant.turn.filter(|_| result.is_ok()) {
            // What is left may still cost something: then it is no end.
            let destroyed = turn == Turn::Destroys && step.facts.left.is_empty();
            if destroyed || turn == Turn::Stops {
                store::add(step, What::Down { verb: verb.to_owned(), destroyed }).await?;
            }
        }
        if let Some(deployment) = self.number {
            let outcome = State::of_code(result.map_or_else(|failure| failure.kind.code(), |()| 0));
            let (images, snapshot) = (deployed_images(step), step.facts.snapshot.clone());
            store::add(step, What::Deployed(Deployed { deployment, outcome, images, snapshot })).await?;
        }
        if !self.meant.verifies || result.is_err() {
            return Ok(());
        }
        // `verify` by itself is about what was deployed last.
        let last =
            store::all(step).await?.standing.last().filter(|last| last.is_done()).map(|last| last.number);
        if let Some(deployment) = self.number.or(last) {
            store::add(step, What::Verified { deployment }).await?;
        }
        Ok(())
    }
}

/// An error when the environment has got more time, or is not up any more, since somebody looked.
async fn still_over(step: &mut StepCx<'_>) -> Result<(), Failure> {
    let Some(ttl) = step.env.ttl.clone() else { return Ok(()) };
    let name = step.env.name.clone();
    match store::all(step).await?.standing.lease.term(&ttl, (step.cx.now)()) {
        // One that stopped and runs again by itself is stopped again.
        Term::Over(_) | Term::Down(_) => Ok(()),
        _ => Err(Failure::new(Kind::Busy, format!("`{name}` has got more time meanwhile"))
            .help(format!("see how much: `infractl expire {name} --dry-run`"))),
    }
}

/// The images of the environment, as this run or an earlier one knows them.
fn deployed_images(step: &StepCx<'_>) -> IndexMap<String, String> {
    let mut known = images::read(step.env);
    known.extend(step.facts.images.iter().map(|(name, image)| (name.clone(), image.clone())));
    let declared = step.env.images.keys();
    declared.filter_map(|name| Some((name.clone(), known.get(name)?.reference()))).collect()
}
