//! terraform: which of its verbs, with what, and what its errors mean.

mod change;
pub(crate) mod diagnostics;
pub(crate) mod init;
pub(crate) mod known;
mod plan;
mod progress;
mod providers;
pub(crate) mod read;
mod script;

use std::path::{Path, PathBuf};

use crate::config::Environment;
use crate::config::environment::Terraform;
use crate::config::verbs::Effect;
use crate::exec::BoxFuture;
use crate::exec::Cmd;
use crate::failure::{Failure, Kind};
use crate::steps::terraform::init::Wish;
use crate::text::{last_line, plain};
use crate::tools::terraform::advice;
use crate::tools::terraform::{self as tool, Root};
use crate::ui::event::Level;
use crate::work::kind::{Mention, StepKind};
use crate::work::script::Script;
use crate::work::{StepCx, values};

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
            Action::Init | Action::Plan { .. } | Action::Validate | Action::Fmt { .. } => Effect::Reads,
            Action::Apply { .. } => Effect::Changes,
            Action::Destroy => Effect::Destroys,
        })
    }

    fn run<'a>(&'a self, step: &'a mut StepCx<'_>) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(run(step, self))
    }

    fn describe(&self, step: &mut StepCx<'_>) -> Result<Vec<String>, Failure> {
        describe(step, self)
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
        describe_outputs(step)
    }

    fn script(&self, _: &StepCx<'_>, _: &mut Script) -> Result<Vec<String>, Failure> {
        Ok(Vec::new())
    }
}

/// Does it. The text says what came of it: for plans and applies the digest.
pub(crate) async fn run(step: &mut StepCx<'_>, action: &Action) -> Result<String, Failure> {
    let root = root(step)?;
    if matches!(action, Action::Fmt { .. }) {
        return read::fmt(step, &root, action).await;
    }
    let wish = if *action == Action::Init { Wish::Asked } else { Wish::IfNeeded };
    init::run(step, &root, wish).await?;
    if matches!(action, Action::Plan { .. } | Action::Apply { .. } | Action::Destroy) {
        known::mask(step, &root).await?;
    }
    match attempt(step, &root, action).await {
        // terraform knows better than our stamp: somebody cleaned up, or another tool was here.
        Err(failure) if !step.facts.initialised && advice::needs_init(&format!("{:#}", failure.error)) => {
            step.line(Level::Normal, "terraform wants an init first");
            init::run(step, &root, Wish::Again).await?;
            attempt(step, &root, action).await
        }
        other => other,
    }
}

async fn attempt(step: &mut StepCx<'_>, root: &Root, action: &Action) -> Result<String, Failure> {
    match action {
        Action::Init | Action::Fmt { .. } => Ok(String::new()),
        Action::Plan { json: true, out, .. } => plan::plan_json(step, root, out.as_deref()).await,
        Action::Plan { out, keep: false, .. } if step.extra.iter().any(|word| word == "-json") => {
            plan::plan_json(step, root, out.as_deref()).await
        }
        Action::Plan { out, keep, destroy, json: false } => {
            plan::plan(step, root, out.as_deref(), *keep, *destroy).await
        }
        Action::Apply { plan } => change::apply(step, root, plan.as_deref()).await,
        Action::Destroy => {
            let cmd = match &step.facts.plan {
                Some(saved) => root.apply_plan(&saved.file, &tool::flags_for_a_plan(step.extra)),
                None => root.destroy().args(step.extra.iter().cloned()),
            };
            change::change(step, root, cmd, "destroy").await
        }
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
    let Terraform { program, dir, workspace, var_files, lock_timeout, parallelism, .. } = terraform;
    if !dir.is_dir() {
        return Err(Failure::new(Kind::Config, format!("there is no folder `{}`", dir.display()))
            .help("create it, or set `[terraform] dir`"));
    }
    Ok(Root {
        environment: step.env.name.clone(),
        // A path is meant from the project, not from the folder of the root module.
        program: if program.contains('/') {
            step.env.root.join(program).to_string_lossy().into_owned()
        } else {
            program.clone()
        },
        dir: dir.clone(),
        workspace: values::argument(step, workspace)?,
        var_files: var_files.clone(),
        lock_timeout: lock_timeout.map(|limit| format!("{}s", limit.as_secs_f64().ceil())),
        parallelism: *parallelism,
        color: step.cx.ui.mode.color,
    })
}

/// Gives a command what the environment says a child gets: secrets, `TF_VAR_*`, and no variable of the user
/// that would break it.
pub(crate) fn equip(step: &StepCx<'_>, mut cmd: Cmd) -> Result<Cmd, Failure> {
    for (name, value) in step.secret_variables() {
        cmd = cmd.secret(name, value);
    }
    if let Some(terraform) = &step.env.terraform {
        for (name, value) in values::terraform_vars(step, terraform)? {
            cmd.env.insert(format!("TF_VAR_{name}"), value);
        }
        for (name, value) in values::variables(step, &terraform.env)? {
            cmd.env.insert(name, value);
        }
    }
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

/// The commands a step would run, in order.
pub(crate) fn describe(step: &mut StepCx<'_>, action: &Action) -> Result<Vec<String>, Failure> {
    let root = root(step)?;
    let mut lines = Vec::new();
    let mut push = |cmd: Cmd| -> Result<(), Failure> {
        lines.push(crate::work::shown_in(&equip(step, cmd)?.args(step.extra.iter().cloned())));
        Ok(())
    };
    match action {
        Action::Fmt { check } => {
            return Ok(vec![crate::work::shown_in(&root.fmt(*check).args(step.extra.iter().cloned()))]);
        }
        Action::Init => {}
        Action::Plan { json: true, out, .. } => push(root.plan_json(out.as_deref()))?,
        Action::Plan { out, keep, destroy, .. } => {
            let file = if *keep { Some(Path::new("PRIVATE.tfplan")) } else { out.as_deref() };
            let cmd = root.plan(file);
            push(if *destroy { cmd.arg("-destroy") } else { cmd })?;
        }
        Action::Apply { plan: Some(file) } => {
            lines.push(crate::work::shown_in(&equip(step, root.apply_plan(file, step.extra))?));
        }
        Action::Apply { plan: None } => push(root.apply())?,
        Action::Destroy => push(root.destroy())?,
        Action::Validate => push(root.validate())?,
    }
    let mut all: Vec<String> = init::describe(step, &root, *action == Action::Init)?;
    all.extend(lines);
    Ok(all)
}

/// The commands that read the outputs.
pub(crate) fn describe_outputs(step: &mut StepCx<'_>) -> Result<Vec<String>, Failure> {
    if step.env.terraform.is_none() {
        return Ok(vec!["# outputs: those of `[outputs]`".into()]);
    }
    let root = root(step)?;
    let mut lines = init::describe(step, &root, false)?;
    lines.push(crate::work::shown_in(&equip(step, root.state_pull())?));
    Ok(lines)
}
