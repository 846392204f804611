//! What is up, kept over the runs of an environment.

use super::engine::PipelineRun;
use super::scenario::brings_up;
use crate::budget::demand::Needed;
use crate::config::chosen::Up;
use crate::config::verbs::Turn;
use crate::failure::{Failure, Kind};

impl PipelineRun<'_> {
    /// Before a step that changes the environment: from now on something of this scenario may be there.
    pub(super) fn brings_up(&mut self) -> Result<(), Failure> {
        if !brings_up(self.options) {
            return Ok(());
        }
        if self.kept.before.is_some() {
            self.kept.is_changed = true;
            return Ok(());
        }
        let needed = Needed::of(self.env, self.env.scenario.as_ref());
        let before = Up::read(&self.env.home, &self.env.name);
        if self.env.scenario.is_some() || !needed.is_nothing() {
            needed.up(self.env.scenario.as_ref()).write(&self.env.home, &self.env.name)?;
        }
        self.kept.before = Some(before);
        Ok(())
    }

    /// After the last step, or the one that failed.
    pub(super) fn is_kept(&mut self, result: Result<(), &Failure>) -> Result<(), Failure> {
        let (home, name) = (&self.env.home, &self.env.name);
        let way = self.options.meant.as_ref().and_then(|meant| meant.way);
        match (result, way, self.kept.before.take()) {
            // Somebody said no before anything was done.
            (Err(failure), _, Some(before)) if failure.kind == Kind::Declined && !self.kept.is_changed => {
                match before {
                    Some(up) => up.write(home, name),
                    None => Up::forget(home, name).map(drop),
                }
            }
            (Ok(()), Some(Turn::Stops), _) => match Up::read(home, name) {
                Some(up) => Up { is_stopped: true, ..up }.write(home, name),
                None => Ok(()),
            },
            (Ok(()), Some(Turn::Destroys), _) if self.facts.left.is_empty() => {
                Up::forget(home, name).map(drop)
            }
            _ => Ok(()),
        }
    }
}
