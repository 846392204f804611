//! The SOPS format against files of the real sops, against a second implementation, and against itself.
#![expect(
    clippy::unwrap_used,
    clippy::naive_bytecount,
    clippy::format_push_string,
    clippy::format_collect,
    reason = "tests: a failure is a panic, counts and texts need not be made fast"
)]

#[path = "../common/mod.rs"]
mod common;

mod armor;
mod edit;
mod fixtures;
mod parity;
mod properties;
mod random;
mod recipients;
mod speed;
mod yaml;
