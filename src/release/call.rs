//! One call of git, and what it answered.

use crate::context::Ctx;
use crate::exec::{Cmd, Done};
use crate::failure::{Failure, Kind};
use crate::text::plain;
use crate::tools::git;

/// Runs it to its end, whatever that is.
pub(super) async fn call(cx: &Ctx, cmd: &Cmd) -> Result<Done, Failure> {
    let done = cx.runner.run(cmd, &|_, _| ()).await?;
    if done.interrupted {
        return Err(cx.interrupts.failure("the release was stopped").help("run it again: it begins anew"));
    }
    Ok(done)
}

/// Its standard output, if it ended well; `what` is what it was to do.
pub(super) async fn ask(cx: &Ctx, cmd: &Cmd, what: &str) -> Result<String, Failure> {
    let done = call(cx, cmd).await?;
    if done.code != 0 {
        return Err(failed(&done, what));
    }
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}

/// Why it did not.
pub(super) fn failed(done: &Done, what: &str) -> Failure {
    match git::reason(&plain(&done.tail)).as_str() {
        "" => Failure::new(Kind::Failed, format!("git could not {what}: exit code {}", done.code)),
        reason => Failure::new(Kind::Failed, reason).context(format!("git could not {what}")),
    }
}
