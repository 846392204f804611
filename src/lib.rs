//! infractl: one binary in front of an infrastructure repository.
//!
//! The order of the `mod` lines is the law of the layers: a module may use only modules listed below it
//! (`tests/layers.rs` checks it).

pub mod start; // from the command line to an exit code
pub mod commands; // what people type: one file per verb
pub mod pipeline; // the same care for every verb: order, confirmation, events
pub mod steps; // how one step is done: one file per kind
pub mod tools; // what other programs understand: arguments in, answers out; pure
pub mod secrets; // the secrets of an environment: find keys, open, edit, save
pub mod files; // text for other programs: environment files; pure
pub mod history; // what was done: recorded, read back, told as HTML, JUnit, JSON and Markdown
pub mod context; // everything impure, made once
pub mod ui; // talk to people
pub mod exec; // start programs: the only place that does
pub mod config; // know the project
pub mod disk; // files, whole or not at all
pub mod sops; // the SOPS file format: bytes in, bytes out
pub mod redact; // hide secrets in everything that is shown
pub mod failure; // what ends a command: why, which exit code, what to do
pub mod text; // words, lists, durations
