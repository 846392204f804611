//! What every test program uses: a project of its own, the real program, and how secrets are looked for, things are
//! waited for and tests are skipped.
#![expect(dead_code, unused_imports, reason = "each test program uses a part of it")]
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a panic is a failed test, programs are started, files written and skips said"
)]

mod asked;
mod backend;
mod canary;
pub(crate) mod documents;
mod example;
mod folder;
mod keys;
pub(crate) mod mistakes;
mod numbers;
mod people;
mod process;
mod program;
mod recorded;
mod sandbox;
pub(crate) mod schema;
mod terminal;
mod texts;

pub(crate) use asked::Asked;
pub(crate) use backend::{absent, beside, is_tofu, need, shared, skip};
pub(crate) use canary::{CANARY, holding, in_clear};
pub(crate) use example::{encrypted, encrypted_for};
pub(crate) use folder::Folder;
pub(crate) use keys::{identities, key, noon, own, public};
pub(crate) use numbers::Numbers;
pub(crate) use people::{Person, Repo};
pub(crate) use process::{processes, send, start, wait_for};
pub(crate) use program::{BIN, Run, clean, output, path_with, program};
pub(crate) use recorded::{recorded, verbs};
pub(crate) use sandbox::Sandbox;
pub(crate) use terminal::{Terminal, on_a_terminal};
pub(crate) use texts::{changed_lines, differences};
