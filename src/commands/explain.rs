//! Say what the failure of a run means, by the rules of today.

use std::fmt::Write as _;

use clap_complete::engine::ArgValueCandidates;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Global, OutputMode, complete, history, target};
use crate::config::Environment;
use crate::config::model::FailureRule;
use crate::context::Ctx;
use crate::disk;
use crate::failure::Failure;
use crate::history::{Lane, Run, State, Step, Store};
use crate::text::document;
use crate::text::{list, plain};
use crate::tools::failures::{Branch, Failed, branches, is_same};

/// Say what the failure of a run means: the rules of `[[failures]]`, then those of infractl, over what it left
///
/// Runs nothing; the rules are those of today, so that a new one can be tried on an old run.
#[derive(Debug, clap::Args)]
pub struct ExplainArgs {
    /// Number of the run [default: the last one that failed]
    #[arg(value_name = "RUN", add = ArgValueCandidates::new(complete::runs))]
    number: Option<u64>,
    /// Print JSON, as `--output json` does
    #[arg(long)]
    json: bool,
}

/// The bytes of a log that are searched: its end.
const SEARCHED: usize = 4 * 1024 * 1024;
/// How far back runs that ended in the same way are looked for.
const BACK: usize = 50;

/// A step that failed, and what that means.
struct Explained<'a> {
    lane: &'a Lane,
    step: Option<&'a Step>,
    exit: Option<i32>,
    branches: Vec<Branch>,
    env: Option<Environment>,
}

/// Runs it.
pub(crate) fn run(cx: &Ctx, global: &Global, args: &ExplainArgs) -> Result<(), Failure> {
    let project = target::project(cx)?;
    let store = Store::of(&project.root);
    let run = match args.number {
        None => last_failed(&store).map_or_else(|| history::find(&store, None), Ok)?,
        number => history::find(&store, number)?,
    };
    let all: Vec<Explained<'_>> = failed_lanes(&run)
        .map(|lane| {
            let env = project.environment(&lane.environment);
            if let Err(failure) = &env {
                cx.ui
                    .warn(format!("the rules of `{}` cannot be read: {:#}", lane.environment, failure.error));
            }
            explain(&store, &run, lane, env.ok())
        })
        .collect();
    let same = same_runs(&store, &run);
    if args.json || global.output == OutputMode::Json {
        return cx.ui.document(document::pretty(&document(&run, &all, &same)).as_bytes());
    }
    cx.ui.page(&for_people(&run, &all, &same))
}

fn last_failed(store: &Store) -> Option<Run> {
    let newest = store.numbers().into_iter().rev();
    let number = newest
        .into_iter()
        .find(|number| store.head(*number).is_some_and(|run| run.outcome == State::Failed))?;
    store.read(number)
}

fn failed_lanes(run: &Run) -> impl Iterator<Item = &Lane> {
    run.environments.iter().filter(|lane| lane.outcome == State::Failed)
}

fn explain<'a>(store: &Store, run: &Run, lane: &'a Lane, env: Option<Environment>) -> Explained<'a> {
    let step = lane.steps.iter().rev().find(|step| step.outcome == State::Failed);
    let commands = step.map_or(&[][..], |step| &step.commands);
    let exit = commands.last().and_then(|command| command.code);
    let failed = Failed {
        programs: commands.iter().map(|command| command.argv.clone()).collect(),
        lines: step.map(|step| lines(store, run, lane, step)).unwrap_or_default(),
        reason: run.error.clone().unwrap_or_default(),
        exit,
    };
    let own: &[FailureRule] = env.as_ref().map_or(&[], |env| &env.failures);
    Explained { lane, step, exit, branches: branches(own, &failed), env }
}

/// What the tools of a step said, without what infractl said there itself.
fn lines(store: &Store, run: &Run, lane: &Lane, step: &Step) -> Vec<String> {
    let log = disk::read(&store.log(run.run.unwrap_or_default(), &lane.environment)).unwrap_or_default();
    let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(log.len());
    // One that was killed wrote no end.
    let (start, end) =
        (place(step.log.0), if step.log.1 > step.log.0 { place(step.log.1) } else { log.len() });
    let part = &log[start.max(end.saturating_sub(SEARCHED))..end];
    let text = String::from_utf8_lossy(part);
    text.lines().filter(|line| !line.starts_with("$ ")).map(str::to_owned).collect()
}

