//! What a request can be: one body, a method that takes one, and repeated only when that does no harm.

use crate::config::check::Issue;
use crate::config::node::{Node, Value};

const BODIES: [&str; 3] = ["json", "body", "form"];

/// Rules about a step `http`.
pub(super) fn rules(step: &Node, issues: &mut Vec<Issue>) {
    for wait in ["wait", "unless", "verify"] {
        login(step.at(&[wait, "http"]), issues);
    }
    let Some(http) = step.get("http") else { return };
    login(http.get("url"), issues);
    let method = http.get("method").and_then(Node::text);
    let bodies: Vec<_> = BODIES.iter().filter_map(|key| Some((key, http.entry(key)?))).collect();
    if let [(first, _), (second, entry), ..] = bodies.as_slice() {
        let message = format!("`{second}` beside `{first}`: a request has one body");
        issues.push(Issue::new(&entry.key, message, "remove one of them"));
    } else if let ([(key, entry)], None | Some("GET" | "HEAD")) = (bodies.as_slice(), method) {
        let message = format!("a {} sends no `{key}`", method.unwrap_or("GET"));
        issues.push(Issue::new(&entry.key, message, "name the method: `method = \"POST\"`"));
    }
    let idempotent = matches!(http.get("idempotent").map(|node| &node.value), Some(Value::Boolean(true)));
    if let (Some(retry), Some("POST" | "PATCH"), false) = (step.entry("retry"), method, idempotent) {
        let message = format!("a {} that is tried again may be done twice", method.unwrap_or_default());
        let help = "write `idempotent = true` beside `url` if twice is as good as once; else remove `retry`";
        issues.push(Issue::new(&retry.key, message, help));
    }
}

/// Everybody on the way writes addresses into logs.
fn login(url: Option<&Node>, issues: &mut Vec<Issue>) {
    let Some((node, text)) = url.and_then(|node| Some((node, node.text()?))) else { return };
    let place =
        text.split_once("://").map_or("", |(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or(""));
    if place.contains('@') {
        let help = "send it as a header: `headers = { Authorization = \"Basic {{secret.NAME}}\" }`";
        issues.push(Issue::new(&node.place, "there is a login in the address".to_owned(), help));
    }
}
