//! One environment, ready to use: defaults filled in, paths absolute.

mod filled;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use serde_json::Value as Json;

use crate::config::action_name;
use crate::config::cluster::Cluster;
use crate::config::model::{self, ArgumentInput, Input, InventoryFormat};
use crate::config::origin::Document;
use crate::config::resolve::Setting;
use crate::config::step::Step;
use crate::config::template::Template;
use crate::failure::Failure;

/// One environment, ready to use.
#[derive(Debug, Clone)]
pub struct Environment {
    /// Its name: the folder in `environments/`.
    pub name: String,
    /// Name of the project.
    pub project: String,
    /// Root of the project, absolute.
    pub root: PathBuf,
    /// The folder whose `.infractl` has what is known of the environment: the root, unless that has the files of a release
    /// that is not checked out.
    pub home: PathBuf,
    /// Whether destroying verbs ask for its name.
    pub protected: bool,
    /// One line for people.
    pub description: Option<String>,
    /// Whom to call.
    pub contacts: Vec<String>,
    /// Environments that must be applied before: those that are named, and those whose outputs are.
    pub depends_on: Vec<String>,
    /// What stands in for outputs of other environments that are not there yet, by environment and output.
    pub mocks: IndexMap<String, IndexMap<String, Json>>,
    /// Root module and program; none when there is no `*.tf` in its folder.
    pub terraform: Option<Terraform>,
    /// Outputs by hand.
    pub outputs: IndexMap<String, model::StaticOutput>,
    /// Where values come from, by their names.
    pub(crate) values: IndexMap<String, model::ValueFrom>,
    /// Where the secrets are and which must be there.
    pub secrets: Secrets,
    /// The environment file.
    pub env_file: EnvFile,
    /// The inventory; none when nothing is said about it and there is no `[ansible]`.
    pub inventory: Option<Inventory>,
    /// Machines by name.
    pub hosts: IndexMap<String, model::Host>,
    /// How runs keep out of each other's way.
    pub lock: model::Lock,
    /// When somebody at a terminal is asked.
    pub safety: model::Safety,
    /// What may change behind terraform's back.
    pub drift: model::DriftSection,
    /// How long it stays up.
    pub ttl: Option<model::Ttl>,
    /// When it may be changed; any time if nothing is said.
    pub window: Option<model::Window>,
    /// What its resources cost.
    pub cost: Option<model::Cost>,
    /// What `stop`, `start` and `state` act on.
    pub power: Option<model::Power>,
    /// How ansible is called; none when nothing is said about it.
    pub ansible: Option<Ansible>,
    /// The cluster of Kubernetes that steps work with.
    pub cluster: Option<Cluster>,
    /// How AWS is asked.
    pub aws: model::Aws,
    /// Where images are pushed to.
    pub registry: Option<model::Registry>,
    /// Images by name.
    pub images: IndexMap<String, model::Image>,
    /// One-off tasks by name.
    pub tasks: IndexMap<String, model::Task>,
    /// Snapshots by name.
    pub snapshots: IndexMap<String, model::SnapshotSource>,
    /// Versions, tags, promotions.
    pub release: model::Release,
    /// Where environments take releases from, by their names.
    pub(crate) promotion: IndexMap<String, model::Promotion>,
    /// What shares traffic out, by name.
    pub(crate) routes: IndexMap<String, model::Route>,
    /// A page that stands in front of everything.
    pub(crate) maintenance: Option<model::Maintenance>,
    /// What happens when a deployment fails.
    pub(crate) rollout: model::Rollout,
    /// What the forge runs.
    pub(crate) ci: Option<model::Ci>,
    /// Versions of programs, by their names.
    pub tools: IndexMap<String, model::ToolTable>,
    /// What looks at its files, by name.
    pub checks: IndexMap<String, model::CheckTable>,
    /// Steps by name of the pipeline.
    pub pipelines: IndexMap<String, Vec<Step>>,
    /// Steps around them: by `before-NAME`, `after-NAME`, `on-failure`.
    pub hooks: IndexMap<String, Vec<Step>>,
    /// What failures mean, in order.
    pub failures: Vec<model::FailureRule>,
    /// What the files say, merged, with the place of every value.
    pub document: Arc<Document>,
}

/// Root module and the program that applies it.
#[derive(Debug, Clone, PartialEq)]
pub struct Terraform {
    /// Program to start: a name, or a path.
    pub program: String,
    /// Folder of the root module, absolute.
    pub dir: PathBuf,
    /// Workspace to select.
    pub workspace: Template,
    /// Variables of the root module.
    pub vars: IndexMap<String, Input>,
    /// Files of variables, absolute.
    pub var_files: Vec<PathBuf>,
    /// Container image to run the program in.
    pub image: Option<Template>,
    /// Whether providers are kept for all root modules, or where.
    pub(crate) provider_cache: model::ProviderCache,
    /// Resources worked on at once.
    pub parallelism: Option<u32>,
    /// What has to be seen by somebody before it is applied.
    pub(crate) review: model::Review,
    /// How long to wait for the lock of the state.
    pub lock_timeout: Option<Duration>,
    /// Backend configuration.
    pub backend: IndexMap<String, ArgumentInput>,
    /// More variables of the program's environment.
    pub env: model::Variables,
}

