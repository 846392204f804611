//! What `state` shows of an environment: where machines and databases are, and what of them is billed.

use comfy_table::Table;
use schemars::JsonSchema;
use serde::Serialize;

use super::Found;

/// A machine or a database, as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Row {
    /// The host of `[hosts]` that it is.
    pub host: Option<String>,
    /// What the provider says of it.
    #[serde(flatten)]
    pub found: Found,
}

/// What `state` shows of an environment. Its JSON is a public contract (`docs/power.md`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
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

impl State {
    /// Machines, then databases, each with its word.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (&'static str, &Row)> {
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
