//! Removes copies that no rule keeps.

use super::entry::Entry;
use super::there;
use crate::config::model::{Keep, KeepEntry};
use crate::failure::{Failure, Kind};
use crate::snapshots::retention::fates;
use crate::text::{bytes, plural};
use crate::work::StepCx;

/// Removes them, or only says what would go.
pub(super) async fn run(
    step: &mut StepCx<'_>,
    entry: &Entry<'_>,
    last: Option<u32>,
    is_look: bool,
) -> Result<String, Failure> {
    let keep = keep(step, entry, last)?;
    let all = there::all(step, entry).await?;
    let Some(pinned) = step.facts.pinned.clone() else {
        let message =
            "the deployment records cannot be read, and they may name snapshots: nothing is removed";
        return Err(Failure::new(Kind::Failed, message)
            .help(format!("look at them: `infractl history deployments {}`", step.env.name)));
    };
    let fates = fates(&all, &keep, &pinned, (step.cx.now)());
    let (mut gone, mut freed) = (0, 0);
    for (kept, stays) in all.iter().zip(fates) {
        let name = &kept.manifest.name;
        if let Some(why) = stays {
            step.line(crate::ui::event::Level::Detail, format!("{name} stays: {why}"));
            continue;
        }
        if !is_look {
            there::remove(step, entry, &kept.manifest).await?;
        }
        step.report(format!(
            "{name} {}, {}",
            if is_look { "would go" } else { "is removed" },
            bytes(kept.bytes())
        ));
        gone += 1;
        freed += kept.bytes();
    }
    let verb = if is_look { "would be removed" } else { "removed" };
    Ok(match gone {
        0 => format!("nothing to remove, {} kept", plural(all.len(), "snapshot")),
        _ => format!("{} {verb} ({}), {} kept", plural(gone, "snapshot"), bytes(freed), all.len() - gone),
    })
}

fn keep(step: &StepCx<'_>, entry: &Entry<'_>, last: Option<u32>) -> Result<Keep, Failure> {
    let said =
        last.map(|last| KeepEntry::Last(last).rules()).or(entry.source.keep.as_ref().map(KeepEntry::rules));
    said.ok_or_else(|| {
        let message =
            format!("`[snapshots.{}]` of `{}` does not say how many are kept", entry.name, step.env.name);
        Failure::new(Kind::Config, message)
            .help("write `keep = 7`, or `keep = { last = 3, daily = 7, weekly = 4 }`")
    })
}
