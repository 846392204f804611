//! What the resources of a plan cost in a month, by the prices of a project. Pure.

mod priced;
mod shown;

use serde::Deserialize;
use serde_json::Value as Json;

use super::diagnostic::clean;
use super::document;
use crate::config::model::Cost;
use crate::text::money::Money;
use priced::{Prices, Side};

/// What a resource costs in a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Amount {
    /// It is not there, or costs nothing.
    Nothing,
    /// By its price.
    Known(Money),
    /// It has no price, or what its price depends on is known after the apply.
    Unknown,
}

/// A resource of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// Its address.
    pub(crate) address: String,
    /// As it is.
    pub(crate) before: Amount,
    /// As it will be.
    pub(crate) after: Amount,
    /// What has to be known of its price.
    pub(crate) note: Option<String>,
    /// The plan leaves it as it is.
    is_kept: bool,
}

/// What a plan costs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Costs {
    /// The word behind amounts.
    currency: String,
    /// Those that cost something, or may.
    rows: Vec<Row>,
}

/// Several of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Total {
    /// Those that are known.
    pub(crate) known: Money,
    /// How many are not.
    pub(crate) unknown: usize,
}

impl Costs {
    /// Reads what `show -json PLAN` printed. It holds secrets in clear text: nothing of it but addresses is kept.
    pub(crate) fn read(stdout: &[u8], cost: &Cost) -> Result<Costs, serde_json::Error> {
        let plan: Plan = serde_json::from_slice(document(stdout))?;
        let prices = Prices::of(cost);
        let rows = plan.resource_changes.iter().filter_map(|resource| row(resource, &prices));
        Ok(Costs { currency: cost.currency.clone(), rows: rows.collect() })
    }

    fn total(&self, side: impl Fn(&Row) -> Amount) -> Total {
        let mut total = Total::default();
        for row in &self.rows {
            match side(row) {
                Amount::Nothing => {}
                Amount::Known(money) => total.known = total.known + money,
                Amount::Unknown => total.unknown += 1,
            }
        }
        total
    }

    /// By how much a month gets dearer, as far as it is known.
    fn difference(&self) -> Total {
        self.total(Row::difference)
    }

    /// Why somebody is to be asked: a month gets dearer by more than this.
    pub(crate) fn is_dearer(&self, limit: Money) -> Option<String> {
        let Total { known, unknown } = self.difference();
        let more = if unknown > 0 { format!(", {unknown} unknown") } else { String::new() };
        (known > limit).then(|| format!("a month costs {} {}{more} more", known, self.currency))
    }
}

impl Row {
    /// By how much it gets dearer.
    fn difference(&self) -> Amount {
        let money = |amount| match amount {
            Amount::Nothing => Some(Money::default()),
            Amount::Known(money) => Some(money),
            Amount::Unknown => None,
        };
        match (money(self.before), money(self.after)) {
            // It stays what it is, whatever that is.
            (None, None) if self.is_kept => Amount::Nothing,
            (Some(before), Some(after)) => Amount::Known(after - before),
            _ => Amount::Unknown,
        }
    }
}

fn row(resource: &Resource, prices: &Prices<'_>) -> Option<Row> {
    if resource.mode.as_deref() == Some("data") {
        return None;
    }
    let Change { actions, before, after, after_unknown, before_sensitive, after_sensitive } =
        &resource.change;
    let does = |action: &str| actions.iter().any(|known| known == action);
    let nothing = Json::Null;
    let was = Side { values: before, unknown: &nothing, sensitive: before_sensitive };
    let will = Side { values: after, unknown: after_unknown, sensitive: after_sensitive };
    let price = |side: &Side<'_>| prices.price(&resource.kind, resource.provider_name.as_deref(), side);
    let is_new = actions.iter().all(|action| action == "create");
    let (before, note) = if is_new { (Amount::Nothing, None) } else { price(&was) };
    let (after, note) = match actions.as_slice() {
        // terraform only stops to look after it: it is billed as before.
        _ if does("forget") => (before, note),
        [only] if only == "delete" => (Amount::Nothing, note),
        _ => price(&will),
    };
    let is_kept = does("no-op");
    let is_free = (before, after) == (Amount::Nothing, Amount::Nothing);
    (!is_free).then(|| Row {
        address: clean(&resource.address).into_owned(),
        before,
        after,
        note: note.map(str::to_owned),
        is_kept,
    })
}

#[derive(Deserialize)]
struct Plan {
    #[serde(default)]
    resource_changes: Vec<Resource>,
}

#[derive(Deserialize)]
struct Resource {
    address: String,
    mode: Option<String>,
    #[serde(rename = "type")]
    kind: String,
    provider_name: Option<String>,
    change: Change,
}

#[derive(Deserialize)]
struct Change {
    #[serde(default)]
    actions: Vec<String>,
    #[serde(default)]
    before: Json,
    #[serde(default)]
    after: Json,
    #[serde(default)]
    after_unknown: Json,
    #[serde(default)]
    before_sensitive: Json,
    #[serde(default)]
    after_sensitive: Json,
}

#[cfg(test)]
mod tests;
