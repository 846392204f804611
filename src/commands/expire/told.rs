//! What is said of an environment and its `[ttl]`.

use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::look::{Is, Look};
use crate::commands::table::{shown, table, when};
use crate::commands::{Global, OutputMode};
use crate::config::model::{Ttl, TtlAction};
use crate::context::Ctx;
use crate::deployments::lease::Term;
use crate::failure::Failure;
use crate::text::document;

/// So long before the end is warned, if nothing is said.
const WARN: Duration = Duration::from_secs(3600);

/// Where an environment stands with its `[ttl]`, in words.
pub(crate) fn words(term: &Term, ttl: &Ttl, now: Timestamp) -> String {
    let zone = ttl.time_zone.clone().unwrap_or_default();
    let verb = ttl.action.unwrap_or_default().verb();
    match term {
        Term::Unknown => {
            "left alone: no record says that infractl has brought it up since it has a `[ttl]`".to_owned()
        }
        Term::Ahead(seen) => format!(
            "left alone: `{}` brought it up at {}, which is still to come: a clock is wrong",
            seen.verb,
            zone.shown(seen.at)
        ),
        Term::Down(down) => {
            let how = if down.is_destroyed { "destroyed" } else { "stopped" };
            format!("{how} since {}", zone.shown(down.seen.at))
        }
        Term::Until(end) if *end == Timestamp::MAX => "no end within reach".to_owned(),
        Term::Until(end) => format!("{verb} in {}, {}", left(now, *end), zone.shown(*end)),
        Term::Over(end) => format!("over for {}: {verb}, since {}", left(*end, now), zone.shown(*end)),
    }
}

/// Its end is near, or was.
pub(crate) fn is_near(term: &Term, ttl: &Ttl, now: Timestamp) -> bool {
    let warn = ttl.warn.map_or(WARN, |period| period.0);
    match term {
        Term::Until(end) => now.checked_add(warn).is_ok_and(|limit| *end <= limit),
        Term::Over(_) | Term::Ahead(_) => true,
        _ => false,
    }
}

/// `2h 10m`, `40 min`, `3 days`.
pub(crate) fn left(from: Timestamp, to: Timestamp) -> String {
    let length = Duration::try_from(to.duration_since(from)).unwrap_or_default();
    match length.as_secs() {
        0..60 => "less than a minute".to_owned(),
        seconds @ 60..3600 => format!("{} min", seconds / 60),
        seconds @ 3600..172_800 => format!("{}h {:02}m", seconds / 3600, seconds / 60 % 60),
        seconds => format!("{} days", seconds / 86_400),
    }
}

fn of(look: &Look, now: Timestamp) -> String {
    let Some(ttl) = look.env.as_ref().and_then(|env| env.ttl.as_ref()) else {
        return if look.env.is_some() { "no `[ttl]`" } else { "its configuration is wrong" }.to_owned();
    };
    match &look.is {
        Is::Endless => "no `[ttl]`".to_owned(),
        Is::Kept => "stays: `action = \"none\"`".to_owned(),
        Is::At(term) => words(term, ttl, now),
        Is::Again(down) => format!("runs again by itself, {} after it was stopped", left(down.seen.at, now)),
        Is::Held { over, by } => {
            format!("over for {}, and `{by}` depends on it and stays: left alone", left(*over, now))
        }
        Is::Closed { over, until } => {
            format!("over for {}, and outside of its window: {until}", left(*over, now))
        }
        Is::Wrong(_) => "nobody can tell".to_owned(),
    }
}

/// A table of all that have a `[ttl]`, or the same as JSON.
pub(super) fn show(cx: &Ctx, global: &Global, all: &[Look], now: Timestamp) -> Result<(), Failure> {
    let all: Vec<&Look> = all.iter().filter(|look| !matches!(look.is, Is::Endless)).collect();
    if global.output == OutputMode::Json {
        let rows: Vec<_> = all.iter().map(|look| row(look, now)).collect();
        return cx.ui.document(document::pretty(&rows).as_bytes());
    }
    if all.is_empty() {
        cx.ui.note("no environment has a `[ttl]`");
        return Ok(());
    }
    let mut table = table(["environment", "up since", "by", "action", "now", ""]);
    for look in all {
        let (since, by) = look.up.as_ref().map_or_else(Default::default, |up| (when(up.at), up.by.clone()));
        let action = look.action().map_or("", TtlAction::verb).to_owned();
        let does = if look.is_due() { "would be taken down" } else { "" };
        table.add_row([look.name.clone(), since, by, action, of(look, now), does.to_owned()]);
    }
    cx.ui.page(&shown(&table))
}

/// How long an environment has left; a public contract (docs/ttl.md).
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Left {
    /// Its name.
    environment: String,
    /// What happens then: `stop` or `destroy`.
    action: Option<String>,
    /// Since when it is up, UTC.
    up_since: Option<Timestamp>,
    /// Who brought it up.
    up_by: Option<String>,
    /// When its time is over, UTC.
    end: Option<Timestamp>,
    /// `expire` would take it down now.
    is_due: bool,
    /// In words.
    says: String,
}

fn row(look: &Look, now: Timestamp) -> Left {
    let end = match &look.is {
        Is::At(Term::Until(end)) => Some(*end),
        _ => look.over_since(),
    };
    Left {
        environment: look.name.clone(),
        action: look.action().map(|action| action.verb().to_owned()),
        up_since: look.up.as_ref().map(|up| up.at),
        up_by: look.up.as_ref().map(|up| up.by.clone()),
        end,
        is_due: look.is_due(),
        says: of(look, now),
    }
}

/// What a run has to say before it begins.
pub(super) fn tell(cx: &Ctx, all: &[Look], now: Timestamp) {
    let mut has_ttl = false;
    for look in all {
        let Some(ttl) = look.env.as_ref().and_then(|env| env.ttl.as_ref()) else { continue };
        has_ttl = true;
        let line = format!("{}: {}", look.name, of(look, now));
        match &look.is {
            Is::At(Term::Ahead(_)) | Is::Held { .. } => cx.ui.warn(line),
            Is::At(term @ Term::Until(_)) if is_near(term, ttl, now) => {
                cx.ui.warn(format!("{line}; `infractl extend {} 4h` gives it more", look.name));
            }
            Is::At(_) | Is::Again(_) | Is::Closed { .. } => cx.ui.note(line),
            _ => {}
        }
    }
    // What cannot be read may have one.
    if !has_ttl && !all.iter().any(|look| matches!(look.is, Is::Wrong(_))) {
        cx.ui.note("no environment has a `[ttl]`: nothing to do");
    }
}
