//! Snapshots that a cloud keeps: how each is asked for them, and what it answers. Pure.

mod azure;
mod cinder;
mod rds;
mod ebs;

use serde_json::Value as Json;

pub(crate) use azure::Disk;
pub(crate) use cinder::Cinder;
pub(crate) use ebs::Ebs;
pub(crate) use rds::Rds;

use crate::exec::{Cmd, Io};
use crate::failure::Failure;
use crate::snapshots::away::{Marks, State, Thing, read, written};

/// A cloud that keeps snapshots of one kind of thing.
pub(crate) trait Cloud: Send + Sync {
    /// What it is a snapshot of, for people.
    fn noun(&self) -> &'static str;
    /// Makes one. `live`: also of what is in use.
    fn create(&self, of: &str, name: &str, marks: &Marks, live: bool) -> Cmd;
    /// All that may be ours; which are is told by their tags.
    fn list(&self, project: &str, environment: &str) -> Cmd;
    /// One of them.
    fn look(&self, id: &str) -> Cmd;
    /// What these three print.
    fn read(&self, stdout: &[u8]) -> Result<Vec<Thing>, String>;
    /// Adds tags.
    fn mark(&self, id: &str, marks: &Marks) -> Cmd;
    /// Removes one.
    fn remove(&self, id: &str) -> Cmd;
    /// What is known of the thing that it is of, where a new one needs it.
    fn source(&self, of: &str) -> Option<Cmd>;
    /// A new one cannot be made without knowing that.
    fn needs_source(&self) -> bool {
        false
    }
    /// Makes something new of one, like the thing that it was of.
    fn restore(&self, id: &str, new: &New<'_>) -> Cmd;
    /// Looks at what was made.
    fn look_new(&self, id: &str) -> Cmd;
    /// What these two print.
    fn read_new(&self, stdout: &[u8]) -> Result<Vec<Thing>, String>;
    /// Removes what was made.
    fn remove_new(&self, id: &str) -> Cmd;
    /// What is left to do so that it is used.
    fn switch(&self, of: &str, new: &str, source: &Json) -> Vec<String>;
    /// What an error means, where it is not about one snapshot.
    fn explain(&self, tail: &str) -> Option<Failure>;
    /// What to do about an error that is about one.
    fn advice(&self, of: &str, tail: &str) -> Option<String>;
    /// There is no such thing.
    fn is_gone(&self, tail: &str) -> bool;
    /// It may have been done all the same.
    fn is_doubtful(&self, tail: &str) -> bool;
}

/// Something new that is made of a snapshot.
#[derive(Debug, Clone, Copy)]
pub(crate) struct New<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its tags.
    pub marks: &'a Marks,
    /// What [`Cloud::source`] printed; null if the thing is gone.
    pub source: &'a Json,
    /// How large a database server it is.
    pub class: Option<&'a str>,
}

const GIB: u64 = 1 << 30;

fn program(name: &str) -> Cmd {
    Cmd::new(name).io(Io::Capture)
}

fn parsed(stdout: &[u8]) -> Result<Json, String> {
    serde_json::from_slice(stdout).map_err(|error| format!("its answer is not JSON: {error}"))
}

fn text(value: &Json, path: &str) -> String {
    match value.pointer(path) {
        Some(Json::String(text)) => text.clone(),
        Some(Json::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

fn gib(value: &Json, path: &str) -> Option<u64> {
    // Some versions of some clients print numbers as texts.
    text(value, path).parse::<u64>().ok().map(|count| count * GIB)
}

/// Whichever of these words is its state.
fn state(word: &str, ready: &[&str], failed: &[&str]) -> State {
    match word {
        word if ready.contains(&word) => State::Ready,
        word if failed.contains(&word) => State::Failed,
        _ => State::Pending,
    }
}

/// Ours of an object of tags.
fn of_object(tags: Option<&Json>, prefix: &str) -> Marks {
    let all = tags.and_then(Json::as_object).into_iter().flatten();
    all.filter_map(|(name, value)| Some((name.strip_prefix(prefix)?.to_owned(), read(value.as_str()?))))
        .collect()
}

/// As words of a command line: `infractl:project=shop`.
fn words(marks: &Marks, prefix: &str) -> Vec<String> {
    marks.iter().map(|(name, value)| format!("{prefix}{name}={}", written(value))).collect()
}

#[cfg(test)]
mod tests;
