//! See what was done: when, by whom, how it ended.

use std::fmt::Write;
use std::path::PathBuf;

use clap_complete::engine::ArgValueCandidates;
use comfy_table::CellAlignment;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::deployments::{self, DeploymentsArgs};
use super::table::{shown, table, when};
use super::{Global, OutputMode, complete, target};
use crate::context::Ctx;
use crate::disk;
use crate::failure::{Failure, Kind};
use crate::history::{Lane, Run, State, Store, html, took};
use crate::text::document;

/// See what was done: when, by whom, how it ended
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct HistoryArgs {
    #[command(subcommand)]
    command: Option<HistoryCommand>,
    /// Show so many runs
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 20)]
    limit: usize,
    /// Print JSON, as `--output json` does
    #[arg(long)]
    json: bool,
}

/// What to see.
#[derive(Debug, clap::Subcommand)]
enum HistoryCommand {
    /// Show a run: its steps, what they started, how long they took
    Show(ShowArgs),
    /// Write a run as one HTML file with a timeline; it opens offline
    Export(ExportArgs),
    /// See what was deployed: which release, which images, whether it was verified
    Deployments(DeploymentsArgs),
}

/// Show a run: its steps, what they started, how long they took
#[derive(Debug, clap::Args)]
struct ShowArgs {
    /// Number of the run [default: the last one]
    #[arg(value_name = "RUN", add = ArgValueCandidates::new(complete::runs))]
    number: Option<u64>,
    /// Print what tools said instead, secrets masked
    #[arg(long)]
    log: bool,
    /// Print JSON, as `--output json` does
    #[arg(long, conflicts_with = "log")]
    json: bool,
}

/// Write a run as one HTML file with a timeline; it opens offline
#[derive(Debug, clap::Args)]
struct ExportArgs {
    /// Number of the run [default: the last one]
    #[arg(value_name = "RUN", add = ArgValueCandidates::new(complete::runs))]
    number: Option<u64>,
    /// Where to write it; `-` is standard output
    #[arg(long, value_name = "FILE")]
    html: PathBuf,
}

/// Runs it.
pub(crate) async fn run(cx: &Ctx, global: &Global, args: &HistoryArgs) -> Result<(), Failure> {
    let project = target::project(cx)?;
    let store = Store::of(&project.root);
    let json = global.output == OutputMode::Json;
    match &args.command {
        None => {
            deployments::warn(cx, &project.root, &project.environments);
            list(cx, &store, args.limit, args.json || json)
        }
        Some(HistoryCommand::Deployments(args)) => deployments::run(cx, args, args.json || json).await,
        Some(HistoryCommand::Show(show)) => {
            let run = find(&store, show.number)?;
            if show.log {
                log(cx, &store, &run)
            } else if show.json || json {
                cx.ui.document(document::pretty(&run).as_bytes())
            } else {
                cx.ui.page(&(steps(&run) + &deployments::of_run(&project.root, &run)))
            }
        }
        Some(HistoryCommand::Export(export)) => {
            let run = find(&store, export.number)?;
            let page = html::page(&run, &store);
            if export.html.as_os_str() == "-" {
                return cx.ui.data(page.as_bytes());
            }
            disk::write(&cx.dir.join(&export.html), page.as_bytes(), disk::PRIVATE)?;
            cx.ui.note(format!("run {} is in {}", run.run.unwrap_or_default(), export.html.display()));
            Ok(())
        }
    }
}

pub(super) fn find(store: &Store, number: Option<u64>) -> Result<Run, Failure> {
    let numbers = store.numbers();
    let none = || {
        Failure::new(Kind::Usage, "there is no history yet").help("run `infractl plan ENV`: it leaves one")
    };
    let wanted = match number {
        Some(number) => number,
        None => *numbers.last().ok_or_else(none)?,
    };
    store.read(wanted).ok_or_else(|| match (numbers.first(), numbers.last()) {
        (Some(first), Some(last)) => {
            Failure::new(Kind::Usage, format!("there is no run {wanted} in the history"))
                .help(format!("name one from {first} to {last}; run `infractl history` to see them"))
        }
        _ => none(),
    })
}

