//! infractl: one binary in front of an infrastructure repository.
//!
//! The order of the `mod` lines is the law of the layers: a module may use only modules listed below it
//! (`tests/layers.rs` checks it).

pub mod failure;
pub mod sops; // the SOPS file format: bytes in, bytes out // what ends a command: why, which exit code, what to do
