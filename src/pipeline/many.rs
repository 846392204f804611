//! One verb over several environments: in order, some at once, each in its lane, and a table at the end.

use std::time::{Duration, Instant};

use comfy_table::{CellAlignment, Table};
use futures_util::stream::{FuturesUnordered, StreamExt as _};

use super::graph::Graph;
use super::queue::{Queue, State};
use crate::config::Environment;
use crate::context::Ctx;
use crate::failure::{Failure, Kind};
use crate::text;
use crate::tools::terraform::digest::Digest;
use crate::ui::event::{Event, Outcome};
use crate::ui::lane::Lane;

/// What is worked on and how.
#[derive(Debug)]
pub(crate) struct Many<'a> {
    /// As it was typed.
    pub verb: &'a str,
    /// In the order in which they were selected.
    pub environments: &'a [Environment],
    /// Which wait for which.
    pub graph: &'a Graph,
    /// So many at once.
    pub jobs: usize,
    /// After a failure, go on with those that do not depend on it.
    pub keep_going: bool,
    /// Show a table at the end.
    pub shows: bool,
}

/// What came of one environment that did not fail.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Ended {
    /// What a plan or an apply counted.
    pub digest: Option<Digest>,
    /// There is a difference, and it was asked for: exit code 2.
    pub difference: bool,
}

impl Ended {
    /// The result of a run over one environment.
    pub(crate) fn result(self) -> Result<(), Failure> {
        if self.difference { Err(Failure::silent(Kind::Difference)) } else { Ok(()) }
    }
}

/// One environment that is over.
struct Over {
    result: Result<Ended, Failure>,
    tail: Vec<String>,
    took: Duration,
}

/// Works on all of them; says what failed first, then shows the table.
pub(crate) async fn run(
    cx: &Ctx,
    many: &Many<'_>,
    one: impl AsyncFn(&Environment) -> Result<Ended, Failure>,
) -> Result<(), Failure> {
    let begun = Instant::now();
    let width = many.environments.iter().map(|env| env.name.chars().count()).max().unwrap_or(0);
    let mut queue = Queue::new(many.graph, many.keep_going);
    let mut over: Vec<Option<Over>> = many.environments.iter().map(|_| None).collect();
    let mut failed = Vec::new();
    let mut running = FuturesUnordered::new();
    let work = |at: usize| {
        let env = &many.environments[at];
        let one = &one;
        async move {
            let lane = Lane::new(&env.name, width);
            let started = Instant::now();
            let result = lane.within(one(env)).await;
            (at, Over { result: told(cx, env, result), tail: lane.tail(), took: started.elapsed() })
        }
    };
    loop {
        while running.len() < many.jobs.max(1) {
            let Some(at) = queue.start() else { break };
            running.push(work(at));
        }
        // An interrupt reaches those that run by itself; the loop comes back when they are over.
        let Some((at, ended)) = running.next().await else { break };
        if cx.interrupts.is_pressed() {
            // Before its end is told: those that are left are skipped because of the user, not of it.
            queue.stop();
        }
        queue.ended(at, ended.result.is_ok());
        if ended.result.is_err() {
            failed.push(at);
        }
        over[at] = Some(ended);
    }
    drop(running);
    skipped(cx, many, queue.states());
    for at in failed {
        if let Some(Over { result: Err(failure), tail, .. }) = &mut over[at] {
            explain(cx, &many.environments[at], failure, tail);
        }
    }
    if many.shows {
        cx.ui.note(table(many, queue.states(), &over));
        cx.ui.note(sum(many, queue.states(), &over, begun.elapsed()));
    }
    let difference =
        over.iter().flatten().any(|over| matches!(over.result, Ok(Ended { difference: true, .. })));
    let kind = match cx.interrupts.seen().kind() {
        Some(kind) => Some(kind),
        None if queue.states().iter().any(|state| *state != State::Done) => Some(Kind::Failed),
        None => difference.then_some(Kind::Difference),
    };
    kind.map_or(Ok(()), |kind| Err(Failure::silent(kind)))
}

/// A difference is no failure: it does not keep others from starting.
fn told(cx: &Ctx, env: &Environment, result: Result<Ended, Failure>) -> Result<Ended, Failure> {
    match result {
        Err(failure) if failure.kind == Kind::Difference => {
            if !failure.silent {
                cx.ui.event(Some(&env.name), Event::Note(format!("{}: {:#}", env.name, failure.error)));
            }
            Ok(Ended { difference: true, ..Ended::default() })
        }
        other => other,
    }
}

