//! Programs of the project: which would be started, which version, where they can be had, installed by checksum.

pub(crate) mod install;
pub(crate) mod lock;
pub(crate) mod check;
pub(crate) mod look;
mod kept;
pub(crate) mod path;
mod together;
mod unpack;
mod download;
pub(crate) mod web;
pub(crate) mod store;
pub(crate) mod lock_file;
pub(crate) mod pin;
