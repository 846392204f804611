//! Does a command end with 0, and does its output match?

use std::time::Duration;

use regex::Regex;

use super::{Answer, Probed, StepCx};
use crate::config::model::CommandTable;
use crate::exec::{Done, Io, RunError};
use crate::steps::command::build;
use crate::text::{duration, last_line};
use crate::tools::ssh::remote_shell;
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
            return Probed::Unknown(Answer::new(format!("it took longer than {}", duration(each)), check));
        }
        Err(error) => {
            let is_missing = matches!(error, RunError::NotFound { .. });
            let failure = step.unanswered(error);
            if is_missing {
                return never(&failure);
            }
            return Probed::Unknown(Answer::new(format!("{:#}", failure.error), check));
        }
    };
    let said = String::from_utf8_lossy(&done.stdout);
    let words = last_words(step, &done, &said);
    let all = format!("{said}\n{}", done.tail);
    if done.code != 0 {
        let answer = Answer { said: all, ..Answer::new(format!("exit code {}{words}", done.code), check) };
        // A shell says so when it could not start a program, or a signal ended it.
        return if done.code >= 126 { Probed::Unknown(answer) } else { Probed::NotYet(answer) };
    }
    match output.map(Regex::new) {
        Some(Ok(pattern)) if !pattern.is_match(&said) => {
            let text = format!("its output does not match `{pattern}`{words}");
            Probed::NotYet(Answer { said: all, ..Answer::new(text, check) })
        }
        _ => Probed::Good(String::new()),
    }
}

/// The last line that a try said, behind a colon; its output counts when it complained of nothing.
pub(super) fn last_words(step: &StepCx<'_>, done: &Done, said: &str) -> String {
    let tail = remote_shell::said(&done.tail);
    let last = [&*tail, said].map(last_line).into_iter().find(|line| !line.is_empty());
    last.map_or_else(String::new, |line| format!(": {}", step.cx.masks.mask(line)))
}

pub(super) fn never(failure: &crate::failure::Failure) -> Probed {
    Probed::Never(Answer { check: failure.help.clone(), ..Answer::new(format!("{:#}", failure.error), "") })
}
