//! A release: the next version, what is new, the tag that says what it is made of; one push, or nothing.

pub(crate) mod publish;
pub(crate) mod prepare;
pub(crate) mod look;
pub(crate) mod manifest;
pub(crate) mod changelog;
pub(crate) mod next;
pub(crate) mod commits;
mod call;
