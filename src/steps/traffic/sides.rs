//! What all stores share: the two sides, what was set, and whether somebody who asks to stop is heard.

use std::time::Duration;

use super::weights::Weights;
use crate::failure::Failure;
use crate::work::StepCx;

/// Whether somebody who asks to stop is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ears {
    /// It ends then.
    Open,
    /// It is what is done because they asked.
    Shut,
}

/// What was set, and when it counts everywhere.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// The change that is under way.
    pub change: Option<String>,
    /// How long others may still go by what was there.
    pub rest: Duration,
}

/// The two sides, as the store calls them.
#[derive(Debug, Clone)]
pub(super) struct Sides {
    pub blue: String,
    pub green: String,
}

impl Sides {
    /// The weights of what is there, in the order it is there; an error names what is neither of the two.
    pub(super) fn count<'a>(
        &self,
        there: impl IntoIterator<Item = (&'a str, u32)>,
    ) -> Result<Weights, String> {
        let mut weights = Weights { blue: 0, green: 0 };
        for (name, weight) in there {
            match name {
                name if name == self.blue => weights.blue += weight,
                name if name == self.green => weights.green += weight,
                _ if weight == 0 => {}
                other => return Err(other.to_owned()),
            }
        }
        Ok(weights)
    }
}

/// The failure of what somebody has stopped.
pub(super) fn stopped(step: &StepCx<'_>) -> Failure {
    step.interrupted(format!("`{}` of `{}` was stopped", step.name, step.env.name))
}
