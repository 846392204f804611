//! Commands as they are read.

/// It is no shell that can be read here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::make) struct Unreadable;

/// A command and what stands between it and the next one.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::make) struct Statement {
    /// Its first line, from 0.
    pub line: usize,
    /// As it stands there.
    pub text: String,
    /// A `!` stands before it.
    pub is_negated: bool,
    pub command: Command,
    pub then: Then,
}

/// What stands between a command and the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::make) enum Then {
    /// The end of the line, or `;`.
    Next,
    /// `&&`
    And,
    /// `||`
    Or,
    /// `|`
    Pipe,
    /// `&`
    Background,
}

/// A command.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::make) enum Command {
    /// Words, with variables before and files behind them.
    Simple(Simple),
    /// `if`: each condition with its commands; a last one without a condition.
    If(Vec<(Vec<Statement>, Vec<Statement>)>),
    /// `while` and `until`.
    While { is_until: bool, condition: Vec<Statement>, body: Vec<Statement> },
    /// `for`.
    For { words: Vec<Word>, body: Vec<Statement> },
    /// `( … )` and `{ … }`.
    Group(Vec<Statement>),
    /// `name() { … }`.
    Function(String, Vec<Statement>),
    /// `case`.
    Case,
}

/// Words, with variables before and files behind them.
#[derive(Debug, Clone, PartialEq, Default)]
pub(in crate::make) struct Simple {
    pub assigns: Vec<(String, Word)>,
    pub words: Vec<Word>,
    pub redirects: Vec<(String, Word)>,
}

/// A word: what it is made of once its quotes are taken away.
#[derive(Debug, Clone, PartialEq, Default)]
pub(in crate::make) struct Word(pub Vec<Piece>);

/// A piece of a word.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::make) enum Piece {
    /// As it is; marks stand in it.
    Text(String),
    /// `$NAME`, and the default of `${NAME:-default}`.
    Variable(String, Option<String>),
    /// `$(…)` and backquotes.
    Command(String),
    /// Anything else that the shell would replace.
    Other,
}

impl Word {
    /// Its text when it is nothing but text.
    pub(in crate::make) fn text(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Begins with this text.
    pub(in crate::make) fn starts_with(&self, text: &str) -> bool {
        matches!(self.0.first(), Some(Piece::Text(first)) if first.starts_with(text))
    }
}
