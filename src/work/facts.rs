//! What earlier steps found out, for the next ones.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use indexmap::IndexMap;
use secrecy::SecretString;

use crate::config::Environment;
use crate::config::template::{Foreign, Rendered};
use crate::failure::Failure;
use crate::net::aws::Session;
use crate::secrets::Secrets;
use crate::tools::docker::compose;
use crate::tools::helm::Major;
use crate::tools::power;
use crate::tools::terraform::Output;
use crate::tools::terraform::digest::Digest;
use crate::tools::terraform::planned::Planned;
use crate::work::connections::Connections;
use crate::work::images::{self, Image};
use crate::work::modules::Modules;

/// What earlier steps found out, for the next ones.
#[derive(Default)]
pub struct Facts {
    /// What the run would stop at, found before its first step, which tells it beside what it finds itself.
    pub(crate) stop: Option<Failure>,
    /// Opened once per run, when a step needs them.
    pub secrets: Option<Secrets>,
    /// Outputs by name, once read.
    pub outputs: Option<IndexMap<String, Output>>,
    /// Outputs of other environments, once read.
    pub(crate) foreign: Foreigners,
    /// Values by name, once read or captured.
    pub values: IndexMap<String, Rendered>,
    /// Images by name, once built, pushed or looked up.
    pub(crate) images: IndexMap<String, Image>,
    /// Passwords of registries that programs of clouds gave in this run, by the server.
    pub(crate) registry_passwords: BTreeMap<String, SecretString>,
    /// Serial of the state the outputs came from.
    pub serial: Option<u64>,
    /// The root module and those that it calls, once their files were read.
    pub modules: Modules,
    /// Outputs that the steps of this run name.
    pub expects: BTreeSet<String>,
    /// Addresses of the resources that a destroy of this run left in the state.
    pub left: Vec<String>,
    /// What the last plan or apply counted.
    pub digest: Option<Digest>,
    /// A saved plan that the next step applies; the folder is private and goes with the run.
    pub plan: Option<Arc<SavedPlan>>,
    /// A saved plan that was encrypted.
    pub(crate) opened_plan: Option<OpenedPlan>,
    /// What changed behind terraform's back, as Markdown, for those who are told.
    pub(crate) drift: Option<String>,
    /// What differs from what it should be, in a few words each: found by a check.
    pub differences: Vec<String>,
    /// The folder was initialised in this run.
    pub initialised: bool,
    /// To machines; they end with the run.
    pub connections: Connections,
    /// When git was asked whether it would commit the environment file, and would not.
    pub env_file_allowed: Option<Instant>,
    /// The PATH with the programs that the environment asks for, once somebody looked.
    pub path: OnceLock<Option<String>>,
    /// Who asks AWS, once that was found out.
    pub(crate) aws: Arc<Session>,
    /// The snapshot that the deployment record of this run names.
    pub(crate) snapshot: Option<String>,
    /// The snapshots that deployment records name; none when these cannot be read.
    pub(crate) pinned: Option<BTreeSet<String>>,
    /// Which compose there is, once it was asked; by the machine, empty for this one.
    pub(crate) compose: BTreeMap<String, compose::Program>,
    /// Which helm there is, once it was asked.
    pub(crate) helm: Option<Major>,
    /// When a run began that died, and whose lock this run has taken over.
    pub(crate) left_behind: Option<jiff::Timestamp>,
    /// Where machines and databases are.
    pub state: Option<power::state::State>,
}

impl Facts {
    /// For the step that has made a snapshot: the deployment record of this run names it by this identifier, so that it can
    /// be gone back to, and `snapshot prune` leaves it alone. The last one of a run counts.
    pub(crate) fn keep_snapshot(&mut self, id: &str) {
        self.snapshot = Some(id.to_owned());
    }

    /// Looks up what earlier runs built of these images, where this run has not.
    pub(crate) fn look_up_images(&mut self, env: &Environment, names: &BTreeSet<String>) {
        if names.iter().all(|name| self.images.contains_key(name)) {
            return;
        }
        for (name, image) in images::read(env) {
            if names.contains(&name) {
                self.images.entry(name).or_insert(image);
            }
        }
    }
}

/// Outputs of other environments, once read.
#[derive(Debug, Default)]
pub(crate) struct Foreigners {
    /// All outputs of each environment.
    pub(crate) outputs: BTreeMap<String, IndexMap<String, Output>>,
    /// Those of them that are mocks.
    pub(crate) mocks: BTreeSet<Foreign>,
}

impl Foreigners {
    /// An output of another environment.
    pub(crate) fn get(&self, foreign: &Foreign) -> Option<&Output> {
        self.outputs.get(&foreign.environment)?.get(&foreign.output)
    }
}

/// A saved plan that was encrypted, in a private place.
#[derive(Debug)]
pub(crate) struct OpenedPlan {
    /// The encrypted one.
    pub from: PathBuf,
    /// Where it is in clear; removed with everything in it when the run is over.
    pub dir: crate::disk::PrivateDir,
}

impl OpenedPlan {
    /// The file.
    pub(crate) fn file(&self) -> PathBuf {
        self.dir.path().join("infractl.tfplan")
    }
}

/// A plan for the next step.
#[derive(Debug)]
pub struct SavedPlan {
    /// The file.
    pub file: PathBuf,
    /// Where it is, if this run made it; removed with everything in it when the run is over.
    pub dir: Option<crate::disk::PrivateDir>,
    /// What it comes to.
    pub(crate) planned: Planned,
}
