//! Know the project: what its files say, checked and merged.

mod action_name;
mod check;
pub(crate) mod environment;
mod graph;
mod host;
mod known;
pub(crate) mod model;
mod node;
pub(crate) mod origin;
mod project;
mod reference;
mod refused;
mod resolve;
mod rules;
mod scope;
mod shape;
mod source;
pub(crate) mod step;
pub(crate) mod template;
pub(crate) mod unready;
mod usual;
pub(crate) mod variables;
pub(crate) mod verbs;
mod wait;

pub use environment::Environment;
pub use project::Project;
pub use reference::{reference_markdown, schema};
pub use step::Action;
