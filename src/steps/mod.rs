//! How one step is done: one folder or file per kind. A kind may use only kinds that stand below it.

pub(crate) mod prepare;
pub(crate) mod checks;
pub(crate) mod bootstrap;
pub(crate) mod cluster;
pub(crate) mod power;
pub(crate) mod ansible;
pub(crate) mod ecs;
pub(crate) mod snapshot;
pub(crate) mod helm;
pub(crate) mod docker;
pub(crate) mod argocd;
pub(crate) mod kubernetes;
pub(crate) mod wait;
pub(crate) mod files;
pub(crate) mod publish;
pub(crate) mod meet;
pub(crate) mod kubectl;
pub(crate) mod foreign;
pub(crate) mod remote;
pub(crate) mod opened;
pub(crate) mod source;
pub(crate) mod maintenance;
pub(crate) mod traffic;
pub(crate) mod database;
pub(crate) mod http;
pub(crate) mod written;
pub(crate) mod command;
pub(crate) mod git;
pub(crate) mod stops;
pub(crate) mod clean;
pub(crate) mod forget;
pub(crate) mod confirm;
pub(crate) mod terraform;
pub(crate) mod aws;
pub(crate) mod nothing;

use crate::config::model;
use crate::config::step::{Action, Wait};
use crate::work::kind::StepKind;

/// What a step does: one of the kinds.
#[derive(Debug, Clone, PartialEq)]
pub enum Work {
    /// Opens the secrets and checks what can be checked before any tool starts.
    Prepare(prepare::Prepare),
    /// Something with the root module.
    Terraform(terraform::Action),
    /// Reads the outputs: from the state, or those given by hand.
    Outputs(terraform::Outputs),
    /// Asks for the name of a protected environment.
    Confirm(confirm::Confirm),
    /// Something with the environment file.
    EnvFile(files::env_file::EnvFileStep),
    /// A command on this machine.
    Command(model::CommandTable),
    /// Waits until something answers.
    Wait(Wait),
    /// Copies files to a host, or to another folder of this machine.
    Copy(model::Copy),
    /// Tags, commits or pushes.
    Git(model::Git),
    /// Publishes folders as repositories.
    Publish(model::Publish),
    /// Makes a role and a database.
    Database(model::Database),
    /// A request of HTTP.
    Http(model::Http),
    /// Objects of Kubernetes.
    Kubernetes(Box<model::Kubernetes>),
    /// Compares objects of Kubernetes with the cluster.
    Objects(kubernetes::check::Objects),
    /// An Application of Argo CD.
    ArgoCd(model::ArgoCd),
    /// Something with the inventory.
    Inventory(files::inventory::InventoryStep),
    /// A playbook.
    Ansible(model::AnsibleStep),
    /// A command on a host.
    Remote(model::Remote),
    /// `docker compose`, here or on a host.
    Compose(model::Compose),
    /// Builds, pulls, runs or stops an image.
    Docker(model::Docker),
    /// Builds images, several at once.
    Builds(docker::builds::Builds),
    /// Looks for images of a release, or copies them.
    Carry(docker::carry::Carry),
    /// A task or service of ECS.
    Ecs(model::Ecs),
    /// Makes, requires, checks, restores or removes snapshots.
    Snapshot(snapshot::Snapshot),
    /// Shares traffic out.
    Traffic(traffic::Traffic),
    /// Shows a page in front of everything, or takes it away.
    Maintenance(maintenance::Maintenance),
    /// Makes the cluster, deletes it, or waits for it.
    Cluster(model::ClusterStep),
    /// Compares task definitions with what AWS has.
    Definitions(ecs::check::Definitions),
    /// Stops, starts or shows the machines.
    Power(power::PowerStep),
    /// Ends the connections to machines that are gone and forgets their host keys.
    Forget(forget::Forget),
    /// Removes what infractl keeps of the environment besides its history.
    Clean(clean::Clean),
    /// Makes the bucket of the state and tries it out.
    Bootstrap(bootstrap::Bootstrap),
    /// What looks at the files, all at once.
    Checks(checks::Checks),
    /// Installs, upgrades or removes a release of helm.
    Helm(model::Helm),
    /// Compares releases of helm with what the cluster has.
    Releases(helm::check::Releases),
    /// Nothing, and why.
    Nothing(nothing::Nothing),
    /// Something that cannot be done: why, and what to do.
    Refused(nothing::Refused),
}

