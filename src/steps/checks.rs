//! `[checks]`: programs that look at the files of an environment, all at once, each finding with its place.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use futures_util::stream::{self, StreamExt as _};
use indexmap::IndexMap;

use crate::config::Environment;
use crate::config::model::{CheckTable, Findings};
use crate::config::verbs::Effect;
use crate::exec::{BoxFuture, Cmd, Io, RunError};
use crate::failure::{Explain as _, Failure, Kind};
use crate::steps::command;
use crate::steps::meet::meet;
use crate::steps::terraform::{self, diagnostics};
use crate::text::{self, plain, plural};
use crate::tools::checkers::{self, Finding, promtool};
use crate::tools::install_help;
use crate::ui::event::{Diagnostic, Event, Level, Severity};
use crate::work::kind::{Mention, StepKind};
use crate::work::marked::marked;
use crate::work::needs::Needs;
use crate::work::script::Script;
use crate::work::values::Known;
use crate::work::{StepCx, child, shown_in};

/// All checks of the environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checks;

impl StepKind for Checks {
    fn visit(&self, env: &Environment, see: &mut dyn FnMut(Mention<'_>)) {
        for (name, check) in &env.checks {
            match &check.run {
                Some(run) => {
                    run.templates().into_iter().for_each(|template| see(Mention::Template(template)));
                    if let Some(start) = command::start(run) {
                        see(Mention::Starts(start));
                    }
                }
                None if check.watches() => watching(check).for_each(|program| see(Mention::Starts(program))),
                None if name == "fmt" => terraform::starts(env, see),
                None => see(Mention::Starts(name)),
            }
            check.env.values().for_each(|template| see(Mention::Template(template)));
        }
    }

    fn effect(&self) -> Option<Effect> {
        Some(Effect::Reads)
    }

    fn run<'a>(&'a self, step: &'a mut StepCx<'_>) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(run(step))
    }

    fn describe(&self, step: &mut StepCx<'_>) -> Result<Vec<String>, Failure> {
        Ok(calls(step, &Known::shown(step, self))?.iter().map(|call| shown_in(&call.cmd)).collect())
    }

    fn script(&self, step: &StepCx<'_>, script: &mut Script) -> Result<Vec<String>, Failure> {
        let calls = calls(step, &marked(step, self))?;
        Ok(calls.iter().map(|call| script.command_sparing(step, &call.cmd)).collect())
    }
}

/// A check that is about to be done.
struct Call<'a> {
    name: &'a str,
    /// It is done as infractl knows it.
    is_known: bool,
    findings: Findings,
    dir: PathBuf,
    cmd: Cmd,
}

/// How a check ended.
struct Ended<'a> {
    call: Call<'a>,
    findings: Vec<Finding>,
    /// What it printed for people.
    lines: Vec<String>,
    result: Result<i32, RunError>,
}

/// What is called, in the order in which it is written.
fn calls<'a>(step: &StepCx<'a>, known: &Known) -> Result<Vec<Call<'a>>, Failure> {
    let env: &'a Environment = step.env;
    let mut all = Vec::new();
    for (name, check) in &env.checks {
        let place = env.root.join("environments").join(&env.name);
        let usual = env.terraform.as_ref().map_or(place, |terraform| terraform.dir.clone());
        if check.watches() {
            for (findings, cmd) in watched(env, name, check)? {
                let cmd = cmd.dir(&env.root).io(Io::Capture);
                let cmd = command::given(step, known, cmd, &check.env, None)?;
                all.push(Call { name, is_known: true, findings, dir: env.root.clone(), cmd });
            }
            continue;
        }
        let dir = check.dir.as_ref().map_or(usual, |dir| dir.0.clone());
        let cmd = match &check.run {
            Some(run) => command::program(step, known, run, "run")?,
            None if name == "fmt" && env.terraform.is_none() => continue,
            None if name == "fmt" => terraform::without_dangling(step, terraform::root(step)?.fmt(true)),
            None => known_call(env, name),
        };
        let cmd = command::given(step, known, cmd.dir(&dir).io(Io::Capture), &check.env, None)?;
        let findings = check.findings.unwrap_or_else(|| Findings::of(name));
        all.push(Call { name, is_known: check.run.is_none(), findings, dir, cmd });
    }
    Ok(all)
}

