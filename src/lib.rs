//! infractl: one binary in front of an infrastructure repository.
//!
//! The order of the `mod` lines is the law of the layers: a module may use only modules listed below it
//! (`tests/layers.rs` checks it).

pub mod secrets; // the secrets of an environment: keys, files, changes to them
pub mod files; // text for other programs: environment files; pure
pub mod exec; // start programs: the only place that does
pub mod disk; // files, whole or not at all
pub mod sops; // the SOPS file format: bytes in, bytes out
pub mod redact; // hide secrets in everything that is shown
pub mod failure; // what ends a command: why, which exit code, what to do
