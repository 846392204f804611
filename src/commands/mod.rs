//! What people type: one file per verb.

mod typed;
pub(crate) mod manual;
pub(crate) mod docs;
pub(crate) mod help;
pub(crate) mod apply;
mod env_path;
pub(crate) mod bootstrap;
pub(crate) mod build;
pub(crate) mod check;
pub(crate) mod ci;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod deploy;
pub(crate) mod destroy;
pub(crate) mod drift;
pub(crate) mod doctor;
pub(crate) mod env;
pub(crate) mod exec;
pub(crate) mod explain;
pub(crate) mod fmt;
pub(crate) mod genenv;
pub(crate) mod graph;
pub(crate) mod history;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod inventory;
pub(crate) mod keep_lock;
pub(crate) mod logs;
pub(crate) mod new;
pub(crate) mod output;
pub(crate) mod own_verbs;
pub(crate) mod pipeline;
pub(crate) mod plan;
pub(crate) mod promote;
pub(crate) mod push;
pub(crate) mod release;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod scenario;
pub(crate) mod secrets;
pub(crate) mod traffic;
pub(crate) mod maintenance;
pub(crate) mod snapshot;
pub(crate) mod ssh;
pub(crate) mod start;
pub(crate) mod state;
pub(crate) mod status;
pub(crate) mod stop;
pub(crate) mod tf;
pub(crate) mod tools;
pub(crate) mod unlock;
pub(crate) mod validate;
pub(crate) mod extend;
pub(crate) mod expire;
mod images;
mod variable;
pub(crate) mod several;
mod asking;
mod waves;
mod chosen;
mod previews;
mod rollout;
pub(crate) mod rollback;
mod given;
pub(crate) mod planned;
pub(crate) mod part;
mod deployments;
mod complete;
mod kept_as;
mod log_names;
mod table;
mod generated;
mod input;
pub(crate) mod target;
mod in_use;
mod habits;
mod examples;
mod read_on;
mod pages;
mod cli;
mod late;
pub(crate) mod global;

use std::ffi::OsString;

use clap::{CommandFactory as _, Subcommand};

use crate::context::Ctx;
use crate::failure::{Failure, Kind};
pub use cli::Cli;
pub(crate) use global::{Color, Global, OutputMode};
use kept_as::OWN;
use late::Late;
use manual::MANUAL;
pub(crate) use typed::parse;

