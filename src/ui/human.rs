//! For people: one live line per running step on a terminal, plain lines elsewhere.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use tokio::time::Instant;

use super::event::{Event, Level, Outcome, Report, Reporter, ToolLine};
use super::printed::Printed;
use super::terminal::Patient;
use super::wrap::wrap;
use super::{Mode, Verbosity, lane, say};
use crate::text;

/// A line says that a step is still running this often, off a terminal.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// Shows events on standard error.
pub(crate) struct Human {
    mode: Mode,
    bars: MultiProgress,
    running: Mutex<HashMap<String, Running>>,
    out: Printed,
}

struct Running {
    name: String,
    since: Instant,
    last_line: Instant,
    /// It said something since the last tick: to ask for the time at each line would cost more than the line.
    spoke: bool,
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
    pub(crate) fn new(mode: Mode) -> Self {
        let (running, out) = (Mutex::default(), Printed::default());
        Human { mode, bars: MultiProgress::with_draw_target(target(mode)), running, out }
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

    /// The same with a sentence of ours, which is broken between words.
    fn sentence(&self, environment: Option<&str>, text: &str) {
        if !self.mode.live {
            return self.text(environment, text);
        }
        let before = lane::width().map_or(0, |width| width + " │ ".chars().count());
        self.text(environment, &wrap(text, self.mode.width.saturating_sub(before), "  "));
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
        let (name, progress) = (name.to_owned(), String::new());
        let running = Running { name, since: now, last_line: now, spoke: false, progress, bar };
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

    /// Off a terminal a line says now and then that a step is still running.
    fn keeps_alive(&self) -> bool {
        !self.mode.live && self.mode.verbosity > Verbosity::Quiet
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Running>> {
        self.running.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn tool_line(&self, environment: Option<&str>, level: Level, text: &str) {
        if level == Level::Report && self.mode.reports {
            let text = if self.mode.color { text.into() } else { text::plain(text) };
            let prefix = if lane::width().is_some() { self.prefix(environment) } else { String::new() };
            // It remembers what it could not print.
            let _ = self.out.print(format!("{prefix}{text}\n").as_bytes());
            return;
        }
        // Elsewhere there are no keep-alive lines.
        if self.keeps_alive()
            && let Some(running) = self.lock().get_mut(environment.unwrap_or_default())
        {
            running.spoke = true;
        }
        if self.mode.verbosity.shows(level) {
            self.text(environment, format!("  {text}").trim_end());
        }
    }
}

/// Where what is alive is drawn.
fn target(mode: Mode) -> ProgressDrawTarget {
    if mode.live && mode.verbosity > Verbosity::Quiet {
        ProgressDrawTarget::term_like_with_hz(Box::new(Patient::new()), 10)
    } else {
        ProgressDrawTarget::hidden()
    }
}

fn key(environment: Option<&str>) -> String {
    environment.unwrap_or_default().to_owned()
}

pub(super) fn sign(outcome: Outcome) -> (Style, &'static str) {
    match outcome {
        Outcome::Done => (GREEN, "✓"),
        Outcome::Difference => (YELLOW, "≠"),
        Outcome::Failed => (RED, "✗"),
        Outcome::Skipped => (DIM, "-"),
        Outcome::Interrupted | Outcome::Declined => (YELLOW, "■"),
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
                    self.sentence(environment, text);
                }
            }
            Event::Warning(text) => {
                self.sentence(environment, &format!("{}: {text}", self.paint(YELLOW, "warning")));
            }
            Event::RunStarted { .. }
            | Event::Project { .. }
            | Event::Environments { .. }
            | Event::CommandStarted { .. }
            | Event::CommandEnded { .. }
            | Event::Diagnostic { .. }
            | Event::Changes { .. }
            | Event::Cost { .. }
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

    fn line(&self, line: &ToolLine<'_>) {
        self.tool_line(line.environment, line.level, line.text);
    }

    fn wants(&self, level: Level) -> bool {
        let is_alive = || self.keeps_alive() && !self.lock().is_empty();
        level == Level::Report || self.mode.verbosity.shows(level) || is_alive()
    }

    fn suspend(&self, work: &mut dyn FnMut()) {
        self.bars.suspend(work);
    }

    fn give_terminal(&self, is_given: bool) {
        if is_given {
            let _ = self.bars.clear();
            self.bars.set_draw_target(ProgressDrawTarget::hidden());
        } else {
            self.bars.set_draw_target(target(self.mode));
        }
    }

    fn trouble(&self) -> Option<String> {
        self.out.trouble()
    }

    fn tick(&self) {
        for line in self.still_running() {
            self.line(&line);
        }
    }
}

impl Human {
    /// A line for each step that has said nothing for long.
    fn still_running(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if !self.keeps_alive() {
            return lines;
        }
        for (environment, running) in self.lock().iter_mut() {
            if std::mem::take(&mut running.spoke) {
                running.last_line = Instant::now();
            }
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
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALONE: Mode = Mode::unattended(Verbosity::Normal);

    fn tell(human: &Human, environment: &str, event: Event) {
        human.report(&Report { environment: Some(environment.to_owned()), event });
    }

    /// Each second of so many: which lines came, and at which second.
    async fn pass(human: &Human, seconds: u64) -> Vec<(u64, String)> {
        let mut all = Vec::new();
        for second in 1..=seconds {
            tokio::time::advance(Duration::from_secs(1)).await;
            all.extend(human.still_running().into_iter().map(|line| (second, line)));
        }
        all
    }

    #[tokio::test(start_paused = true)]
    async fn every_30_seconds_without_a_line_something_is_said_off_a_terminal() {
        let human = Human::new(ALONE);
        tell(&human, "dev", Event::StepStarted { number: 1, name: "deploy".into() });
        let at = |second, text: &str| (second, format!("dev deploy still running after {text}"));
        assert_eq!(pass(&human, 65).await, [at(30, "30 s"), at(60, "1m 00s")]);
        tell(&human, "dev", Event::Progress { name: "deploy".into(), text: "4/15, last: refused".into() });
        assert_eq!(pass(&human, 26).await, [at(25, "1m 30s: 4/15, last: refused")]);
        // A line of the tool is a sign of life too.
        let said = Event::Line { name: "deploy".into(), level: Level::Detail, text: "hidden".into() };
        tell(&human, "dev", said);
        assert_eq!(pass(&human, 30).await, []);
        assert_eq!(pass(&human, 1).await.len(), 1);
        tell(&human, "rec", Event::StepStarted { number: 1, name: "plan".into() });
        assert_eq!(pass(&human, 30).await.len(), 2, "each environment for itself");
        let (name, took, outcome) = ("deploy".to_owned(), Duration::ZERO, Outcome::Done);
        tell(&human, "dev", Event::StepEnded { number: 1, name, outcome, summary: String::new(), took });
        let rest = pass(&human, 30).await;
        assert_eq!(rest.len(), 1, "what is over says nothing: {rest:?}");
        assert!(rest[0].1.starts_with("rec plan still"));
    }

    #[tokio::test(start_paused = true)]
    async fn on_a_terminal_and_when_quiet_there_are_no_such_lines() {
        for mode in [Mode { live: true, ..ALONE }, Mode { verbosity: Verbosity::Quiet, ..ALONE }] {
            let human = Human::new(mode);
            tell(&human, "dev", Event::StepStarted { number: 1, name: "deploy".into() });
            assert_eq!(pass(&human, 65).await, []);
        }
    }
}
