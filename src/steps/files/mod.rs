//! Files: the environment file, the inventory, copies here and to hosts.

pub(crate) mod env_file;
pub(crate) mod age;
pub(crate) mod env_place;
pub(crate) mod inventory;
mod inventory_script;
mod script;
pub(crate) mod copy;
pub(crate) mod send;
mod place;
pub(crate) mod rendered;
mod items;
