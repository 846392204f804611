//! Where machines and databases are, and what of them is billed.

use super::cloud::Cloud;
use super::command;
use super::names::{self, Wanted};
use super::part::{By, Part};
use crate::config::model::Power;
use crate::failure::Failure;
use crate::text::plural;
use crate::tools::power::state::{Row, State};
use crate::tools::power::{Billed, Found, Is};
use crate::ui::event::Level;
use crate::work::StepCx;
use crate::work::values::Known;

/// Asks; the table is for who started the step.
pub(super) async fn run(step: &mut StepCx<'_>, power: &Power) -> Result<String, Failure> {
    let known = Known::of(step);
    let mut state = State { environment: step.env.name.clone(), ..State::default() };
    let parts = super::part::parts(step.env).unwrap_or_default();
    let mut commands = false;
    for part in parts {
        let rows = match part.by(step, &known, power)? {
            By::Command(power) => {
                if !commands {
                    state.lines = command::state(step, power).await?;
                }
                commands = true;
                continue;
            }
            By::Cloud(cloud) => rows(step, &cloud, &names::of(step, &known, power, part)?).await?,
        };
        match part {
            Part::Machines => state.machines = rows,
            Part::Databases => state.databases = rows,
        }
    }
    // As a step of another pipeline it says itself what it found.
    if step.frame.verb != "state" {
        for line in state.table().lines() {
            step.line(Level::Normal, line);
        }
    }
    let on = state.rows().filter(|(_, row)| row.found.state == Is::On).count();
    let all = state.rows().count();
    let billed =
        state.rows().filter(|(_, row)| matches!(row.found.billed, Billed::Yes | Billed::Disk)).count();
    step.facts.state = Some(state);
    Ok(match (all, billed) {
        (0, _) => String::new(),
        (_, 0) => format!("{on} of {} running", plural(all, "machine")),
        _ => format!("{on} of {} running, {billed} billed", plural(all, "machine")),
    })
}

async fn rows(step: &StepCx<'_>, cloud: &Cloud, wanted: &[Wanted]) -> Result<Vec<Row>, Failure> {
    let seen = cloud.look(step).await?;
    let mut rows: Vec<Row> = Vec::new();
    let is_own = |found: &&Found| seen.own.contains(&found.id);
    rows.extend(seen.all.iter().filter(is_own).map(|found| Row { host: None, found: found.clone() }));
    for Wanted { name, host } in wanted {
        let mut known = seen.all.iter().filter(|found| found.is_called(name)).peekable();
        if known.peek().is_none() {
            rows.push(Row { host: host.clone(), found: missing(name) });
        }
        for found in known {
            if !rows.iter().any(|row| row.found.id == found.id) {
                rows.push(Row { host: host.clone(), found: found.clone() });
            }
        }
    }
    Ok(rows)
}

fn missing(name: &str) -> Found {
    Found {
        name: name.to_owned(),
        id: String::new(),
        state: Is::Missing,
        status: "not there".to_owned(),
        since: None,
        created: None,
        addresses: Vec::new(),
        billed: Billed::No,
    }
}

/// What a dry run says.
pub(super) fn describe(step: &StepCx<'_>, known: &Known, power: &Power) -> Result<Vec<String>, Failure> {
    let mut lines: Vec<String> = Vec::new();
    for part in super::part::parts(step.env).unwrap_or_default() {
        let more = match part.by(step, known, power)? {
            By::Command(power) => command::describe_state(step, power)?,
            By::Cloud(cloud) => vec![cloud.describe_list()],
        };
        lines.extend(more.into_iter().filter(|line| !lines.contains(line)).collect::<Vec<_>>());
    }
    Ok(lines)
}
