//! The secrets verbs as people run them: the real program, real git, real editors, canaries as secrets.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "helpers of tests: a panic is a failed test, and the real program is started"
)]

#[path = "../common/mod.rs"]
mod common;

mod check;
mod edit;
mod faults;
mod merge;
mod mutations;
mod team;
mod terminal;
mod verbs;
mod walk;
