//! How one step is done: one file per kind of step.

pub(crate) mod ansible;
pub(crate) mod clean;
pub(crate) mod command;
pub(crate) mod docker;
pub(crate) mod files;
pub(crate) mod git;
pub(crate) mod power;
pub(crate) mod prepare;
pub(crate) mod remote;
pub(crate) mod terraform;
pub(crate) mod wait;

use crate::config::model;
use crate::config::step::Wait;
use crate::failure::{Failure, Kind};
use crate::hosts::login;
use crate::work::StepCx;

use docker::compose;
use files::{copy, env_file, inventory};

/// What a step does.
#[derive(Debug, Clone, PartialEq)]
pub enum Work {
    /// Opens the secrets and checks what can be checked before any tool starts.
    Prepare {
        /// The environment file will be written: may it?
        env_file: bool,
    },
    /// Something with the root module.
    Terraform(terraform::Action),
    /// Reads the outputs: from the state, or those given by hand.
    Outputs,
    /// Asks for the name of a protected environment.
    Confirm {
        /// What is about to happen, for instance "`apply` changes `prod`".
        question: String,
    },
    /// Something with the environment file.
    EnvFile(env_file::Action),
    /// A command on this machine.
    Command(model::CommandTable),
    /// Waits until something answers.
    Wait(Wait),
    /// Copies files to another folder of this machine.
    Copy(model::Copy),
    /// Tags, commits or pushes.
    Git(model::Git),
    /// Something with the inventory.
    Inventory(inventory::Action),
    /// A playbook.
    Ansible(model::AnsibleStep),
    /// A command on a host.
    Remote(model::Remote),
    /// `docker compose`, here or on a host.
    Compose(model::Compose),
    /// Builds, pushes, pulls, runs or stops an image.
    Docker(model::Docker),
    /// Stops, starts or shows the machines.
    Power(power::Action),
    /// Ends the connections to machines that are gone and forgets their host keys.
    Forget,
    /// Removes what infractl keeps of the environment besides its history.
    Clean,
    /// Nothing, and why.
    Nothing(String),
    /// Something that cannot be done: why, and what to do.
    Refused {
        /// Why.
        why: String,
        /// What to do.
        help: String,
    },
}

/// Does one step. The text says in a few words what came of it.
pub(crate) async fn run(step: &mut StepCx<'_>, work: &Work) -> Result<String, Failure> {
    match work {
        Work::Prepare { env_file } => prepare::run(step, *env_file).await,
        Work::Terraform(action) => terraform::run(step, action).await,
        Work::Outputs => terraform::read::outputs(step).await,
        Work::Confirm { question } => {
            crate::ui::prompt::confirm_name(&step.cx.ui, question, &step.env.name).map(|()| String::new())
        }
        Work::EnvFile(action) => env_file::run(step, action).await,
        Work::Command(command) => command::run(step, command).await,
        Work::Wait(wait) => wait::run(step, wait).await,
        Work::Copy(copy) => copy::run(step, copy).await,
        Work::Git(git) => git::run(step, git).await,
        Work::Inventory(action) => inventory::run(step, action).await,
        Work::Ansible(playbook) => ansible::run(step, playbook).await,
        Work::Remote(remote) => remote::run(step, remote).await,
        Work::Compose(compose) => compose::run(step, compose).await,
        Work::Docker(docker) => docker::run(step, docker).await,
        Work::Power(action) => power::run(step, action).await,
        Work::Forget => login::run_forget(step),
        Work::Clean => clean::run(step),
        Work::Nothing(why) => Ok(why.clone()),
        Work::Refused { why, help } => Err(Failure::new(Kind::Config, why.as_str()).help(help.as_str())),
    }
}

/// What a step would do, as lines for `--dry-run`: the commands in order, and what happens besides.
pub(crate) fn describe(step: &mut StepCx<'_>, work: &Work) -> Result<Vec<String>, Failure> {
    match work {
        Work::Prepare { .. } => Ok(prepare::describe(step)),
        Work::Terraform(action) => terraform::describe(step, action),
        Work::Outputs => terraform::describe_outputs(step),
        Work::Confirm { question } => Ok(vec![format!("# ask: {question}")]),
        Work::EnvFile(action) => Ok(vec![env_file::describe(step, action)]),
        Work::Command(command) => command::describe(step, command),
        Work::Wait(wait) => wait::describe(step, wait),
        Work::Copy(copy) => copy::describe(step, copy),
        Work::Git(git) => git::describe(step, git),
        Work::Inventory(action) => inventory::describe(step, action),
        Work::Ansible(playbook) => ansible::describe(step, playbook),
        Work::Remote(remote) => remote::describe(step, remote),
        Work::Compose(compose) => compose::describe(step, compose),
        Work::Docker(docker) => docker::describe(step, docker),
        Work::Power(action) => power::describe(step, action),
        Work::Forget => Ok(login::describe_forget(step)),
        Work::Clean => Ok(clean::describe(step)),
        Work::Nothing(why) => Ok(vec![format!("# {why}")]),
        Work::Refused { why, help } => Err(Failure::new(Kind::Config, why.as_str()).help(help.as_str())),
    }
}
