//! terraform: which of its verbs, with what, and what its errors mean.

mod change;
mod describe;
pub(crate) mod diagnostics;
pub(crate) mod init;
pub(crate) mod keep;
pub(crate) mod known;
pub(crate) mod module;
mod plan;
pub(crate) mod read;
mod progress;
mod providers;
mod script;
pub(crate) mod state_place;
mod words;

use std::path::{Path, PathBuf};

use crate::config::Environment;
use crate::config::environment::Terraform;
use crate::config::verbs::Effect;
use crate::exec::{BoxFuture, Cmd, Value};
use crate::failure::{Failure, Kind};
use crate::steps::terraform::init::Wish;
use crate::text::{last_line, plain};
use crate::tools::terraform::Root;
use crate::tools::terraform::advice;
use crate::tools::terraform::flags::{self, Command};
use crate::ui::event::Level;
use crate::work::kind::{Mention, StepKind};
use crate::work::script::Script;
use crate::work::{StepCx, root_module, values};

/// What is done with the root module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// `init`, whether it is needed or not.
    Init,
    /// A preview.
    Plan {
        /// Keep it in this file.
        out: Option<PathBuf>,
        /// terraform's JSON lines on standard output instead of its text.
        json: bool,
        /// Keep it for the `Apply` of this run.
        keep: bool,
        /// Preview a destroy.
        destroy: bool,
    },
    /// Look at what a saved plan takes away.
    Look {
        /// The plan.
        plan: PathBuf,
    },
    /// Make the environment match.
    Apply {
        /// A saved plan; else the one a `Plan { keep }` step kept; else whatever is needed.
        plan: Option<PathBuf>,
    },
    /// Take everything down.
    Destroy,
    /// Check the root module.
    Validate,
    /// Format its files.
    Fmt {
        /// Only say which differ.
        check: bool,
    },
}

impl StepKind for Action {
    fn visit(&self, _: &Environment, see: &mut dyn FnMut(Mention<'_>)) {
        if !matches!(self, Action::Fmt { .. }) {
            see(Mention::SecretFiles);
        }
    }

    fn effect(&self) -> Option<Effect> {
        Some(match self {
            Action::Init
            | Action::Plan { .. }
            | Action::Look { .. }
            | Action::Validate
            | Action::Fmt { .. } => Effect::Reads,
            Action::Apply { .. } => Effect::Changes,
            Action::Destroy => Effect::Destroys,
        })
    }

    fn run<'a>(&'a self, step: &'a mut StepCx<'_>) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(run(step, self))
    }

    fn describe(&self, step: &mut StepCx<'_>) -> Result<Vec<String>, Failure> {
        describe::commands(step, self)
    }

    fn script(&self, step: &StepCx<'_>, script: &mut Script) -> Result<Vec<String>, Failure> {
        script::lines(step, self, script)
    }
}

/// Reads the outputs: from the state, or those given by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outputs;

impl StepKind for Outputs {
    fn visit(&self, _: &Environment, see: &mut dyn FnMut(Mention<'_>)) {
        see(Mention::State);
    }

    fn effect(&self) -> Option<Effect> {
        Some(Effect::Reads)
    }

    fn run<'a>(&'a self, step: &'a mut StepCx<'_>) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(read::outputs(step))
    }

    fn describe(&self, step: &mut StepCx<'_>) -> Result<Vec<String>, Failure> {
        describe::outputs(step)
    }

    fn script(&self, _: &StepCx<'_>, _: &mut Script) -> Result<Vec<String>, Failure> {
        Ok(Vec::new())
    }
}

impl Action {
    /// Does terraform work out what the root module says?
    fn evaluates(&self) -> bool {
        match self {
            Action::Plan { destroy, .. } => !destroy,
            Action::Apply { .. } | Action::Validate => true,
            Action::Init | Action::Look { .. } | Action::Destroy | Action::Fmt { .. } => false,
        }
    }

    /// The command that the user's own words are for.
    fn command(&self) -> Option<Command> {
        match self {
            Action::Init => Some(Command::Init),
            Action::Plan { keep: false, .. } => Some(Command::Plan),
            Action::Plan { destroy: true, .. } | Action::Destroy => Some(Command::Destroy),
            Action::Plan { .. } | Action::Apply { .. } => Some(Command::Apply),
            Action::Fmt { .. } => Some(Command::Fmt),
            Action::Look { .. } | Action::Validate => None,
        }
    }
}

/// Does it. The text says what came of it: for plans and applies the digest.
pub(crate) async fn run(step: &mut StepCx<'_>, action: &Action) -> Result<String, Failure> {
    let root = root(step)?;
    let words = action.command().map(|command| words::words(step, command)).transpose()?.unwrap_or_default();
    if matches!(action, Action::Fmt { .. }) {
        return read::fmt(step, &root, action).await;
    }
    // A step before this one may have written them.
    step.facts.module.take();
    if action.evaluates() {
        module::check(step)?;
    }
    let wish = if *action == Action::Init { Wish::Asked } else { Wish::IfNeeded };
    init::run(step, &root, wish).await?;
    if matches!(action, Action::Plan { .. } | Action::Apply { .. } | Action::Destroy) {
        known::mask(step, &root).await?;
    }
    match attempt(step, &root, action, &words).await {
        // terraform knows better than our stamp: somebody cleaned up, or another tool was here.
        Err(failure) if !step.facts.initialised && advice::needs_init(&format!("{:#}", failure.error)) => {
            step.line(Level::Normal, "terraform wants an init first");
            init::run(step, &root, Wish::Again).await?;
            attempt(step, &root, action, &words).await
        }
        other => other,
    }
}

