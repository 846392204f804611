//! A run as one HTML file with a timeline: environments as lanes, steps as bars, the log behind each. It needs
//! nothing but itself, also no script: that only adds a filter.

pub(crate) mod estate;
mod steps;
mod text;

use std::fmt::Write;

use super::run::{Lane, Run, Step};
use super::state::State;
use super::{Store, took};
use crate::ui::event::Changes;
use steps::{Logs, environment};
use text::{escape, with_code};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// Bytes of all logs together in a page.
const LOGS: usize = 24 * 1024 * 1024;
/// Bytes of the log of one step.
const LOG: usize = 256 * 1024;
/// Percent of the width that a letter takes in a bar, on a screen of usual width.
const LETTER: f64 = 0.65;

/// The page.
pub fn page(run: &Run, store: &Store) -> String {
    let width = scale(run);
    let steps: usize = run.environments.iter().map(|lane| lane.steps.len()).sum();
    let limit = (LOGS / steps.max(1)).clamp(4 * 1024, LOG);
    let mut out = String::with_capacity(64 * 1024);
    head(&mut out, run);
    timeline(&mut out, run, width);
    out.push_str(
        "<div class=\"tools\"><h2>Steps</h2><span id=\"count\" class=\"none\"></span>\
         <input id=\"search\" class=\"needs-script\" type=\"search\" placeholder=\"Filter steps\" aria-label=\"Filter steps\">\
         <label class=\"needs-script\"><input id=\"bad\" type=\"checkbox\"> only what is not done</label>\
         <button id=\"all\" class=\"needs-script\" type=\"button\">Fold / unfold</button></div>\n",
    );
    for (index, lane) in run.environments.iter().enumerate() {
        environment(&mut out, run, index, lane, &mut Logs::of(run, store, lane, limit));
    }
    let _ = write!(
        out,
        "<footer>Written by infractl {}. Secrets are masked; times are UTC.</footer>\n</main>\n<script>{SCRIPT}</script>\n\
         </body>\n</html>\n",
        escape(env!("CARGO_PKG_VERSION"))
    );
    out
}

/// Seconds that the width of the timeline stands for.
fn scale(run: &Run) -> f64 {
    let ends = run.environments.iter().map(|lane| lane.at + lane.seconds);
    ends.fold(run.seconds, f64::max).max(0.001)
}

fn head(out: &mut String, run: &Run) {
    let number = run.run.unwrap_or_default();
    let names = run.names();
    let shown =
        if names.chars().count() > 90 { format!("{} environments", run.environments.len()) } else { names };
    let title = format!("{} {shown} · run {number}", run.verb);
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
         script-src 'unsafe-inline'\">\n<title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <div class=\"top\"><h1>{} <span class=\"envs\">{}</span></h1>{}</div>\n<dl class=\"facts\">",
        escape(&title),
        escape(&run.verb),
        escape(&shown),
        badge(run.outcome)
    );
    let mut fact = |name: &str, value: String| {
        let _ = write!(out, "<div><dt>{name}</dt><dd>{}</dd></div>", escape(&value));
    };
    fact("run", number.to_string());
    fact("started", run.started.strftime("%Y-%m-%d %H:%M:%S UTC").to_string());
    fact("took", took(run.seconds));
    fact("by", format!("{}@{}", run.user, run.host));
    if let Some(commit) = &run.commit {
        let dirty = if run.dirty == Some(true) { " + changes" } else { "" };
        fact("commit", format!("{}{dirty}", &commit[..commit.len().min(10)]));
    }
    if let Some(code) = run.code {
        fact("exit code", code.to_string());
    }
    fact("infractl", run.infractl.clone());
    let _ = write!(out, "</dl>\n<div class=\"command mono\">{}</div>\n", escape(&command_line(&run.argv)));
    if let Some(error) = &run.error {
        let _ = writeln!(out, "<div class=\"why\">{}</div>", with_code(error.trim_end()));
    }
    for warning in &run.warnings {
        let _ = writeln!(out, "<div class=\"found\">{}</div>", with_code(warning));
    }
}

