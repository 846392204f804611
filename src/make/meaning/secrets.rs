//! Files of secrets that are opened, and files of variables that are read.

use super::Meaning;
use super::call::{Call, Options};
use crate::make::maker::Maker;
use crate::make::marks;
use crate::make::note::{At, Verdict};
use crate::make::settings::{Step, list, table};
use crate::make::shell::{self, Command, Piece, Simple, Word};
use crate::make::words::join;
use crate::make::words::{State, Whole};

/// What a call of `sops` means.
pub(super) fn meaning(maker: &mut Maker<'_>, call: &Call) -> Option<Meaning> {
    let words: Vec<&str> = call.words[1..].iter().map(String::as_str).collect();
    match words.as_slice() {
        ["exec-env", file, command] => {
            opened(maker, &call.at, &call.dir, file)?;
            Some(Meaning::Lines { text: (*command).to_owned(), env: call.env.clone() })
        }
        ["edit", file] | [file] if !file.starts_with('-') => {
            let file = join(&call.dir, &marks::plain(file)?)?;
            maker.settings.add(&["secrets", "files"], file.clone(), &call.at);
            maker.report.say(&call.at, Verdict::Understood, "infractl secrets edit");
            let verb = vec!["secrets".to_owned(), "edit".to_owned(), file.clone()];
            let line = ["infractl".to_owned(), "secrets".to_owned(), "edit".to_owned(), file];
            let inside = table([("run", list(line)), ("interactive", true.into())]);
            let step = Step::Call(verb, table([("command", toml::Value::Table(inside))]));
            Some(Meaning::Steps(vec![step]))
        }
        _ => None,
    }
}

/// A file of secrets that is opened: infractl opens it by itself.
fn opened(maker: &mut Maker<'_>, at: &At, dir: &str, file: &str) -> Option<()> {
    let file = join(dir, &marks::plain(file)?)?;
    maker.report.say(at, Verdict::Understood, format!("`[secrets] files` has `{}`", marks::shown(&file)));
    maker.settings.add(&["secrets", "files"], file, at);
    Some(())
}

/// The file that a text decrypts: `sops -d file`, with what follows behind a `|`.
pub(super) fn decrypted(text: &str, state: &State) -> Option<String> {
    let all = shell::read(text).ok()?;
    let Command::Simple(simple) = &all.first()?.command else { return None };
    let words: Vec<String> =
        simple.words.iter().map(|word| crate::make::words::argument(word, state)).collect::<Option<_>>()?;
    let (program, rest) = words.split_first()?;
    if program.rsplit('/').next() != Some("sops") {
        return None;
    }
    let (mut is_decrypted, mut file) = (false, None);
    let mut options = Options::new(rest);
    while let Some((word, value)) = options.next() {
        match word {
            "-d" | "--decrypt" | "decrypt" => is_decrypted = true,
            "--input-type" | "--output-type" => drop(options.value(value)?),
            _ if word.starts_with('-') || file.is_some() => return None,
            _ => file = Some(word.to_owned()),
        }
    }
    file.filter(|_| is_decrypted)
}

/// `eval $(sops -d file)`, `export $(sops -d file | xargs)`, `. <(…)`, `. file`.
pub(in crate::make) fn sourced(
    maker: &mut Maker<'_>,
    simple: &Simple,
    known: &[Option<String>],
    state: &State,
    at: &At,
) -> Option<Vec<Step>> {
    let program = known.first()?.as_deref()?;
    if !matches!(program, "eval" | "export" | "." | "source") {
        return None;
    }
    for word in &simple.words[1..] {
        let Some(file) = inside(word).and_then(|command| decrypted(command, state)) else { continue };
        opened(maker, at, &state.dir, &file)?;
        return Some(Vec::new());
    }
    if matches!(program, "." | "source") && known.len() == 2 {
        let path = known[1].as_deref()?;
        let is_script = marks::is_shell(path) || path.ends_with("activate");
        if !is_script && path.contains("env") {
            let note = "infractl does not read this file: put what is secret into `[secrets] files`, the rest into `[terraform.env]`";
            maker.report.say(at, Verdict::Unsure, note);
            return None;
        }
    }
    None
}

/// The command whose output a word is.
fn inside(word: &Word) -> Option<&str> {
    match word.0.as_slice() {
        [Piece::Command(command)] => Some(command),
        _ => None,
    }
}

/// The lines of a loop that exports what a file of secrets holds.
pub(in crate::make) fn exported_in_loop(
    maker: &mut Maker<'_>,
    text: &str,
    state: &State,
    at: &At,
) -> Result<Vec<Step>, Whole> {
    let from = text.find("sops ").ok_or(Whole)?;
    let command = &text[from..];
    let end = command.find([')', '|', '\n', '`']).unwrap_or(command.len());
    let file = decrypted(&command[..end], state).ok_or(Whole)?;
    if !text.contains("export") {
        return Err(Whole);
    }
    opened(maker, at, &state.dir, &file).ok_or(Whole)?;
    Ok(Vec::new())
}
