//! What a Makefile and the scripts it calls say, as configuration: text in, text out. Nothing of it is executed.

mod propose;
mod one;
mod shim;
mod document;
mod targets;
mod sets;
mod becoming;
mod script;
mod chain;
mod variables;
mod meaning;
mod maker;
mod environments;
mod evals;
mod evaluate;
mod settings;
mod words;
mod shell;
mod load;
mod functions;
mod expand;
mod makefile;
mod split;
mod names;
mod lines;
mod secret;
mod marks;
pub(crate) mod note;

pub(crate) use propose::{Proposal, TooMany, propose};

/// The files around a Makefile. Paths are relative to the project.
pub(crate) struct Files<'a> {
    /// The text of a file; none when there is none, or no text.
    pub read: &'a dyn Fn(&str) -> Option<String>,
    /// The names in a folder; those of folders end with `/`.
    pub list: &'a dyn Fn(&str) -> Vec<String>,
    /// What the old Makefile is called beside one that calls infractl.
    pub old: &'a str,
}

#[cfg(test)]
mod tests;
