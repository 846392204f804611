//! Machines: how they are reached, logins, connections.

pub(crate) mod connection;
pub(crate) mod login;
pub(crate) mod host;
