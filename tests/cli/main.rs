//! infractl as people run it: the real program, an environment of its own, canaries as secrets.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::format_collect,
    reason = "tests: a panic is a failure, programs are started, files are damaged on purpose"
)]

#[path = "../common/mod.rs"]
mod common;

mod absent;
mod advice;
mod apply;
mod audit;
mod archives;
mod bootstrap;
mod bucket_server;
mod checks;
mod cluster;
mod config;
mod cost;
mod deployments;
mod ci;
mod cookbook;
mod estate;
mod documents;
mod doctor;
mod exact;
mod failures;
mod faults;
mod first_run;
mod flood;
mod foreign;
mod forge;
mod history;
mod hooks;
mod http;
mod import;
mod inventory;
mod lock;
mod many;
mod manual;
mod new;
mod one_state;
mod parts;
mod pipelines;
mod plans;
mod promote;
mod questions;
mod readme;
mod release;
mod runbook;
mod scenarios;
mod scripts;
mod signals;
mod state;
mod state_server;
mod status;
mod terminal;
mod terraform;
mod tf;
mod tools;
mod traffic;
mod troubleshooting;
mod trust;
mod ttl;
mod usage;
mod values;
mod waits;
mod walk;
mod window;
mod with;
mod words;
