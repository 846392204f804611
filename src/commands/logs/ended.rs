//! What the end of a program that read a log means.

use crate::exec::Done;
use crate::failure::{Failure, Kind};
use crate::hosts::connection;
use crate::hosts::host::Machine;
use crate::text::{last_line, plain};
use crate::tools::ssh::remote_shell;
use crate::work::StepCx;

/// Success, or a failure with the exit code of the program.
pub(super) fn judge(step: &StepCx<'_>, at: Option<&Machine>, done: &Done, name: &str) -> Result<(), Failure> {
    if let Some(lost) = at.and_then(|machine| connection::lost(step, machine, done)) {
        return Err(lost);
    }
    if done.code == 0 {
        return Ok(());
    }
    let kind = u8::try_from(done.code).map_or(Kind::Failed, Kind::Child);
    let failure = Failure::new(kind, last_line(&plain(&remote_shell::said(&done.tail))).to_owned())
        .context(format!("the log of `{name}` was not read to its end"));
    let has_no_journal = done.code == 127 && at.is_some();
    Err(if has_no_journal {
        failure.help("name a file with `--file PATH`, or a container with `--container NAME`")
    } else {
        failure
    })
}
