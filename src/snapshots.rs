//! Snapshots that are kept: what is written down of each, where, which of them go, which are good enough for what comes.

pub(crate) mod meant;
pub(crate) mod away;
pub(crate) mod retention;
pub(crate) mod gate;
pub(crate) mod shelf;
pub(crate) mod name;
mod manifest;

pub(crate) use manifest::{Database, Manifest, Stored, Verified};
