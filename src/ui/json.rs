//! `--output json`: one event a line on standard output.

use std::io::Write;

use serde_json::{Value, json};

use super::event::{Event, Report, Reporter};

/// Writes events as JSON lines. The fields are described in `docs/output.md`.
pub struct Json;

impl Reporter for Json {
    fn report(&self, report: &Report) {
        if let Some(mut value) = value(&report.event) {
            if let (Some(environment), Some(object)) = (&report.environment, value.as_object_mut()) {
                object.insert("environment".into(), environment.clone().into());
            }
            let mut out = std::io::stdout().lock();
            let _ = writeln!(out, "{value}");
            let _ = out.flush();
        }
    }
}

/// An event as JSON; none for what only a terminal shows.
pub fn value(event: &Event) -> Option<Value> {
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

/// The fields of a value besides.
fn with(mut value: Value, more: &impl serde::Serialize) -> Value {
    if let (Some(object), Ok(Value::Object(more))) = (value.as_object_mut(), serde_json::to_value(more)) {
        object.extend(more);
    }
    value
}
