//! What a forge runs: its file, made from the configuration, and comments on what is proposed there.

pub(crate) mod generate;
mod github;
mod gitlab;
mod azure;
mod shell;
mod install;
pub(crate) mod jobs;
mod stages;
pub(crate) mod job;
pub(crate) mod line;
mod yaml;
pub(crate) mod forge;
pub(crate) mod comment;