/// The programs of a check of what watches an environment.
fn watching(check: &CheckTable) -> impl Iterator<Item = &'static str> {
    let rules = !check.promtool.is_empty() || !check.tests.is_empty();
    [rules.then_some("promtool"), check.amtool.as_ref().map(|_| "amtool")].into_iter().flatten()
}

/// Its calls, one for each file: promtool does not say which file its lint means.
fn watched(env: &Environment, name: &str, check: &CheckTable) -> Result<Vec<(Findings, Cmd)>, Failure> {
    let mut all = Vec::new();
    for (files, call) in
        [(&check.promtool, promtool::check_rules as fn(&str) -> Cmd), (&check.tests, promtool::test_rules)]
    {
        for file in files {
            for found in files_of(env, name, &file.0)? {
                all.push((Findings::Promtool, call(&found)));
            }
        }
    }
    if let Some(file) = &check.amtool {
        for found in files_of(env, name, &file.0)? {
            all.push((Findings::Amtool, promtool::check_config(&found)));
        }
    }
    Ok(all)
}

/// The files that a path with `*` in its last part means, seen from the project. None at all is a mistake: a check of nothing
/// finds nothing.
fn files_of(env: &Environment, name: &str, path: &Path) -> Result<Vec<String>, Failure> {
    let shown = |path: &Path| path.strip_prefix(&env.root).unwrap_or(path).to_string_lossy().into_owned();
    let pattern = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let folder = path.parent().unwrap_or(&env.root);
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let is_meant = |entry: &std::fs::DirEntry| {
        text::matches(&pattern, &entry.file_name().to_string_lossy()) && entry.path().is_file()
    };
    let mut found: Vec<String> = entries.filter(is_meant).map(|entry| shown(&entry.path())).collect();
    found.sort();
    if found.is_empty() {
        let message = format!("the check `{name}` looks at nothing: there is no file `{}`", shown(path));
        return Err(Failure::new(Kind::Config, message).help(format!("correct it in `[checks.{name}]`")));
    }
    Ok(found)
}

/// The call of a program that infractl knows. Policies of the project are meant for all of its environments.
fn known_call(env: &Environment, name: &str) -> Cmd {
    let cmd = checkers::call(name);
    let policy = env.root.join("policy");
    if name == "conftest" && policy.is_dir() {
        return cmd.args(["--policy".to_owned(), policy.to_string_lossy().into_owned()]);
    }
    cmd
}

async fn run(step: &mut StepCx<'_>) -> Result<String, Failure> {
    meet(step, &Needs::of(step.env, &Checks, Some(&[]))).await?;
    let step = &*step;
    let calls = calls(step, &Known::of(step))?;
    if let Some(call) = calls.iter().find(|call| !call.dir.is_dir()) {
        let message = format!("there is no folder `{}`", call.dir.display());
        return Err(
            Failure::new(Kind::Config, message).help(format!("correct `dir` of the check `{}`", call.name))
        );
    }
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let runs: Vec<_> = calls.into_iter().map(|call| one(step, call)).collect();
    let all: Vec<Ended<'_>> = stream::iter(runs).buffered(cores).collect().await;
    if step.cx.interrupts.is_pressed() {
        return Err(step.interrupted(format!("the checks of `{}` were stopped", step.env.name)));
    }
    for ended in &all {
        tell(step, ended);
    }
    judged(step, &all)
}

