//! What is proposed, for people and as JSON.

use serde_json::json;

use super::make::State;
use crate::make::Proposal;
use crate::make::note::{Entry, Verdict};
use crate::text;

/// For people: targets, lines, files.
pub(super) fn human(proposal: &Proposal, states: &[State], whole: bool, shim: bool) -> String {
    let mut page = String::new();
    page.push_str(&format!("environments: {}", proposal.environments.join(", ")));
    match &proposal.variable {
        _ if proposal.is_guess => page.push_str(" (nothing names one: the name is a proposal)"),
        Some(variable) => page.push_str(&format!(" ({variable} names it)")),
        None => {}
    }
    page.push_str("\n\ntargets\n");
    let width = proposal.targets.iter().map(|target| target.name.chars().count()).max().unwrap_or(0).min(30);
    for target in &proposal.targets {
        let call = target.call.as_deref().unwrap_or("nothing is left to do");
        page.push_str(&format!("  {:width$}  {call}  ({})\n", target.name, target.at));
    }
    page.push_str("\nlines\n");
    for entry in &proposal.lines {
        page.push_str(&line(entry));
    }
    page.push_str(&format!("\n{}\n", counts(&proposal.lines)));
    if !proposal.secrets.is_empty() {
        page.push_str("\nsecrets in clear: none was copied\n");
        for (at, name) in &proposal.secrets {
            page.push_str(&format!(
                "  {at}  {name}: run `infractl secrets set ENV {name}`, then take it out of there\n"
            ));
        }
    }
    page.push_str("\nfiles\n");
    for ((path, text), state) in proposal.files.iter().zip(states) {
        let word = match state {
            State::New => "new",
            State::Same => "there already, the same",
            State::Kept => "there already, stays as it is",
        };
        page.push_str(&format!("  {path}  ({word})\n"));
        if whole {
            page.push_str(&indented(text));
        }
    }
    if shim {
        page.push_str("\nMakefile that calls infractl\n");
        page.push_str(&indented(&proposal.shim));
    }
    page
}

/// A line of the Makefile, and below it what became of it.
fn line(entry: &Entry) -> String {
    let verdict = entry.verdict.unwrap_or(Verdict::Unsure).word();
    let mut text = format!("  {verdict:10}  {}  {}\n", entry.at, entry.text.trim());
    for note in &entry.notes {
        text.push_str(&format!("              - {note}\n"));
    }
    text
}

fn counts(lines: &[Entry]) -> String {
    let count = |verdict| lines.iter().filter(|entry| entry.verdict == Some(verdict)).count();
    format!(
        "{} understood, {} kept as commands, {} not sure",
        text::plural(count(Verdict::Understood), "line"),
        count(Verdict::Kept),
        count(Verdict::Unsure)
    )
}

fn indented(text: &str) -> String {
    text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("    {line}\n") }).collect()
}

/// The same as JSON.
pub(super) fn json(proposal: &Proposal, states: &[State], shim: bool) -> String {
    let state = |state: &State| match state {
        State::New => "new",
        State::Same => "same",
        State::Kept => "kept",
    };
    let files: Vec<_> = proposal
        .files
        .iter()
        .zip(states)
        .map(|((path, text), is)| json!({ "path": path, "state": state(is), "text": text }))
        .collect();
    let targets: Vec<_> = proposal
        .targets
        .iter()
        .map(|target| json!({ "name": target.name, "file": &*target.at.file, "line": target.at.line, "call": target.call, "shim": target.is_in_shim }))
        .collect();
    let lines: Vec<_> = proposal
        .lines
        .iter()
        .map(|entry| {
            let verdict = entry.verdict.unwrap_or(Verdict::Unsure).word();
            json!({ "file": &*entry.at.file, "line": entry.at.line, "text": entry.text, "verdict": verdict, "notes": entry.notes })
        })
        .collect();
    let secrets: Vec<_> = proposal
        .secrets
        .iter()
        .map(|(at, name)| json!({ "file": &*at.file, "line": at.line, "name": name }))
        .collect();
    let all = json!({
        "environments": proposal.environments,
        "variable": proposal.variable,
        "targets": targets,
        "lines": lines,
        "secrets": secrets,
        "files": files,
        "shim": shim.then_some(&proposal.shim),
    });
    format!("{all}\n")
}
