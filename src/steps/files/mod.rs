//! Files: the environment file, the inventory, copies here and to hosts.

pub(crate) mod env_place;
pub(crate) mod env_file;
pub(crate) mod inventory;
mod script;
pub(crate) mod copy;
mod items;
mod place;
pub(crate) mod send;
pub(crate) mod rendered;
