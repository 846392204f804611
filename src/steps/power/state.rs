//! Where machines and databases are, and what of them is billed.

use comfy_table::Table;
use serde::Serialize;

use super::cloud::Cloud;
use super::names::{self, Wanted};
use super::{By, Part, Power, StepCx, command};
use crate::failure::Failure;
use crate::text::plural;
use crate::tools::power::{Billed, Found, Is};
use crate::ui::event::Level;
use crate::work::values::Known;

/// A machine or a database, as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The host of `[hosts]` that it is.
    pub host: Option<String>,
    /// What the provider says of it.
    #[serde(flatten)]
    pub found: Found,
}

/// What `state` shows of an environment. Its JSON is a public contract (`docs/power.md`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct State {
    /// The environment.
    pub environment: String,
    /// Its machines.
    pub machines: Vec<Row>,
    /// Its databases.
    pub databases: Vec<Row>,
    /// What commands of its own printed.
    pub lines: Vec<String>,
}

/// Asks; the table is for who started the step.
pub(super) async fn run(step: &mut StepCx<'_>, power: &Power) -> Result<String, Failure> {
    let known = Known::of(step);
    let mut state = State { environment: step.env.name.clone(), ..State::default() };
    let parts = super::parts(step.env).unwrap_or_default();
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
    step.facts.state = Some(state);
    Ok(if all == 0 { String::new() } else { format!("{on} of {} running", plural(all, "machine")) })
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

impl State {
    fn rows(&self) -> impl Iterator<Item = (&'static str, &Row)> {
        let machines = self.machines.iter().map(|row| ("machine", row));
        machines.chain(self.databases.iter().map(|row| ("database", row)))
    }

    /// For people.
    pub fn table(&self) -> String {
        let mut text = String::new();
        if self.rows().next().is_some() {
            let mut table = Table::new();
            let head = ["host", "name", "status", "since", "address", "billed"];
            table.load_style(comfy_table::presets::NOTHING).set_header(head);
            for (kind, row) in self.rows() {
                let found = &row.found;
                let since = match (&found.since, &found.created) {
                    (Some(since), _) => since.clone(),
                    (None, Some(created)) => format!("made {created}"),
                    (None, None) => "-".to_owned(),
                };
                let host = row
                    .host
                    .clone()
                    .unwrap_or_else(|| if kind == "database" { kind } else { "-" }.to_owned());
                let address =
                    if found.addresses.is_empty() { "-".to_owned() } else { found.addresses.join(" ") };
                let billed = found.billed.words().to_owned();
                table.add_row([host, found.name.clone(), found.status.clone(), since, address, billed]);
            }
            for line in table.lines() {
                text.push_str(line.trim_end());
                text.push('\n');
            }
        }
        for line in &self.lines {
            text.push_str(line);
            text.push('\n');
        }
        text
    }
}

/// What a dry run says.
pub(super) fn describe(step: &StepCx<'_>, known: &Known, power: &Power) -> Result<Vec<String>, Failure> {
    let mut lines: Vec<String> = Vec::new();
    for part in super::parts(step.env).unwrap_or_default() {
        let more = match part.by(step, known, power)? {
            By::Command(power) => command::describe_state(step, power)?,
            By::Cloud(cloud) => vec![cloud.describe_list()],
        };
        lines.extend(more.into_iter().filter(|line| !lines.contains(line)).collect::<Vec<_>>());
    }
    Ok(lines)
}