async fn attempt(
    step: &mut StepCx<'_>,
    root: &Root,
    action: &Action,
    words: &[String],
) -> Result<String, Failure> {
    match action {
        Action::Init | Action::Fmt { .. } => Ok(String::new()),
        Action::Plan { json, out, keep: false, .. } if *json || flags::asks(words, "json") => {
            plan::plan_json(step, root, out.as_deref(), words).await
        }
        Action::Plan { out, keep: false, .. } => plan::plan(step, root, out.as_deref(), words).await,
        Action::Plan { destroy, .. } => keep::keep(step, root, *destroy, words).await,
        Action::Look { plan } => keep::look(step, root, plan).await,
        Action::Apply { plan } => change::apply(step, root, plan.as_deref(), words).await,
        Action::Destroy => change::destroy(step, root, words).await,
        Action::Validate => read::validate(step, root).await,
    }
}

/// Where and how the root module of this environment is driven.
pub(crate) fn root(step: &StepCx<'_>) -> Result<Root, Failure> {
    let Some(terraform) = &step.env.terraform else {
        return Err(Failure::new(
            Kind::Config,
            format!("`{}` has no root module: its outputs are given by hand", step.env.name),
        )
        .help(format!("put `*.tf` files into `environments/{}`, or set `[terraform] dir`", step.env.name)));
    };
    let Terraform { dir, workspace, var_files, lock_timeout, parallelism, .. } = terraform;
    if !dir.is_dir() {
        return Err(Failure::new(Kind::Config, format!("there is no folder `{}`", dir.display()))
            .help("create it, or set `[terraform] dir`"));
    }
    Ok(Root {
        environment: step.env.name.clone(),
        program: program(step.env, terraform),
        dir: dir.clone(),
        workspace: values::argument(step, workspace)?,
        var_files: var_files.clone(),
        lock_timeout: lock_timeout.map(|limit| format!("{}s", limit.as_secs_f64().ceil())),
        parallelism: *parallelism,
        color: step.cx.ui.mode.color,
    })
}

/// The program to start: a path is meant from the project, not from the folder of the root module.
pub(crate) fn program(env: &Environment, terraform: &Terraform) -> String {
    match &terraform.program {
        path if path.contains('/') => env.root.join(path).to_string_lossy().into_owned(),
        name => name.clone(),
    }
}

/// Gives a command what the environment says a child gets: secrets, `TF_VAR_*`, and no variable of the user
/// that would break it.
pub(crate) fn equip(step: &StepCx<'_>, mut cmd: Cmd) -> Result<Cmd, Failure> {
    let secrets = step.secret_variables().into_iter().map(|(name, value)| (name, Value::Secret(value)));
    let Some(terraform) = &step.env.terraform else {
        cmd.env.extend(secrets);
        return Ok(without_dangling(step, cmd));
    };
    let declared = root_module::declared(step);
    let set = values::variables(step, &terraform.env)?;
    let exact = |(name, value): (String, Value)| {
        let value = root_module::exact(declared, &name, value);
        (name, value)
    };
    cmd.env.extend(secrets.map(exact));
    cmd.env.extend(values::terraform_vars(step, terraform, declared)?);
    cmd.env.extend(set.into_iter().map(exact));
    cmd.env.insert("TF_WORKSPACE".into(), Value::Plain(values::argument(step, &terraform.workspace)?));
    Ok(without_dangling(step, cmd))
}

/// Hides variables of the user that name something which is not there: terraform complains about them at every call.
pub(super) fn without_dangling(step: &StepCx<'_>, mut cmd: Cmd) -> Cmd {
    for name in ["TF_CLI_CONFIG_FILE", "TF_PLUGIN_CACHE_DIR"] {
        if step.cx.vars.get(name).is_some_and(|path| !Path::new(path).exists()) {
            cmd = cmd.unset(name);
        }
    }
    cmd
}

pub(super) fn failed(step: &StepCx<'_>, root: &Root, verb: &str, code: i32, tail: &str) -> Failure {
    if let Some(signal) = code.checked_sub(128).filter(|signal| *signal > 0 && !tail.contains("Error: ")) {
        return Failure::new(
            Kind::Failed,
            format!("terraform {verb} of `{}` was ended by signal {signal}", step.env.name),
        )
        .help(format!(
            "run `infractl plan {}` to see what is left; if the state is locked, that says how to release it",
            step.env.name
        ))
        .help("look with `dmesg` whether the machine ran out of memory, if nobody else ended it");
    }
    let found = advice::explain(root, tail);
    let failure = Failure {
        error: anyhow::Error::msg(cause(tail))
            .context(format!("terraform {verb} of `{}` failed with exit code {code}", step.env.name)),
        help: found.help,
        ..Failure::new(found.kind.unwrap_or(Kind::Failed), "")
    };
    if tail.is_empty() {
        failure.help("run it again with `-v` to see everything terraform says")
    } else {
        failure
    }
}

/// The headline of the first error in what terraform said last.
fn cause(tail: &str) -> String {
    let clean = plain(tail);
    let headline = clean.lines().find_map(|line| line.split_once("Error: ").map(|(_, rest)| rest.trim()));
    match headline.unwrap_or_else(|| last_line(&clean)) {
        "" => "it said nothing".to_owned(),
        line => line.to_owned(),
    }
}
