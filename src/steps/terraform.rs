//! terraform: plan, apply, destroy, and reading the outputs.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use indexmap::IndexMap;

use super::{SavedPlan, StepCx, diagnostics, terraform_init, values};
use crate::config::environment::Terraform;
use crate::exec::{Cmd, Done};
use crate::failure::{Failure, Kind};
use crate::tools::terraform::{self as tool, Digest, Output, PlanText, Root};
use crate::tools::terraform_events::{self as events, Diagnostic, Event as Told};
use crate::tools::terraform_text::Diagnostics;
use crate::ui::event::Level;

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

/// Does it. The text says what came of it: for plans and applies the digest.
pub async fn run(step: &mut StepCx<'_>, action: &Action) -> Result<String, Failure> {
    let root = root(step)?;
    if matches!(action, Action::Fmt { .. }) {
        return fmt(step, &root, action).await;
    }
    terraform_init::run(step, &root, *action == Action::Init).await?;
    match attempt(step, &root, action).await {
        // terraform knows better than our stamp: somebody cleaned up, or another tool was here.
        Err(failure) if !step.facts.initialised && tool::needs_init(&format!("{:#}", failure.error)) => {
            step.line(Level::Normal, "terraform wants an init first");
            terraform_init::run(step, &root, true).await?;
            attempt(step, &root, action).await
        }
        other => other,
    }
}

async fn attempt(step: &mut StepCx<'_>, root: &Root, action: &Action) -> Result<String, Failure> {
    match action {
        Action::Init | Action::Fmt { .. } => Ok(String::new()),
        Action::Plan { json: true, out, .. } => plan_json(step, root, out.as_deref()).await,
        Action::Plan { out, keep, destroy, json: false } => {
            plan(step, root, out.as_deref(), *keep, *destroy).await
        }
        Action::Apply { plan } => apply(step, root, plan.as_deref()).await,
        Action::Destroy => {
            let cmd = match &step.facts.plan {
                Some(saved) => root.apply_plan(&saved.file),
                None => root.destroy(),
            };
            change(step, root, cmd, "destroy").await
        }
        Action::Validate => validate(step, root).await,
    }
}

