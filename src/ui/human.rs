//! For people: one live line per running step on a terminal, plain lines elsewhere.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anstyle::{AnsiColor, Style};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::event::{Event, Level, Outcome, Report, Reporter};
use super::terminal::Patient;
use super::{Mode, Verbosity, lane, say};
use crate::text;

/// A line says that a step is still running this often, off a terminal.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// Shows events on standard error.
pub struct Human {
    mode: Mode,
    bars: MultiProgress,
    running: Mutex<HashMap<String, Running>>,
}

struct Running {
    name: String,
    since: Instant,
    last_line: Instant,
    progress: String,
    bar: Option<ProgressBar>,
}

const GREEN: Style = AnsiColor::Green.on_default();
const RED: Style = AnsiColor::Red.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();
const DIM: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();

impl Human {
    /// Shows on a terminal what is alive, elsewhere plain lines.
    pub fn new(mode: Mode) -> Self {
        let target = if mode.live && mode.verbosity > Verbosity::Quiet {
            ProgressDrawTarget::term_like_with_hz(Box::new(Patient::new()), 10)
        } else {
            ProgressDrawTarget::hidden()
        };
        Human { mode, bars: MultiProgress::with_draw_target(target), running: Mutex::default() }
    }

    fn paint(&self, style: Style, text: &str) -> String {
        if self.mode.color { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    /// A line above whatever is alive.
    fn line(&self, text: &str) {
        self.bars.suspend(|| say(text));
    }

    /// Whose line it is; with several environments at once all lines have it, in a column of its own.
    fn prefix(&self, environment: Option<&str>) -> String {
        match (environment, lane::width()) {
            (None, _) => String::new(),
            (Some(name), None) => format!("{} ", self.paint(BOLD, name)),
            (Some(name), Some(width)) => format!("{} │ ", self.paint(BOLD, &format!("{name:width$}"))),
        }
    }

    /// A text of several lines, each with the prefix if several environments run at once.
    fn text(&self, environment: Option<&str>, text: &str) {
        if lane::width().is_none() {
            return self.line(text);
        }
        let prefix = self.prefix(environment);
        let lines: Vec<String> =
            text.split('\n').map(|line| format!("{prefix}{line}").trim_end().to_owned()).collect();
        self.line(&lines.join("\n"));
    }

    fn started(&self, environment: Option<&str>, name: &str) {
        let now = Instant::now();
        let bar = self.mode.live.then(|| {
            let bar = self.bars.add(ProgressBar::new_spinner());
            bar.set_style(
                ProgressStyle::with_template("{spinner} {prefix} {elapsed} {wide_msg}")
                    .unwrap_or_else(|_| ProgressStyle::default_spinner()),
            );
            bar.set_prefix(format!("{}{name}", self.prefix(environment)));
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        // In CI the title of the group says it.
        if bar.is_none() && self.mode.verbosity > Verbosity::Quiet && self.mode.ci.is_none() {
            self.line(&format!("{}{name} ...", self.prefix(environment)));
        }
        let running =
            Running { name: name.to_owned(), since: now, last_line: now, progress: String::new(), bar };
        self.lock().insert(key(environment), running);
    }

    fn ended(&self, environment: Option<&str>, name: &str, outcome: Outcome, summary: &str, took: Duration) {
        if let Some(bar) = self.lock().remove(&key(environment)).and_then(|running| running.bar) {
            bar.finish_and_clear();
            self.bars.remove(&bar);
        }
        if self.mode.verbosity == Verbosity::Quiet && outcome != Outcome::Failed {
            return;
        }
        let (style, sign) = sign(outcome);
        let (sign, prefix) = (self.paint(style, sign), self.prefix(environment));
        let mut line = if lane::width().is_some() {
            format!("{prefix}{sign} {name}")
        } else {
            format!("{sign} {prefix}{name}")
        };
        if !summary.is_empty() {
            line.push_str("  ");
            line.push_str(summary);
        }
        line.push_str(&self.paint(DIM, &format!("  {}", text::duration(took))));
        self.line(&line);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Running>> {
        self.running.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn tool_line(&self, environment: Option<&str>, level: Level, text: &str) {
        let shown = match self.mode.verbosity {
            Verbosity::Quiet => level >= Level::Important,
            Verbosity::Normal => level >= Level::Normal,
            Verbosity::Verbose => true,
        };
        if let Some(running) = self.lock().get_mut(&key(environment)) {
            running.last_line = Instant::now();
        }
        if shown {
            self.text(environment, format!("  {text}").trim_end());
        }
    }
}

fn key(environment: Option<&str>) -> String {
    environment.unwrap_or_default().to_owned()
}

fn sign(outcome: Outcome) -> (Style, &'static str) {
    match outcome {
        Outcome::Done => (GREEN, "✓"),
        Outcome::Difference => (YELLOW, "≠"),
        Outcome::Failed => (RED, "✗"),
        Outcome::Skipped => (DIM, "-"),
        Outcome::Interrupted => (YELLOW, "■"),
    }
}

impl Reporter for Human {
    fn report(&self, report: &Report) {
        let environment = report.environment.as_deref();
        match &report.event {
            Event::StepStarted { name, .. } => self.started(environment, name),
            Event::Progress { text, .. } => {
                if let Some(running) = self.lock().get_mut(&key(environment)) {
                    text.clone_into(&mut running.progress);
                    if let Some(bar) = &running.bar {
                        bar.set_message(text.clone());
                    }
                }
            }
            Event::Line { level, text, .. } => self.tool_line(environment, *level, text),
            Event::StepEnded { name, outcome, summary, took, .. } => {
                self.ended(environment, name, *outcome, summary, *took);
            }
            Event::Note(text) => {
                if self.mode.verbosity > Verbosity::Quiet {
                    self.text(environment, text);
                }
            }
            Event::Warning(text) => {
                self.text(environment, &format!("{}: {text}", self.paint(YELLOW, "warning")));
            }
            Event::RunStarted { .. }
            | Event::Project { .. }
            | Event::CommandStarted { .. }
            | Event::CommandEnded { .. }
            | Event::Diagnostic { .. }
            | Event::Changes { .. }
            | Event::Ended { .. } => {}
            Event::RunEnded { verb, outcome, took } => {
                if self.mode.verbosity == Verbosity::Verbose {
                    let (style, sign) = sign(*outcome);
                    let (sign, took) = (self.paint(style, sign), text::duration(*took));
                    let prefix = self.prefix(environment);
                    self.line(&match lane::width() {
                        Some(_) => format!("{prefix}{sign} {verb}  {took}"),
                        None => format!("{sign} {prefix}{verb}  {took}"),
                    });
                }
            }
        }
    }

    fn suspend(&self, work: &mut dyn FnMut()) {
        self.bars.suspend(work);
    }

    fn tick(&self) {
        if self.mode.live || self.mode.verbosity == Verbosity::Quiet {
            return;
        }
        let mut lines = Vec::new();
        for (environment, running) in self.lock().iter_mut() {
            if running.last_line.elapsed() >= KEEP_ALIVE {
                running.last_line = Instant::now();
                let environment = (!environment.is_empty()).then_some(environment.as_str());
                lines.push(format!(
                    "{}{} still running after {}{}{}",
                    self.prefix(environment),
                    running.name,
                    text::duration(running.since.elapsed()),
                    if running.progress.is_empty() { "" } else { ": " },
                    running.progress
                ));
            }
        }
        for line in lines {
            self.line(&line);
        }
    }
}
