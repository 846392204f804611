//! What changed behind terraform's back.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::progress::{Progress, show};
use super::shown;
use super::words::said_already;
use super::{LookForDrift, equip, failed};
use crate::disk::{self, PrivateDir};
use crate::failure::{Failure, Kind};
use crate::text;
use crate::tools::terraform::drift::{Document, Drift, Known};
use crate::tools::terraform::events::{self, Event as Told};
use crate::tools::terraform::{Root, flags};
use crate::ui::event::{Diagnostic, Event, Severity};
use crate::work::StepCx;

/// Compares the state with what is there, and tells what is not as the state says. Nothing is changed.
pub(super) async fn run(
    step: &mut StepCx<'_>,
    root: &Root,
    look: &LookForDrift,
    words: &[String],
) -> Result<String, Failure> {
    let name = &step.env.name;
    let dir = PrivateDir::new()?;
    let file = dir.path().join("infractl.tfplan");
    let cmd = root.plan_json(Some(&file)).arg("-refresh-only");
    let cmd = said_already(equip(step, cmd)?).args(flags::for_plan(words));
    let seen = Mutex::new(Progress::default());
    let done = step
        .run_with(&cmd, &|line| {
            let told = events::parse(line);
            // Those are told below, with what of them changed.
            if !matches!(told, Told::Drift { .. } | Told::Planned { .. }) {
                show(step, &told);
            }
            seen.lock().unwrap_or_else(PoisonError::into_inner).take(&told);
        })
        .await
        .map_err(|error| step.unanswered(error))?;
    if done.interrupted {
        return Err(step.interrupted(format!("the look at `{name}` was stopped; nothing was changed")));
    }
    let rules = &step.env.drift.ignore;
    let mut drift = match done.code {
        0 if rules.is_empty() => Drift::default(),
        0 | 2 => shown::read(step, root, &file, Drift::read).await?,
        code => {
            let seen = seen.into_inner().unwrap_or_else(PoisonError::into_inner);
            return Err(failed(step, root, "plan", code, &seen.errors(&done.tail)));
        }
    };
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    drift.ignore(rules, today).into_iter().for_each(|warning| step.cx.ui.warn(warning));
    if !look.is_new {
        tell(step, &drift, look)?;
        return if drift.is_empty() { Ok(nothing(&drift)) } else { Err(found(step, &drift, "")) };
    }
    let own = || step.env.root.join(".infractl/drift");
    let file = look.known.clone().unwrap_or_else(own).join(format!("{name}.json"));
    let (earlier, now) = (known(step, &file), Known::of(&drift));
    drift.compare(&earlier);
    tell(step, &drift, look)?;
    let keep = serde_json::to_vec_pretty(&now).unwrap_or_default();
    disk::write(&file, &keep, 0o600).map_err(|error| {
        Failure::from(error).context("what was told is not written down, and counts as new again")
    })?;
    match (now.has_more_than(&earlier), drift.is_empty()) {
        (true, _) => Err(found(step, &drift, ", not all of it told before")),
        (false, true) => Ok(nothing(&drift)),
        (false, false) => {
            Ok(format!("{} changed behind terraform's back, all of it told before", drift.sum()))
        }
    }
}

fn nothing(drift: &Drift) -> String {
    match drift.ignored.len() {
        0 => "nothing changed behind terraform's back".to_owned(),
        count => format!(
            "nothing else than {} changed behind terraform's back",
            text::plural(count, "ignored resource")
        ),
    }
}

/// The hook `on-drift` gets it as Markdown, in a variable: no longer than such a one may be.
fn found(step: &mut StepCx<'_>, drift: &Drift, more: &str) -> Failure {
    const ROOM: usize = 60_000;
    let name = &step.env.name;
    let text = step.cx.masks.mask(&drift.markdown(name)).into_owned();
    let mut told = String::new();
    for line in text.lines() {
        if told.len() + line.len() > ROOM {
            told.push_str("…\n");
            break;
        }
        told.push_str(line);
        told.push('\n');
    }
    step.facts.drift = Some(told);
    let what = format!("{} of `{name}` changed behind terraform's back{more}", drift.sum());
    Failure::new(Kind::Difference, what)
        .help(format!("run `infractl plan {name}` to see what an apply would put right"))
        .help(format!("run `infractl apply {name} -- -refresh-only` to take it over into the state instead"))
}

/// What earlier looks told; nothing where that cannot be read.
fn known(step: &StepCx<'_>, file: &Path) -> Known {
    let read = disk::read_if_there(file).map_err(|error| error.to_string()).and_then(|text| {
        text.map(|text| serde_json::from_slice(&text).map_err(|error| error.to_string())).transpose()
    });
    let read = read.unwrap_or_else(|why| {
        step.cx.ui.warn(format!("`{}` cannot be read ({why}): everything counts as new", file.display()));
        None
    });
    read.unwrap_or_default()
}

/// For people, for programs, and for CI and reports.
fn tell(step: &StepCx<'_>, drift: &Drift, look: &LookForDrift) -> Result<(), Failure> {
    if look.is_markdown {
        let text = step.cx.masks.mask(&drift.markdown(&step.env.name)).into_owned();
        step.cx.ui.data(text.as_bytes())?;
    } else {
        drift.lines().iter().for_each(|line| step.report(line));
    }
    for found in drift.resources.iter().filter(|found| found.is_new != Some(false)) {
        let diagnostic = Diagnostic {
            severity: Severity::Warning,
            summary: format!("{}: {} behind terraform's back", found.address, found.action),
            detail: String::new(),
            file: None,
            line: None,
        };
        step.event(Event::Diagnostic { name: step.name.to_owned(), diagnostic });
    }
    if step.cx.ui.mode.json {
        let document =
            serde_json::to_string(&Document { environment: &step.env.name, drift }).unwrap_or_default();
        step.cx.ui.data(step.cx.masks.mask(&document).as_bytes())?;
    }
    Ok(())
}