/// Without the folder of the program.
fn command_line(argv: &[String]) -> String {
    let mut words = argv.to_vec();
    if let Some(program) = words.first_mut() {
        *program = program.rsplit('/').next().unwrap_or_default().to_owned();
    }
    shell_words::join(words)
}

fn timeline(out: &mut String, run: &Run, width: f64) {
    let tick = tick(width);
    let percent = tick / width * 100.0;
    let _ = write!(
        out,
        "<h2>Timeline</h2>\n<div class=\"card\" style=\"--tick:{percent:.4}%\">\n<div class=\"axis\"><span></span>\
         <div class=\"scale\">"
    );
    let mut at = 0.0;
    while at < width * 0.97 {
        let _ = write!(out, "<span style=\"left:{:.3}%\">{}</span>", at / width * 100.0, mark(at));
        at += tick;
    }
    out.push_str("</div><span></span></div>\n");
    for (index, lane) in run.environments.iter().enumerate() {
        let _ = write!(
            out,
            "<div class=\"lane\"><a href=\"#e{index}\"><i class=\"dot {}\"></i><b>{}</b><small>{}</small></a>\
             <div class=\"track\">",
            lane.outcome.word(),
            escape(name(lane)),
            lane.changes.map_or_else(String::new, |changes| digest(&changes))
        );
        for (number, step) in lane.steps.iter().enumerate() {
            bar(out, index, number, step, width);
        }
        let _ = writeln!(out, "</div><span class=\"took\">{}</span></div>", took(lane.seconds));
    }
    out.push_str("</div>\n");
}

fn bar(out: &mut String, lane: usize, number: usize, step: &Step, width: f64) {
    let share = step.seconds / width * 100.0;
    let even = if number % 2 == 1 { " even" } else { "" };
    let letters = u16::try_from(step.name.chars().count()).unwrap_or(u16::MAX);
    let is_narrow = share < 1.2 + LETTER * f64::from(letters);
    let (narrow, label) = if is_narrow { (" narrow", String::new()) } else { ("", escape(&step.name)) };
    let title = format!("{}: {}, {}", step.name, step.outcome.word(), took(step.seconds));
    let title = if step.summary.is_empty() { title } else { format!("{title}\n{}", step.summary) };
    let _ = write!(
        out,
        "<a class=\"bar {}{even}{narrow}\" href=\"#s{lane}-{number}\" style=\"left:{:.3}%;width:{share:.3}%\" \
         title=\"{}\" aria-label=\"{}\">{label}</a>",
        step.outcome.word(),
        step.at / width * 100.0,
        escape(&title),
        escape(&step.name)
    );
}

/// A round distance between marks, so that there are five to ten of them.
fn tick(width: f64) -> f64 {
    const ROUND: [f64; 22] = [
        0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0,
        300.0, 600.0, 900.0, 1800.0, 3600.0,
    ];
    ROUND.into_iter().find(|tick| width / tick <= 9.0).unwrap_or((width / 8.0 / 3600.0).ceil() * 3600.0)
}

fn mark(seconds: f64) -> String {
    match seconds {
        0.0 => "0".to_owned(),
        s if s < 1.0 => format!("{} ms", (s * 1000.0).round()),
        s if s < 60.0 => format!("{} s", (s * 10.0).round() / 10.0),
        s if s < 3600.0 => format!("{:.0}:{:02.0}", (s / 60.0).floor(), s % 60.0),
        s => format!("{:.0}:{:02.0} h", (s / 3600.0).floor(), (s % 3600.0 / 60.0).floor()),
    }
}

fn name(lane: &Lane) -> &str {
    if lane.environment.is_empty() { "project" } else { &lane.environment }
}

fn badge(outcome: State) -> String {
    format!("<span class=\"badge {0}\">{0}</span>", outcome.word())
}

/// A plan in a few signs: `+1 ~2 −0 ±0`.
pub(crate) fn digest(changes: &Changes) -> String {
    let Changes { add, change, destroy, replace, .. } = changes;
    if add + change + destroy + replace == 0 {
        return "no changes".to_owned();
    }
    format!("+{add} ~{change} −{destroy} ±{replace}")
}
