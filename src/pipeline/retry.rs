//! Tries a step again when it failed for a reason that may go away.

use super::engine::PipelineRun;
use super::{Step, transient};
use crate::config::step::Retry;
use crate::failure::{Failure, Kind};
use crate::text;
use crate::tools::aws::verdict;
use crate::ui::event::{Event, Level};
use crate::work::schedule::{Next, Schedule, pause};
use crate::work::{Frame, Heard};

impl PipelineRun<'_> {
    /// Tries it as often as the step says.
    pub(super) async fn retried(
        &mut self,
        step: &Step,
        retry: &Retry,
        frame: &Frame,
        path: &str,
    ) -> Result<String, Failure> {
        let mut tries = Schedule { attempts: retry.attempts, every: retry.every }.begin(frame.limit);
        let first = self.number;
        let mut crashes = Vec::new();
        loop {
            self.number = first;
            let attempt = tries.start();
            frame.heard.iter().for_each(Heard::forget);
            let at = format!("at try {attempt} of {}", retry.attempts);
            let failure = match Box::pin(self.once(step, &Frame { attempt, ..frame.clone() }, path)).await {
                Ok(summary) if attempt == 1 => return Ok(summary),
                Ok(summary) if summary.is_empty() => return Ok(at),
                Ok(summary) => return Ok(format!("{summary}, {at}")),
                Err(failure) => failure,
            };
            let heard = frame.heard.as_ref().map(Heard::all).unwrap_or_default();
            if !matches!(failure.kind, Kind::Failed | Kind::Busy) {
                return Err(failure);
            }
            crashes.push(heard.crash.as_ref().map(|crash| crash.what.clone()).unwrap_or_default());
            if heard.crash.is_some() && verdict::is_enough(&crashes) {
                let times = text::plural(verdict::ENOUGH, "time");
                return Err(failure.help(format!(
                    "mend it first: it ended {times} in a row in the same way, so it was not tried again"
                )));
            }
            let branch = self.branches(frame, &failure).into_iter().find(|branch| branch.is_own);
            let of_task = heard.crash.as_ref().and_then(|crash| crash.retry);
            let is_worth = match of_task.or(branch.as_ref().and_then(|branch| branch.retry)) {
                Some(false) => {
                    return Err(failure.help(
                        "it was not tried again: the rule that knows this failure says that it does not help",
                    ));
                }
                Some(true) => failure.kind == Kind::Failed,
                None => transient::is_worth(retry, &failure, &heard.lines),
            };
            if !is_worth {
                return Err(failure.help(
                    "it was not tried again: nothing it said matches `retry.on`; `[\"any\"]` matches whatever it says",
                ));
            }
            let Next::Pause(length) = tries.next() else {
                let (tries, took) = tries.so_far();
                let tries = text::plural(tries as usize, "time");
                let heading = format!("`{}` was tried {tries} in {}", step.name, text::duration(took));
                return Err(failure.context(heading));
            };
            if !self.options.insist
                && let Some(runs) = self.same_before(&failure)
            {
                let runs = text::list(runs, "and");
                return Err(failure
                    .help(format!("mend it first: the last runs, {runs}, failed in the same way, so it was not tried again"))
                    .help("pass `--insist` to try again all the same"));
            }
            let text = format!("failed {at}: {:#}", failure.error);
            self.tell(Event::Line { name: step.name.clone(), level: Level::Normal, text });
            if !pause(length, &self.cx.interrupts).await {
                let text = format!("stopped between two tries of `{}`", step.name);
                return Err(self.cx.interrupts.failure(text));
            }
        }
    }
}