/// Where and how the root module of this environment is driven.
pub fn root(step: &StepCx<'_>) -> Result<Root, Failure> {
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
pub fn equip(step: &StepCx<'_>, mut cmd: Cmd) -> Result<Cmd, Failure> {
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
    if let Some(file) = step.cx.vars.get("TF_CLI_CONFIG_FILE") {
        if !Path::new(file).exists() {
            cmd = cmd.unset("TF_CLI_CONFIG_FILE");
        }
    }
    Ok(cmd)
}

async fn plan(
    step: &mut StepCx<'_>,
    root: &Root,
    out: Option<&Path>,
    keep: bool,
    destroy: bool,
) -> Result<String, Failure> {
    let kept = if keep { Some(private_plan()?) } else { None };
    let file = kept.as_ref().map(|saved| saved.file.as_path()).or(out);
    let mut cmd = equip(step, root.plan(file))?.args(step.extra.iter().cloned());
    if destroy {
        cmd = cmd.arg("-destroy");
    }
    let text = Mutex::new((PlanText::default(), Diagnostics::default()));
    let done = step
        .run_with(&cmd, &|line| {
            let (plan, found) = &mut *text.lock().unwrap_or_else(PoisonError::into_inner);
            plan.line(line);
            found.line(line);
            step.line(Level::Normal, line);
        })
        .await?;
    let (plan, found) = text.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.finish().iter().for_each(|found| diagnostics::tell(step, found));
    let digest = plan.digest();
    planned(step, root, &done, digest, out)?;
    step.facts.plan = kept;
    Ok(if done.code == 0 { "no changes".into() } else { digest.to_string() })
}

async fn plan_json(step: &mut StepCx<'_>, root: &Root, out: Option<&Path>) -> Result<String, Failure> {
    let cmd = equip(step, root.plan_json(out))?.args(step.extra.iter().cloned());
    let seen = Mutex::new(Progress::default());
    let done = step
        .run_with(&cmd, &|line| {
            let masked = step.cx.masks.mask(line);
            let _ = step.cx.ui.data(format!("{masked}\n").as_bytes());
            let told = events::parse(line);
            if let Told::Diagnostic(found) = &told {
                diagnostics::tell(step, found);
            }
            seen.lock().unwrap_or_else(PoisonError::into_inner).take(&told);
        })
        .await?;
    let seen = seen.into_inner().unwrap_or_else(PoisonError::into_inner);
    let done = Done { tail: seen.errors(&done.tail), ..done };
    planned(step, root, &done, seen.digest(), out)?;
    Ok(if done.code == 0 { "no changes".into() } else { seen.digest().to_string() })
}

fn planned(
    step: &mut StepCx<'_>,
    root: &Root,
    done: &Done,
    digest: Digest,
    out: Option<&Path>,
) -> Result<(), Failure> {
    // A saved plan holds the values of variables in clear text.
    if let Some(file) = out.filter(|file| file.exists()) {
        crate::disk::set_mode(file, 0o600)?;
    }
    if done.interrupted {
        return Err(
            step.interrupted(format!("the plan of `{}` was stopped; nothing was changed", step.env.name))
        );
    }
    match done.code {
        0 => step.facts.digest = Some(Digest::default()),
        2 => step.facts.digest = Some(Digest { outputs: digest.outputs || digest.is_empty(), ..digest }),
        code => return Err(failed(step, root, "plan", code, &done.tail)),
    }
    diagnostics::counted(step, step.facts.digest.unwrap_or_default());
    Ok(())
}

/// A place for a plan of this run: private, in memory where the system has such a place.
fn private_plan() -> Result<SavedPlan, Failure> {
    let dir = crate::disk::private_dir()?;
    Ok(SavedPlan { file: dir.path().join("infractl.tfplan"), dir })
}

async fn apply(step: &mut StepCx<'_>, root: &Root, plan: Option<&Path>) -> Result<String, Failure> {
    let cmd = match plan.or(step.facts.plan.as_ref().map(|saved| saved.file.as_path())) {
        Some(file) if !file.is_file() => {
            return Err(Failure::new(Kind::Usage, format!("there is no plan `{}`", file.display()))
                .help(format!("run `infractl plan {} --out {}`", step.env.name, file.display())));
        }
        Some(file) => root.apply_plan(file),
        None => root.apply(),
    };
    change(step, root, cmd, "apply").await
}

/// An apply or a destroy, with its progress.
async fn change(step: &mut StepCx<'_>, root: &Root, cmd: Cmd, verb: &str) -> Result<String, Failure> {
    let cmd = equip(step, cmd)?.args(step.extra.iter().cloned());
    let progress = Mutex::new(Progress::default());
    let done = step
        .run_with(&cmd, &|line| {
            let told = events::parse(line);
            show(step, &told);
            let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
            progress.take(&told);
            if let Some(text) = progress.text() {
                step.progress(text);
            }
        })
        .await?;
    let progress = progress.into_inner().unwrap_or_else(PoisonError::into_inner);
    // The outputs of before are no longer those of the state, and a plan is good for one time only.
    step.facts.outputs = None;
    step.facts.plan = None;
    if done.interrupted {
        return Err(stopped(step, verb, &progress));
    }
    if done.code != 0 {
        let tail = progress.errors(&done.tail);
        return Err(failed(step, root, verb, done.code, &tail));
    }
    let digest = progress.digest();
    step.facts.digest = Some(digest);
    diagnostics::counted(step, digest);
    Ok(if digest.is_empty() { "no changes".into() } else { digest.to_string() })
}

/// How an interrupted run ended is read from what terraform told, never from its exit code.
fn stopped(step: &StepCx<'_>, verb: &str, progress: &Progress) -> Failure {
    let name = &step.env.name;
    if progress.finished {
        return step
            .interrupted(format!("terraform finished the {verb} of `{name}` before it stopped"))
            .help(format!("run `infractl genenv {name}`: the environment file was not written again"));
    }
    step.interrupted(format!(
        "the {verb} of `{name}` was stopped: {} of {} resources done",
        progress.done, progress.planned
    ))
    .help(format!("run `infractl plan {name}` to see what is left; the environment file is as it was"))
}

pub(super) fn failed(step: &StepCx<'_>, root: &Root, verb: &str, code: i32, tail: &str) -> Failure {
    let advice = tool::explain(root, &step.env.name, tail);
    let failure = Failure {
        error: anyhow::Error::msg(cause(tail))
            .context(format!("terraform {verb} of `{}` failed with exit code {code}", step.env.name)),
        help: advice.help,
        ..Failure::new(advice.kind.unwrap_or(Kind::Failed), "")
    };
    if tail.is_empty() {
        failure.help("run it again with `-v` to see everything terraform says")
    } else {
        failure
    }
}

/// The headline of the first error in what terraform said last.
fn cause(tail: &str) -> String {
    let clean = anstream::adapter::strip_str(tail).to_string();
    let line =
        clean.lines().find_map(|line| line.split_once("Error: ").map(|(_, rest)| rest.trim().to_owned()));
    line.or_else(|| {
        clean.lines().rev().find(|line| !line.trim().is_empty()).map(|line| line.trim().to_owned())
    })
    .unwrap_or_else(|| "it said nothing".to_owned())
}

fn show(step: &StepCx<'_>, told: &Told) {
    match told {
        Told::Diagnostic(diagnostic) => {
            let level = if diagnostic.severity == "error" { Level::Important } else { Level::Normal };
            for line in diagnostic.text().lines() {
                step.line(level, line);
            }
            diagnostics::tell(step, diagnostic);
        }
        Told::Completed { address, action, seconds } => {
            step.line(Level::Detail, format!("{address}: {action} complete after {seconds} s"));
        }
        Told::Errored { address } => step.line(Level::Normal, format!("{address}: failed")),
        Told::Provisioner { address, text } => step.line(Level::Detail, format!("{address}: {text}")),
        Told::Planned { address, action } => step.line(Level::Detail, format!("{address}: to {action}")),
        Told::Drift { address, action } => {
            step.line(Level::Normal, format!("{address}: changed behind terraform's back ({action})"));
        }
        Told::Text(text) => step.line(Level::Normal, text),
        Told::Other(text) => step.line(Level::Detail, text),
        Told::Started { .. } | Told::Summary { .. } => {}
    }
}

/// What the stream of a change told so far.
#[derive(Debug, Default)]
struct Progress {
    planned: usize,
    done: usize,
    replaced: u64,
    running: Vec<String>,
    digest: Digest,
    finished: bool,
    diagnostics: Vec<Diagnostic>,
    raw: String,
}

impl Progress {
    fn take(&mut self, told: &Told) {
        match told {
            Told::Planned { action, .. } => {
                self.planned += 1;
                if action == "replace" {
                    // Counted as a destroy and a create in the stream: two pieces of work.
                    self.planned += 1;
                    self.replaced += 1;
                }
            }
            Told::Started { address, action } => self.running.push(format!("{} {address}", doing(action))),
            Told::Completed { address, .. } | Told::Errored { address } => {
                self.running
                    .retain(|running| running.split_once(' ').is_none_or(|(_, name)| name != address));
                if matches!(told, Told::Completed { .. }) {
                    self.done += 1;
                }
            }
            Told::Summary { digest, operation } => {
                self.digest = *digest;
                self.finished = operation != "plan";
            }
            Told::Diagnostic(diagnostic) if diagnostic.severity == "error" => {
                self.diagnostics.push(diagnostic.clone());
            }
            Told::Text(text) => {
                if self.raw.len() < 8192 {
                    self.raw.push_str(text);
                    self.raw.push('\n');
                }
            }
            _ => {}
        }
    }

    fn text(&self) -> Option<String> {
        if self.planned == 0 {
            return None;
        }
        let now = self.running.last().map_or(String::new(), |running| format!(", {running}"));
        Some(format!("{}/{} resources{now}", self.done, self.planned))
    }

    fn digest(&self) -> Digest {
        Digest {
            add: self.digest.add.saturating_sub(self.replaced),
            destroy: self.digest.destroy.saturating_sub(self.replaced),
            replace: self.replaced,
            ..self.digest
        }
    }

    /// The errors as text, for advice; what was no event, and the tail of standard error, besides.
    fn errors(&self, stderr: &str) -> String {
        let mut text: String = self.diagnostics.iter().map(|found| found.text() + "\n").collect();
        text.push_str(&self.raw);
        text.push_str(stderr);
        text
    }
}

fn doing(action: &str) -> &'static str {
    match action {
        "create" => "creating",
        "update" => "changing",
        "delete" => "destroying",
        "read" => "reading",
        _ => "working on",
    }
}

