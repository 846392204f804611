//! What is over and stays all the same for now: something that stays depends on it, or its window is closed.

use jiff::Timestamp;

use super::look::{Is, Look};
use crate::config::Project;
use crate::config::model::TtlAction;
use crate::deployments::lease::Term;
use crate::history::Store;
use crate::history::estate::{Standing, estate};
use crate::pipeline::window;

/// Marks them.
pub(super) fn hold(project: &Project, all: &mut [Look], now: Timestamp) {
    for look in &mut *all {
        let Some((over, until)) = outside(look, now) else { continue };
        look.is = Is::Closed { over, until };
    }
    let standings = estate(&Store::of(&project.root), &project.environments);
    // What is held holds others in its turn.
    while let Some((at, by)) = next(all, &standings) {
        if let Some(over) = all[at].over_since() {
            all[at].is = Is::Held { over, by };
        }
    }
}

/// It is to be destroyed, and may not be changed now: when it may.
fn outside(look: &Look, now: Timestamp) -> Option<(Timestamp, String)> {
    let over = look.over_since().filter(|_| look.action() == Some(TtlAction::Destroy))?;
    let hours = look.env.as_ref()?.window.as_ref()?;
    (!window::is_open(hours, now)).then(|| (over, window::opens(hours, now)))
}

/// The next one that is to be destroyed, and what depends on it and stays.
fn next(all: &[Look], standings: &[Standing]) -> Option<(usize, String)> {
    let destroyed = |look: &Look| look.is_due() && look.action() == Some(TtlAction::Destroy);
    all.iter().enumerate().filter(|(_, look)| destroyed(look)).find_map(|(at, look)| {
        let depends =
            |other: &Look| other.env.as_ref().is_some_and(|env| env.depends_on.contains(&look.name));
        let stays = |(other, standing): &(&Look, &Standing)| {
            depends(other) && !destroyed(other) && is_there(other, standing)
        };
        let by = all.iter().zip(standings).find(stays)?.0;
        Some((at, by.name.clone()))
    })
}

/// Something of it is there, as far as anybody knows.
fn is_there(look: &Look, standing: &Standing) -> bool {
    match &look.is {
        Is::At(Term::Down(down)) => !down.is_destroyed,
        // Only the runs of this checkout say something.
        Is::Endless | Is::Kept | Is::At(Term::Unknown) => {
            standing.changed.as_ref().is_some_and(|seen| !matches!(seen.verb.as_str(), "destroy" | "down"))
        }
        _ => true,
    }
}
