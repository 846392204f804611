//! What no shape can say: options that belong to one kind only, names that must not go in a circle.

mod checks;
mod cluster;
mod cost;
mod http;
mod images;
mod kubernetes;
mod maintenance;
mod power;
mod publish;
mod routes;
mod scenarios;
mod snapshots;
mod terraform;
mod times;
mod values;
mod waits;
mod with;
mod calls;
mod names;
mod kinds;

use self::calls::steps;
use crate::config::absent;
use crate::config::check::Issue;
use crate::config::model::misnamed;
use crate::config::node::Node;
use crate::config::template::{Name, Template};
use crate::config::unready;
use crate::config::verbs;
use crate::text;

/// Options that mean something beside some kinds only: (table, option, kinds).
const OPTIONS: [(&str, &str, &[&str]); 46] = [
    ("wait", "status", &["http"]),
    ("wait", "method", &["http"]),
    ("wait", "json", &["http"]),
    ("wait", "body", &["http", "command"]),
    ("wait", "headers", &["http"]),
    ("wait", "redirects", &["http"]),
    ("wait", "address", &["http", "tls"]),
    ("wait", "ca", &["http", "tls"]),
    ("wait", "issuer", &["tls"]),
    ("wait", "days-left", &["tls"]),
    ("wait", "host", &["file", "command"]),
    ("wait", "cluster", &["ecs"]),
    ("wait", "region", &["ecs"]),
    ("compose", "pull", &["up"]),
    ("compose", "wait", &["up"]),
    ("compose", "remove-orphans", &["up", "down"]),
    ("compose", "volumes", &["down"]),
    ("docker", "command", &["run"]),
    ("docker", "name", &["run"]),
    ("docker", "ports", &["run"]),
    ("docker", "volumes", &["run"]),
    ("docker", "network", &["run"]),
    ("docker", "env", &["run"]),
    ("docker", "env-file", &["run"]),
    ("docker", "detach", &["run"]),
    ("ecs", "cluster", &["service"]),
    ("ecs", "region", &["service"]),
    ("ecs", "task", &["service"]),
    ("ecs", "force", &["service"]),
    ("ecs", "rollback", &["service"]),
    ("ecs", "detach", &["run", "service"]),
    ("ecs", "command", &["run"]),
    ("snapshot", "keep", &["create", "prune"]),
    ("snapshot", "max-age", &["require"]),
    ("snapshot", "verified", &["require"]),
    ("helm", "chart", &["release"]),
    ("helm", "repo", &["release"]),
    ("helm", "version", &["release"]),
    ("helm", "create-namespace", &["release"]),
    ("helm", "values", &["release"]),
    ("helm", "set", &["release"]),
    ("helm", "wait-for-jobs", &["release"]),
    ("helm", "rollback-on-failure", &["release"]),
    ("helm", "repair", &["release"]),
    ("helm", "login", &["release"]),
    ("helm", "plain-http", &["release"]),
];

/// Rules about one file; the second one is that of the environment.
pub(crate) fn file(root: &Node) -> Vec<Issue> {
    let mut issues = Vec::new();
    unready::keys(root, &mut issues);
    for section in ["project", "ci"] {
        let Some(entry) = root.entry(section).filter(|entry| entry.key.file == 1) else { continue };
        let help = "move it to `environments/defaults.toml`";
        issues.push(Issue::new(&entry.key, format!("`{section}` is about all environments"), help));
    }
    for (name, pipeline) in root.get("pipelines").and_then(Node::table).into_iter().flatten() {
        if verbs::find(name).is_some_and(|verb| !verb.is_replaceable()) {
            let message = format!("`{name}` is a verb that no pipeline can replace");
            issues.push(Issue::new(&pipeline.key, message, "give the pipeline another name"));
        } else if !is_verb(name) {
            let message = format!("`{name}` cannot be called as a verb");
            let help = "use letters, digits and `-`, and a letter first";
            issues.push(Issue::new(&pipeline.key, message, help));
        }
        for step in steps(&pipeline.node) {
            options(step, &mut issues);
        }
    }
    for (_, hook) in root.get("hooks").and_then(Node::table).into_iter().flatten() {
        for step in steps(&hook.node) {
            options(step, &mut issues);
        }
    }
    issues
}

/// Rules about the scenarios of the merged document, before one of them is laid over it.
pub(crate) fn scenarios(root: &Node) -> Vec<Issue> {
    let mut issues = Vec::new();
    scenarios::rules(root, &mut issues);
    issues
}

/// Rules about the merged document of an environment.
pub(crate) fn document(root: &Node, environment: &str) -> Vec<Issue> {
    let mut issues = Vec::new();
    for name in root.get("depends-on").map(Node::list).unwrap_or_default() {
        if name.text() == Some(environment) {
            let message = format!("`{environment}` cannot depend on itself");
            issues.push(Issue::new(&name.place, message, "remove it"));
        }
    }
    for (name, host) in root.get("hosts").and_then(Node::table).into_iter().flatten() {
        let next = |name: &str| root.at(&["hosts", name, "jump"]).and_then(Node::text);
        if let Some(jump) =
            host.node.get("jump").filter(|_| comes_back(name, |at| next(at).into_iter().collect()))
        {
            let message = format!("`{name}` cannot be reached through itself");
            issues.push(Issue::new(&jump.place, message, "name another host, or remove `jump`"));
        }
    }
    env_file(root, &mut issues);
    absent::rules(root, &mut issues);
    groups(root, &mut issues);
    dynamic(root, &mut issues);
    power::rules(root, &mut issues);
    snapshots::rules(root, &mut issues);
    routes::rules(root, &mut issues);
    maintenance::rules(root, &mut issues);
    cluster::rules(root, &mut issues);
    checks::rules(root, &mut issues);
    terraform::rules(root, &mut issues);
    times::rules(root, &mut issues);
    cost::rules(root, &mut issues);
    calls::rules(root, &mut issues);
    images::rules(root, &mut issues);
    values::rules(root, environment, &mut issues);
    with::rules(root, &mut issues);
    issues
}

