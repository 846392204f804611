//! Know the project: what its files say, checked and merged.

mod action_name;
mod check;
pub mod environment;
mod graph;
mod known;
pub mod model;
mod node;
pub mod origin;
mod project;
mod reference;
mod refused;
mod resolve;
mod rules;
mod scope;
mod shape;
mod source;
pub mod step;
pub mod template;
mod usual;
pub mod variables;
mod wait;

pub use environment::Environment;
pub use graph::Glance;
pub use project::{Project, is_environment_name};
pub use reference::{reference_markdown, schema};
pub use step::{Action, Step};
pub use template::Template;
