//! The keys that a rule of `.sops.yaml` names.

use super::rules::Wrong;
use super::yaml::{Node, Value};

/// Keys of other backends that a rule may name.
const OTHERS: [&str; 7] =
    ["kms", "gcp_kms", "hckms", "azure_keyvault", "hc_vault_transit_uri", "hc_vault", "pgp"];

/// The other backends that a rule or a group names keys of.
pub(super) fn other_backends(node: &Node) -> impl Iterator<Item = String> {
    let given = |node: &Node| node.text().is_some() || !node.items().is_empty();
    OTHERS.iter().filter(move |name| node.get(name).is_some_and(given)).map(|name| (*name).to_owned())
}

/// A key group: its own recipients and those of the groups it merges, each once.
pub(super) fn group(node: &Node, others: &mut Vec<String>) -> Result<Vec<String>, Wrong> {
    others.extend(other_backends(node));
    let mut all = node.get("age").map_or(Ok(Vec::new()), recipients)?;
    for merged in node.get("merge").map_or(&[][..], Node::items) {
        all.extend(group(merged, others)?);
    }
    let mut once = Vec::new();
    for key in all {
        if !once.contains(&key) {
            once.push(key);
        }
    }
    Ok(once)
}

/// Recipients: a text with commas, or a list of texts.
pub(super) fn recipients(node: &Node) -> Result<Vec<String>, Wrong> {
    let mut keys: Vec<String> = Vec::new();
    let mut add = |node: &Node| match &node.value {
        Value::Text(text) => {
            for key in text.split(',').map(str::trim).filter(|key| !key.is_empty() && *key != "~") {
                if key.starts_with("AGE-SECRET-KEY-") {
                    return Err((node.line, "a private key stands where a public one belongs".to_owned()));
                }
                if !keys.iter().any(|known| known == key) {
                    keys.push(key.to_owned());
                }
            }
            Ok(())
        }
        _ => Err((node.line, "`age` is a text or a list of texts".to_owned())),
    };
    match &node.value {
        Value::List(items) => items.iter().try_for_each(&mut add)?,
        _ => add(node)?,
    }
    Ok(keys)
}
