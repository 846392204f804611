//! A release that is `pending-…`: somebody is at it, or a helm that died left it so. The one is never touched, the other
//! repaired when that was asked for.

use std::path::PathBuf;
use std::time::Duration;

use super::call::{Call, judged};
use crate::config::model::Helm;
use crate::disk;
use crate::failure::{Failure, Kind};
use crate::text;
use crate::tools::helm::release::{Pending, Release, last_deployed};
use crate::tools::helm::{self as tool, Major};
use crate::ui::prompt;
use crate::work::StepCx;

/// Helm waits up to its limit for hooks before, for the resources, and for hooks after.
const PHASES: u32 = 3;

/// How it is known that nobody is at a release any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    /// By the helm of this step, which has ended.
    ByUs,
    /// By somebody who is not known.
    BySomebody,
}

/// Repairs it, or says why not.
pub(super) async fn repair(
    step: &StepCx<'_>,
    call: &Call<'_>,
    major: Major,
    helm: &Helm,
    (release, pending, left): (&Release, Pending, Left),
) -> Result<(), Failure> {
    let name = &call.release;
    let now = (step.cx.now)();
    let age = release.since.map(|since| Duration::try_from(now.duration_since(since)).unwrap_or_default());
    let patience = patience(step.frame.timeout, call.timeout);
    // What a run that died began, nobody goes on with: its lock was free, so all that it had started is dead as well.
    let is_of_dead = release.since.zip(step.facts.left_behind).is_some_and(|(since, begun)| since >= begun)
        || is_noted(call, release);
    let shown = format!("the release `{name}` is `{}`", release.status);
    if left == Left::BySomebody && !is_of_dead && age.is_none_or(|age| age <= patience) {
        let since = age.map_or_else(String::new, |age| format!(" since {}", text::duration(age)));
        return Err(Failure::new(Kind::Busy, format!("{shown}{since}: another helm may be at it"))
            .help("wait for it, then run this again")
            .help(format!("it counts as left behind after {}", text::duration(patience))));
    }
    let revision = match pending {
        Pending::Install => None,
        Pending::Upgrade => {
            let done = call.ask(step, tool::history(&call.place, name)).await?;
            judged(step, &done, &format!("`helm history {name}`"))?;
            last_deployed(&done.stdout)
        }
    };
    let how = match revision {
        Some(revision) => format!("go back to revision {revision}"),
        None => "remove what it began, no revision of it was ever deployed".to_owned(),
    };
    if !helm.repair && !is_asked(step, &format!("{shown}: a helm that died left it so"), &how)? {
        let by_hand = match revision {
            Some(revision) => format!("helm rollback {name} {revision} --namespace {}", call.place.namespace),
            None => format!("helm uninstall {name} --namespace {}", call.place.namespace),
        };
        note(call, release);
        return Err(Failure::new(Kind::Failed, format!("{shown}: a helm that died left it so"))
            .help("write `repair = true`: it is then repaired before anything else")
            .help(format!("or repair it by hand: `{by_hand}`")));
    }
    step.say(&format!("{shown}, left behind by a helm that died: {how}"));
    let (cmd, what) = match revision {
        Some(revision) => {
            (tool::rollback(&call.place, name, revision, call.timeout), format!("`helm rollback {name}`"))
        }
        None => (tool::uninstall(&call.place, major, name, call.timeout), format!("`helm uninstall {name}`")),
    };
    let done = step.run(&cmd.dir(&step.env.root)).await?;
    judged(step, &done, &what)
}

/// Where it is written down that nobody is at a release any more: the next run cannot know by itself.
fn note_of(call: &Call<'_>) -> PathBuf {
    call.place.home.join("left").join(format!("{}.{}", call.place.namespace, call.release))
}

/// What tells this state of the release from all others.
fn mark(release: &Release) -> String {
    format!("{} {} {}\n", release.revision, release.status, release.since.unwrap_or_default())
}

fn note(call: &Call<'_>, release: &Release) {
    let path = note_of(call);
    let written = path.parent().map_or(Ok(()), |folder| disk::make_dir(folder).map_err(|_| ()));
    if written.is_ok() {
        // Without it the next run waits for the time of the step.
        let _ = disk::write(&path, mark(release).as_bytes(), 0o600);
    }
}

fn is_noted(call: &Call<'_>, release: &Release) -> bool {
    disk::read_lossy_if_there(&note_of(call)).ok().flatten().is_some_and(|text| text == mark(release))
}

fn is_asked(step: &StepCx<'_>, what: &str, how: &str) -> Result<bool, Failure> {
    let ui = &step.cx.ui;
    if !ui.mode.can_ask {
        return Ok(false);
    }
    prompt::yes(ui, &format!("{what}. {how}?"))
}

/// How long a release may be pending before nobody can be at it any more.
fn patience(step: Duration, helm: Duration) -> Duration {
    if step.is_zero() { helm * PHASES } else { step }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_left_alone_as_long_as_a_helm_could_be_at_it() {
        let minutes = |count: u64| Duration::from_secs(60 * count);
        assert_eq!(patience(Duration::ZERO, minutes(5)), minutes(15));
        assert_eq!(patience(minutes(10), minutes(9)), minutes(10));
    }
}
