//! The SOPS format against files of the real sops, against a second implementation, and against itself.

mod fixtures;
mod support;
