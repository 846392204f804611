//! What a step `publish` cannot do without, and what would be two repositories of one name.

use std::path::Path;

use crate::config::check::Issue;
use crate::config::node::{Entry, Node};

/// Rules about a step `publish`.
pub(super) fn rules(step: &Node, issues: &mut Vec<Issue>) {
    let Some(entry) = step.entry("publish") else { return };
    let node = &entry.node;
    let forge = node.get("forge").and_then(Node::text).unwrap_or("gitlab");
    let token = ["token", "token-file"].map(|key| node.entry(key));
    match token {
        [Some(_), Some(second)] => {
            let message = "`token-file` beside `token`: there is one token".to_owned();
            issues.push(Issue::new(&second.key, message, "remove one of them"));
        }
        [None, None] if forge != "none" => {
            lacks(
                entry,
                &format!("`{forge}` lets nobody make a repository without a token"),
                "token",
                issues,
            );
        }
        _ => {}
    }
    if ["gitea", "github"].contains(&forge) && node.get("owner").is_none() {
        lacks(entry, &format!("`{forge}` has no owner that is there everywhere"), "owner", issues);
    }
    if let Some(given) = node.entry("visibility") {
        let wanted = given.node.text().unwrap_or_default();
        if forge == "none" || (wanted == "internal" && forge != "gitlab") {
            let message = format!("`visibility = \"{wanted}\"` means nothing to `{forge}`");
            issues.push(Issue::new(&given.key, message, "remove it, or write `private` or `public`"));
        }
    }
    folders(node, issues);
}

fn lacks(entry: &Entry, message: &str, key: &str, issues: &mut Vec<Issue>) {
    issues.push(Issue::new(&entry.key, message.to_owned(), format!("add `{key} = …`")));
}

/// At least one, and each the name of one repository.
fn folders(node: &Node, issues: &mut Vec<Issue>) {
    let Some(given) = node.entry("folders") else { return };
    let folders = given.node.list();
    if folders.is_empty() {
        issues.push(Issue::new(&given.key, "no folder is published".to_owned(), "name one"));
    }
    if let Some(name) = node.entry("name").filter(|_| folders.len() > 1) {
        let message =
            format!("`name` is that of one repository, and {} folders are published", folders.len());
        issues.push(Issue::new(&name.key, message, "use `suffix`, or a step for each folder"));
    }
    if let Some(name) = node.entry("name")
        && node.get("suffix").is_some()
    {
        let message = "`name` beside `suffix`: the name is whole as it is".to_owned();
        issues.push(Issue::new(&name.key, message, "remove one of them"));
    }
    let mut seen = Vec::new();
    for folder in folders {
        let Some(name) = folder.text().and_then(|text| Path::new(text).file_name()) else { continue };
        if seen.contains(&name) {
            let message = format!("two folders would be the repository `{}`", name.to_string_lossy());
            issues.push(Issue::new(
                &folder.place,
                message,
                "publish one of them by a step of its own, with `name`",
            ));
        }
        seen.push(name);
    }
}
