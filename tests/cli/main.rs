//! infractl as people run it: the real program, an environment of its own, canaries as secrets.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::format_collect,
    reason = "tests: a panic is a failure, programs are started, files are damaged on purpose"
)]

#[path = "../common/mod.rs"]
mod common;

mod apply;
mod ci;
mod faults;
mod flood;
mod history;
mod inventory;
mod lock;
mod many;
mod parts;
mod pipelines;
mod readme;
mod scripts;
mod signals;
mod state_server;
mod terminal;
mod terraform;
mod trust;
mod usage;
mod waits;