fn list(cx: &Ctx, store: &Store, limit: usize, as_json: bool) -> Result<(), Failure> {
    let numbers = store.numbers();
    let runs: Vec<Run> = numbers.iter().rev().take(limit).filter_map(|number| store.head(*number)).collect();
    if as_json {
        let all: Vec<_> = runs.into_iter().map(head).collect();
        return cx.ui.document(document::pretty(&all).as_bytes());
    }
    if runs.is_empty() {
        cx.ui.note("there is no history yet");
        return Ok(());
    }
    let mut rows = table(["run", "when", "who", "verb", "environment", "outcome", "took"]);
    for run in &runs {
        let environments = match run.names() {
            names if names.chars().count() > 40 => format!("{} environments", run.environments.len()),
            names => names,
        };
        rows.add_row([
            run.run.unwrap_or_default().to_string(),
            when(run.started),
            format!("{}@{}", run.user, run.host),
            run.verb.clone(),
            environments,
            run.outcome.word().to_owned(),
            if run.outcome == State::Running { running_for(cx, run) } else { took(run.seconds) },
        ]);
    }
    for column in [0, 6] {
        if let Some(column) = rows.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    cx.ui.page(&shown(&rows))
}

/// One run as a row of JSON: the whole of it is in `history show`.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Head {
    /// Its number in the history.
    run: Option<u64>,
    /// When it began, UTC.
    started: Timestamp,
    /// Who.
    user: String,
    /// On which machine.
    host: String,
    /// The verb.
    verb: String,
    /// The environments that it worked on.
    environments: Vec<String>,
    /// How it ended.
    outcome: State,
    /// Its exit code.
    code: Option<u8>,
    /// How long it took.
    seconds: f64,
    /// The commit that was checked out.
    commit: Option<String>,
    /// The command line, secrets masked.
    argv: Vec<String>,
}

fn head(run: Run) -> Head {
    Head {
        run: run.run,
        started: run.started,
        user: run.user,
        host: run.host,
        verb: run.verb,
        environments: run.environments.into_iter().map(|lane| lane.environment).collect(),
        outcome: run.outcome,
        code: run.code,
        seconds: run.seconds,
        commit: run.commit,
        argv: run.argv,
    }
}

/// A run for people: one line a fact, one line a step.
fn steps(run: &Run) -> String {
    let mut text = format!(
        "run {}: {} {}, {} after {}\n",
        run.run.unwrap_or_default(),
        run.verb,
        run.names(),
        run.outcome.word(),
        took(run.seconds)
    );
    let mut fact = |name: &str, value: String| {
        let _ = writeln!(text, "{name:>8}  {value}");
    };
    fact("when", when(run.started));
    fact("who", format!("{}@{}, process {}", run.user, run.host, run.pid));
    fact("command", shell_words::join(&run.argv));
    if let Some(commit) = &run.commit {
        let dirty = if run.dirty == Some(true) { ", with changes" } else { "" };
        fact("commit", format!("{}{dirty}", &commit[..commit.len().min(12)]));
    }
    fact("infractl", run.infractl.clone());
    if let Some(code) = run.code {
        fact("exit", code.to_string());
    }
    if let Some(error) = &run.error {
        fact("error", error.trim_end().replace('\n', "\n          "));
    }
    for lane in &run.environments {
        text.push_str(&lane_text(lane));
    }
    text
}

fn lane_text(lane: &Lane) -> String {
    let mut text = format!(
        "\n{} {}: {} after {}\n",
        lane.verb,
        lane.environment,
        lane.outcome.word(),
        took(lane.seconds)
    );
    let width = lane.steps.iter().map(|step| step.name.chars().count()).max().unwrap_or(0);
    for step in &lane.steps {
        let line = format!(
            "  {:>2}  {:width$}  {:>8}  {:11}  {}",
            step.number,
            step.name,
            took(step.seconds),
            step.outcome.word(),
            step.summary
        );
        text.push_str(line.trim_end());
        text.push('\n');
        for command in &step.commands {
            let code = match (command.code, command.argv.first().map(String::as_str)) {
                (None, _) => "no exit code".to_owned(),
                // A request of HTTP.
                (Some(status @ 100..), Some("http")) => format!("status {status}"),
                (Some(code), _) => format!("exit {code}"),
            };
            let argv = shell_words::join(&command.argv);
            let _ = writeln!(text, "      $ {argv}  ({code}, {})", took(command.seconds));
        }
    }
    let left = lane.planned.saturating_sub(lane.steps.len());
    if left > 0 && lane.outcome != State::Running {
        let _ = writeln!(text, "      {} never began", crate::text::plural(left, "step"));
    }
    text
}

fn log(cx: &Ctx, store: &Store, run: &Run) -> Result<(), Failure> {
    let number = run.run.unwrap_or_default();
    let many = run.environments.len() > 1;
    let mut found = false;
    for lane in &run.environments {
        let Ok(text) = disk::read(&store.log(number, &lane.environment)) else { continue };
        found = true;
        if many {
            cx.ui.data(format!("==> {}\n", lane.environment).as_bytes())?;
        }
        cx.ui.data(&text)?;
    }
    if !found {
        cx.ui.note(format!("no tool said anything in run {number}"));
    }
    Ok(())
}

fn running_for(cx: &Ctx, run: &Run) -> String {
    let seconds = (cx.now)().duration_since(run.started).as_secs_f64();
    took(seconds.max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_have_words() {
        assert_eq!(State::of_code(0).word(), "done");
        assert_eq!(State::of_code(2).word(), "difference");
        assert_eq!(State::of_code(130).word(), "interrupted");
        assert_eq!(State::of_code(65).word(), "failed");
    }
}
