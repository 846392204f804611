//! The SOPS format against files of the real sops, against a second implementation, and against itself.
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::naive_bytecount,
    clippy::format_push_string,
    clippy::format_collect,
    reason = "tests: a failure is a panic, a skip is said, counts and texts need not be made fast"
)]

mod armor;
mod edit;
mod fixtures;
mod parity;
mod properties;
mod random;
mod recipients;
mod speed;
mod support;
mod yaml;