/// Names of the metadata that end the environment file.
const METADATA: [&str; 3] = ["TERRAFORM_ENVIRONMENT", "TERRAFORM_WORKSPACE", "TERRAFORM_SERIAL"];

/// A reader takes one of two values of the same name, each reader its own.
fn env_file(root: &Node, issues: &mut Vec<Issue>) {
    if let Some(title) = root.at(&["env-file", "title"])
        && let Some(Ok(template)) = title.text().map(Template::parse)
        && let Some(secret) = template.names().find(|name| matches!(name, Name::Secret(_)))
    {
        let message = format!("`{secret}` in the title of the environment file would be read by everybody");
        issues.push(Issue::new(&title.place, message, "write it into a section"));
    }
    let sections = root.at(&["env-file", "sections"]).map(Node::list).unwrap_or_default();
    let tables = sections.iter().filter_map(|section| section.get("values")?.table());
    let mut seen = std::collections::HashSet::new();
    for (name, entry) in tables.flatten() {
        if METADATA.contains(&name.as_str()) {
            let message = format!("`{name}` ends the environment file by itself");
            issues.push(Issue::new(&entry.key, message, "remove it, or name it differently"));
        } else if !seen.insert(name) {
            let message = format!("`{name}` is in another section of the environment file already");
            issues.push(Issue::new(&entry.key, message, "remove one of them, or name it differently"));
        }
    }
}

fn dynamic(root: &Node, issues: &mut Vec<Issue>) {
    let Some(file) = root.at(&["inventory", "dynamic"]) else { return };
    if let Some(plugin) = file.text().and_then(misnamed) {
        let message = format!("the plugin `{}` of ansible does not take a file of this name", plugin.name);
        let ends = text::list(plugin.ends, "or");
        let help = format!("let it end in {ends}: ansible goes on without a file that no plugin takes");
        issues.push(Issue::new(&file.place, message, help));
    }
}

fn groups(root: &Node, issues: &mut Vec<Issue>) {
    let Some(groups) = root.at(&["inventory", "groups"]).and_then(Node::table) else { return };
    for group in groups.values() {
        for child in group.node.get("children").map(Node::list).unwrap_or_default() {
            let Some(name) = child.text().filter(|name| !groups.contains_key(*name)) else { continue };
            let help = match text::nearest(name, groups.keys()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("declare it: `[inventory.groups.{name}]`"),
            };
            issues.push(Issue::new(&child.place, format!("there is no group `{name}`"), help));
        }
    }
    let inside = |name: &str| {
        let children = groups.get(name).and_then(|group| group.node.get("children")).map(Node::list);
        children.unwrap_or_default().iter().filter_map(Node::text).collect()
    };
    for (name, group) in groups {
        if let Some(children) = group.node.get("children").filter(|_| comes_back(name, inside)) {
            issues.push(Issue::new(
                &children.place,
                format!("`{name}` would be in itself"),
                "remove one of these groups",
            ));
        }
    }
}

/// Whether what `next` leads to leads back to where it began.
fn comes_back<'a>(name: &'a str, next: impl Fn(&'a str) -> Vec<&'a str>) -> bool {
    let (mut seen, mut open) = (Vec::new(), next(name));
    while let Some(at) = open.pop() {
        if at == name {
            return true;
        }
        if !seen.contains(&at) {
            seen.push(at);
            open.extend(next(at));
        }
    }
    false
}

fn options(step: &Node, issues: &mut Vec<Issue>) {
    http::rules(step, issues);
    waits::rules(step, issues);
    kubernetes::rules(step, issues);
    publish::rules(step, issues);
    for (table, (option, beside)) in OPTIONS.iter().flat_map(|(kind, option, beside)| {
        let waits =
            if *kind == "wait" { &["wait", "unless", "verify"][..] } else { std::slice::from_ref(kind) };
        waits.iter().filter_map(|key| step.get(key)).map(move |table| (table, (*option, *beside)))
    }) {
        if let Some(given) = table.entry(option)
            && !beside.iter().any(|kind| table.get(kind).is_some())
        {
            let message =
                format!("`{option}` means nothing here: it belongs beside {}", text::list(beside, "or"));
            issues.push(Issue::new(&given.key, message, "remove it"));
        }
    }
    if let Some(effect) = step.entry("effect")
        && !["command", "remote", "docker", "http", "do"].iter().any(|kind| step.get(kind).is_some())
    {
        let message = "`effect` belongs to `command`, `remote`, `docker`, `http` and `do`".to_owned();
        issues.push(Issue::new(&effect.key, message, "remove it: infractl knows what this step does"));
    }
    for option in ["attempts", "every"] {
        let Some(given) = step.entry(option) else { continue };
        match step.get("wait") {
            None => {
                let help = format!("write `retry = {{ {option} = … }}`");
                issues.push(Issue::new(&given.key, format!("`{option}` belongs to `wait`"), help));
            }
            Some(wait) if wait.get(option).is_some() => {
                issues.push(Issue::new(
                    &given.key,
                    format!("`{option}` is given twice"),
                    "remove one of them",
                ));
            }
            Some(_) => {}
        }
    }
}

fn is_verb(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}
