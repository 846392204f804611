//! `[cost]`: amounts, and what needs prices.

use crate::config::check::Issue;
use crate::config::node::{Node, Value};
use crate::text::money::Money;

/// Rules about it.
pub(super) fn rules(root: &Node, issues: &mut Vec<Issue>) {
    let prices = root.at(&["cost", "prices"]).and_then(Node::table).into_iter().flatten();
    for (name, price) in prices {
        match (price.node.entry("hour"), price.node.entry("month")) {
            (Some(_), Some(month)) => {
                let message = format!("`month` beside `hour` of `{name}`: one of them is enough");
                issues.push(Issue::new(&month.key, message, "remove one of them"));
            }
            (None, None) if price.node.table().is_some() => {
                let message = format!("the price of `{name}` is missing");
                issues.push(Issue::new(&price.key, message, "add `hour = …` or `month = …`"));
            }
            _ => {}
        }
        for key in ["hour", "month"] {
            amount(key, price.node.get(key), issues);
        }
    }
    let limit = root.at(&["safety"]).and_then(|safety| safety.entry("cost-increase"));
    let Some(limit) = limit else { return };
    amount("cost-increase", Some(&limit.node), issues);
    if root.get("cost").is_none() {
        let message = "`cost-increase` needs prices: there is no `[cost]`".to_owned();
        issues.push(Issue::new(&limit.key, message, "add `[cost]`, or remove this"));
    }
}

/// Text was looked at before.
fn amount(key: &str, node: Option<&Node>, issues: &mut Vec<Issue>) {
    let Some(node) = node else { return };
    let is_good = match &node.value {
        Value::Text(_) => true,
        Value::Integer(number) => *number >= 0,
        Value::Float(number) => Money::parse(&number.to_string()).is_some(),
        _ => false,
    };
    if !is_good {
        let help =
            format!("write a decimal number that is not negative, with at most nine places: `{key} = 0.07`");
        issues.push(Issue::new(&node.place, format!("`{key}` is not an amount"), help));
    }
}
