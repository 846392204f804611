//! What an entry of `[snapshots]` needs, and what means nothing to its kind.

use super::kinds;
use crate::config::check::Issue;
use crate::config::node::{Entry, Node};
use crate::text;

/// Options that mean something to some kinds only.
const OPTIONS: [(&str, &[&str]); 12] = [
    ("of", &["openstack", "aws", "azure", "docker"]),
    ("url", &["postgres"]),
    ("via", &["postgres", "docker"]),
    ("live", &["docker", "openstack"]),
    ("dir", &["postgres", "docker", "command"]),
    ("resource-group", &["azure"]),
    ("region", &["aws", "openstack"]),
    ("create", &["command"]),
    ("list", &["command"]),
    ("restore", &["command"]),
    ("verify", &["command", "postgres", "openstack", "aws", "azure"]),
    ("remove", &["command"]),
];

/// What a kind cannot do without.
const NEEDS: [(&str, &[&str]); 6] = [
    ("postgres", &["url"]),
    ("command", &["create", "list"]),
    ("docker", &["of"]),
    ("aws", &["of"]),
    ("openstack", &["of"]),
    ("azure", &["of", "resource-group"]),
];

/// Rules about `[snapshots]`.
pub(super) fn rules(root: &Node, issues: &mut Vec<Issue>) {
    for (name, entry) in root.get("snapshots").and_then(Node::table).into_iter().flatten() {
        source(root, name, entry, issues);
    }
}

fn source(root: &Node, name: &str, entry: &Entry, issues: &mut Vec<Issue>) {
    let node = &entry.node;
    let usual = node.get("create").map(|_| "command");
    let Some(kind) = node.get("kind").and_then(Node::text).or(usual) else {
        let message = format!("`snapshots.{name}` does not say what is kept");
        issues.push(Issue::new(&entry.key, message, "add `kind = \"postgres\"`, or `create` and `list`"));
        return;
    };
    kinds::rules(entry, kind, &OPTIONS, &NEEDS, issues);
    match kind {
        "postgres" => check(node, issues),
        "aws" | "openstack" | "azure" => check_away(node, kind, issues),
        _ => {}
    }
    match node.get("via") {
        Some(via) if kind == "docker" && via.text().is_some_and(|text| !text.starts_with("image:")) => {
            let message = "a volume is packed by a container of an image".to_owned();
            issues.push(Issue::new(&via.place, message, "write `via = \"image:IMAGE\"`, or remove it"));
        }
        Some(via) => self::via(root, via, issues),
        None => {}
    }
}

/// A database is asked, it runs no command.
fn check(node: &Node, issues: &mut Vec<Issue>) {
    let Some(verify) = node.get("verify") else { return };
    let Some(table) = verify.table() else {
        let help = "write `verify = { query = \"select count(*) from NAME\", at-least = 1 }`";
        issues.push(Issue::new(
            &verify.place,
            "`postgres` is checked by a query, not by a command".to_owned(),
            help,
        ));
        return;
    };
    for key in ["run", "dir", "env", "input", "restore", "class"] {
        if let Some(given) = table.get(key) {
            let message = format!("`{key}` means nothing to `postgres`: it is checked by a query");
            issues.push(Issue::new(&given.key, message, "remove it"));
        }
    }
    if let (Some(least), None) = (table.get("at-least"), table.get("query")) {
        let message = "`at-least` is about the answer to `query`, and there is none".to_owned();
        issues.push(Issue::new(&least.key, message, "add `query = \"select count(*) from NAME\"`"));
    }
}

/// A cloud is asked, it runs no command.
fn check_away(node: &Node, kind: &str, issues: &mut Vec<Issue>) {
    let Some(verify) = node.get("verify") else { return };
    let Some(table) = verify.table() else {
        let message = format!("`{kind}` is checked by asking the cloud, not by a command");
        issues.push(Issue::new(&verify.place, message, "write `verify = { restore = true }`, or remove it"));
        return;
    };
    let is_known = |key: &str| key == "restore" || (key == "class" && kind == "aws");
    for (key, given) in table.iter().filter(|(key, _)| !is_known(key)) {
        let message = format!("`{key}` means nothing to `{kind}`: `verify` says whether a copy is restored");
        issues.push(Issue::new(&given.key, message, "remove it"));
    }
}

fn via(root: &Node, via: &Node, issues: &mut Vec<Issue>) {
    let Some(text) = via.text() else { return };
    let wrong = |message: String, help: String| Issue::new(&via.place, message, help);
    match text.split_once(':') {
        None if text == "local" => {}
        Some(("ssh", host)) if root.at(&["hosts", host]).is_none() => {
            let names = root.get("hosts").and_then(Node::table).into_iter().flat_map(|hosts| hosts.keys());
            let help = match text::nearest(host, names) {
                Some(near) => format!("did you mean `ssh:{near}`?"),
                None => format!("declare it: `[hosts.{host}]`"),
            };
            issues.push(wrong(format!("there is no host `{host}`"), help));
        }
        Some(("ssh" | "docker" | "image", place)) if is_word(place) => {}
        _ => issues.push(wrong(
            "`via` does not say where".to_owned(),
            "write `local`, `ssh:HOST`, `docker:CONTAINER` or `image:IMAGE`".to_owned(),
        )),
    }
}

/// It is no option of docker, and one word.
fn is_word(text: &str) -> bool {
    !text.is_empty() && !text.starts_with('-') && !text.contains(char::is_whitespace)
}
