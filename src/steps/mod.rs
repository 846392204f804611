//! How one step is done: one file per kind of step.

pub mod diagnostics;
pub mod env_file;
pub mod prepare;
mod providers;
pub mod terraform;
mod terraform_change;
pub mod terraform_init;
mod terraform_plan;
mod terraform_progress;
mod terraform_read;
pub mod values;

use std::path::{Path, PathBuf};

use indexmap::IndexMap;

use crate::config::Environment;
use crate::context::Ctx;
use crate::exec::{Cmd, Done, RunError};
use crate::failure::{Failure, Kind};
use crate::secrets::Secrets;
use crate::tools::terraform::Output;
use crate::tools::terraform_digest::Digest;
use crate::ui::event::{Event, Level};

/// What a step does.
#[derive(Debug, Clone, PartialEq, Eq)]
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
}

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
    /// The folder was initialised in this run.
    pub initialised: bool,
}

/// A plan kept for the next step.
pub struct SavedPlan {
    /// The file.
    pub file: PathBuf,
    /// Removed with everything in it when the run is over.
    pub dir: tempfile::TempDir,
}

/// What a step works with.
pub struct StepCx<'a> {
    /// The world.
    pub cx: &'a Ctx,
    /// The environment.
    pub env: &'a Environment,
    /// The step's name, for people.
    pub name: &'a str,
    /// What was given after `--`.
    pub extra: &'a [String],
    /// What earlier steps found out.
    pub facts: &'a mut Facts,
}

/// Does one step. The text says in a few words what came of it.
pub async fn run(step: &mut StepCx<'_>, work: &Work) -> Result<String, Failure> {
    match work {
        Work::Prepare { env_file } => prepare::run(step, *env_file).await,
        Work::Terraform(action) => terraform::run(step, action).await,
        Work::Outputs => terraform_read::outputs(step).await,
        Work::Confirm { question } => {
            crate::ui::prompt::confirm_name(&step.cx.ui, question, &step.env.name).map(|()| String::new())
        }
        Work::EnvFile(action) => env_file::run(step, action).await,
    }
}

/// What a step would do, as lines for `--dry-run`: the commands in order, and what happens besides.
pub async fn describe(step: &mut StepCx<'_>, work: &Work) -> Result<Vec<String>, Failure> {
    match work {
        Work::Prepare { .. } => Ok(prepare::describe(step)),
        Work::Terraform(action) => terraform::describe(step, action),
        Work::Outputs => terraform::describe_outputs(step),
        Work::Confirm { question } => Ok(vec![format!("# ask: {question}")]),
        Work::EnvFile(action) => Ok(vec![env_file::describe(step, action)]),
    }
}

impl StepCx<'_> {
    /// Tells an event of this environment.
    pub fn event(&self, event: Event) {
        self.cx.ui.event(Some(&self.env.name), event);
    }

    /// Tells a line of the tool.
    pub fn line(&self, level: Level, text: impl Into<String>) {
        self.event(Event::Line { name: self.name.to_owned(), level, text: text.into() });
    }

    /// Says what the running step is at.
    pub fn progress(&self, text: impl Into<String>) {
        self.event(Event::Progress { name: self.name.to_owned(), text: text.into() });
    }

    /// Runs a command to its end and shows its lines.
    pub async fn run(&self, cmd: &Cmd) -> Result<Done, Failure> {
        self.run_with(cmd, &|text| self.line(Level::Normal, text)).await
    }

    /// Runs a command to its end; `line` gets its lines.
    pub async fn run_with(&self, cmd: &Cmd, line: &(dyn Fn(&str) + Send + Sync)) -> Result<Done, Failure> {
        self.line(Level::Detail, format!("$ {cmd}"));
        let name = || self.name.to_owned();
        let argv = std::iter::once(&cmd.program).chain(&cmd.args).cloned().collect();
        self.event(Event::CommandStarted { name: name(), argv });
        let started = std::time::Instant::now();
        let result = self.cx.runner.run(cmd, &|_, text| line(text)).await;
        let code = result.as_ref().ok().map(|done| done.code);
        self.event(Event::CommandEnded { name: name(), code, took: started.elapsed() });
        result.map_err(|error| {
            let install = match &error {
                RunError::NotFound { program } => crate::tools::install_help(program),
                _ => None,
            };
            install.into_iter().fold(Failure::from(error), Failure::help)
        })
    }

    /// The failure of a run that the user ended.
    pub fn interrupted(&self, text: impl Into<String>) -> Failure {
        Failure::new(self.cx.interrupts.seen().kind().unwrap_or(Kind::Interrupted), text)
    }
}

/// A path as people know it: relative to the project.
pub fn relative(step: &StepCx<'_>, path: &Path) -> String {
    path.strip_prefix(&step.env.root).unwrap_or(path).display().to_string()
}

/// A command with the folder it runs in, as one line of shell.
pub fn shown_in(cmd: &Cmd) -> String {
    match &cmd.dir {
        Some(dir) => format!("(cd {} && {cmd})", shell_words::quote(&dir.to_string_lossy())),
        None => cmd.to_string(),
    }
}
