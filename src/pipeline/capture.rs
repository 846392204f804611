//! Values that are taken of what a step said.

use secrecy::ExposeSecret as _;

use super::engine::PipelineRun;
use super::{Step, recorded};
use crate::config::model::Capture;
use crate::config::template::Rendered;
use crate::exec::Channel;
use crate::failure::Failure;
use crate::steps::source::{known, no_value, of_file, or_default};
use crate::text::plural;
use crate::ui::event::Level;
use crate::work::ear::{Ear, Said};
use crate::work::picked::{NoValue, Pick};
use crate::work::{Frame, StepCx};

impl PipelineRun<'_> {
    /// Takes the values of a step that is over, and shows what was held back until they are known.
    pub(super) fn captured(
        &mut self,
        step: &Step,
        frame: &Frame,
        result: Result<String, Failure>,
    ) -> Result<String, Failure> {
        if step.rules.capture.is_empty() {
            return result;
        }
        let said = frame.ear.as_ref().map(Ear::take).unwrap_or_default();
        let mut found = Vec::new();
        let mut failure = None;
        let step_cx = self.step_cx(step, frame.clone());
        // Secrets first: what else is taken may hold one of them.
        let (secret, plain): (Vec<_>, Vec<_>) =
            step.rules.capture.iter().partition(|(_, capture)| capture.secret);
        for (name, capture) in secret.into_iter().chain(plain) {
            match take(&step_cx, name, capture, &said) {
                Ok(value) => {
                    let is_secret = capture.secret || found.iter().any(|(_, secret)| holds(&value, secret));
                    found.push((name.clone(), known(&step_cx, name, value, is_secret)));
                }
                Err(why) => failure = failure.or(Some(why)),
            }
        }
        if frame.ear.as_ref().is_some_and(|ear| ear.holds_back) {
            show(&step_cx, step, &said, failure.is_none());
        }
        let summary = result?;
        if let Some(failure) = failure {
            return Err(failure);
        }
        let told: Vec<String> = found.iter().map(|(name, value)| told(name, value)).collect();
        recorded::remember(self.cx, self.env, self.verb, &found)?;
        self.facts.values.extend(found);
        let all = [summary, told.join(", ")];
        Ok(all.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(", "))
    }

    /// The same of a step that was skipped: what it wrote once, and what counts instead.
    pub(super) fn captured_of_skipped(&mut self, step: &Step, frame: &Frame) {
        for (name, capture) in &step.rules.capture {
            let step_cx = self.step_cx(step, frame.clone());
            let file =
                capture.file.as_ref().and_then(|file| of_file(&step_cx, &file.0, capture.secret).ok()?);
            let value = file.and_then(|text| Pick::All.from(&text).ok()).or_else(|| capture.default.clone());
            if let Some(value) = value {
                let value = known(&step_cx, name, value, capture.secret);
                self.facts.values.insert(name.clone(), value);
            }
        }
    }
}

/// Whether a text holds a secret.
fn holds(text: &str, secret: &Rendered) -> bool {
    matches!(secret, Rendered::Secret(secret) if text.contains(secret.expose_secret()))
}

/// One value.
fn take(step: &StepCx<'_>, name: &str, capture: &Capture, said: &Said) -> Result<String, Failure> {
    let heading = |of: &str| format!("`{name}` could not be taken of {of} of `{}`", step.name);
    let (text, of) = match &capture.file {
        Some(file) => {
            let shown = format!("the file `{}`", crate::work::relative(step, &file.0));
            (
                of_file(step, &file.0, capture.secret).map_err(|failure| failure.context(heading(&shown)))?,
                shown,
            )
        }
        None if said.is_too_long() => {
            let why =
                NoValue::Unfit(format!("it said {} bytes: no more than 16 MiB are searched", said.bytes));
            return Err(no_value(&heading("the output"), &why, None));
        }
        None if capture.header.is_some() => {
            let wanted = capture.header.as_deref().unwrap_or_default().to_lowercase();
            let found = said.headers.iter().find(|(name, _)| *name == wanted);
            (Some(found.map(|(_, value)| value.clone()).unwrap_or_default()), "the header lines".to_owned())
        }
        None if capture.log.is_some() => (Some(said.log()), "the log".to_owned()),
        None => (Some(said.out()), "the output".to_owned()),
    };
    let picked = match &text {
        Some(text) => Pick::of_capture(capture).from(text),
        None => Err(NoValue::NotFound("there is no such file".to_owned())),
    };
    picked
        .or_else(|why| or_default(why, capture.default.as_deref()))
        .map_err(|why| no_value(&heading(&of), &why, text.as_deref().filter(|_| !capture.secret)))
}

/// Shows what was held back, masked; of what may hold a secret that is not masked, only the errors.
fn show(step: &StepCx<'_>, of: &Step, said: &Said, are_known: bool) {
    let secrets = || of.rules.capture.iter().filter(|(_, capture)| capture.secret);
    let is_masked = |name: &str, capture: &Capture| {
        take(step, name, capture, said).is_ok_and(|value| step.cx.masks.mask(&value) != value)
    };
    let is_good = are_known && secrets().all(|(name, capture)| is_masked(name, capture));
    let from_log = secrets().any(|(_, capture)| capture.log.is_some());
    let mut kept = 0;
    for (channel, line) in &said.lines {
        if is_good || (*channel == Channel::Err && !from_log) {
            step.line(Level::Normal, line);
        } else {
            kept += 1;
        }
    }
    if kept > 0 {
        let why = "a secret is taken of them that cannot be masked";
        step.line(Level::Normal, format!("({} not shown: {why})", plural(kept, "line")));
    }
}

/// What is said of a value that was taken.
fn told(name: &str, value: &Rendered) -> String {
    match value {
        Rendered::Plain(text) if text.len() <= 60 && !text.contains('\n') => format!("{name}: {text}"),
        Rendered::Plain(text) => format!("{name}: {}", plural(text.len(), "byte")),
        Rendered::Secret(_) => format!("{name} is known"),
    }
}