/// The verbs.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Command {
    /// Make an environment match its configuration, then write its environment file
    Apply(Late<apply::ApplyArgs>),
    /// Make the bucket of a state, try it out, and print the backend that fits it
    Bootstrap(Late<bootstrap::BootstrapArgs>),
    /// Build the images of an environment
    Build(Late<build::BuildArgs>),
    /// Show what a deploy would change, and change nothing: the pipeline `check`, else the playbook of `[ansible]`
    Check(Late<check::CheckArgs>),
    /// Write the file of a forge, and what its jobs call
    Ci(Late<ci::CiArgs>),
    /// Print the completion script of a shell
    Completions(Late<completions::CompletionsArgs>),
    /// Keep the files of a project up to date
    Config(Late<config::ConfigArgs>),
    /// Roll out to an environment: the pipeline `deploy`, else the playbook of `[ansible]`
    Deploy(Late<deploy::DeployArgs>),
    /// Take an environment down, then remove its environment file
    Destroy(Late<destroy::DestroyArgs>),
    /// Write the runbook of an environment, or print what is generated from the code
    Docs(Late<docs::DocsArgs>),
    /// Look whether everything is there that the runs of an environment need, and change nothing
    Doctor(Late<doctor::DoctorArgs>),
    /// Take an environment down and clean up after it: destroy, then what infractl keeps of it
    Down(Late<pipeline::VerbArgs>),
    /// Say what changed behind terraform's back, and change nothing
    Drift(Late<drift::DriftArgs>),
    /// See environments and their configuration
    #[command(subcommand)]
    Env(env::EnvCommand),
    /// Run a local command with the secrets and variables of an environment
    Exec(Late<exec::ExecArgs>),
    /// Stop or destroy the environments whose time is over, as their `[ttl]` says
    Expire(Late<expire::ExpireArgs>),
    /// Say what the failure of a run means, by the rules of `[[failures]]` and those of infractl
    Explain(Late<explain::ExplainArgs>),
    /// Give an environment more time before `expire` takes it down
    Extend(Late<extend::ExtendArgs>),
    /// Format the root module of an environment
    Fmt(Late<fmt::FmtArgs>),
    /// Write the environment file again, or say whether it is stale
    Genenv(Late<genenv::GenenvArgs>),
    /// Show which environments wait for which
    Graph(Late<graph::GraphArgs>),
    /// See what was done: when, by whom, how it ended
    History(Late<history::HistoryArgs>),
    /// Make a project of what a repository has: a Makefile and its scripts
    Import(Late<import::ImportArgs>),
    /// Connect to the backend, install providers and modules (other verbs do it when needed)
    Init(Late<init::InitArgs>),
    /// Write the ansible inventory again, or say whether it is stale
    Inventory(Late<inventory::InventoryArgs>),
    /// Hold the shared lock of a run that was killed
    #[command(hide = true)]
    KeepLock(Late<keep_lock::KeepLockArgs>),
    /// Print the log of tasks, services, containers and machines of an environment, and follow it
    Logs(Late<logs::LogsArgs>),
    /// Put the maintenance page of an environment in front of everything, or take it away
    Maintenance(Late<maintenance::MaintenanceArgs>),
    /// What `infractl help TOPIC` becomes when no verb has that name
    #[command(hide = true, name = MANUAL)]
    Manual(Late<manual::ManualArgs>),
    /// Begin a project, or adopt a repository that is there
    New(Late<new::NewArgs>),
    /// Print the outputs of an environment
    Output(Late<output::OutputArgs>),
    /// What `infractl NAME ENV` becomes when no verb has that name
    #[command(hide = true, name = OWN)]
    Own(Late<pipeline::OwnArgs>),
    /// Run a pipeline of the project's own; also `infractl NAME ENV` when no verb has that name
    Pipeline(Late<pipeline::PipelineArgs>),
    /// Preview what an apply would change
    Plan(Late<plan::PlanArgs>),
    /// Take what runs in an environment to the next one: the same images, by digest
    Promote(Late<promote::PromoteArgs>),
    /// Push the images of an environment
    Push(Late<push::PushArgs>),
    /// Take down, then bring up again: for labs
    Recreate(Late<pipeline::VerbArgs>),
    /// Release what is committed: the next version, the changelog, and a tag that says what it is made of
    Release(Late<release::ReleaseArgs>),
    /// Report on what was done
    Report(Late<report::ReportArgs>),
    /// Take an environment back to a release that it had
    Rollback(Late<rollback::RollbackArgs>),
    /// Run a one-off task of an environment, and pass its exit code on
    Run(Late<run::RunArgs>),
    /// See what an environment can be
    Scenario(Late<scenario::ScenarioArgs>),
    /// Open, create and check files of secrets
    Secrets(Late<secrets::SecretsArgs>),
    /// Keep copies of databases and volumes, see that they work, and get them back
    #[command(subcommand)]
    Snapshot(snapshot::SnapshotCommand),
    /// Log in to a machine of an environment, or run one command there
    Ssh(Late<ssh::SshArgs>),
    /// Start the machines and databases of an environment again
    Start(Late<start::StartArgs>),
    /// Show machines and databases: where they are, how they are reached, what is billed
    State(Late<state::StateArgs>),
    /// See the estate at a glance: what was done last where, what a plan found, locks, environment files
    Status(Late<status::StatusArgs>),
    /// Stop the machines and databases of an environment, and keep their data
    Stop(Late<stop::StopArgs>),
    /// Run any command of terraform on an environment: `infractl tf dev -- state list`
    Tf(Late<tf::TfArgs>),
    /// Install, lock and list the programs of `[tools]`
    #[command(subcommand)]
    Tools(tools::ToolsCommand),
    /// See how traffic is shared out between blue and green, or change it
    Traffic(Late<traffic::TrafficArgs>),
    /// Bring an environment up: init, apply, deploy
    Up(Late<pipeline::VerbArgs>),
    /// Release the lock that a dead run left behind, and say whose it was
    Unlock(Late<unlock::UnlockArgs>),
    /// Check configuration and root module of an environment
    Validate(Late<validate::ValidateArgs>),
    /// Look whether all is well with what runs, as the project's pipeline `verify` says
    Verify(Late<pipeline::VerbArgs>),
    /// A pipeline of the project's own.
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}

