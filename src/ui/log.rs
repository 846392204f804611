//! `--log-file`: everything that is said, detail included, as plain lines with their time.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use super::event::{Event, Report, Reporter, ToolLine};
use super::human::sign;
use crate::text;

/// Writes lines to a file that is open.
pub(crate) struct LogFile {
    file: Mutex<BufWriter<File>>,
    now: fn() -> Timestamp,
    lost: Mutex<Option<String>>,
}

impl LogFile {
    /// Goes on at the end of this file.
    pub(crate) fn new(file: File, now: fn() -> Timestamp) -> Self {
        LogFile { file: Mutex::new(BufWriter::new(file)), now, lost: Mutex::default() }
    }

    fn write(&self, environment: Option<&str>, text: &str) {
        let now = Timestamp::from_second((self.now)().as_second()).unwrap_or_default();
        let whose = environment.map_or_else(String::new, |name| format!("{name} "));
        let plain = anstream::adapter::strip_str(text).to_string();
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        for line in plain.lines() {
            self.note(writeln!(file, "{now} {whose}{line}"));
        }
    }

    fn flush(&self) {
        self.note(self.file.lock().unwrap_or_else(PoisonError::into_inner).flush());
    }

    /// A disk that is full by now must not end the run: it is said last.
    fn note(&self, written: io::Result<()>) {
        if let Err(error) = written {
            let text = format!("the log file could not be written: {error}");
            *self.lost.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
        }
    }
}

impl Reporter for LogFile {
    fn report(&self, report: &Report) {
        let text = match &report.event {
            Event::RunStarted { verb, steps } => format!("{verb}: {}", text::plural(*steps, "step")),
            Event::StepStarted { name, .. } => format!("{name} ..."),
            Event::CommandStarted { argv, .. } => format!("$ {}", argv.join(" ")),
            Event::Line { text, .. } => format!("  {text}"),
            Event::StepEnded { name, outcome, summary, took, .. } => {
                let gap = if summary.is_empty() { "" } else { "  " };
                format!("{} {name}{gap}{summary}  {}", sign(*outcome).1, text::duration(*took))
            }
            Event::RunEnded { verb, outcome, took } => {
                format!("{} {verb}  {}", sign(*outcome).1, text::duration(*took))
            }
            Event::Note(text) => text.clone(),
            Event::Warning(text) => format!("warning: {text}"),
            Event::Ended { error: Some(error), code } => format!("error: {error} (exit code {code})"),
            Event::Project { .. }
            | Event::Environments { .. }
            | Event::Progress { .. }
            | Event::CommandEnded { .. }
            | Event::Diagnostic { .. }
            | Event::Changes { .. }
            | Event::Cost { .. }
            | Event::Ended { .. } => String::new(),
        };
        self.write(report.environment.as_deref(), &text);
        // Lines of tools may come in thousands; all else is there at once.
        self.flush();
    }

    fn line(&self, line: &ToolLine<'_>) {
        self.write(line.environment, &format!("  {}", line.text));
    }

    fn tick(&self) {
        self.flush();
    }

    fn trouble(&self) -> Option<String> {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::time::Duration;

    use super::*;
    use crate::ui::event::{Level, Outcome};

    #[test]
    fn every_line_has_its_time_and_whose_it_is() {
        let mut file = tempfile::tempfile().unwrap();
        let log = LogFile::new(file.try_clone().unwrap(), || "2026-01-14T15:30:00.123Z".parse().unwrap());
        let report = |event| log.report(&Report { environment: Some("dev".into()), event });
        report(Event::StepStarted { number: 1, name: "apply".into() });
        log.line(&ToolLine {
            environment: Some("dev"),
            name: "apply",
            level: Level::Detail,
            text: "\u{1b}[1mone\u{1b}[0m",
        });
        report(Event::StepEnded {
            number: 1,
            name: "apply".into(),
            outcome: Outcome::Done,
            summary: "+1".into(),
            took: Duration::from_secs(2),
        });
        log.report(&Report { environment: None, event: Event::Warning("two\nlines".into()) });
        let mut text = String::new();
        std::io::Seek::rewind(&mut file).unwrap();
        file.read_to_string(&mut text).unwrap();
        insta::assert_snapshot!(text, @r"
        2026-01-14T15:30:00Z dev apply ...
        2026-01-14T15:30:00Z dev   one
        2026-01-14T15:30:00Z dev ✓ apply  +1  2.0 s
        2026-01-14T15:30:00Z warning: two
        2026-01-14T15:30:00Z lines
        ");
    }
}
