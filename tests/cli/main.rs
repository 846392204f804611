//! infractl as people run it: the real program, an environment of its own, canaries as secrets.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::format_collect,
    clippy::print_stderr,
    reason = "tests: a panic is a failure, programs are started, files are damaged on purpose"
)]

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
mod sandbox;
mod scripts;
mod signals;
mod state_server;
mod terminal;
mod terraform;
mod usage;
mod waits;
