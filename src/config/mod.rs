//! Know the project: what its files say, checked and merged.

mod graph;
mod host;
pub(crate) mod mentions;
mod outline;
mod project;
mod reference;
mod rules;
pub(crate) mod unready;
mod usual;
pub(crate) mod environment;
mod foreign;
pub(crate) mod origin;
mod check;
mod resolve;
mod source;
mod refused;
mod known;
mod shape;
pub(crate) mod node;
pub(crate) mod variables;
pub(crate) mod step;
mod wait;
pub(crate) mod model;
pub(crate) mod verbs;
mod scope;
pub(crate) mod template;
mod action_name;
pub(crate) mod download;
pub(crate) mod wanted;

pub use environment::Environment;
pub(crate) use graph::Glance;
pub use project::Project;
pub use reference::{reference_markdown, schema};
pub use step::Action;
pub(crate) use template::is_environment_name;
