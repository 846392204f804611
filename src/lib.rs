//! infractl: one binary in front of an infrastructure repository.
//!
//! The order of the `mod` lines is the law of the layers: a module may use only modules listed below it
//! (`tests/layers.rs` checks it).

pub mod testing; // what tests and benches outside of the crate use of it, in one place
mod start; // from the command line to an exit code
mod commands; // what people type: one file per verb
mod doctor; // is everything there that runs need; changes nothing
mod release; // the next version, what is new, the tag that says what it is made of
mod ci; // the file of a forge, and comments on what is proposed there
mod pipeline; // the same care for every verb: order, confirmation, events
mod deployments; // what was deployed where: records that cannot be changed unseen
mod lock; // one run at a time on an environment
mod steps; // how one step is done: one folder or file per kind
mod hosts; // machines: logins, connections
mod starter; // a project that begins: what is there already, what has to be written
mod work; // the mechanism of a step: what it works with, needs, values, conditions, scripts
mod budget; // what an environment takes of a machine, and what is there
mod toolbox; // programs of the project: which would be started, which version, installed by checksum
mod tools; // what other programs understand: arguments in, answers out; pure
mod secrets; // the secrets of an environment: find keys, open, edit, save
mod files; // text for other programs: environment files; pure
mod snapshots; // what is kept and can be restored: written down, chosen, thinned out
mod make; // what a Makefile and its scripts say, as configuration; pure
mod history; // what was done: recorded, read back, told as HTML, JUnit, JSON and Markdown
mod context; // everything impure, made once
mod ui; // talk to people
mod exec; // start programs: the only place that does
mod config; // know the project
mod net; // certificates, connections, signed requests
mod disk; // files, whole or not at all
mod platform; // what Linux and macOS do differently, in one place
mod sops; // the SOPS file format: bytes in, bytes out
mod redact; // hide secrets in everything that is shown
mod failure; // what ends a command: why, which exit code, what to do
mod text; // words, lists, durations

pub use start::start;
