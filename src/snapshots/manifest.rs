//! What is written down of a snapshot, beside it. Without this a snapshot does not count.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The form of the files.
pub(super) const FORMAT: u32 = 1;

/// What is known of a snapshot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Manifest {
    /// The form of this file.
    pub format: u32,
    /// Its name, which says when.
    pub name: String,
    /// Project.
    pub project: String,
    /// Environment.
    pub environment: String,
    /// Its name in `[snapshots]`.
    pub snapshot: String,
    /// `postgres`, `docker`, …
    pub kind: String,
    /// When it was begun.
    pub created: Timestamp,
    /// Who made it, on which machine.
    pub by: String,
    /// The verb or pipeline of the run, and when that began.
    pub run: String,
    /// The infractl that made it.
    pub infractl: String,
    /// The encrypted file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored: Option<Stored>,
    /// The database that is in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<Database>,
    /// What it was made of, and its id, where it is elsewhere: a volume, a disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// Its id at the cloud.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Bytes of the disk that it is of, where it is elsewhere: the most that it can take there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// What was checked of it last, if it was found good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified: Option<Verified>,
    /// Why it was found to be of no use, when it was checked last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

/// An encrypted file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Stored {
    /// Its name, in the same folder.
    pub file: String,
    /// Its size.
    pub bytes: u64,
    /// Of the encrypted file.
    pub sha256: String,
    /// Size of what is in it.
    pub plain_bytes: u64,
    /// The public keys that it is encrypted for.
    pub recipients: Vec<String>,
}

/// A database of PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Database {
    /// Its name.
    pub name: String,
    /// Who owns it.
    pub owner: String,
    /// Version of the server.
    pub server: String,
    /// Version of `pg_dump`.
    pub client: String,
    /// `UTF8`, …
    pub encoding: String,
    /// How it sorts.
    pub collate: String,
    /// What it takes for letters.
    pub ctype: String,
}

/// A check that went well.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Verified {
    /// When.
    pub at: Timestamp,
    /// How: `restored into infractl_verify_…; the query says 500000`.
    pub how: String,
    /// Seconds that restoring it took: as long as it will take when it is needed.
    pub seconds: f64,
}