impl Work {
    /// The kind, which says everything that the mechanism knows of it.
    pub(crate) fn kind(&self) -> &dyn StepKind {
        match self {
            Work::Prepare(kind) => kind,
            Work::Terraform(kind) => kind,
            Work::Outputs(kind) => kind,
            Work::Confirm(kind) => kind,
            Work::EnvFile(kind) => kind,
            Work::Command(kind) => kind,
            Work::Wait(kind) => kind,
            Work::Copy(kind) => kind,
            Work::Git(kind) => kind,
            Work::Publish(kind) => kind,
            Work::Database(kind) => kind,
            Work::Http(kind) => kind,
            Work::Kubernetes(kind) => &**kind,
            Work::Objects(kind) => kind,
            Work::ArgoCd(kind) => kind,
            Work::Inventory(kind) => kind,
            Work::Ansible(kind) => kind,
            Work::Remote(kind) => kind,
            Work::Compose(kind) => kind,
            Work::Docker(kind) => kind,
            Work::Builds(kind) => kind,
            Work::Carry(kind) => kind,
            Work::Ecs(kind) => kind,
            Work::Snapshot(kind) => kind,
            Work::Traffic(kind) => kind,
            Work::Maintenance(kind) => kind,
            Work::Cluster(kind) => kind,
            Work::Definitions(kind) => kind,
            Work::Power(kind) => kind,
            Work::Forget(kind) => kind,
            Work::Clean(kind) => kind,
            Work::Bootstrap(kind) => kind,
            Work::Checks(kind) => kind,
            Work::Helm(kind) => kind,
            Work::Releases(kind) => kind,
            Work::Nothing(kind) => kind,
            Work::Refused(kind) => kind,
        }
    }

    /// A step as the project wrote it; `do` is none, it is made of steps.
    pub(crate) fn declared(action: &Action) -> Option<Work> {
        Some(match action {
            Action::Command(command) => Work::Command(command.clone()),
            Action::Wait(wait) => Work::Wait(wait.clone()),
            Action::Copy(copy) => Work::Copy(copy.clone()),
            Action::Remote(remote) => Work::Remote(remote.clone()),
            Action::Compose(compose) => Work::Compose(compose.clone()),
            Action::Ansible(playbook) => Work::Ansible(playbook.clone()),
            Action::Docker(docker) => Work::Docker(docker.clone()),
            Action::Git(git) => Work::Git(git.clone()),
            Action::Publish(publish) => Work::Publish(publish.clone()),
            Action::Database(database) => Work::Database(database.clone()),
            Action::Http(http) => Work::Http(http.clone()),
            Action::Kubernetes(kubernetes) => Work::Kubernetes(kubernetes.clone()),
            Action::ArgoCd(argocd) => Work::ArgoCd(argocd.clone()),
            Action::Ecs(ecs) => Work::Ecs(ecs.clone()),
            Action::Snapshot(step) => {
                Work::Snapshot(snapshot::Snapshot { step: step.clone(), ..snapshot::Snapshot::default() })
            }
            Action::Traffic(step) => {
                Work::Traffic(traffic::Traffic { step: step.clone(), ..traffic::Traffic::default() })
            }
            Action::Cluster(to) => Work::Cluster(*to),
            Action::Maintenance(to) => Work::Maintenance(maintenance::Maintenance { wanted: *to }),
            Action::Helm(helm) => Work::Helm(helm.clone()),
            Action::Do(..) => return None,
        })
    }
}
