//! What calls of pipelines give, and what these ask for.

use super::calls::steps;
use crate::config::called::parameters;
use crate::config::check::Issue;
use crate::config::node::{Node, Value};
use crate::config::template::{Name, Template};
use crate::text;

/// Every call gives what is asked for, and nothing else; nobody else asks.
pub(super) fn rules(root: &Node, issues: &mut Vec<Issue>) {
    let pipelines = root.get("pipelines").and_then(Node::table).into_iter().flatten();
    let hooks = root.get("hooks").and_then(Node::table).into_iter().flatten();
    for (name, entry) in pipelines {
        for step in steps(&entry.node) {
            call(root, Some(name), step, issues);
        }
    }
    for (_, entry) in hooks {
        for step in steps(&entry.node) {
            call(root, None, step, issues);
        }
    }
    for (section, entry) in root.table().into_iter().flatten() {
        if section != "pipelines" {
            without(&entry.node, issues);
        }
    }
}

/// `inside` is the pipeline that the step stands in.
fn call(root: &Node, inside: Option<&str>, step: &Node, issues: &mut Vec<Issue>) {
    let Some(called) = step.get("do") else {
        if let Some(with) = step.table().and_then(|step| step.get("with")) {
            let message = "`with` belongs to `do`: it is what the pipeline that is called gets".to_owned();
            issues.push(Issue::new(&with.key, message, "remove it"));
        }
        return;
    };
    let Some(verb) = called.text() else { return };
    let given = step.get("with").and_then(Node::table);
    // In the pipeline that replaces a verb, that verb is the built-in one.
    let pipeline = root.at(&["pipelines", verb]).filter(|_| inside != Some(verb));
    let wanted = pipeline.map(parameters).unwrap_or_default();
    for name in wanted.iter().filter(|name| given.is_none_or(|given| !given.contains_key(*name))) {
        let given_name = given
            .into_iter()
            .flat_map(|given| given.keys())
            .find(|given| !wanted.contains(*given) && text::nearest(given, [name.as_str()]).is_some());
        if given_name.is_none() {
            let message = format!("`{verb}` needs `{{{{with.{name}}}}}`, and this call does not give it");
            issues.push(Issue::new(&called.place, message, format!("add `with = {{ {name} = \"…\" }}`")));
        }
    }
    for (name, entry) in given.into_iter().flatten().filter(|(name, _)| !wanted.contains(name)) {
        let help = match text::nearest(name, &wanted) {
            Some(near) => format!("did you mean `{near}`?"),
            None if wanted.is_empty() => "remove it".to_owned(),
            None => format!("it takes {}", text::list(&wanted, "and")),
        };
        issues.push(Issue::new(&entry.key, format!("no step of `{verb}` names `{{{{with.{name}}}}}`"), help));
    }
}

/// Outside of pipelines nobody gives anything.
fn without(node: &Node, issues: &mut Vec<Issue>) {
    match &node.value {
        Value::Text(text) => {
            let names = Template::parse(text).unwrap_or_default();
            if let Some(name) = names.names().find(|name| matches!(name, Name::With(_))) {
                let message =
                    format!("`{{{{{name}}}}}` has a value only in a pipeline that a step `do` calls");
                issues.push(Issue::new(&node.place, message, "write the value itself"));
            }
        }
        Value::List(items) => items.iter().for_each(|item| without(item, issues)),
        Value::Table(table) => table.values().for_each(|entry| without(&entry.node, issues)),
        _ => {}
    }
}
