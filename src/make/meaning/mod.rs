//! What a command means to infractl: one file for each tool.

pub(super) mod chain;
pub(super) mod polling;
pub(super) mod guard;
pub(super) mod secrets;
mod submake;
mod terraform;
mod ansible;
mod compose;
mod docker;
mod power;
mod remote;

use indexmap::IndexMap;

use super::maker::Maker;
use super::marks;
use super::note::{At, Verdict};
use super::script::{self, State, Whole};
use super::settings::Step;
use super::shell::Then;

/// A command as it is called.
#[derive(Debug, Clone)]
pub(super) struct Call {
    /// The program and its words; marks stand in them.
    pub words: Vec<String>,
    /// Variables that it sees besides what every command sees.
    pub env: IndexMap<String, String>,
    /// The folder it runs in, relative to the project; empty for the project itself.
    pub dir: String,
    /// The file that its output goes to.
    pub out: Option<String>,
    /// Its line.
    pub at: At,
}

/// The steps that a call means; none when it is not understood.
pub(super) fn of(maker: &mut Maker<'_>, call: &Call, state: &State) -> Result<Option<Vec<Step>>, Whole> {
    let Some(program) = call.words.first().and_then(|program| marks::plain(program)) else { return Ok(None) };
    let mut call = call.clone();
    call.words[0].clone_from(&program);
    let (call, program) = (&call, &program);
    let rest = |from: usize| Call { words: call.words[from..].to_vec(), ..call.clone() };
    match program.rsplit('/').next().unwrap_or(program) {
        "exec" | "time" | "command" if call.words.len() > 1 => of(maker, &rest(1), state),
        "env" if call.words.len() > 1 => {
            let mut inner = call.clone();
            inner.words.remove(0);
            while let Some((name, value)) = inner.words.first().and_then(|word| word.split_once('=')) {
                let (name, value) = (name.to_owned(), value.to_owned());
                inner.env.insert(name, value);
                inner.words.remove(0);
            }
            of(maker, &inner, state)
        }
        "bash" | "sh" if call.words.len() > 1 && !call.words[1].starts_with('-') => {
            of(maker, &rest(1), state)
        }
        "make" | "gmake" => Ok(submake::steps(maker, call)),
        "terraform" | "tofu" => Ok(terraform::steps(maker, call)),
        "ansible-playbook" => Ok(ansible::steps(maker, call)),
        "docker" | "docker-compose" if compose::is_one(call) => Ok(compose::steps(maker, call)),
        "docker" => Ok(docker::steps(maker, call)),
        "openstack" | "aws" | "az" => Ok(power::steps(maker, call)),
        "ssh" | "scp" | "rsync" => Ok(remote::steps(maker, call)),
        "sops" => Ok(secrets::steps(maker, call)),
        "curl" => Ok(polling::curl(maker, call)),
        // infractl makes its own folders and files, and has its own notes.
        "mkdir" if call.words.iter().any(|word| word.ends_with("shared")) => Ok(Some(Vec::new())),
        // Notes of terraform, and plans that were kept.
        "rm" if call.words[1..].iter().all(|word| {
            word.starts_with('-')
                || word.contains(".terraform")
                || word.ends_with("plan")
                || word.ends_with(".tfplan")
        }) =>
        {
            Ok(Some(Vec::new()))
        }
        _ => {
            let Some(path) = plain_path(&call.dir, program) else { return Ok(None) };
            let Some(made) = script::called(maker, &path, &call.words[1..], state) else { return Ok(None) };
            match made {
                Ok(steps) => {
                    maker.report.say(&call.at, Verdict::Understood, format!("`{path}` was read"));
                    Ok(Some(steps))
                }
                Err(Whole) => {
                    maker.report.say(&call.at, Verdict::Kept, format!("`{path}` is called as it is"));
                    maker.kept_script(&path);
                    Ok(None)
                }
            }
        }
    }
}

fn plain_path(dir: &str, program: &str) -> Option<String> {
    let path = marks::plain(program)?;
    let is_path = path.contains('/') || path.ends_with(".sh");
    join(dir, &path).filter(|path| is_path && !path.contains(marks::ENVIRONMENT))
}

/// A path inside the project, from a folder of it; none when it leaves the project. Empty for the project itself.
pub(super) fn join(dir: &str, path: &str) -> Option<String> {
    let (dir, path) =
        path.strip_prefix(marks::ROOT).map_or((dir, path), |inside| ("", inside.trim_start_matches('/')));
    if path.starts_with(['/', '~', '$']) {
        return None;
    }
    let mut parts: Vec<&str> = dir.split('/').filter(|part| !part.is_empty()).collect();
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
    let all = super::shell::read(command).ok()?;
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
fn called(statement: &super::shell::Statement, state: &State) -> Option<Vec<String>> {
    let super::shell::Command::Simple(simple) = &statement.command else { return None };
    let is_plain = simple.assigns.is_empty()
        && !statement.is_negated
        && matches!(statement.then, Then::Next | Then::And);
    let words =
        simple.words.iter().map(|word| script::argument(word, state)).collect::<Option<Vec<String>>>()?;
    is_plain.then_some(words)
}

/// A value of an option: `-x value`, `-x=value`, `--x value`.
pub(super) struct Options<'a> {
    words: std::slice::Iter<'a, String>,
}

impl<'a> Options<'a> {
    pub(super) fn new(words: &'a [String]) -> Options<'a> {
        Options { words: words.iter() }
    }

    /// The next word: an option with its value behind `=`, or a word alone.
    pub(super) fn next(&mut self) -> Option<(&'a str, Option<&'a str>)> {
        let word = self.words.next()?;
        match word.split_once('=') {
            Some((name, value)) if word.starts_with('-') => Some((name, Some(value))),
            _ => Some((word, None)),
        }
    }

    /// The value of an option: behind its `=`, else the next word.
    pub(super) fn value(&mut self, given: Option<&'a str>) -> Option<&'a str> {
        given.or_else(|| self.words.next().map(String::as_str))
    }

    /// The words that are left.
    pub(super) fn rest(self) -> &'a [String] {
        self.words.as_slice()
    }
}
