//! A run as Markdown: the summary of a CI job.

use std::fmt::Write;

use super::run::{Lane, Run};
use super::state::State;
use super::took;
use crate::text::{fenced, plain as plain_text};
use crate::ui::event::Changes;

/// What is said where the rest is left out.
const CUT: &str = "\n… the rest does not fit\n";

/// Lines shown of what a step said.
const LINES: usize = 200;

/// The summary: what came of each environment, the digest of plans, and what failed; as much of it as there is room
/// for, in bytes. None when there is none for the least of it.
pub(super) fn summary(run: &Run, room: usize) -> Option<String> {
    let end = format!("\n<sub>{}</sub>\n\n", facts(run));
    let room = room.checked_sub(end.len() + CUT.len())?;
    let mut out = head(run);
    let mut parts: Vec<String> =
        run.error.iter().map(|error| format!("\n> [!CAUTION]\n{}", quoted(error))).collect();
    parts.extend(run.environments.iter().flat_map(details));
    if out.len() > room {
        return None;
    }
    // Each part is whole: no fence and no fold stays open.
    let fitting = parts.iter().take_while(|part| {
        let fits = out.len() + part.len() <= room;
        if fits {
            out.push_str(part);
        }
        fits
    });
    if fitting.count() < parts.len() {
        out.push_str(CUT);
    }
    out.push_str(&end);
    Some(out)
}

/// The title and the table.
fn head(run: &Run) -> String {
    let mut out = format!("### {} infractl {}", sign(run.outcome), plain(&run.verb));
    let names = run.names();
    let _ = if names.len() > 60 {
        write!(out, " · {} environments", run.environments.len())
    } else {
        write!(out, " · {}", plain(&names))
    };
    out.push_str("\n\n| | environment | + | ~ | − | ± | took | what |\n|---|---|--:|--:|--:|--:|--:|---|\n");
    for lane in &run.environments {
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} |",
            sign(lane.outcome),
            plain(&lane.environment),
            lane.changes.map_or_else(|| " | | | ".to_owned(), |changes| cells(&changes)),
            took(lane.seconds),
            plain(&about(lane))
        );
    }
    out
}

fn cells(changes: &Changes) -> String {
    let Changes { add, change, destroy, replace, .. } = changes;
    format!("{add} | {change} | {destroy} | {replace}")
}

fn about(lane: &Lane) -> String {
    let bad = lane
        .steps
        .iter()
        .find(|step| matches!(step.outcome, State::Failed | State::Interrupted | State::Declined));
    match (bad, &lane.changes) {
        (Some(step), _) => format!("{} {}", step.name, step.outcome.word()),
        (None, Some(changes)) if *changes == Changes::default() => "no changes".to_owned(),
        (None, Some(Changes { outputs: true, add: 0, change: 0, destroy: 0, replace: 0, .. })) => {
            "outputs only".to_owned()
        }
        (None, Some(Changes { import, .. })) if *import > 0 => format!("{import} imported"),
        (None, _) if lane.outcome == State::Skipped => "skipped".to_owned(),
        (None, _) => String::new(),
    }
}

/// Behind folds: what was found in files, and what the steps that matter said.
fn details(lane: &Lane) -> Vec<String> {
    let mut folds = Vec::new();
    for step in &lane.steps {
        let failed = step.outcome == State::Failed;
        let is_plan = lane.verb == "plan" && lane.changes.is_some();
        if !(failed || is_plan) || step.tail.is_empty() {
            continue;
        }
        let title = format!("{}: {}", lane.environment, step.name);
        let mut out = String::new();
        let _ = write!(
            out,
            "\n<details{}><summary>{}</summary>\n\n",
            if failed { " open" } else { "" },
            html(&title)
        );
        for found in &step.diagnostics {
            let line = found.line.map_or_else(String::new, |line| format!(":{line}"));
            let place = found.file.as_ref().map_or_else(String::new, |file| format!("`{file}{line}` "));
            let _ = writeln!(out, "- {place}**{}**", plain(&found.summary));
        }
        let kept = &step.tail[step.tail.len().saturating_sub(LINES)..];
        let lines = kept.join("\n");
        let lines = plain_text(&lines);
        let _ = write!(out, "\n{}\n\n</details>\n", fenced(&lines));
        folds.push(out);
    }
    folds
}

fn facts(run: &Run) -> String {
    let commit = run.commit.as_deref().map_or_else(String::new, |commit| {
        let dirty = if run.dirty == Some(true) { " with changes" } else { "" };
        format!(", commit {}{dirty}", &commit[..commit.len().min(10)])
    });
    let number = run.run.map_or_else(String::new, |number| format!("run {number}, "));
    let (user, host) = (html(&run.user), html(&run.host));
    format!("{number}{user} on {host}, {}{commit}, infractl {}", took(run.seconds), run.infractl)
}

fn sign(outcome: State) -> &'static str {
    match outcome {
        State::Done => "✅",
        State::Difference => "🔶",
        State::Failed => "❌",
        State::Skipped => "⏭️",
        State::Interrupted | State::Declined | State::Running => "🛑",
    }
}

fn quoted(text: &str) -> String {
    let fenced = format!("```text\n{}\n```", text.trim_end().replace("```", "'''"));
    format!("> {}\n", fenced.replace('\n', "\n> "))
}

/// Text that Markdown shows as it is, also in a table.
fn plain(text: &str) -> String {
    let mut out = String::new();
    for c in html(text).chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' => out.extend(['\\', c]),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