/// Does what was typed.
pub(crate) async fn run(cx: &Ctx, cli: &Cli) -> Result<(), Failure> {
    let global = &cli.global;
    global.check_form(matches!(&cli.command, Command::Secrets(args) if args.command.writes_file()))?;
    match &cli.command {
        Command::Apply(args) => apply::run(cx, global, args).await,
        Command::Bootstrap(args) => bootstrap::run(cx, global, args).await,
        Command::Build(args) => build::run(cx, global, args).await,
        Command::Check(args) => check::run(cx, global, args).await,
        Command::Ci(args) => ci::run(cx, global, args, &|words| parse(words).map(drop)).await,
        Command::Completions(args) => completions::run(cx, args),
        Command::Config(args) => config::run(cx, global, args),
        Command::Deploy(args) => deploy::run(cx, global, args).await,
        Command::Destroy(args) => destroy::run(cx, global, args).await,
        Command::Docs(args) => Box::pin(docs::run(cx, global, args, Cli::command())).await,
        Command::Doctor(args) => Box::pin(doctor::run(cx, global, args)).await,
        Command::Down(args) => pipeline::run_verb(cx, global, "down", args).await,
        Command::Drift(args) => drift::run(cx, global, args).await,
        Command::Env(command) => env::run(cx, global, command),
        Command::Exec(args) => exec::run(cx, global, args).await,
        Command::Expire(args) => Box::pin(expire::run(cx, global, args)).await,
        Command::Explain(args) => explain::run(cx, global, args),
        Command::Extend(args) => Box::pin(extend::run(cx, global, args)).await,
        Command::Fmt(args) => fmt::run(cx, global, args).await,
        Command::Genenv(args) => genenv::run(cx, global, args).await,
        Command::Graph(args) => graph::run(cx, global, args),
        Command::History(args) => history::run(cx, global, args).await,
        Command::Import(args) => import::run(cx, global, args),
        Command::Init(args) => init::run(cx, global, args).await,
        Command::Inventory(args) => inventory::run(cx, global, args).await,
        Command::KeepLock(args) => keep_lock::run(cx, args).await,
        Command::Logs(args) => logs::run(cx, global, args).await,
        Command::Maintenance(args) => Box::pin(maintenance::run(cx, global, args)).await,
        Command::Manual(args) => manual::run(cx, args, &Cli::command()).await,
        Command::New(args) => new::run(cx, global, args).await,
        Command::Output(args) => output::run(cx, global, args).await,
        Command::Own(args) => pipeline::run_own(cx, global, args).await,
        Command::Pipeline(args) => pipeline::run(cx, global, args).await,
        Command::Plan(args) => plan::run(cx, global, args).await,
        Command::Promote(args) => Box::pin(promote::run(cx, global, args)).await,
        Command::Push(args) => push::run(cx, global, args).await,
        Command::Recreate(args) => pipeline::run_verb(cx, global, "recreate", args).await,
        Command::Release(args) => Box::pin(release::run(cx, global, args)).await,
        Command::Report(args) => Box::pin(report::run(cx, global, args)).await,
        Command::Rollback(args) => Box::pin(rollback::run(cx, global, args)).await,
        Command::Run(args) => Box::pin(run::run(cx, global, args)).await,
        // `parse` leaves none.
        Command::Other(_) => Err(Failure::silent(Kind::Usage)),
        Command::Scenario(args) => scenario::run(cx, global, args),
        Command::Secrets(args) => secrets::run(cx, global, &args.command).await,
        Command::Snapshot(command) => Box::pin(snapshot::run(cx, global, command)).await,
        Command::Ssh(args) => ssh::run(cx, global, args).await,
        Command::Start(args) => start::run(cx, global, args).await,
        Command::State(args) => state::run(cx, global, args).await,
        Command::Status(args) => status::run(cx, global, args).await,
        Command::Stop(args) => stop::run(cx, global, args).await,
        Command::Tf(args) => tf::run(cx, global, args).await,
        Command::Tools(command) => tools::run(cx, global, command).await,
        Command::Traffic(args) => Box::pin(traffic::run(cx, global, args)).await,
        Command::Up(args) => pipeline::run_verb(cx, global, "up", args).await,
        Command::Unlock(args) => unlock::run(cx, global, args).await,
        Command::Validate(args) => validate::run(cx, global, args).await,
        Command::Verify(args) => pipeline::run_verb(cx, global, "verify", args).await,
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        super::Cli::command().debug_assert();
    }
}
