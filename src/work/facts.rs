//! What earlier steps found out, for the next ones.

use std::path::PathBuf;

use indexmap::IndexMap;

use crate::secrets::Secrets;
use crate::tools::power;
use crate::tools::terraform::Output;
use crate::tools::terraform::digest::Digest;
use crate::work::connections::Connections;

/// What earlier steps found out, for the next ones.
#[derive(Default)]
pub struct Facts {
    /// Opened once per run, when a step needs them.
    pub secrets: Option<Secrets>,
    /// Outputs by name, once read.
    pub outputs: Option<IndexMap<String, Output>>,
    /// Serial of the state the outputs came from.
    pub serial: Option<u64>,
    /// What the last plan or apply counted.
    pub digest: Option<Digest>,
    /// A saved plan that the next step applies; the folder is private and goes with the run.
    pub plan: Option<SavedPlan>,
    /// What differs from what it should be, in a few words each: found by a check.
    pub differences: Vec<String>,
    /// The folder was initialised in this run.
    pub initialised: bool,
    /// To machines; they end with the run.
    pub connections: Connections,
    /// Where machines and databases are.
    pub state: Option<power::state::State>,
}

/// A plan kept for the next step.
pub struct SavedPlan {
    /// The file.
    pub file: PathBuf,
    /// Removed with everything in it when the run is over.
    pub dir: crate::disk::PrivateDir,
}
