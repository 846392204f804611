//! The SOPS format against files of the real sops, against a second implementation, and against itself.

mod edit;
mod fixtures;
mod recipients;
mod support;
mod yaml;
