//! Waits until a cloud has made what it was asked for. Its own programs give up after some minutes, a large volume takes hours.

use std::time::Duration;

use tokio::time::Instant;

use super::asked::{call, failed, unknown};
use crate::exec::Cmd;
use crate::failure::{Failure, Kind};
use crate::snapshots::away::{State, Thing, gib};
use crate::text::duration;
use crate::tools::snapshots::Cloud;
use crate::work::StepCx;
use crate::work::schedule::{longer, pause};

/// How soon it is looked at for the first time, and how far apart looks are at most.
const PAUSES: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(15));
/// So often in a row may a look fail, or find nothing: what was just made is not seen everywhere at once.
const DOUBTS: u32 = 3;
/// After so long without a change people are told.
const STUCK: Duration = Duration::from_secs(30 * 60);

/// What is waited for.
pub(super) struct Wait<'a> {
    pub(super) cloud: &'a dyn Cloud,
    /// `snapshot`, or what a new thing is.
    pub(super) noun: &'static str,
    /// It was restored of a snapshot.
    pub(super) is_new: bool,
}

impl Wait<'_> {
    /// Until it is ready.
    pub(super) async fn ready(&self, step: &StepCx<'_>, first: Thing) -> Result<Thing, Failure> {
        let (mut thing, mut doubts, begun) = (first, 0, Instant::now());
        let (mut every, mut changed, mut is_told) = (PAUSES.0, begun, false);
        loop {
            match thing.state {
                State::Ready if thing.bytes == Some(0) => {
                    return Err(self.told(&thing, format!("the {} `{}` has 0 bytes", self.noun, thing.id)));
                }
                State::Ready => return Ok(thing),
                State::Failed => {
                    let text = format!("the {} `{}` is in `{}`", self.noun, thing.id, thing.status);
                    let removed = if self.is_new {
                        self.cloud.remove_new(&thing.id)
                    } else {
                        self.cloud.remove(&thing.id)
                    };
                    return Err(self.told(&thing, text).help(format!("remove it: `{removed}`")));
                }
                State::Pending => {}
            }
            step.progress(format!("{}: {}, {}", thing.id, thing.status, duration(begun.elapsed())));
            if !is_told && changed.elapsed() > STUCK {
                is_told = true;
                step.cx.ui.warn(format!(
                    "`{}` is in `{}` for {}: Ctrl-C ends the wait, not what the cloud does",
                    thing.id,
                    thing.status,
                    duration(changed.elapsed())
                ));
            }
            let is_late = || step.left().is_some_and(|left| left.is_zero());
            let late =
                |text: String| StepCx::too_late(format!("{text} after {}", duration(step.frame.timeout)));
            let left = step.left().unwrap_or(every);
            if !pause(every.min(left), &step.cx.interrupts).await {
                return Err(self.goes_on(step, &thing, |text| step.interrupted(text)));
            }
            if is_late() {
                return Err(self.goes_on(step, &thing, late));
            }
            every = longer(every, PAUSES.1);
            let seen = match self.look(step, &thing).await {
                Err(_) if step.cx.interrupts.is_pressed() => {
                    return Err(self.goes_on(step, &thing, |text| step.interrupted(text)));
                }
                Err(_) if is_late() => return Err(self.goes_on(step, &thing, late)),
                seen => seen?,
            };
            match seen {
                Ok(seen) => {
                    if seen.status != thing.status {
                        changed = Instant::now();
                    }
                    (thing, doubts) = (seen, 0);
                }
                Err(_) if doubts < DOUBTS => doubts += 1,
                Err(failure) => return Err(failure),
            }
        }
    }

    /// As it is now; the inner failure may pass.
    async fn look(&self, step: &StepCx<'_>, thing: &Thing) -> Result<Result<Thing, Failure>, Failure> {
        let cmd = self.looks(&thing.id);
        let gone = || {
            let text = format!(
                "the {} `{}` is gone: somebody has removed it while it was made",
                self.noun, thing.id
            );
            self.told(thing, text)
        };
        let stdout = match call(step, cmd).await? {
            Ok(stdout) => stdout,
            Err(tail) if self.cloud.is_gone(&tail) => return Ok(Err(gone())),
            Err(tail) => {
                let what = format!("`{}` cannot be looked at", thing.id);
                let failure = failed(self.cloud, &tail, "", &what)
                    .help(format!("look at it: `{}`", self.looks(&thing.id)));
                return if self.cloud.explain(&tail).is_some() { Err(failure) } else { Ok(Err(failure)) };
            }
        };
        let read = if self.is_new { self.cloud.read_new(&stdout) } else { self.cloud.read(&stdout) };
        let things = read.map_err(|why| unknown(step, &why))?;
        Ok(things.into_iter().find(|seen| seen.id == thing.id).ok_or_else(gone))
    }

    fn looks(&self, id: &str) -> Cmd {
        if self.is_new { self.cloud.look_new(id) } else { self.cloud.look(id) }
    }

    fn told(&self, thing: &Thing, text: String) -> Failure {
        Failure::new(Kind::Failed, text).help(format!("look at it: `{}`", self.looks(&thing.id)))
    }

    /// Nobody waits any more, and the cloud does not know.
    fn goes_on(&self, step: &StepCx<'_>, thing: &Thing, failure: impl Fn(String) -> Failure) -> Failure {
        let size = thing.bytes.map_or_else(String::new, |size| format!(" of {}", gib(size)));
        let text = format!(
            "the {} `{}`{size} was still `{}`: the cloud goes on with it",
            self.noun, thing.id, thing.status
        );
        let failure = failure(text).help(format!("look at it: `{}`", self.looks(&thing.id)));
        match self.is_new {
            true => failure
                .help(format!("remove it, if it is not wanted: `{}`", self.cloud.remove_new(&thing.id))),
            false => failure.help(format!(
                "it counts as soon as it is whole: `infractl snapshot list {}`",
                step.env.name
            )),
        }
    }
}
