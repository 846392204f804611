//! Reading a file of the project: text or a clear problem, never half of it.

use std::io::ErrorKind;
use std::ops::Range;
use std::path::Path;

use toml::de::DeTable;

use super::node::{Node, Place};
use super::renamed::{self, Renamed};
use crate::failure::{Problem, Snippet};

/// A file as read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Source {
    /// As the user knows it, relative to the project.
    pub(crate) path: String,
    /// Its text, without a byte order mark; empty when there is no such file.
    pub(crate) text: String,
}

impl Source {
    /// Where the lines end, in order.
    pub(crate) fn line_ends(&self) -> Vec<usize> {
        memchr::memchr_iter(b'\n', self.text.as_bytes()).collect()
    }

    /// A place as people write it: `environments/defaults.toml:7`.
    pub(crate) fn place(&self, place: &Place) -> String {
        format!("{}:{}", self.path, self.line(place))
    }

    /// The line of a place, from 1.
    pub(super) fn line(&self, place: &Place) -> usize {
        memchr::memchr_iter(b'\n', &self.text.as_bytes()[..place.span.start]).count() + 1
    }

    /// The place of a part of a text, as far as it stands in the file the way it reads.
    pub(super) fn inside(&self, whole: &Place, text: &str, part: Range<usize>) -> Place {
        match self.text.get(whole.span.clone()).and_then(|raw| raw.find(text)) {
            Some(offset) => {
                let start = whole.span.start + offset;
                Place { file: whole.file, span: start + part.start..start + part.end }
            }
            None => whole.clone(),
        }
    }
}

/// A file as parsed, with everything that is wrong with its syntax.
#[derive(Debug, Clone)]
pub(crate) struct Parsed {
    pub(crate) source: Source,
    pub(crate) root: Node,
    pub(crate) problems: Vec<Problem>,
    /// Keys that have another name now; the tree has that.
    pub(crate) renamed: Vec<Renamed>,
}

/// Reads and parses `root/path`; a file that does not exist is empty.
pub(crate) fn read(root: &Path, path: &str, file: usize) -> Parsed {
    let mut source = Source { path: path.to_owned(), text: String::new() };
    let unreadable =
        |(message, help)| Problem { message: format!("`{path}` {message}"), place: None, help: vec![help] };
    match bytes(&root.join(path)).map_err(unreadable).and_then(|bytes| text(path, &bytes)) {
        Ok(text) => source.text = text,
        Err(problem) => {
            return Parsed { source, root: Node::empty(file), problems: vec![problem], renamed: Vec::new() };
        }
    }
    parse(source, file)
}

/// Parses a text, and gives its keys the names that they have now.
pub(crate) fn parse(source: Source, file: usize) -> Parsed {
    let mut parsed = as_written(source, file);
    parsed.renamed = renamed::rename(&mut parsed.root, renamed::ALL, renamed::own());
    parsed
}

/// Parses a text, going on after an error as far as that makes sense.
pub(super) fn as_written(source: Source, file: usize) -> Parsed {
    let (table, errors) = DeTable::parse_recoverable(&source.text);
    let root = Node::from_table(file, table);
    let mut errors: Vec<_> =
        errors.iter().map(|error| (error.span().unwrap_or_default(), error.message())).collect();
    errors.sort_by_key(|(span, _)| span.start);
    // One mistake makes the parser speak more than once at the same place.
    errors.dedup_by_key(|(span, _)| span.start);
    let problems = errors
        .into_iter()
        .map(|(span, message)| {
            let (before, rest) = line_around(&source.text, span.start);
            let (message, help) = syntax(message, before, rest);
            problem(&source, &Place { file, span }, message, vec![help.to_owned()])
        })
        .collect();
    Parsed { source, root, problems, renamed: Vec::new() }
}

/// What stands on the line of a byte before and behind it.
fn line_around(text: &str, at: usize) -> (&str, &str) {
    let (before, rest) = text.split_at(at);
    (before.rsplit('\n').next().unwrap_or_default(), rest.lines().next().unwrap_or_default())
}