/// Tells the history and reports of those that never began.
fn skipped(cx: &Ctx, many: &Many<'_>, states: &[State]) {
    for (env, state) in many.environments.iter().zip(states) {
        if matches!(state, State::Skipped(_) | State::Stopped) {
            let verb = || many.verb.to_owned();
            cx.ui.event(Some(&env.name), Event::RunStarted { verb: verb(), steps: 0 });
            let ended = Event::RunEnded { verb: verb(), outcome: Outcome::Skipped, took: Duration::ZERO };
            cx.ui.event(Some(&env.name), ended);
        }
    }
}

/// Says why one failed, with the last lines of what it said.
fn explain(cx: &Ctx, env: &Environment, failure: &mut Failure, tail: &[String]) {
    if failure.silent {
        return;
    }
    let mut told = Failure::new(failure.kind, "");
    std::mem::swap(&mut told, failure);
    let name = &env.name;
    if !told.error.to_string().contains(&format!("`{name}`")) && told.problems.is_empty() {
        told = told.context(format!("`{name}` failed"));
    }
    let is_stopped = matches!(told.kind, Kind::Interrupted | Kind::Terminated);
    if !tail.is_empty() && !is_stopped {
        told = told.help(format!("see the last lines of `{name}`:\n{}", tail.join("\n")));
        told = told.help("see all of it with `infractl history show --log`");
    }
    cx.ui.failure(&told);
}

fn table(many: &Many<'_>, states: &[State], over: &[Option<Over>]) -> String {
    let digests = over.iter().flatten().any(|over| matches!(over.result, Ok(Ended { digest: Some(_), .. })));
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    let mut head = vec!["environment"];
    if digests {
        head.extend(["+", "~", "\u{2212}", "±"]);
    }
    head.extend(["outcome", "time"]);
    table.set_header(&head);
    for &at in &many.graph.order {
        let mut row = vec![many.environments[at].name.clone()];
        let ended = over[at].as_ref();
        if digests {
            let digest = ended.and_then(|over| over.result.as_ref().ok()).and_then(|ended| ended.digest);
            row.extend(match digest {
                Some(digest) => {
                    [digest.add, digest.change, digest.destroy, digest.replace].map(|n| n.to_string())
                }
                None => [""; 4].map(str::to_owned),
            });
        }
        row.push(outcome(many, states[at], ended));
        row.push(ended.map_or_else(String::new, |over| text::duration(over.took)));
        table.add_row(row);
    }
    let columns = head.len();
    for column in (1..columns).filter(|column| *column != columns - 2) {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

fn outcome(many: &Many<'_>, state: State, over: Option<&Over>) -> String {
    match (state, over.map(|over| &over.result)) {
        (State::Skipped(root), _) => format!("skipped because of `{}`", many.environments[root].name),
        (State::Stopped | State::Waiting, _) => "not started".to_owned(),
        (_, Some(Ok(Ended { difference: true, .. }))) => "difference".to_owned(),
        (_, Some(Ok(Ended { digest: Some(digest), .. }))) if digest.is_empty() && !digest.outputs => {
            "no changes".to_owned()
        }
        (_, Some(Ok(_))) => "done".to_owned(),
        (_, Some(Err(failure))) => match failure.kind {
            Kind::Interrupted | Kind::Terminated => "interrupted".to_owned(),
            Kind::Busy => "busy".to_owned(),
            Kind::Declined => "declined".to_owned(),
            _ => "failed".to_owned(),
        },
        (_, None) => String::new(),
    }
}

/// "plan over 5 environments: 3 done, 1 failed, 1 skipped, 2.1 s".
fn sum(many: &Many<'_>, states: &[State], over: &[Option<Over>], took: Duration) -> String {
    let count = |wanted: fn(&State) -> bool| states.iter().filter(|state| wanted(state)).count();
    let is_stopped = |over: &&Over| {
        over.result
            .as_ref()
            .is_err_and(|failure| matches!(failure.kind, Kind::Interrupted | Kind::Terminated))
    };
    let stopped = over.iter().flatten().filter(is_stopped).count();
    let parts = [
        (count(|state| *state == State::Done), "done"),
        (count(|state| *state == State::Failed) - stopped, "failed"),
        (stopped, "interrupted"),
        (count(|state| matches!(state, State::Skipped(_))), "skipped"),
        (count(|state| *state == State::Stopped), "not started"),
    ];
    let parts: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    let over = text::plural(states.len(), "environment");
    format!("{} over {over}: {}, {}", many.verb, parts.join(", "), text::duration(took))
}
