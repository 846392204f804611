//! Questions to programs, and orders: none of them sees a secret of the environment.

use std::time::Duration;

use crate::exec::{Cmd, RunError};
use crate::failure::{Failure, Kind};
use crate::tools::clusters;
use crate::work::StepCx;

/// A question takes at most so long.
const ANSWER: Duration = Duration::from_secs(30);

/// What a program printed, or its last words when it failed or did not answer in time.
pub(super) async fn asked(step: &StepCx<'_>, cmd: Cmd) -> Result<Result<Vec<u8>, String>, Failure> {
    let done = match step.quietly(&cmd.timeout(Some(ANSWER))).await {
        Ok(done) => done,
        Err(error @ RunError::TimedOut { .. }) if step.left().is_none_or(|left| !left.is_zero()) => {
            return Ok(Err(error.to_string()));
        }
        Err(error) => return Err(step.unanswered(error)),
    };
    if done.interrupted {
        return Err(step.interrupted(format!("`{}` of `{}` was stopped", step.name, step.env.name)));
    }
    Ok(if done.code == 0 { Ok(done.stdout) } else { Err(done.tail) })
}

/// The same where there is no going on without an answer.
pub(super) async fn answer(step: &StepCx<'_>, cmd: Cmd, what: &str) -> Result<Vec<u8>, Failure> {
    asked(step, cmd).await?.map_err(|tail| failed(&tail, what))
}

/// An order; its lines are shown.
pub(super) async fn order(step: &StepCx<'_>, cmd: &Cmd, what: &str) -> Result<(), Failure> {
    let done = step.run(cmd).await?;
    if done.interrupted {
        return Err(step.interrupted(format!("`{}` of `{}` was stopped", step.name, step.env.name)));
    }
    if done.code == 0 { Ok(()) } else { Err(failed(&done.tail, what)) }
}

/// What a program said when it failed.
pub(super) fn failed(tail: &str, what: &str) -> Failure {
    let (line, help) = clusters::why(tail);
    let failure = match line.as_str() {
        "" => Failure::new(Kind::Failed, what.to_owned()),
        line => Failure::new(Kind::Failed, line.to_owned()).context(what.to_owned()),
    };
    help.into_iter().fold(failure, Failure::help)
}
