//! What was made of each line of the Makefile and of its scripts.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// A line of a file, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct At {
    /// As the user knows it, relative to the project.
    pub file: Rc<str>,
    /// Its number.
    pub line: usize,
}

impl std::fmt::Display for At {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// How sure it is what a line means. The greater one counts where several come together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    /// infractl does it by itself, or has a key for it.
    Understood,
    /// It became a step `command`, as it is.
    Kept,
    /// Somebody has to look at it.
    Unsure,
}

impl Verdict {
    /// The word shown.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Verdict::Understood => "understood",
            Verdict::Kept => "command",
            Verdict::Unsure => "not sure",
        }
    }
}

/// A line with what became of it.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// Where it stands.
    pub at: At,
    /// As it stands there; values of secrets are hidden.
    pub text: String,
    /// How sure it is; none for a line that nothing was said about yet.
    pub verdict: Option<Verdict>,
    /// What it became, and why.
    pub notes: Vec<String>,
}

/// All lines in the order in which they were read.
#[derive(Debug, Default)]
pub(crate) struct Report {
    entries: Vec<Entry>,
    places: BTreeMap<At, usize>,
    hidden: BTreeSet<String>,
}

impl Report {
    /// A line was read.
    pub(super) fn read(&mut self, at: At, text: &str) {
        if self.places.contains_key(&at) {
            return;
        }
        self.places.insert(at.clone(), self.entries.len());
        self.entries.push(Entry { at, text: text.to_owned(), verdict: None, notes: Vec::new() });
    }

    /// What a line means.
    pub(super) fn say(&mut self, at: &At, verdict: Verdict, note: impl Into<String>) {
        let Some(entry) = self.places.get(at).and_then(|place| self.entries.get_mut(*place)) else { return };
        let note = note.into();
        entry.verdict = entry.verdict.max(Some(verdict));
        if !note.is_empty() && entry.notes.len() < 8 && !entry.notes.contains(&note) {
            entry.notes.push(note);
        }
    }

    /// The same for every line of a file that nothing was said about.
    pub(super) fn say_of_file(&mut self, file: &str, note: &str) {
        for entry in self.entries.iter_mut().filter(|entry| &*entry.at.file == file) {
            entry.verdict = Some(Verdict::Kept);
            entry.notes = vec![note.to_owned()];
        }
    }

    /// A value that is not shown: on its own line whatever it is, elsewhere when it is long enough to be no accident.
    pub(super) fn hide(&mut self, at: &At, value: &str) {
        if value.is_empty() {
            return;
        }
        if let Some(entry) = self.places.get(at).and_then(|place| self.entries.get_mut(*place)) {
            entry.text = entry.text.replace(value, "***");
        }
        if value.len() >= 4 {
            self.hidden.insert(value.to_owned());
        }
    }

    /// The lines, values of secrets hidden; what nothing was said about is not sure.
    pub(super) fn finish(mut self) -> Vec<Entry> {
        let finder = aho_corasick::AhoCorasick::new(&self.hidden).ok().filter(|_| !self.hidden.is_empty());
        let stars = vec!["***"; self.hidden.len()];
        for entry in &mut self.entries {
            if let Some(finder) = &finder {
                entry.text = finder.replace_all(&entry.text, &stars);
                for note in &mut entry.notes {
                    *note = finder.replace_all(note, &stars);
                }
            }
            if entry.verdict.is_none() {
                entry.verdict = Some(Verdict::Unsure);
                entry.notes.push("no target that was found reaches it".to_owned());
            }
        }
        self.entries
    }
}