/// The words of the parser, said for people; `before` and `rest` are what stands around the place on its line.
fn syntax(message: &str, before: &str, rest: &str) -> (String, &'static str) {
    let plain = message.trim_end().replace('\n', ", ");
    let is_bare = rest.starts_with(|c: char| c.is_alphanumeric());
    let is_value = before.trim_end().ends_with(['=', '[', ',']);
    match plain.as_str() {
        "invalid basic string, expected `\"`" if before.contains('"') => {
            ("text without its second quote".to_owned(), "close it with `\"`, on the same line")
        }
        "invalid literal string, expected `'`" if before.contains('\'') => {
            ("text without its second quote".to_owned(), "close it with `'`, on the same line")
        }
        // In a table on one line it guesses what was meant by the first letter.
        text if text.contains("must be quoted") || (text.starts_with("invalid ") && is_value) => {
            if is_bare {
                ("text without quotes".to_owned(), "put text in quotes: `key = \"…\"`")
            } else {
                ("there is no value".to_owned(), "write one behind the `=`; text stands in quotes")
            }
        }
        text if text.starts_with("missing escaped value") => (
            "a backslash that escapes nothing".to_owned(),
            "write `\\\\` for a backslash, or put the text in single quotes",
        ),
        text if text.starts_with("key with no value") => {
            ("a key without `=`".to_owned(), "write `key = value`")
        }
        text if text.contains("duplicate key") => (plain, "remove one of them, or merge the two tables"),
        text if text.contains("unclosed") || text.contains("missing closing") => (plain, "close it"),
        _ => (plain, "mend it as TOML asks: https://toml.io"),
    }
}

/// A problem at a place of a file.
pub(crate) fn problem(source: &Source, place: &Place, message: String, help: Vec<String>) -> Problem {
    let snippet = Snippet { path: source.path.clone(), text: source.text.clone(), span: place.span.clone() };
    Problem { message, place: Some(snippet), help }
}

fn bytes(path: &Path) -> Result<Vec<u8>, (String, String)> {
    // A pipe would be waited for, and a device read without end.
    if path.metadata().is_ok_and(|there| !there.is_file() && !there.is_dir()) {
        return Err((
            "is a device, a pipe or a socket".into(),
            "remove it, or put a file in its place".into(),
        ));
    }
    match crate::disk::read(path).map_err(|error| error.source) {
        Ok(bytes) => Ok(bytes),
        Err(error) if error.kind() == ErrorKind::NotFound && path.symlink_metadata().is_ok() => {
            Err(("is a link to a file that does not exist".into(), "mend or remove the link".into()))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) if error.kind() == ErrorKind::IsADirectory || path.is_dir() => {
            Err(("is a folder, not a file".into(), "remove the folder, or put a file in its place".into()))
        }
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            Err(("cannot be read: permission denied".into(), "give yourself the right to read it".into()))
        }
        Err(error) => Err((format!("cannot be read: {error}"), "check the disk and the path".into())),
    }
}

fn text(path: &str, bytes: &[u8]) -> Result<String, Problem> {
    let refused = |what: &str, place: Option<Range<usize>>| Problem {
        message: format!("`{path}` {what}"),
        place: place.map(|span| Snippet {
            path: path.to_owned(),
            text: String::from_utf8_lossy(bytes).into_owned(),
            span,
        }),
        help: vec!["save it as text, encoded as UTF-8".to_owned()],
    };
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(refused("is encoded as UTF-16", None));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => match text.find('\0') {
            Some(at) => Err(refused("is not text: a zero byte", Some(at..at + 1))),
            None => Ok(text.strip_prefix('\u{feff}').unwrap_or(text).to_owned()),
        },
        Err(error) => {
            let at = error.valid_up_to();
            let what = format!("is not UTF-8: byte {:#04x}", bytes[at]);
            Err(refused(&what, Some(at..at + char::REPLACEMENT_CHARACTER.len_utf8())))
        }
    }
}
