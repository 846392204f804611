//! The SOPS format against files of the real sops, against a second implementation, and against itself.

mod edit;
mod fixtures;
mod parity;
mod properties;
mod random;
mod recipients;
mod speed;
mod support;
mod yaml;