async fn validate(step: &mut StepCx<'_>, root: &Root) -> Result<String, Failure> {
    let done = step.run(&equip(step, root.validate())?).await?;
    let found = events::parse_validate(&done.stdout).unwrap_or_default();
    for diagnostic in &found {
        show(step, &Told::Diagnostic(diagnostic.clone()));
    }
    if done.code == 0 {
        return Ok(String::new());
    }
    let text: String = found.iter().map(|found| found.text() + "\n").collect();
    Err(failed(step, root, "validate", done.code, &(text + &done.tail)))
}

async fn fmt(step: &mut StepCx<'_>, root: &Root, action: &Action) -> Result<String, Failure> {
    let check = matches!(action, Action::Fmt { check: true });
    let done = step.run(&root.fmt(check).args(step.extra.iter().cloned())).await?;
    match done.code {
        0 => Ok(String::new()),
        3 => Err(Failure::new(Kind::Difference, format!("files of `{}` are not formatted", step.env.name))
            .help(format!("run `infractl fmt {}`", step.env.name))),
        code => Err(failed(step, root, "fmt", code, &done.tail)),
    }
}

/// Reads outputs and serial into the facts: one call of terraform, or those given by hand.
pub async fn outputs(step: &mut StepCx<'_>) -> Result<String, Failure> {
    if step.env.terraform.is_none() {
        step.facts.outputs = Some(by_hand(step)?);
        return Ok(crate::text::plural(step.env.outputs.len(), "output"));
    }
    let root = root(step)?;
    terraform_init::run(step, &root, false).await?;
    let mut done = step.run(&equip(step, root.state_pull())?).await?;
    if done.code != 0 && !step.facts.initialised && tool::needs_init(&done.tail) {
        terraform_init::run(step, &root, true).await?;
        done = step.run(&equip(step, root.state_pull())?).await?;
    }
    if done.interrupted {
        return Err(step.interrupted(format!("stopped while the outputs of `{}` were read", step.env.name)));
    }
    if done.code != 0 {
        return Err(failed(step, &root, "state pull", done.code, &done.tail));
    }
    let state = tool::parse_state(&done.stdout).map_err(|error| {
        // The text around the error is the state: never shown.
        Failure::new(
            Kind::Failed,
            format!("terraform's state could not be read: {:?} error", error.classify()),
        )
    })?;
    for (name, output) in state.outputs.iter().filter(|(_, output)| output.sensitive) {
        for text in values::texts(&output.value) {
            values::mask(step, name, &text);
        }
    }
    step.facts.serial = state.serial;
    let count = state.outputs.len();
    step.facts.outputs = Some(state.outputs);
    Ok(crate::text::plural(count, "output"))
}

