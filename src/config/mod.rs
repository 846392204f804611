//! Know the project: what its files say, checked and merged.

mod graph;
mod host;
mod known;
pub(crate) mod mentions;
pub(crate) mod model;
mod node;
pub(crate) mod origin;
mod outline;
mod project;
mod reference;
mod rules;
pub(crate) mod unready;
mod usual;
pub(crate) mod environment;
mod resolve;
mod check;
mod source;
mod refused;
mod shape;
pub(crate) mod variables;
mod wait;
pub(crate) mod step;
pub(crate) mod verbs;
mod scope;
pub(crate) mod template;
mod action_name;

pub use environment::Environment;
pub use project::Project;
pub use reference::{reference_markdown, schema};
pub use step::Action;
