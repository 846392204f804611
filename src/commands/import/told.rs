//! What is proposed, for people and as JSON.

use schemars::JsonSchema;
use serde::Serialize;

use super::make::State;
use crate::make::Proposal;
use crate::make::note::{Entry, Verdict};
use crate::text;
use crate::text::document;

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

/// What a Makefile and its scripts become.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Proposed {
    /// The environments that were found.
    environments: Vec<String>,
    /// The variable of the Makefile that names one of them.
    variable: Option<String>,
    /// Its targets.
    targets: Vec<Target>,
    /// Every line, and what became of it.
    lines: Vec<Line>,
    /// What looks like a secret.
    secrets: Vec<Secret>,
    /// The files that are proposed.
    files: Vec<File>,
    /// The Makefile that calls infractl, where it was asked for.
    shim: Option<String>,
}

/// A target.
#[derive(Debug, Serialize, JsonSchema)]
struct Target {
    /// Its name.
    name: String,
    /// Where it stands.
    file: String,
    /// The line, from 1.
    line: usize,
    /// The call of infractl that does the same, if there is one.
    call: Option<String>,
    /// The new Makefile has it.
    shim: bool,
}

/// A line.
#[derive(Debug, Serialize, JsonSchema)]
struct Line {
    /// Where it stands.
    file: String,
    /// The line, from 1.
    line: usize,
    /// As it is written.
    text: String,
    /// What became of it.
    verdict: String,
    /// What is to be known of that.
    notes: Vec<String>,
}

/// What looks like a secret.
#[derive(Debug, Serialize, JsonSchema)]
struct Secret {
    /// Where it stands.
    file: String,
    /// The line, from 1.
    line: usize,
    /// The name of its variable.
    name: String,
}

/// A file that is proposed.
#[derive(Debug, Serialize, JsonSchema)]
struct File {
    /// Its path.
    path: String,
    /// `new`, `same` if it is there like this, `kept` if another one is there.
    state: String,
    /// Its text.
    text: String,
}

/// For programs.
pub(super) fn json(proposal: &Proposal, states: &[State], shim: bool) -> String {
    let state = |state: &State| match state {
        State::New => "new",
        State::Same => "same",
        State::Kept => "kept",
    };
    let files = proposal.files.iter().zip(states).map(|((path, text), is)| File {
        path: path.clone(),
        state: state(is).to_owned(),
        text: text.clone(),
    });
    let targets = proposal.targets.iter().map(|target| Target {
        name: target.name.clone(),
        file: target.at.file.to_string(),
        line: target.at.line,
        call: target.call.clone(),
        shim: target.is_in_shim,
    });
    let lines = proposal.lines.iter().map(|entry| Line {
        file: entry.at.file.to_string(),
        line: entry.at.line,
        text: entry.text.clone(),
        verdict: entry.verdict.unwrap_or(Verdict::Unsure).word().to_owned(),
        notes: entry.notes.clone(),
    });
    let secrets = proposal.secrets.iter().map(|(at, name)| Secret {
        file: at.file.to_string(),
        line: at.line,
        name: name.clone(),
    });
    document::line(&Proposed {
        environments: proposal.environments.clone(),
        variable: proposal.variable.clone(),
        targets: targets.collect(),
        lines: lines.collect(),
        secrets: secrets.collect(),
        files: files.collect(),
        shim: shim.then(|| proposal.shim.clone()),
    })
}
