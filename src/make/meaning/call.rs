//! A command as it is called, and its words one after the other.

use indexmap::IndexMap;

use crate::make::note::At;

/// A command as it is called.
#[derive(Debug, Clone)]
pub(in crate::make) struct Call {
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

/// A value of an option: `-x value`, `-x=value`, `--x value`.
pub(in crate::make) struct Options<'a> {
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
