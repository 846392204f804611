//! `--output json`: one event a line on standard output.

use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as STANDARD;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::event::{Changes, Diagnostic, Event, Outcome, Report, Reporter};
use super::printed::Printed;
use crate::text::document;

/// Writes events as JSON lines. The fields are described in `docs/output.md`.
#[derive(Default)]
pub(crate) struct Json {
    /// There was an event: a verb that only prints one document has none.
    spoke: AtomicBool,
    out: Printed,
}

impl Reporter for Json {
    fn report(&self, report: &Report) {
        let told = match &report.event {
            Event::Ended { code, error } if error.is_some() || self.spoke.load(Ordering::Relaxed) => {
                Some(Told::Ended { code: *code, error: error.as_deref() })
            }
            event => told(event),
        };
        if let Some(told) = told {
            self.spoke.store(true, Ordering::Relaxed);
            let line = Line { told, environment: report.environment.as_deref() };
            // It remembers what it could not print.
            let _ = self.out.print(document::line(&line).as_bytes());
        }
    }

    fn trouble(&self) -> Option<String> {
        self.out.trouble()
    }
}

/// An event as it is printed, one a line.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Line<'a> {
    #[serde(flatten)]
    told: Told<'a>,
    /// The environment that it belongs to, if it belongs to one.
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<&'a str>,
}

/// What is told.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(crate) enum Told<'a> {
    /// A verb or pipeline begins.
    RunStarted {
        /// Its name.
        verb: &'a str,
        /// How many steps it has.
        steps: usize,
    },
    /// A step begins.
    StepStarted {
        /// Its number, from 1.
        number: usize,
        /// Its name.
        step: &'a str,
    },
    /// What a tool printed.
    Line {
        /// The step.
        step: &'a str,
        /// Without the end of the line.
        text: &'a str,
    },
    /// A program is started.
    CommandStarted {
        /// The step.
        step: &'a str,
        /// The program and its arguments, secrets masked.
        argv: &'a [String],
    },
    /// A program has ended.
    CommandEnded {
        /// The step.
        step: &'a str,
        /// Its exit code; null when a time limit ended it, or it could not be started.
        code: Option<i32>,
        /// How long it took.
        seconds: f64,
    },
    /// What a tool says about a place in a file.
    Diagnostic {
        /// The step.
        step: &'a str,
        /// What it says.
        #[serde(flatten)]
        diagnostic: &'a Diagnostic,
    },
    /// How many resources a plan or an apply touches.
    Changes {
        /// The step.
        step: &'a str,
        /// How many.
        #[serde(flatten)]
        changes: &'a Changes,
    },
    /// What a month costs, before and after.
    Cost {
        /// The step.
        step: &'a str,
        /// `currency`, `before`, `after`, `difference`, `resources`.
        #[serde(flatten)]
        cost: &'a Value,
    },
    /// A step is over.
    StepEnded {
        /// Its number, from 1.
        number: usize,
        /// Its name.
        step: &'a str,
        /// How it ended.
        outcome: Outcome,
        /// What it did, in a few words.
        summary: &'a str,
        /// How long it took.
        seconds: f64,
    },
    /// A verb or pipeline is over.
    RunEnded {
        /// Its name.
        verb: &'a str,
        /// How it ended.
        outcome: Outcome,
        /// How long it took.
        seconds: f64,
    },
    /// Something to know that is no error.
    Note {
        /// In words.
        text: &'a str,
    },
    /// Something that may be wrong.
    Warning {
        /// In words.
        text: &'a str,
    },
    /// What the verb prints without `--output json`: one of the three.
    Data {
        /// If it is JSON.
        #[serde(skip_serializing_if = "Option::is_none")]
        value: Option<Value>,
        /// If it is text.
        #[serde(skip_serializing_if = "Option::is_none")]
        text: Option<&'a str>,
        /// If it is neither.
        #[serde(skip_serializing_if = "Option::is_none")]
        base64: Option<String>,
    },
    /// The last one.
    Ended {
        /// The exit code.
        code: u8,
        /// What failed and why; null when nothing did.
        error: Option<&'a str>,
    },
}

