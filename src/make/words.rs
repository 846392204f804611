//! What a shell knows, and what its words are then.

use indexmap::IndexMap;

use super::marks;
use super::note::At;
use super::shell::{self, Command, Piece, Statement, Then, Word};

/// A line that cannot be taken apart: it has to stay one command.
#[derive(Debug, Clone, Copy)]
pub(super) struct Whole;

/// What a shell knows while its lines are read.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    /// The folder it is in, relative to the project.
    pub dir: String,
    /// The folder of the root module whose outputs are known; of any if none is named.
    pub main: Option<String>,
    /// Its variables; none for a value that is not known.
    pub vars: IndexMap<String, Option<String>>,
    /// Variables that its programs see.
    pub exports: IndexMap<String, String>,
    /// `$1` and those that follow.
    pub args: Vec<String>,
    /// The script itself.
    pub script: Option<String>,
    /// The functions of a script.
    pub functions: IndexMap<String, Vec<Statement>>,
    pub depth: usize,
}

/// Where the lines stand: the first of them, and whether each of the text is one of the file.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    pub at: At,
    pub is_file: bool,
}

impl Origin {
    /// The place of a line.
    pub(super) fn line(&self, line: usize) -> At {
        let line = if self.is_file { self.at.line + line } else { self.at.line };
        At { file: self.at.file.clone(), line }
    }
}

/// Words with `"$@"` replaced by what it stands for.
pub(super) fn spliced(words: &[Word], state: &State) -> Vec<Word> {
    let mut all = Vec::new();
    for word in words {
        match word.0.as_slice() {
            [Piece::Variable(name, _)] if (name == "@" || name == "*") && !state.args.is_empty() => {
                all.extend(state.args.iter().map(|arg| Word(vec![Piece::Text(arg.clone())])));
            }
            _ => all.push(word.clone()),
        }
    }
    all
}

/// What a word is, as far as it is known.
pub(super) fn argument(word: &Word, state: &State) -> Option<String> {
    let mut text = String::new();
    for piece in &word.0 {
        match piece {
            Piece::Text(part) => text.push_str(part),
            Piece::Variable(name, default) => text.push_str(&variable(name, default.as_deref(), state)?),
            Piece::Command(command) => text.push_str(&output_of(command, state)?),
            Piece::Other => return None,
        }
    }
    (!text.contains(marks::OPAQUE)).then_some(text)
}

fn variable(name: &str, default: Option<&str>, state: &State) -> Option<String> {
    if name == "0" {
        return state.script.clone();
    }
    if let Ok(number) = name.parse::<usize>() {
        let given = state.args.get(number.wrapping_sub(1)).cloned();
        return given.or_else(|| default.map(str::to_owned));
    }
    if !marks::is_shell_name(name) {
        return None;
    }
    match state.vars.get(name) {
        Some(value) => value.clone(),
        None if name == "PWD" => Some(format!("{}/{}", marks::ROOT, state.dir)),
        None if name == "BASH_SOURCE" => state.script.clone(),
        None => Some(marks::outer(name, default.filter(|text| !text.contains('$')).unwrap_or_default())),
    }
}

/// A redirect that only hides what is said.
pub(super) fn is_stream(file: &Word) -> bool {
    file.text()
        .is_some_and(|text| text == "/dev/null" || matches!(text, "1" | "2" | "/dev/stderr" | "/dev/stdout"))
}

/// A path inside the project, from a folder of it; none when it leaves the project. Empty for the project itself.
pub(super) fn join(dir: &str, path: &str) -> Option<String> {
    let (dir, path) =
        path.strip_prefix(marks::ROOT).map_or((dir, path), |inside| ("", inside.trim_start_matches('/')));
    if path.starts_with(['/', '~', '$']) {
        return None;
    }
    let mut parts: Vec<&str> = dir.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// What `$(…)` stands for, when it is an output of the root module, or a folder of the project.
pub(super) fn output_of(command: &str, state: &State) -> Option<String> {
    let all = shell::read(command).ok()?;
    let (last, before) = all.split_last()?;
    let mut dir = state.dir.clone();
    for statement in before {
        match called(statement, state)?.as_slice() {
            [cd, to] if cd == "cd" => dir = join(&dir, &marks::plain(to)?)?,
            _ => return None,
        }
    }
    let words = called(last, state)?;
    let (program, rest) = words.split_first()?;
    let place = |path: &str| Some(format!("{}/{}", marks::ROOT, join(&dir, path)?));
    match (program.rsplit('/').next()?, rest) {
        ("pwd", _) => place("."),
        ("git", [rev, top]) if rev == "rev-parse" && top == "--show-toplevel" => place("."),
        ("dirname", [path]) => place(&format!("{path}/..")),
        ("readlink" | "realpath", [.., path]) => place(path),
        ("terraform" | "tofu", rest) => {
            if let Some(to) = rest.iter().find_map(|word| word.strip_prefix("-chdir=")) {
                dir = join(&dir, &marks::plain(to)?)?;
            }
            // Another root module has other outputs.
            if state.main.as_ref().is_some_and(|main| *main != dir) {
                return None;
            }
            let words: Vec<&String> =
                rest.iter().filter(|word| !word.starts_with("-chdir") && *word != "-no-color").collect();
            match words.as_slice() {
                [output, raw, name] if *output == "output" && *raw == "-raw" => {
                    Some(format!("{}{name}{}", marks::OUTPUT, marks::END))
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// The words of a command that is nothing but words.
fn called(statement: &Statement, state: &State) -> Option<Vec<String>> {
    let Command::Simple(simple) = &statement.command else { return None };
    let is_plain = simple.assigns.is_empty()
        && !statement.is_negated
        && matches!(statement.then, Then::Next | Then::And);
    let words = simple.words.iter().map(|word| argument(word, state)).collect::<Option<Vec<String>>>()?;
    is_plain.then_some(words)
}
