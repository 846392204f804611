//! What the configuration says, as far as the lines of a Makefile say it.

use indexmap::IndexMap;
use toml::{Table, Value};

use super::note::At;

/// A step of a pipeline.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    /// Another verb or pipeline.
    Do(String),
    /// A step with a kind.
    Own(Table),
    /// What only a call of infractl can do: its words, and the command that does the same in a pipeline.
    Call(Vec<String>, Table),
}

impl Step {
    /// As it is written.
    pub(super) fn table(&self) -> Table {
        match self {
            Step::Do(verb) => table([("do", verb.as_str().into())]),
            Step::Own(table) | Step::Call(_, table) => table.clone(),
        }
    }

    /// It is the verb of this name.
    pub(super) fn does(&self, verb: &str) -> bool {
        matches!(self, Step::Do(name) if name == verb)
    }
}

/// A table with these keys.
pub(super) fn table<const N: usize>(entries: [(&str, Value); N]) -> Table {
    entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// A list of texts.
pub(super) fn list(texts: impl IntoIterator<Item = String>) -> Value {
    Value::Array(texts.into_iter().map(Value::String).collect())
}

/// Keys and their values, each with the line that first said it; the way to a key is its names.
#[derive(Debug, Clone, Default)]
pub(super) struct Settings {
    all: IndexMap<Vec<String>, (Value, At)>,
    /// What was done, to be undone: a key was made, or a list got longer.
    done: Vec<Option<Vec<String>>>,
}

impl Settings {
    /// Sets a key; where another line has set it to something else, that line stays right and is returned.
    pub(super) fn set(&mut self, path: &[&str], value: Value, at: &At) -> Option<At> {
        let path: Vec<String> = path.iter().map(|name| (*name).to_owned()).collect();
        match self.all.get(&path) {
            Some((old, _)) if *old == value => None,
            Some((_, first)) => Some(first.clone()),
            None => {
                self.all.insert(path, (value, at.clone()));
                self.done.push(None);
                None
            }
        }
    }

    /// Where we are, to come back to.
    pub(super) fn mark(&self) -> usize {
        self.done.len()
    }

    /// As it was then.
    pub(super) fn rollback(&mut self, mark: usize) {
        for done in self.done.drain(mark..).rev() {
            match done.map(|path| self.all.get_mut(&path)) {
                Some(Some((Value::Array(items), _))) => drop(items.pop()),
                Some(_) => {}
                None => drop(self.all.pop()),
            }
        }
    }

    /// Adds a text to a list.
    pub(super) fn add(&mut self, path: &[&str], text: String, at: &At) {
        let path: Vec<String> = path.iter().map(|name| (*name).to_owned()).collect();
        if !self.all.contains_key(&path) {
            self.done.push(None);
        }
        let entry = self.all.entry(path.clone()).or_insert_with(|| (Value::Array(Vec::new()), at.clone()));
        if let Value::Array(items) = &mut entry.0
            && !items.iter().any(|item| item.as_str() == Some(&text))
        {
            items.push(Value::String(text));
            self.done.push(Some(path));
        }
    }

    /// The value of a key.
    pub(super) fn get(&self, path: &[&str]) -> Option<&Value> {
        let path: Vec<String> = path.iter().map(|name| (*name).to_owned()).collect();
        self.all.get(&path).map(|(value, _)| value)
    }

    /// All of them in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Vec<String>, &Value)> {
        self.all.iter().map(|(path, (value, _))| (path, value))
    }
}
