//! What a plan costs, for people and for programs.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use serde_json::{Value as Json, json};

use super::{Amount, Costs, Row, Total};
use crate::text::plural;

impl Costs {
    /// A table by address, and the sum.
    pub(crate) fn table(&self) -> String {
        let currency = &self.currency;
        let mut table = Table::new();
        let unit = format!("{currency}/month");
        table.load_style(NOTHING).set_header([unit.as_str(), "before", "after", "difference", ""]);
        let (kept, changed): (Vec<&Row>, Vec<&Row>) = self.rows.iter().partition(|row| row.is_kept);
        for row in changed {
            let note = row.note.clone().unwrap_or_default();
            let difference = match row.difference() {
                Amount::Known(money) => money.signed(),
                _ => "unknown".to_owned(),
            };
            table.add_row([row.address.clone(), cell(row.before), cell(row.after), difference, note]);
        }
        if !kept.is_empty() {
            let total =
                Costs { currency: currency.clone(), rows: kept.iter().map(|row| (*row).clone()).collect() }
                    .total(|row| row.after);
            let what = format!("unchanged: {}", plural(kept.len(), "resource"));
            table.add_row([what, total.shown(), total.shown(), String::new(), total.rest()]);
        }
        for column in 1..4 {
            if let Some(column) = table.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        let mut text: String =
            table.lines().flat_map(|line| [line.trim_end().to_owned(), "\n".to_owned()]).collect();
        text.push_str(&self.sum());
        text
    }

    /// `≥ 92.20 EUR/month, 3 unknown; now ≥ 41.10; difference +51.10, 1 unknown`.
    pub(crate) fn sum(&self) -> String {
        if self.rows.is_empty() {
            return "cost: nothing in it costs anything, as far as `[cost]` says\n".to_owned();
        }
        let (before, after, difference) =
            (self.total(|row| row.before), self.total(|row| row.after), self.difference());
        format!(
            "cost: {} {}/month{}; before {}{}; difference {}{}\n",
            after.shown(),
            self.currency,
            after.behind(),
            before.shown(),
            before.behind(),
            if difference.is_unknown() { "unknown".to_owned() } else { difference.known.signed() },
            difference.behind(),
        )
    }

    /// For programs. Amounts are text, with two places behind the point: no number of a program changes them.
    pub(crate) fn json(&self, mask: impl Fn(&str) -> String) -> Json {
        let total = |total: Total| {
            let known = (!total.is_unknown()).then(|| total.known.to_string());
            json!({ "known": known, "unknown": total.unknown })
        };
        let amount = |amount: Amount| match amount {
            Amount::Nothing => Some("0.00".to_owned()),
            Amount::Known(money) => Some(money.to_string()),
            Amount::Unknown => None,
        };
        let row = |row: &Row| {
            json!({
                "address": mask(&row.address),
                "before": amount(row.before),
                "after": amount(row.after),
                "difference": amount(row.difference()),
                "note": row.note,
            })
        };
        json!({
            "currency": self.currency,
            "before": total(self.total(|row| row.before)),
            "after": total(self.total(|row| row.after)),
            "difference": total(self.difference()),
            "resources": self.rows.iter().map(row).collect::<Vec<_>>(),
        })
    }
}

fn cell(amount: Amount) -> String {
    match amount {
        Amount::Nothing => "-".to_owned(),
        Amount::Known(money) => money.to_string(),
        Amount::Unknown => "unknown".to_owned(),
    }
}

impl Total {
    /// Nothing of it is known.
    fn is_unknown(self) -> bool {
        self.unknown > 0 && self.known == crate::text::money::Money::default()
    }

    /// What is not known is never nothing: `41.10`, `≥ 41.10`, `unknown`.
    fn shown(self) -> String {
        match self.unknown {
            0 => self.known.to_string(),
            _ if self.is_unknown() => "unknown".to_owned(),
            _ => format!("≥ {}", self.known),
        }
    }

    /// `3 unknown`.
    fn rest(self) -> String {
        if self.unknown == 0 { String::new() } else { format!("{} unknown", self.unknown) }
    }

    /// The same behind an amount.
    fn behind(self) -> String {
        match self.rest() {
            rest if rest.is_empty() => rest,
            rest => format!(", {rest}"),
        }
    }
}
