//! The lines of an audit: one for each environment of a run, and one for each deployment of other machines.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::deployments::Deployment;
use crate::deployments::store::Records;
use crate::history::{Lane, Run, State, Store, Whole};
use crate::ui::event::Changes;

/// What was done to an environment. Its JSON is a public contract (docs/audit.md).
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct Row {
    /// When it began, UTC.
    pub(super) at: Timestamp,
    /// Who.
    pub(super) by: String,
    /// On which machine.
    pub(super) host: String,
    /// The verb of the pipeline.
    pub(super) verb: String,
    /// To what; empty for what is about none.
    pub(super) environment: String,
    /// The run, in the history of that machine.
    pub(super) run: Option<u64>,
    /// The record of its deployment.
    pub(super) deployment: Option<u64>,
    /// The commit that was checked out.
    pub(super) commit: Option<String>,
    /// Files differed from it.
    pub(super) dirty: Option<bool>,
    /// The tag that was deployed.
    pub(super) release: Option<String>,
    /// How it was confirmed.
    pub(super) confirmed: String,
    /// What the last plan or apply counted.
    pub(super) changes: String,
    /// The snapshot that it made.
    pub(super) snapshot: Option<String>,
    /// All was well with what was deployed.
    pub(super) verified: Option<bool>,
    /// How it ended.
    pub(super) outcome: State,
    /// The exit code of the run.
    pub(super) code: Option<u8>,
    /// Why it failed.
    pub(super) error: Option<String>,
    /// How long it took, in seconds.
    pub(super) seconds: Option<f64>,
    /// The command line, secrets masked.
    pub(super) command: String,
    /// Whether the lines about it are as they were written: `yes`, `no`, `open` for a run without an end, `unknown` for one
    /// from before there were hashes.
    pub(super) whole: &'static str,
}

/// The lines of all runs here.
pub(super) fn of_history(store: &Store, whole: &BTreeMap<u64, Whole>) -> Vec<Row> {
    let mut rows = Vec::new();
    for number in store.numbers() {
        let Some(run) = store.read(number) else { continue };
        let whole = word(whole.get(&number).copied().unwrap_or(Whole::Unknown));
        for lane in lanes(&run) {
            rows.push(row(&run, &lane, whole));
        }
    }
    rows
}

/// One for each environment: what was planned before a question is a lane of its own. A run that ended before any of its
/// pipelines began has one as well.
fn lanes(run: &Run) -> Vec<Lane> {
    let mut lanes: Vec<Lane> = Vec::new();
    for lane in &run.environments {
        match lanes.iter_mut().find(|known| known.environment == lane.environment) {
            Some(known) => {
                known.steps.extend(lane.steps.iter().cloned());
                (known.outcome, known.changes) = (lane.outcome, lane.changes.or(known.changes));
                known.seconds += lane.seconds;
            }
            None => lanes.push(lane.clone()),
        }
    }
    if lanes.is_empty() {
        lanes.push(Lane { outcome: run.outcome, seconds: run.seconds, ..Lane::default() });
    }
    lanes
}

fn row(run: &Run, lane: &Lane, whole: &'static str) -> Row {
    Row {
        at: run.started,
        by: run.user.clone(),
        host: run.host.clone(),
        verb: run.verb.clone(),
        environment: lane.environment.clone(),
        run: run.run,
        deployment: None,
        commit: run.commit.clone(),
        dirty: run.dirty,
        release: None,
        confirmed: confirmed(&run.argv, lane),
        changes: lane.changes.as_ref().map(counted).unwrap_or_default(),
        snapshot: None,
        verified: None,
        outcome: lane.outcome,
        code: run.code,
        error: run.error.clone(),
        seconds: Some(lane.seconds),
        command: shell_words::join(&run.argv),
        whole,
    }
}

fn word(whole: Whole) -> &'static str {
    match whole {
        Whole::Yes => "yes",
        Whole::No => "no",
        Whole::Open => "open",
        Whole::Unknown => "unknown",
    }
}

