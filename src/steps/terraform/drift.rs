//! What changed behind terraform's back.

use std::sync::{Mutex, PoisonError};

use serde_json::json;

use super::keep;
use super::progress::{Progress, show};
use super::words::said_already;
use super::{equip, failed};
use crate::disk::PrivateDir;
use crate::failure::{Failure, Kind};
use crate::tools::terraform::drift::Drift;
use crate::tools::terraform::events::{self, Event as Told};
use crate::tools::terraform::{Root, flags};
use crate::ui::event::{Diagnostic, Event, Severity};
use crate::work::StepCx;

/// Compares the state with what is there, and tells what is not as the state says. Nothing is changed.
pub(super) async fn run(step: &mut StepCx<'_>, root: &Root, words: &[String]) -> Result<String, Failure> {
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
    let drift = match done.code {
        0 => Drift::default(),
        2 => keep::read(step, root, &file, Drift::read).await?,
        code => {
            let seen = seen.into_inner().unwrap_or_else(PoisonError::into_inner);
            return Err(failed(step, root, "plan", code, &seen.errors(&done.tail)));
        }
    };
    tell(step, &drift)?;
    if drift.is_empty() {
        return Ok("nothing changed behind terraform's back".to_owned());
    }
    let what = format!("{} of `{name}` changed behind terraform's back", drift.sum());
    Err(Failure::new(Kind::Difference, what)
        .help(format!("run `infractl plan {name}` to see what an apply would put right"))
        .help(format!("run `infractl apply {name} -- -refresh-only` to take it over into the state instead")))
}

/// For people, for programs, and for CI and reports.
fn tell(step: &StepCx<'_>, drift: &Drift) -> Result<(), Failure> {
    drift.lines().iter().for_each(|line| step.report(line));
    for found in &drift.resources {
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
        let document = json!({"environment": step.env.name, "drift": drift}).to_string();
        step.cx.ui.data(step.cx.masks.mask(&document).as_bytes())?;
    }
    Ok(())
}
