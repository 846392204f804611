//! The SOPS file format: bytes in, bytes out.
//!
//! Reads and writes what sops 3.13 reads and writes: dotenv, YAML, JSON and binary files whose data key is
//! wrapped for age recipients. Nothing here touches a disk, a clock, the environment or a random source:
//! the caller hands them in.
//!
//! - [`inspect()`] and [`is_encrypted`] look at a file without a key.
//! - [`Encrypted`] is a parsed file; [`Encrypted::data_key`] and [`Encrypted::decrypt`] make it [`Plain`].
//! - [`Plain`] is an open document: read it, change it, [`Plain::seal`] it again. Values that did not change
//!   keep their ciphertext, so a change of one value changes three lines.
//!
//! ```
//! use infractl::testing::sops::{Encrypted, Format, KeyGroups, NewFile, Plain, Value, key};
//!
//! # fn main() -> Result<(), infractl::testing::sops::SopsError> {
//! let identity = age::x25519::Identity::generate();
//! let mut fill = |buffer: &mut [u8]| buffer.fill(7); // a real random source, please
//! let now = jiff::Timestamp::UNIX_EPOCH;
//!
//! let new = NewFile::for_recipients([identity.to_public().to_string()]);
//! let mut plain = Plain::create(b"TOKEN=old\n", Format::from_path("credentials/dev.enc.env"), &new, &mut fill)?;
//! plain.set(&key("TOKEN"), Value::text("new").into())?;
//! let file = plain.seal(now, &mut fill)?.to_bytes()?;
//!
//! let encrypted = Encrypted::parse(&file, Format::Dotenv)?;
//! let data_key = encrypted.data_key(&[Box::new(identity)])?;
//! let plain = encrypted.decrypt(&data_key)?;
//! assert_eq!(plain.to_bytes(Format::Dotenv)?.as_slice(), b"TOKEN=new\n");
//! # Ok(())
//! # }
//! ```

use std::fmt;

mod inspect;
mod encrypted;
mod plain;
mod store;
mod json;
mod flatten;
mod walk;
mod recipients;
mod metadata;
mod rule;
mod shamir;
mod dotenv;
mod cipher;
mod conflict;
mod yaml;
mod scalar;
mod same;
mod remarks;
mod tree;
mod error;

pub use cipher::DataKey;
pub(crate) use cipher::Fill;
pub use encrypted::Encrypted;
pub(crate) use error::EntryFailure;
pub use error::SopsError;
pub(crate) use inspect::Survey;
pub use inspect::{Finding, inspect, is_encrypted};
pub use metadata::Recipient;
pub use plain::{NewFile, PathStep, Plain, key};
pub use recipients::KeyGroups;
pub(crate) use recipients::{is_post_quantum, recipient};
pub use rule::Rule;
pub(crate) use rule::compile;
pub(crate) use tree::{Entry, Text};
pub use tree::{Map, Node, Value};

/// The version of sops whose behaviour this follows; written into new files.
pub(crate) const VERSION: &str = "3.13.2";

/// How a document is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// `KEY=VALUE` lines.
    Dotenv,
    /// YAML, one or more documents.
    Yaml,
    /// A JSON object.
    Json,
    /// Any bytes; encrypted as a JSON envelope.
    Binary,
}

impl Format {
    /// By the ending of the name, as sops does: `.env`, `.yaml`, `.yml`, `.json`, else binary.
    pub fn from_path(path: &str) -> Self {
        // The ending alone decides, in lower case only: `.env` is a dotenv file, `.env.prod` and `A.ENV` are not.
        match path.rsplit_once('.').map(|(_, ending)| ending) {
            Some("env") => Format::Dotenv,
            Some("yaml" | "yml") => Format::Yaml,
            Some("json") => Format::Json,
            _ => Format::Binary,
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::Dotenv => "dotenv",
            Format::Yaml => "YAML",
            Format::Json => "JSON",
            Format::Binary => "a binary file",
        })
    }
}
