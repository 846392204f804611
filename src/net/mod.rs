//! What goes over the network without a program: trusted certificates, connections, requests, signed ones.

pub(crate) mod aws;
pub(crate) mod bucket;
pub(crate) mod manifest;
pub(crate) mod object;
pub(crate) mod sign;
pub(crate) mod pg_tls;
pub(crate) mod http;
mod way;
pub(crate) mod tls;
pub(crate) mod certificate;
pub(crate) mod dial;
pub(crate) mod roots;
pub(crate) mod connect;
pub(crate) mod answer;
pub(crate) mod socks;
pub(crate) mod proxies;
