//! An error or a warning of terraform: where it is, and how it is told.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;
use serde::Deserialize;

/// An error or a warning of terraform, with its place.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Diagnostic {
    /// `error` or `warning`.
    pub severity: String,
    /// The headline.
    pub summary: String,
    /// The explanation; may have several lines.
    #[serde(default)]
    pub detail: String,
    /// The resource it is about.
    #[serde(default)]
    pub address: Option<String>,
    /// The place in the root module or a module.
    #[serde(default)]
    pub range: Option<Range>,
    /// The lines at that place.
    #[serde(default)]
    pub snippet: Option<Source>,
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Range {
    /// Relative to the root module.
    pub filename: String,
    /// Where it begins.
    pub start: Position,
}

/// A line and column, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) struct Position {
    /// Line.
    pub line: u64,
    /// Column.
    #[serde(default)]
    pub column: u64,
}

/// Lines of a file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Source {
    /// The block it is in, for instance `resource "aws_instance" "web"`.
    #[serde(default)]
    pub context: Option<String>,
    /// The lines.
    pub code: String,
    /// Line number of the first one.
    pub start_line: u64,
    /// Values of the expressions there.
    #[serde(default)]
    pub values: Vec<ExpressionValue>,
}

/// The value of an expression in a snippet.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct ExpressionValue {
    /// For instance `var.size`.
    #[serde(default)]
    pub traversal: String,
    /// For instance `is a string`.
    #[serde(default)]
    pub statement: String,
}

/// What terraform says of a variable that differs from the one in a saved plan, with both values, sensitive or not.
static SAVED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?s)\s*The saved plan specifies .* as the value whereas during apply the value .* was set by",
    )
    .ok()
});

impl Diagnostic {
    /// The same without values that nobody is to see and without control characters.
    pub(crate) fn cleaned(mut self) -> Self {
        self.summary = clean(&self.summary).into_owned();
        self.detail = clean(&self.detail).into_owned();
        if let Some(pattern) = SAVED.as_ref() {
            let without = " The value in the saved plan is another than the one that was set by";
            self.detail = pattern.replace(&self.detail, without).into_owned();
        }
        self
    }

    /// As terraform shows it: headline, place, lines, explanation.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        let head = if self.severity == "warning" { "Warning" } else { "Error" };
        text.push_str(&format!("{head}: {}\n", self.summary));
        if let Some(address) = &self.address {
            text.push_str(&format!("  with {address},\n"));
        }
        if let Some(range) = &self.range {
            text.push_str(&format!("  on {} line {}", range.filename, range.start.line));
            match self.snippet.as_ref().and_then(|snippet| snippet.context.as_ref()) {
                Some(context) => text.push_str(&format!(", in {context}:\n")),
                None => text.push_str(":\n"),
            }
        }
        if let Some(snippet) = &self.snippet {
            for (number, line) in (snippet.start_line..).zip(snippet.code.lines()) {
                text.push_str(&format!("  {number:>4}: {line}\n"));
            }
            for value in &snippet.values {
                text.push_str(&format!("    {} {}\n", value.traversal, value.statement));
            }
        }
        for line in self.detail.lines() {
            text.push_str(&format!("  {line}\n"));
        }
        text.truncate(text.trim_end().len());
        text
    }
}

/// A text that a program or a value brought along: without what would drive the terminal it is shown on.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    let is_odd = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if !text.contains(is_odd) {
        return Cow::Borrowed(text);
    }
    let mut text = anstream::adapter::strip_str(text).to_string();
    text.retain(|c| !is_odd(c));
    Cow::Owned(text)
}
