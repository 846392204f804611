//! Programs that find fault with files: how they are called, and what they found.

mod checkov;
mod conftest;
mod fmt;
mod lines;
pub(crate) mod promtool;
mod sarif;
mod tflint;
mod finding;
#[cfg(test)]
mod tests;

pub(crate) use finding::Finding;
use serde_json::Value as Json;

use crate::config::model::Findings;
use crate::exec::Cmd;

/// The call of a check that has its name from the program; `fmt` is terraform's own.
pub(crate) fn call(name: &str) -> Cmd {
    match name {
        "conftest" => conftest::call(),
        "checkov" => checkov::call(),
        _ => tflint::call(),
    }
}

/// What it found, by what it printed; none where that is not what was expected.
pub(crate) fn read(findings: Findings, printed: &[u8]) -> Option<Vec<Finding>> {
    let text = String::from_utf8_lossy(printed);
    match findings {
        Findings::Fmt => Some(fmt::read(&text)),
        Findings::Lines => Some(lines::read(&text)),
        Findings::Promtool => Some(promtool::read(&text)),
        Findings::Amtool => Some(promtool::read_config(&text)),
        Findings::Tflint => tflint::read(&document(&text)?),
        Findings::Conftest => conftest::read(&document(&text)?),
        Findings::Checkov => checkov::read(&document(&text)?),
        Findings::Sarif => sarif::read(&document(&text)?),
    }
}

/// The document in what was printed: some say something before it.
fn document(text: &str) -> Option<Json> {
    let begins = |line: &str| line.starts_with(['{', '[']);
    let start = text.split_inclusive('\n').scan(0, |at, line| {
        let start = *at;
        *at += line.len();
        Some((start, line))
    });
    let start = start.into_iter().find(|(_, line)| begins(line)).map(|(start, _)| start)?;
    serde_json::Deserializer::from_str(&text[start..]).into_iter().next()?.ok()
}
