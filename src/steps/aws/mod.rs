//! AWS for steps: what is asked often is asked directly, what changes something goes through the `aws` program.

mod why;
pub(crate) mod crashes;
pub(crate) mod service;
mod reader;
mod program;
pub(crate) mod credentials;

pub(crate) use program::{change, change_once};
pub(crate) use reader::Reader;
pub(crate) use why::why;