/// Which answer was given: at a terminal, or on the command line.
fn confirmed(argv: &[String], lane: &Lane) -> String {
    let mut said = Vec::new();
    for step in lane.steps.iter().filter(|step| step.name == "confirm") {
        match step.outcome {
            State::Done if step.summary.is_empty() => said.push("answered yes".to_owned()),
            State::Declined => said.push("answered no".to_owned()),
            _ => {}
        }
    }
    let mut words = argv.iter().take_while(|word| *word != "--");
    while let Some(word) = words.next() {
        if word == "--yes" || word == "--no-input" {
            said.push(word.clone());
        } else if word == "--confirm" {
            said.push(format!("--confirm {}", words.next().map_or("", String::as_str)));
        } else if word.starts_with("--confirm=") {
            said.push(word.replacen('=', " ", 1));
        }
    }
    said.join(", ")
}

fn counted(changes: &Changes) -> String {
    let all = [
        ("add", changes.add),
        ("change", changes.change),
        ("replace", changes.replace),
        ("destroy", changes.destroy),
    ];
    let words: Vec<String> = all
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(word, count)| format!("{count} to {word}"))
        .collect();
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}

/// Says what the runs deployed, and adds what was deployed from elsewhere.
pub(super) fn add_deployments(rows: &mut Vec<Row>, records: &BTreeMap<String, Records>) {
    for (environment, found) in records {
        for deployment in &found.standing.deployments {
            let is_its = |row: &&mut Row| {
                row.environment == *environment
                    && row.run.is_some()
                    && row.run == deployment.run
                    && row.host == deployment.host
            };
            if let Some(row) = rows.iter_mut().find(is_its) {
                row.release.clone_from(&deployment.release);
                row.snapshot.clone_from(&deployment.snapshot);
                row.deployment = Some(deployment.number);
                row.verified = Some(deployment.verified.is_some());
                continue;
            }
            let whole = if found.broken.is_empty() { "yes" } else { "no" };
            rows.push(elsewhere(environment, deployment, whole));
        }
    }
}

fn elsewhere(environment: &str, deployment: &Deployment, whole: &'static str) -> Row {
    let seconds = deployment.ended.map(|end| end.duration_since(deployment.began).as_secs_f64());
    Row {
        at: deployment.began,
        by: deployment.by.clone(),
        host: deployment.host.clone(),
        verb: deployment.verb.clone(),
        environment: environment.to_owned(),
        run: deployment.run,
        deployment: Some(deployment.number),
        commit: deployment.commit.clone(),
        dirty: Some(deployment.dirty),
        release: deployment.release.clone(),
        confirmed: String::new(),
        changes: String::new(),
        snapshot: deployment.snapshot.clone(),
        verified: Some(deployment.verified.is_some()),
        outcome: deployment.outcome,
        code: None,
        error: None,
        seconds,
        command: String::new(),
        whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Step;

    #[test]
    fn how_it_was_confirmed_is_told_of_the_line_and_of_the_question() {
        let argv = |line: &str| shell_words::split(line).unwrap();
        let asked = |outcome, summary: &str| Lane {
            steps: vec![Step { name: "confirm".into(), outcome, summary: summary.into(), ..Step::default() }],
            ..Lane::default()
        };
        let none = Lane::default();
        assert_eq!(confirmed(&argv("infractl apply prod --confirm prod"), &none), "--confirm prod");
        assert_eq!(
            confirmed(&argv("infractl apply prod --confirm=a,b --yes"), &none),
            "--confirm a,b, --yes"
        );
        assert_eq!(confirmed(&argv("infractl apply dev -- --yes"), &none), "");
        let line = argv("infractl apply dev");
        assert_eq!(confirmed(&line, &asked(State::Done, "")), "answered yes");
        assert_eq!(confirmed(&line, &asked(State::Declined, "")), "answered no");
        assert_eq!(confirmed(&line, &asked(State::Done, "nothing changes")), "", "nobody was asked");
    }

    #[test]
    fn an_environment_that_was_planned_before_a_question_is_one_line() {
        let lane = |outcome| Lane { environment: "dev".into(), outcome, ..Lane::default() };
        let run = Run { environments: vec![lane(State::Done), lane(State::Failed)], ..Run::default() };
        let lanes = lanes(&run);
        assert_eq!(lanes.iter().map(|lane| lane.outcome).collect::<Vec<_>>(), [State::Failed]);
        assert_eq!(super::lanes(&Run::default()).len(), 1);
    }
}