/// The runs right before this one that failed in the same way, newest first.
fn same_runs(store: &Store, run: &Run) -> Vec<u64> {
    let (Some(own), Some(error)) = (run.run, &run.error) else { return Vec::new() };
    let before = store.numbers().into_iter().rev().filter(|number| *number < own).take(BACK);
    let heads = before.filter_map(|number| store.head(number));
    let alike = heads.filter(|head| head.verb == run.verb && head.names() == run.names());
    let same = alike.take_while(|head| {
        head.outcome == State::Failed && head.error.as_ref().is_some_and(|other| is_same(other, error))
    });
    same.filter_map(|head| head.run).collect()
}

/// The commands that show more; what is not known without a run stays as it is written.
fn look(explained: &Explained<'_>, branch: &Branch) -> Vec<String> {
    let name = |text: &str| explained.env.as_ref().map_or_else(|| text.to_owned(), |env| env.step_name(text));
    branch.look.iter().map(|line| name(line.0.as_str())).collect()
}

fn for_people(run: &Run, all: &[Explained<'_>], same: &[u64]) -> String {
    let number = run.run.unwrap_or_default();
    let mut text = format!("run {number}: {} {}, {}\n", run.verb, run.names(), run.outcome.word());
    if let Some(error) = &run.error {
        let _ = writeln!(text, "  error  {}", plain(error.trim_end()).replace('\n', "\n         "));
    }
    if all.is_empty() {
        text.push_str("\nno step of it failed: there is nothing to explain\n");
    }
    for explained in all {
        let step = explained
            .step
            .map_or_else(|| "no step had begun".to_owned(), |step| format!("step `{}`", step.name));
        let exit = explained.exit.map_or_else(String::new, |code| format!(", exit code {code}"));
        let _ = writeln!(text, "\n{}: {step}{exit}", explained.lane.environment);
        let Some((first, others)) = explained.branches.split_first() else {
            text.push_str(
                "  no rule knows it: add one as `[[failures]]`, and try it with `infractl explain`\n",
            );
            continue;
        };
        let whose = if first.is_own { "rule of the project" } else { "rule of infractl" };
        let _ = writeln!(text, "  {}: {}  ({whose})", first.name, first.says);
        let _ = writeln!(text, "    found      {}", plain(&first.line));
        for line in look(explained, first) {
            let _ = writeln!(text, "    look       {line}");
        }
        if let Some(helps) = first.retry {
            let _ = writeln!(text, "    try again  {}", if helps { "helps" } else { "does not help" });
        }
        for other in others {
            let _ = writeln!(text, "  also seen: {}: {}", other.name, other.says);
        }
    }
    if !same.is_empty() {
        let _ = writeln!(text, "\nit failed in the same way in {}", list(same, "and"));
    }
    text
}

/// What the failure of a run means.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Document {
    /// Its number in the history.
    run: Option<u64>,
    /// The verb.
    verb: String,
    /// How it ended.
    outcome: State,
    /// Why, in the words of infractl.
    error: Option<String>,
    /// Those in which a step failed.
    environments: Vec<Failing>,
    /// The runs right before it that failed in the same way, newest first.
    same_in: Vec<u64>,
}

/// A step that failed.
#[derive(Debug, Serialize, JsonSchema)]
struct Failing {
    /// The environment.
    environment: String,
    /// The step; none when no step had begun.
    step: Option<String>,
    /// The exit code of its last program.
    exit: Option<i32>,
    /// What it means; none when no rule knows it.
    branch: Option<Meaning>,
    /// What other rules say of it.
    also_seen: Vec<Meaning>,
}

/// What a rule says of a failure.
#[derive(Debug, Serialize, JsonSchema)]
struct Meaning {
    /// A short name.
    name: String,
    /// In a sentence.
    says: String,
    /// The line that says so.
    line: String,
    /// Commands that show more.
    look: Vec<String>,
    /// Whether another try helps, if the rule knows.
    retry: Option<bool>,
    /// The rule is one of the project.
    own: bool,
}

fn document(run: &Run, all: &[Explained<'_>], same: &[u64]) -> Document {
    let meaning = |explained: &Explained<'_>, branch: &Branch| Meaning {
        name: branch.name.clone(),
        says: branch.says.clone(),
        line: branch.line.clone(),
        look: look(explained, branch),
        retry: branch.retry,
        own: branch.is_own,
    };
    let failing = |one: &Explained<'_>| {
        let mut found = one.branches.iter().map(|branch| meaning(one, branch));
        Failing {
            environment: one.lane.environment.clone(),
            step: one.step.map(|step| step.name.clone()),
            exit: one.exit,
            branch: found.next(),
            also_seen: found.collect(),
        }
    };
    Document {
        run: run.run,
        verb: run.verb.clone(),
        outcome: run.outcome,
        error: run.error.clone(),
        environments: all.iter().map(failing).collect(),
        same_in: same.to_vec(),
    }
}
