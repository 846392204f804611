//! Attacks: a machine that dies, an operator in a hurry, programs that print secrets, torn configurations, and forty
//! colleagues at once. A short one of each runs with all tests; the long ones by hand:
//!
//! ```text
//! INFRACTL_ATTACK_ROUNDS=3000 cargo test --test attack kills -- --nocapture
//! INFRACTL_ATTACK_ROUNDS=600  cargo test --test attack interrupts -- --nocapture
//! INFRACTL_ATTACK_ROUNDS=31   cargo test --test attack canaries -- --nocapture     31 secrets, each in 31 forms
//! INFRACTL_ATTACK_ROUNDS=3000 cargo test --test attack mutated -- --nocapture
//! INFRACTL_ATTACK_ROUNDS=40   cargo test --test attack contenders -- --nocapture   40 at once
//! ```
//!
//! A round that fails says its seed: with `INFRACTL_ATTACK_SEED` it is the first of the next run.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "tests: a panic is a failure, programs are started, files written, and figures said"
)]

#[path = "../common/mod.rs"]
mod common;

mod canaries;
mod contenders;
mod interrupts;
mod kills;
mod mutated;
mod rounds;
mod verbs;
mod world;
