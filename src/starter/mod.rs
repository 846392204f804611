//! A project that begins: what is there already, what has to be written, and writing it.

mod write;
mod plan;
mod sealed;
mod adopted;
pub(crate) mod ignore;
mod layout;
mod folder;
mod note;
mod template;

pub(crate) use folder::{Seen, look, project_around};
pub(crate) use layout::{Found, Layout, understand};
pub(crate) use note::Note;
pub(crate) use plan::{Choices, Fate, Item, plan};
pub(crate) use sealed::{Given, common};
pub(crate) use template::{Template, is_protected};
pub(crate) use write::{obstacles, write};