/// An event as it is told; none for what only a terminal shows.
fn told(event: &Event) -> Option<Told<'_>> {
    Some(match event {
        Event::Progress { .. } | Event::Project { .. } | Event::Environments { .. } | Event::Ended { .. } => {
            return None;
        }
        Event::CommandStarted { name, argv } => Told::CommandStarted { step: name, argv },
        Event::CommandEnded { name, code, took } => {
            Told::CommandEnded { step: name, code: *code, seconds: took.as_secs_f64() }
        }
        Event::Diagnostic { name, diagnostic } => Told::Diagnostic { step: name, diagnostic },
        Event::Changes { name, changes } => Told::Changes { step: name, changes },
        Event::Cost { name, cost } => Told::Cost { step: name, cost },
        Event::RunStarted { verb, steps } => Told::RunStarted { verb, steps: *steps },
        Event::StepStarted { number, name } => Told::StepStarted { number: *number, step: name },
        Event::Line { name, text, .. } => Told::Line { step: name, text },
        Event::StepEnded { number, name, outcome, summary, took } => Told::StepEnded {
            number: *number,
            step: name,
            outcome: *outcome,
            summary,
            seconds: took.as_secs_f64(),
        },
        Event::RunEnded { verb, outcome, took } => {
            Told::RunEnded { verb, outcome: *outcome, seconds: took.as_secs_f64() }
        }
        Event::Note(text) => Told::Note { text },
        Event::Warning(text) => Told::Warning { text },
    })
}

/// What a verb prints for programs, as an event: JSON as it is, text as text, anything else in base64.
pub(crate) fn data(bytes: &[u8]) -> String {
    let (mut value, mut text, mut base64) = (None, None, None);
    match (serde_json::from_slice::<Value>(bytes), std::str::from_utf8(bytes)) {
        (Ok(json), _) => value = Some(json),
        (_, Ok(plain)) => text = Some(plain),
        _ => base64 = Some(STANDARD.encode(bytes)),
    }
    document::line(&Told::Data { value, text, base64 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::event::{Changes, Diagnostic, Level, Outcome, Severity};
    use std::time::Duration;

    #[test]
    fn every_event_and_field_is_documented() {
        let (name, took) = (String::from("apply"), Duration::from_secs(1));
        let diagnostic = Diagnostic {
            severity: Severity::Error,
            summary: "no".into(),
            detail: "at all".into(),
            file: Some("main.tf".into()),
            line: Some(3),
        };
        let (verb, outcome, summary, text) = (name.clone(), Outcome::Done, String::new(), String::new());
        let events = [
            Event::RunStarted { verb: verb.clone(), steps: 1 },
            Event::StepStarted { number: 1, name: name.clone() },
            Event::Line { name: name.clone(), level: Level::Normal, text: text.clone() },
            Event::CommandStarted { name: name.clone(), argv: vec![] },
            Event::CommandEnded { name: name.clone(), code: Some(0), took },
            Event::Diagnostic { name: name.clone(), diagnostic },
            Event::Changes { name: name.clone(), changes: Changes::default() },
            Event::Cost {
                name: name.clone(),
                cost: serde_json::json!({"currency": "", "before": 1, "after": 1, "difference": 1, "resources": []}),
            },
            Event::StepEnded { number: 1, name, outcome, summary, took },
            Event::RunEnded { verb, outcome, took },
            Event::Note(text.clone()),
            Event::Warning(text),
        ];
        let page = include_str!("../../docs/output.md");
        let lines = data(b"[1]") + &data(b"a=b\n") + &data(b"\xff");
        let data = lines.lines().map(|line| serde_json::from_str(line).unwrap());
        for value in events.iter().map(|event| serde_json::to_value(told(event)).unwrap()).chain(data) {
            let name = format!("`{}`", value["event"].as_str().unwrap());
            let names = |line: &&str| line.split('|').nth(1).is_some_and(|cell| cell.contains(&name));
            let row = page.lines().find(names).expect(&name);
            for field in value.as_object().unwrap().keys().filter(|field| *field != "event") {
                assert!(row.contains(&format!("`{field}`")), "{field} of {name}: {row}");
            }
        }
    }

    #[test]
    fn data_is_json_whatever_it_is() {
        assert_eq!(data(b"{\"a\": 1}\n"), "{\"event\":\"data\",\"value\":{\"a\":1}}\n");
        assert_eq!(data(b"A=1\n"), "{\"event\":\"data\",\"text\":\"A=1\\n\"}\n");
        assert_eq!(data(b"\xff"), "{\"event\":\"data\",\"base64\":\"/w==\"}\n");
    }
}
