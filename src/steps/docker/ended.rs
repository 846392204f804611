//! Containers and docker itself: running to their end, and what the end means.

use crate::exec::Done;
use crate::failure::{Failure, Kind};
use crate::tools::docker as tool;
use crate::work::StepCx;

/// Waits for what runs a container. When the user asks to stop, the container is stopped: the first process of a
/// container takes no signal that it does not expect.
pub(crate) async fn until_stopped<T>(step: &StepCx<'_>, name: &str, work: impl Future<Output = T>) -> T {
    let stop = async {
        step.cx.interrupts.pressed().await;
        let _ = step.cx.runner.run(&tool::stop(name).even_if_interrupted(), &|_, _| ()).await;
        std::future::pending::<std::convert::Infallible>().await
    };
    tokio::select! {
        biased;
        result = work => result,
        never = stop => match never {},
    }
}

/// Success, or why not.
pub(crate) fn judge(step: &StepCx<'_>, done: &Done, what: &str) -> Result<(), Failure> {
    if done.interrupted {
        return Err(step.interrupted(format!("{what} was stopped")));
    }
    if done.code == 0 {
        return Ok(());
    }
    let said = done.tail.lines().rev().map(str::trim);
    let said = said
        .filter(|line| !line.is_empty() && !line.starts_with("Run 'docker"))
        .find(|line| !line.starts_with("See '"));
    let heading = format!("{what} ended with exit code {}", done.code);
    let failure = said.map_or_else(
        || Failure::new(Kind::Failed, heading.as_str()),
        |said| Failure::new(Kind::Failed, said).context(heading.as_str()),
    );
    Err(match tool::advice(&done.tail) {
        Some((why, help)) => {
            Failure::new(Kind::Failed, said.unwrap_or_default()).context(why).context(heading).help(help)
        }
        None => failure,
    })
}
