//! Files: the environment file, the inventory, copies here and to hosts.

pub(crate) mod env_file;
pub(crate) mod env_place;
mod inventory_script;
pub(crate) mod inventory;
mod script;
pub(crate) mod copy;
pub(crate) mod send;
mod place;
mod items;
pub(crate) mod rendered;
