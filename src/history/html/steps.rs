//! The steps of an environment: one line each, and behind it what it started, found and printed.

use std::fmt::Write;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};

use super::text::escape;
use super::{badge, command_line, digest, name};
use crate::history::{Lane, Run, State, Step, Store, took};
use crate::ui::event::Severity;

/// With more environments than this only those that need a look are unfolded.
const UNFOLDED: usize = 4;

pub(super) fn environment(out: &mut String, run: &Run, index: usize, lane: &Lane, logs: &mut Logs) {
    let needs_look =
        matches!(lane.outcome, State::Failed | State::Interrupted | State::Declined | State::Running);
    let open = if needs_look || run.environments.len() <= UNFOLDED { " open" } else { "" };
    // Within the environment: in a long run of many it would be a dot.
    let length = lane
        .steps
        .iter()
        .map(|step| step.at + step.seconds - lane.at)
        .fold(lane.seconds, f64::max)
        .max(0.001);
    let never = lane.planned.saturating_sub(lane.steps.len());
    let mut about = crate::text::plural(lane.steps.len(), "step");
    if never > 0 {
        let _ = write!(about, ", {never} never began");
    }
    if let Some(changes) = &lane.changes {
        let _ = write!(about, " · {}", digest(changes));
    }
    let _ = writeln!(
        out,
        "<details class=\"env card\" id=\"e{index}\" data-name=\"{0}\"{open}><summary>{0} {1}<small>{about}</small>\
         <span class=\"took\">{2}</span></summary>",
        escape(name(lane)),
        badge(lane.outcome),
        took(lane.seconds)
    );
    for (number, step) in lane.steps.iter().enumerate() {
        let open = if step.outcome == State::Failed { " open" } else { "" };
        let _ = write!(
            out,
            "<details class=\"step {word}\" id=\"s{index}-{number}\"{open}><summary><span class=\"n\">{}</span>\
             <span class=\"name\"><i class=\"dot {word}\"></i>{}</span><span class=\"about\">{}</span>\
             <span class=\"mini\"><i class=\"{word}\" style=\"left:{:.3}%;width:{:.3}%\"></i></span>\
             <span class=\"took\">{}</span></summary>\n<div class=\"body\">",
            step.number,
            escape(&step.name),
            escape(&step.summary),
            (step.at - lane.at) / length * 100.0,
            step.seconds / length * 100.0,
            took(step.seconds),
            word = step.outcome.word(),
        );
        body(out, step, logs);
        out.push_str("</div></details>\n");
    }
    out.push_str("</details>\n");
}

fn body(out: &mut String, step: &Step, logs: &mut Logs) {
    for command in &step.commands {
        let code = match command.code {
            Some(0) => "exit 0".to_owned(),
            Some(code) => format!("<span class=\"bad\">exit {code}</span>"),
            None => "<span class=\"bad\">no exit code</span>".to_owned(),
        };
        let argv = escape(&command_line(&command.argv));
        let _ = writeln!(
            out,
            "<div class=\"ran\"><code>{argv}</code><small>{code} · {}</small></div>",
            took(command.seconds)
        );
    }
    for found in &step.diagnostics {
        let kind = if found.severity == Severity::Error { "error" } else { "warning" };
        let line = found.line.map_or_else(String::new, |line| format!(":{line}"));
        let place = found.file.as_ref().map_or_else(String::new, |file| format!("{file}{line}"));
        let _ = writeln!(
            out,
            "<div class=\"found {kind}\"><b>{}</b> <code>{}</code><br>{}</div>",
            escape(&found.summary),
            escape(&place),
            escape(&found.detail).replace('\n', "<br>")
        );
    }
    let text = logs.of_step(step);
    if !text.is_empty() {
        out.push_str("<pre class=\"log\">");
        text.lines().for_each(|line| log_line(out, line));
        out.push_str("</pre>");
    } else if step.commands.is_empty() && step.diagnostics.is_empty() {
        out.push_str("<p class=\"none\">no program was started</p>");
    } else if step.diagnostics.is_empty() {
        out.push_str("<p class=\"none\">nothing was printed</p>");
    }
}

/// A line of a tool with a colour for what it means in a plan.
fn log_line(out: &mut String, line: &str) {
    let start = line.trim_start();
    let class = match start.as_bytes() {
        _ if start.starts_with("Error") => "err",
        _ if line.starts_with("  # ") => "head",
        [b'+', b' ', ..] | [b'-', b'/', b'+', ..] => "add",
        [b'-', b' ', ..] => "del",
        [b'~', b' ', ..] => "mod",
        [b'$', b' ', ..] => "dim",
        _ => "",
    };
    let text = escape(line);
    let _ = if class.is_empty() {
        writeln!(out, "{text}")
    } else {
        writeln!(out, "<span class=\"{class}\">{text}</span>")
    };
}

/// The log of an environment, read piece by piece.
pub(super) struct Logs {
    file: Option<File>,
    limit: usize,
}

impl Logs {
    pub(super) fn of(run: &Run, store: &Store, lane: &Lane, limit: usize) -> Self {
        Logs { file: File::open(store.log(run.run.unwrap_or_default(), &lane.environment)).ok(), limit }
    }

    /// The lines of a step; of many the first and the last.
    fn of_step(&mut self, step: &Step) -> String {
        let (from, to) = step.log;
        let Some(file) = &mut self.file else { return String::new() };
        let end = file.metadata().map_or(0, |metadata| metadata.len());
        // One that was cut off has lines, but no end.
        let to = if matches!(step.outcome, State::Interrupted | State::Running) && to == from {
            end
        } else {
            to.min(end)
        };
        let length = usize::try_from(to.saturating_sub(from)).unwrap_or(0);
        if length <= self.limit {
            return piece(file, from, length);
        }
        let half = self.limit / 2;
        let first = piece(file, from, half);
        let last = piece(file, to - half as u64, half);
        let first = first.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let last = last.split_once('\n').map_or("", |(_, whole)| whole);
        let left_out = length.saturating_sub(first.len() + last.len()) / 1024;
        format!("{first}\n… {left_out} kB left out here: see `infractl history show --log`\n{last}")
    }
}

fn piece(file: &mut File, from: u64, length: usize) -> String {
    let mut bytes = Vec::new();
    let found =
        file.seek(SeekFrom::Start(from)).and_then(|_| file.take(length as u64).read_to_end(&mut bytes));
    found.map_or_else(|_| String::new(), |_| String::from_utf8_lossy(&bytes).into_owned())
}
