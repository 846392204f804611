//! `--output json`: one event a line on standard output.

use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as STANDARD;
use serde_json::{Value, json};

use super::event::{Event, Report, Reporter};
use super::printed::Printed;

/// Writes events as JSON lines. The fields are described in `docs/output.md`.
#[derive(Default)]
pub(crate) struct Json {
    /// There was an event: a verb that only prints one document has none.
    spoke: AtomicBool,
    out: Printed,
}

impl Reporter for Json {
    fn report(&self, report: &Report) {
        let value = match &report.event {
            Event::Ended { code, error } if error.is_some() || self.spoke.load(Ordering::Relaxed) => {
                Some(json!({"event": "ended", "code": code, "error": error}))
            }
            event => value(event),
        };
        if let Some(mut value) = value {
            self.spoke.store(true, Ordering::Relaxed);
            if let (Some(environment), Some(object)) = (&report.environment, value.as_object_mut()) {
                object.insert("environment".into(), environment.clone().into());
            }
            // It remembers what it could not print.
            let _ = self.out.print(format!("{value}\n").as_bytes());
        }
    }

    fn trouble(&self) -> Option<String> {
        self.out.trouble()
    }
}

/// An event as JSON; none for what only a terminal shows.
pub(crate) fn value(event: &Event) -> Option<Value> {
    Some(match event {
        Event::Progress { .. } | Event::Project { .. } | Event::Environments { .. } | Event::Ended { .. } => {
            return None;
        }
        Event::CommandStarted { name, argv } => {
            json!({"event": "command-started", "step": name, "argv": argv})
        }
        Event::CommandEnded { name, code, took } => json!({
            "event": "command-ended", "step": name, "code": code, "seconds": took.as_secs_f64(),
        }),
        Event::Diagnostic { name, diagnostic } => {
            with(json!({"event": "diagnostic", "step": name}), diagnostic)
        }
        Event::Changes { name, changes } => with(json!({"event": "changes", "step": name}), changes),
        Event::Cost { name, cost } => with(json!({"event": "cost", "step": name}), cost),
        Event::RunStarted { verb, steps } => json!({"event": "run-started", "verb": verb, "steps": steps}),
        Event::StepStarted { number, name } => {
            json!({"event": "step-started", "number": number, "step": name})
        }
        Event::Line { name, text, .. } => json!({"event": "line", "step": name, "text": text}),
        Event::StepEnded { number, name, outcome, summary, took } => json!({
            "event": "step-ended", "number": number, "step": name, "outcome": outcome,
            "summary": summary, "seconds": took.as_secs_f64(),
        }),
        Event::RunEnded { verb, outcome, took } => {
            json!({"event": "run-ended", "verb": verb, "outcome": outcome, "seconds": took.as_secs_f64()})
        }
        Event::Note(text) => json!({"event": "note", "text": text}),
        Event::Warning(text) => json!({"event": "warning", "text": text}),
    })
}

/// What a verb prints for programs, as an event: JSON as it is, text as text, anything else in base64.
pub(crate) fn data(bytes: &[u8]) -> String {
    let value = match (serde_json::from_slice::<Value>(bytes), std::str::from_utf8(bytes)) {
        (Ok(value), _) => json!({"event": "data", "value": value}),
        (_, Ok(text)) => json!({"event": "data", "text": text}),
        _ => json!({"event": "data", "base64": STANDARD.encode(bytes)}),
    };
    format!("{value}\n")
}

/// The fields of a value besides.
fn with(mut value: Value, more: &impl serde::Serialize) -> Value {
    if let (Some(object), Ok(Value::Object(more))) = (value.as_object_mut(), serde_json::to_value(more)) {
        object.extend(more);
    }
    value
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
                cost: json!({"currency": "", "before": 1, "after": 1, "difference": 1, "resources": []}),
            },
            Event::StepEnded { number: 1, name, outcome, summary, took },
            Event::RunEnded { verb, outcome, took },
            Event::Note(text.clone()),
            Event::Warning(text),
        ];
        let page = include_str!("../../docs/output.md");
        let lines = data(b"[1]") + &data(b"a=b\n") + &data(b"\xff");
        let data = lines.lines().map(|line| serde_json::from_str(line).unwrap());
        for value in events.iter().map(|event| value(event).unwrap()).chain(data) {
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