async fn one<'a>(step: &StepCx<'_>, call: Call<'a>) -> Ended<'a> {
    let said = Mutex::new(Vec::new());
    let hear = |text: &str| said.lock().unwrap_or_else(PoisonError::into_inner).push(text.to_owned());
    let cmd =
        child::variables(step).into_iter().fold(call.cmd.clone(), |cmd, (name, value)| cmd.env(name, value));
    let result = step.run_with(&cmd, &hear).await;
    let printed = result.as_ref().map(|done| done.stdout.as_slice()).unwrap_or_default();
    let said = said.into_inner().unwrap_or_else(PoisonError::into_inner);
    let findings = if call.findings.is_on_both() {
        let both = format!("{}\n{}", String::from_utf8_lossy(printed), said.join("\n"));
        checkers::read(call.findings, both.as_bytes())
    } else {
        checkers::read(call.findings, printed)
    };
    let mut lines = Vec::new();
    // What was read as a document is for programs.
    if findings.is_none() || call.findings.is_for_people() {
        lines.extend(String::from_utf8_lossy(printed).lines().map(str::to_owned));
    }
    if !(call.findings.is_on_both() && findings.as_ref().is_some_and(|found| !found.is_empty())) {
        lines.extend(said);
    }
    Ended { call, findings: findings.unwrap_or_default(), lines, result: result.map(|done| done.code) }
}

/// Shows what a check found, and tells the places to who listens.
fn tell(step: &StepCx<'_>, ended: &Ended<'_>) {
    let Ended { call, findings, lines, result } = ended;
    let name = call.name;
    let has_failed = !matches!(result, Ok(0));
    for line in lines {
        let level = if has_failed { Level::Important } else { Level::Detail };
        step.line(level, format!("{name}: {}", plain(line)));
    }
    for Finding { is_error, message, rule, file, line, column } in findings {
        let file = file.as_ref().map(|file| diagnostics::place(step, &call.dir, file));
        if !call.findings.is_for_people() {
            let level = if has_failed { Level::Important } else { Level::Normal };
            let rule = rule.as_ref().map(|rule| format!(" ({rule})")).unwrap_or_default();
            let text = format!("{name}: {}{message}{rule}", shown(file.as_deref(), *line, *column));
            text.lines().for_each(|line| step.line(level, line));
        }
        let diagnostic = Diagnostic {
            severity: if *is_error && has_failed { Severity::Error } else { Severity::Warning },
            summary: rule.as_ref().map_or(name.to_owned(), |rule| format!("{name}: {rule}")),
            detail: message.clone(),
            file,
            line: *line,
        };
        step.event(Event::Diagnostic { name: step.name.to_owned(), diagnostic });
    }
}

/// `environments/dev/main.tf:3: `
fn shown(file: Option<&str>, line: Option<u64>, column: Option<u64>) -> String {
    match (file, line) {
        (Some(file), Some(line)) => {
            let column = column.map(|column| format!(":{column}")).unwrap_or_default();
            format!("{file}:{line}{column}: ")
        }
        (Some(file), None) => format!("{file}: "),
        _ => String::new(),
    }
}

/// All of them were fine, or which were not and what to do.
fn judged(step: &StepCx<'_>, all: &[Ended<'_>]) -> Result<String, Failure> {
    let (mut wrong, mut help, mut kinds) = (Vec::new(), Vec::new(), Vec::new());
    // A check of several files is one.
    let mut found: IndexMap<&str, usize> = IndexMap::new();
    for Ended { call, findings, result, .. } in all {
        let name = call.name;
        match result {
            Ok(0) => {}
            Ok(code) => {
                kinds.push(Kind::Failed);
                match findings.len() {
                    0 => wrong.push(format!("`{name}` ended with exit code {code}")),
                    count => *found.entry(name).or_default() += count,
                }
                if name == "fmt" && call.is_known {
                    help.push(format!("run `infractl fmt {}`", step.env.name));
                }
            }
            Err(error) => {
                kinds.push(error.kind());
                wrong.push(format!("`{name}`: {error}"));
                if let RunError::NotFound { program } = error {
                    help.extend(install_help(program).map(str::to_owned));
                }
            }
        }
    }
    let found = found.iter().map(|(name, count)| format!("`{name}` found {}", plural(*count, "problem")));
    let wrong: Vec<String> = found.chain(wrong).collect();
    // What was found weighs more than what could not be looked at.
    let Some(kind) = kinds.iter().find(|kind| **kind == Kind::Failed).or(kinds.first()) else {
        let mut names: Vec<&str> = all.iter().map(|ended| ended.call.name).collect();
        names.dedup();
        return Ok(names.join(", "));
    };
    Err(help.into_iter().fold(Failure::new(*kind, wrong.join("; ")), Failure::help))
}
