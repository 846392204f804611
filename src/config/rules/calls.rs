//! What `do` steps call and what hooks are around: it must exist, and must not come back to where it began.

use crate::config::check::Issue;
use crate::config::node::{Node, Place};
use crate::config::verbs;
use crate::text;

/// Pipelines and hooks.
pub(super) fn rules(root: &Node, issues: &mut Vec<Issue>) {
    pipelines(root, issues);
    hooks(root, issues);
}

/// What the `do` steps call: it must exist, and must not come back to where it began.
fn pipelines(root: &Node, issues: &mut Vec<Issue>) {
    let Some(pipelines) = root.get("pipelines").and_then(Node::table) else { return };
    for (name, pipeline) in pipelines {
        lines(root, &pipeline.node, issues);
        for called in steps(&pipeline.node).into_iter().filter_map(|step| step.get("do")) {
            let Some(verb) = called.text() else { continue };
            if let Some(unknown) = unknown(root, &called.place, verb) {
                issues.push(unknown);
            } else if let Some(path) = circle(root, name, verb) {
                let message = match path.as_slice() {
                    [] => format!("`{name}` would do itself without end"),
                    path => {
                        format!("`{name}` would do itself without end, through {}", text::list(path, "and"))
                    }
                };
                issues.push(Issue::new(
                    &called.place,
                    message,
                    "remove this step, or name the steps it should do",
                ));
            }
        }
    }
}

/// A line for the shell that is the name of a verb or pipeline is a `do` that was meant.
fn lines(root: &Node, pipeline: &Node, issues: &mut Vec<Issue>) {
    for line in std::iter::once(pipeline).chain(steps(pipeline)) {
        if let Some(verb) = line.text().map(str::trim).filter(|verb| names(root).contains(verb)) {
            let message = format!("`{verb}` would be a line for the shell here, and is a verb or pipeline");
            issues.push(Issue::new(&line.place, message, format!("write `{{ do = \"{verb}\" }}`")));
        }
    }
}

/// What a `do` may name.
fn names(root: &Node) -> Vec<&str> {
    let own = root.get("pipelines").and_then(Node::table).into_iter().flat_map(|all| all.keys());
    verbs::doable().map(|name| -> &str { name }).chain(own.map(String::as_str)).collect()
}

/// What to say of a name that is neither a verb nor a pipeline.
fn unknown(root: &Node, place: &Place, name: &str) -> Option<Issue> {
    let names = names(root);
    if names.contains(&name) {
        return None;
    }
    let help = match text::nearest(name, &names) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("declare it: `pipelines.{name} = [ … ]`"),
    };
    Some(Issue::new(place, format!("there is no verb or pipeline `{name}`"), help))
}

/// The pipelines on the way from what a step does back to the pipeline it stands in. In the pipeline that replaces a verb
/// that verb is the built-in one.
fn circle(root: &Node, name: &str, called: &str) -> Option<Vec<String>> {
    if called == name {
        return (!is_built_in(name)).then(Vec::new);
    }
    way(root, called, name, &mut Vec::new())
}

fn is_built_in(name: &str) -> bool {
    verbs::find(name).is_some_and(verbs::Verb::is_built_in)
}

/// The pipelines on the way from one to another.
fn way(root: &Node, from: &str, to: &str, seen: &mut Vec<String>) -> Option<Vec<String>> {
    if from == to {
        return Some(Vec::new());
    }
    if seen.iter().any(|name| name == from) {
        return None;
    }
    seen.push(from.to_owned());
    let pipeline = root.at(&["pipelines", from]);
    let called = pipeline.map(steps).unwrap_or_default();
    let called: Vec<&str> = called.into_iter().filter_map(|step| step.get("do")?.text()).collect();
    let is_wrapped = called.contains(&from);
    let mut next: Vec<String> = called.into_iter().filter(|name| *name != from).map(str::to_owned).collect();
    if pipeline.is_none() || is_wrapped {
        let parts = verbs::find(from).map_or(&[][..], |verb| verb.parts);
        next.extend(parts.iter().map(|verb| (*verb).to_owned()));
    }
    next.iter().find_map(|name| {
        let mut path = way(root, name, to, seen)?;
        path.insert(0, from.to_owned());
        Some(path)
    })
}

/// A hook for nothing would never be done, and one that does what it is around would never end.
fn hooks(root: &Node, issues: &mut Vec<Issue>) {
    for (key, hook) in root.get("hooks").and_then(Node::table).into_iter().flatten() {
        let around = ["before-", "after-"].iter().find_map(|when| key.strip_prefix(when));
        // It is done inside of that.
        let around = around.or_else(|| (key == "on-drift").then_some("drift"));
        match around {
            Some(name) => issues.extend(unknown(root, &hook.key, name)),
            None if key == "on-failure" => {}
            None => {
                let help = match text::nearest(key, ["on-failure", "on-drift", "before-apply", "after-apply"])
                {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "write `before-VERB`, `after-VERB`, `on-failure` or `on-drift`".to_owned(),
                };
                issues.push(Issue::new(&hook.key, format!("there is no hook `{key}`"), help));
            }
        }
        lines(root, &hook.node, issues);
        for called in steps(&hook.node).into_iter().filter_map(|step| step.get("do")) {
            let Some(verb) = called.text() else { continue };
            if let Some(unknown) = unknown(root, &called.place, verb) {
                issues.push(unknown);
            } else if let Some(around) = around
                && way(root, verb, around, &mut Vec::new()).is_some()
            {
                let message = format!("`{around}` would do itself without end: `{verb}` is done around it");
                issues.push(Issue::new(
                    &called.place,
                    message,
                    "remove this step, or name the steps it should do",
                ));
            }
        }
    }
}

/// The steps of a pipeline and those they do on failure.
pub(super) fn steps(pipeline: &Node) -> Vec<&Node> {
    let mut all = Vec::new();
    // With an effect for all of them it is a table.
    for step in pipeline.get("steps").unwrap_or(pipeline).list() {
        all.push(step);
        if let Some(on_failure) = step.get("on-failure") {
            all.extend(steps(on_failure));
        }
    }
    all
}
