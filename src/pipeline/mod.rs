//! The same care for every verb: order, confirmation, cancellation, events.

pub mod engine;
pub mod graph;
pub mod lock;
pub mod many;
pub mod plan;
pub mod queue;

use crate::steps::Work;

/// What a verb does to one environment: plain data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pipeline {
    /// The verb, as it was typed.
    pub verb: String,
    /// In order.
    pub steps: Vec<Step>,
}

/// One step of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// For people, history and selection.
    pub name: String,
    /// What it does.
    pub work: Work,
}

impl Step {
    /// A step with a name.
    pub fn new(name: &str, work: Work) -> Self {
        Step { name: name.to_owned(), work }
    }
}
