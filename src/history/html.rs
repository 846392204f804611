//! A run as one HTML file with a timeline: environments as lanes, steps as bars, the log behind each. It needs
//! nothing but itself, also no script: that only adds a filter.

use std::fmt::Write;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};

use super::run::{Lane, Run, State, Step};
use super::{Store, took};
use crate::ui::event::{Changes, Severity};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// Bytes of all logs together in a page.
const LOGS: usize = 24 * 1024 * 1024;
/// Bytes of the log of one step.
const LOG: usize = 256 * 1024;
/// With more environments than this only those that need a look are unfolded.
const UNFOLDED: usize = 4;
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

fn environment(out: &mut String, run: &Run, index: usize, lane: &Lane, logs: &mut Logs) {
    let needs_look = matches!(lane.outcome, State::Failed | State::Interrupted | State::Running);
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
        about.push_str(&format!(", {never} never began"));
    }
    if let Some(changes) = &lane.changes {
        about.push_str(&format!(" · {}", digest(changes)));
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
struct Logs {
    file: Option<File>,
    limit: usize,
}

impl Logs {
    fn of(run: &Run, store: &Store, lane: &Lane, limit: usize) -> Self {
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

fn name(lane: &Lane) -> &str {
    if lane.environment.is_empty() { "project" } else { &lane.environment }
}

fn badge(outcome: State) -> String {
    format!("<span class=\"badge {0}\">{0}</span>", outcome.word())
}

fn digest(changes: &Changes) -> String {
    let Changes { add, change, destroy, replace, .. } = changes;
    if add + change + destroy + replace == 0 {
        return "no changes".to_owned();
    }
    format!("+{add} ~{change} −{destroy} ±{replace}")
}

/// Words in backticks as code.
fn with_code(text: &str) -> String {
    let mut out = String::new();
    for (index, part) in text.split('`').enumerate() {
        let part = escape(part);
        out.push_str(&if index % 2 == 1 { format!("<code>{part}</code>") } else { part });
    }
    out
}

/// Text as HTML, in a text or in an attribute; nothing in it can be markup.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}
