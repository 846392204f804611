//! Does a command end with 0, and does its output match?

use std::time::Duration;

use regex::Regex;

use super::{Answer, Probed, StepCx};
use crate::config::model::CommandTable;
use crate::exec::{Io, RunError};
use crate::steps::command::build;
use crate::text::duration;
use crate::work::values::Known;

/// One try.
pub(super) async fn probe(
    step: &StepCx<'_>,
    table: &CommandTable,
    output: Option<&str>,
    each: Duration,
) -> Probed {
    let check = format!("run it by hand: `infractl exec {} -- {}`", step.env.name, table.run.name());
    let cmd = match build(step, table, &Known::of(step)) {
        Ok(cmd) => cmd.io(Io::Capture).timeout(Some(each)),
        Err(failure) => return never(&failure),
    };
    let done = match step.quietly(&cmd).await {
        Ok(done) => done,
        Err(RunError::TimedOut { .. }) => {
            return Probed::NotYet(Answer::new(format!("it took longer than {}", duration(each)), check));
        }
        Err(error) => {
            let is_missing = matches!(error, RunError::NotFound { .. });
            let failure = step.unanswered(error);
            if is_missing {
                return never(&failure);
            }
            return Probed::NotYet(Answer::new(format!("{:#}", failure.error), check));
        }
    };
    let said = String::from_utf8_lossy(&done.stdout);
    let last = |text: &str| {
        text.lines().rev().find(|line| !line.trim().is_empty()).map(|line| line.trim().to_owned())
    };
    let words = last(&done.tail).or_else(|| last(&said)).map_or(String::new(), |line| format!(": {line}"));
    let words = step.cx.masks.mask(&words).into_owned();
    if done.code != 0 {
        return Probed::NotYet(Answer::new(format!("exit code {}{words}", done.code), check));
    }
    match output.map(Regex::new) {
        Some(Ok(pattern)) if !pattern.is_match(&said) => {
            Probed::NotYet(Answer::new(format!("its output does not match `{pattern}`{words}"), check))
        }
        _ => Probed::Good(String::new()),
    }
}

pub(super) fn never(failure: &crate::failure::Failure) -> Probed {
    Probed::Never(Answer { text: format!("{:#}", failure.error), check: failure.help.clone() })
}