fn by_hand(step: &StepCx<'_>) -> Result<IndexMap<String, Output>, Failure> {
    let known = values::Known::of(step);
    let given = step.env.outputs.iter();
    given
        .map(|(name, given)| {
            let (value, sensitive) = given.render(&known.scope(step))?;
            Ok((name.clone(), Output { value, sensitive }))
        })
        .collect()
}

/// The commands a step would run, in order.
pub fn describe(step: &mut StepCx<'_>, action: &Action) -> Result<Vec<String>, Failure> {
    let root = root(step)?;
    let mut lines = Vec::new();
    let mut push = |cmd: Cmd| -> Result<(), Failure> {
        lines.push(super::shown_in(&equip(step, cmd)?.args(step.extra.iter().cloned())));
        Ok(())
    };
    match action {
        Action::Fmt { check } => return Ok(vec![super::shown_in(&root.fmt(*check))]),
        Action::Init => {}
        Action::Plan { json: true, out, .. } => push(root.plan_json(out.as_deref()))?,
        Action::Plan { out, keep, destroy, .. } => {
            let file = if *keep { Some(Path::new("PRIVATE.tfplan")) } else { out.as_deref() };
            let cmd = root.plan(file);
            push(if *destroy { cmd.arg("-destroy") } else { cmd })?;
        }
        Action::Apply { plan: Some(file) } => push(root.apply_plan(file))?,
        Action::Apply { plan: None } => push(root.apply())?,
        Action::Destroy => push(root.destroy())?,
        Action::Validate => push(root.validate())?,
    }
    let mut all: Vec<String> = terraform_init::describe(step, &root, *action == Action::Init)?;
    all.extend(lines);
    Ok(all)
}

/// The commands that read the outputs.
pub fn describe_outputs(step: &mut StepCx<'_>) -> Result<Vec<String>, Failure> {
    if step.env.terraform.is_none() {
        return Ok(vec!["# outputs: those of `[outputs]`".into()]);
    }
    let root = root(step)?;
    let mut lines = terraform_init::describe(step, &root, false)?;
    lines.push(super::shown_in(&equip(step, root.state_pull())?));
    Ok(lines)
}
