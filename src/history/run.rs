//! A run as it is remembered: plain data, made from its lines.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::line::{Line, Start};
use super::state::State;
use crate::ui::event::{Changes, Diagnostic};

/// Version of the form of histories and reports.
pub(crate) const SCHEMA: u32 = 1;

/// One call of infractl: who did what, when, and how it ended.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Version of this form.
    pub schema: u32,
    /// Number in the history of the project; none for a run that is not kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<u64>,
    /// The verb, as it was typed.
    pub verb: String,
    /// How it ended.
    pub outcome: State,
    /// The exit code; none while it runs, and after a crash.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<u8>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// When it began, UTC.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub started: Timestamp,
    /// How long it took; for one without an end, how long it is known to have run.
    pub seconds: f64,
    /// Who started it.
    pub user: String,
    /// On which machine.
    pub host: String,
    /// Its process id there.
    pub pid: u32,
    /// The command line, secrets masked.
    pub argv: Vec<String>,
    /// Version of infractl.
    pub infractl: String,
    /// The commit that was checked out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Files differed from that commit; none when nobody knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dirty: Option<bool>,
    /// The environments it worked on, in the order in which they began.
    pub environments: Vec<Lane>,
    /// Warnings that belong to no environment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// One environment in a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lane {
    /// Name of the environment.
    pub environment: String,
    /// The pipeline.
    pub verb: String,
    /// How it ended.
    pub outcome: State,
    /// When it began, in seconds after the run.
    pub at: f64,
    /// How long it took.
    pub seconds: f64,
    /// How many steps were planned.
    pub planned: usize,
    /// What the last plan or apply counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changes: Option<Changes>,
    /// The steps that began.
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Place in the pipeline, from 1.
    pub number: usize,
    /// Its name.
    pub name: String,
    /// How it ended.
    pub outcome: State,
    /// When it began, in seconds after the run.
    pub at: f64,
    /// How long it took.
    pub seconds: f64,
    /// What came of it, in a few words.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub summary: String,
    /// The programs it started.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub commands: Vec<Command>,
    /// What tools said about places in files.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub diagnostics: Vec<Diagnostic>,
    /// Where its lines are in the log of the environment, in bytes.
    #[serde(skip)]
    pub log: (u64, u64),
    /// Its last lines, kept while the run is in memory.
    #[serde(skip)]
    pub tail: Vec<String>,
}

/// A program that a step started.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// The program and its arguments, secrets masked.
    pub argv: Vec<String>,
    /// Its exit code; none when it could not be started or took too long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<i32>,
    /// How long it ran.
    pub seconds: f64,
}

impl Run {
    /// A run that begins.
    pub fn new(start: Start) -> Self {
        let mut run = Run { schema: SCHEMA, ..Run::default() };
        run.take(Line::RunStarted(start));
        run
    }

    /// Adds what a line says.
    pub fn take(&mut self, line: Line) {
        match line {
            Line::RunStarted(start) => {
                let Start { schema, run, verb, at, user, host, pid, argv, infractl, commit, .. } = start;
                let known = (std::mem::take(&mut self.environments), std::mem::take(&mut self.warnings));
                let (environments, warnings) = known;
                *self = Run {
                    schema,
                    run,
                    verb,
                    started: at,
                    user,
                    host,
                    pid,
                    argv,
                    infractl,
                    commit,
                    environments,
                    warnings,
                    ..Run::default()
                };
            }
            Line::Arguments { argv } => self.argv = argv,
            Line::Dirty { dirty } => self.dirty = Some(dirty),
            Line::EnvironmentStarted { environment, verb, steps, at } => {
                self.seconds = self.seconds.max(at);
                let lane = Lane { environment, verb, planned: steps, at, ..Lane::default() };
                self.environments.push(lane);
            }
            Line::EnvironmentEnded { environment, outcome, seconds } => {
                if let Some(lane) = self.lane(&environment) {
                    (lane.outcome, lane.seconds) = (outcome, seconds);
                }
            }
            Line::StepStarted { environment, number, step, at, log } => {
                self.seconds = self.seconds.max(at);
                let step = Step { number, name: step, at, log: (log, log), ..Step::default() };
                if let Some(lane) = self.lane(&environment) {
                    lane.seconds = lane.seconds.max(at - lane.at);
                    lane.steps.push(step);
                }
            }
            Line::StepEnded { environment, number, outcome, summary, seconds, log, .. } => {
                let Some(lane) = self.lane(&environment) else { return };
                let at = lane.at;
                let found = lane.steps.iter_mut().rev().find(|step| step.number == number);
                if let Some(step) = found {
                    (step.outcome, step.summary, step.seconds) = (outcome, summary, seconds);
                    step.log.1 = log;
                    let end = step.at + seconds;
                    lane.seconds = lane.seconds.max(end - at);
                    self.seconds = self.seconds.max(end);
                }
            }
            Line::CommandStarted { environment, argv } => {
                if let Some(step) = self.step(&environment) {
                    step.commands.push(Command { argv, ..Command::default() });
                }
            }
            Line::CommandEnded { environment, code, seconds } => {
                let step = self.step(&environment);
                if let Some(command) = step.and_then(|step| step.commands.last_mut()) {
                    (command.code, command.seconds) = (code, seconds);
                }
            }
            Line::Diagnostic { environment, diagnostic } => {
                if let Some(step) = self.step(&environment) {
                    step.diagnostics.push(diagnostic);
                }
            }
            Line::Changes { environment, changes } => {
                if let Some(lane) = self.lane(&environment) {
                    lane.changes = Some(changes);
                }
            }
            Line::Warning { text } => self.warnings.push(text),
            Line::RunEnded { code, outcome, error, seconds, .. } => {
                (self.code, self.outcome, self.error, self.seconds) = (Some(code), outcome, error, seconds);
            }
        }
    }

    fn lane(&mut self, environment: &str) -> Option<&mut Lane> {
        self.environments.iter_mut().rev().find(|lane| lane.environment == environment)
    }

    /// The last step of an environment.
    pub(super) fn step(&mut self, environment: &str) -> Option<&mut Step> {
        self.lane(environment)?.steps.last_mut()
    }

    /// Nobody will end it any more: everything that goes on was interrupted.
    pub fn interrupt(&mut self) {
        let end = |state: &mut State| {
            if *state == State::Running {
                *state = State::Interrupted;
            }
        };
        end(&mut self.outcome);
        for lane in &mut self.environments {
            end(&mut lane.outcome);
            lane.steps.iter_mut().for_each(|step| end(&mut step.outcome));
        }
    }

    /// The environments, as one text.
    pub fn names(&self) -> String {
        // What was planned before a question was a lane of its own.
        let names: indexmap::IndexSet<&str> =
            self.environments.iter().map(|lane| lane.environment.as_str()).collect();
        names.into_iter().collect::<Vec<_>>().join(", ")
    }
}