/// Where the secrets are and which must be there.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Secrets {
    /// SOPS files in order, absolute; later ones win.
    pub files: Vec<PathBuf>,
    /// The environment's own file when the configuration names none, whether it is there or not.
    pub usual: Option<PathBuf>,
    /// Those that are in no file: where they come from, by their names.
    pub(crate) from: IndexMap<String, model::ValueFrom>,
    /// Keys that must be there and must not be empty.
    pub required: Vec<String>,
    /// Keys that may be empty.
    pub allow_empty: Vec<String>,
    /// Files of age identities, absolute.
    pub identities: Vec<PathBuf>,
}

/// The environment file.
#[derive(Debug, Clone, PartialEq)]
pub struct EnvFile {
    /// Where it is written, absolute.
    pub path: PathBuf,
    /// Title in its header.
    pub title: Template,
    /// Who reads it.
    pub dialect: model::Dialect,
    /// Variables that must not be set in this environment.
    pub absent: Vec<String>,
    /// What is written, in order; every output as `UPPER_SNAKE` if none.
    pub sections: Option<Vec<model::Section>>,
}

/// The inventory.
#[derive(Debug, Clone, PartialEq)]
pub struct Inventory {
    /// Where it is written, absolute.
    pub path: PathBuf,
    /// How it is written.
    pub format: InventoryFormat,
    /// Groups by name.
    pub groups: IndexMap<String, model::Group>,
    /// Variables of every host.
    pub vars: IndexMap<String, Input>,
    /// The inventory that finds machines by itself, absolute.
    pub dynamic: Option<PathBuf>,
    /// How many machines groups have at least.
    pub expect: IndexMap<String, u32>,
}

/// How ansible is called.
#[derive(Debug, Clone, PartialEq)]
pub struct Ansible {
    /// Playbook, absolute; none when there is none at the usual places.
    pub playbook: Option<PathBuf>,
    /// Folder to run in, absolute.
    pub dir: PathBuf,
    /// Container image to run in.
    pub image: Option<Template>,
    /// Inventory instead of the one that infractl writes, absolute.
    pub inventory: Option<PathBuf>,
    /// Variables of the playbook.
    pub vars: IndexMap<String, Input>,
    /// Secret with the password of ansible's vault.
    pub vault_password: Option<String>,
    /// Roles and collections to install first, absolute.
    pub requirements: Option<PathBuf>,
    /// User to log in as.
    pub user: Option<Template>,
    /// Hosts to limit the run to.
    pub limit: Vec<String>,
    /// Hosts worked on at once.
    pub forks: Option<u32>,
    /// More variables of ansible's environment.
    pub env: model::Variables,
}

impl Environment {
    /// The name of a step, also when it is given as the file has it.
    pub fn step_name(&self, name: &str) -> String {
        action_name::known(name, &self.name, &self.project)
    }

    /// Fills in what the files leave out.
    pub(crate) fn new(
        file: model::File,
        setting: Setting<'_>,
        document: Arc<Document>,
    ) -> Result<Environment, Failure> {
        let (root, name) = (setting.root, setting.environment);
        let inventory = match (file.inventory, file.ansible.is_some() && !file.hosts.is_empty()) {
            (None, false) => None,
            (inventory, _) => Some(Inventory::new(inventory.unwrap_or_default(), root, name)),
        };
        Ok(Environment {
            name: name.to_owned(),
            project: setting.project.to_owned(),
            root: root.to_owned(),
            home: root.to_owned(),
            protected: file.protected.unwrap_or(false),
            description: file.description,
            contacts: file.contacts,
            depends_on: filled::depends_on(file.depends_on, &document),
            mocks: file.mocks,
            terraform: Terraform::new(file.terraform.unwrap_or_default(), root, name),
            outputs: file.outputs,
            values: file.values,
            secrets: Secrets::new(file.secrets.unwrap_or_default(), root, name),
            env_file: EnvFile::new(file.env_file.unwrap_or_default(), setting),
            inventory,
            hosts: file.hosts,
            lock: file.lock.unwrap_or_default(),
            safety: file.safety.unwrap_or_default(),
            drift: file.drift.unwrap_or_default(),
            ttl: file.ttl,
            window: file.window,
            cost: file.cost,
            power: file.power,
            ansible: file.ansible.map(|ansible| Ansible::new(ansible, root)),
            cluster: file.cluster.map(|section| Cluster::new(section, setting)),
            aws: file.aws.unwrap_or_default(),
            registry: file.registry,
            images: file.images,
            tasks: file.tasks,
            snapshots: file.snapshots,
            release: file.release.unwrap_or_default(),
            promotion: file.promotion,
            routes: file.routes,
            maintenance: file.maintenance,
            rollout: file.rollout.unwrap_or_default(),
            ci: file.ci,
            tools: file.tools.into_iter().map(|(name, entry)| (name, entry.into_table())).collect(),
            checks: (file.checks.into_iter())
                .filter_map(|(name, entry)| Some((name, entry.into_table()?)))
                .collect(),
            pipelines: filled::by_name(file.pipelines, setting)?,
            hooks: filled::by_name(file.hooks, setting)?,
            failures: file.failures,
            document,
        })
    }
}
