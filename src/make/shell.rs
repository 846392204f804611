//! Lines of shell as commands: enough to see what is called with which words. What it cannot read is an error, never a
//! guess.

use super::marks::{self, Part};

/// Deeper is no script that somebody wrote.
const DEPTH: usize = 30;

/// It is no shell that can be read here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unreadable;

/// A command and what stands between it and the next one.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Statement {
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
pub(super) enum Then {
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
pub(super) enum Command {
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
pub(super) struct Simple {
    pub assigns: Vec<(String, Word)>,
    pub words: Vec<Word>,
    pub redirects: Vec<(String, Word)>,
}

/// A word: what it is made of once its quotes are taken away.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Word(pub Vec<Piece>);

/// A piece of a word.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Piece {
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
    pub(super) fn text(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Begins with this text.
    pub(super) fn starts_with(&self, text: &str) -> bool {
        matches!(self.0.first(), Some(Piece::Text(first)) if first.starts_with(text))
    }
}

/// A text for people: without marks.
pub(super) fn quote_free(text: &str) -> String {
    let mut plain = String::new();
    for part in marks::parts(text) {
        match part {
            Part::Text(text) => plain.push_str(text),
            Part::Environment => plain.push_str("ENV"),
            Part::Root => plain.push('.'),
            Part::Outer(name, _) | Part::Output(name) => plain.push_str(name),
            Part::Opaque => plain.push('…'),
        }
    }
    plain
}

/// The commands of a text.
pub(super) fn read(text: &str) -> Result<Vec<Statement>, Unreadable> {
    let mut reader = Reader { text, tokens: tokens(text)?, at: 0, depth: 0 };
    let all = reader.list(&[])?;
    if reader.at == reader.tokens.len() { Ok(all) } else { Err(Unreadable) }
}

#[derive(Debug, Clone, PartialEq)]
struct Token<'a> {
    text: &'a str,
    start: usize,
    is_word: bool,
}

const OPERATORS: [&str; 17] =
    ["&&", "||", ";;", "<<-", "<<<", "<<", ">>", ">&", "<&", ">|", "&>", "\n", ";", "|", "&", "(", ")"];

/// The words and operators of a text.
fn tokens(text: &str) -> Result<Vec<Token<'_>>, Unreadable> {
    let mut tokens: Vec<Token<'_>> = Vec::new();
    let mut documents: Vec<&str> = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with([' ', '\t', '\r']) {
            at += 1;
        } else if let Some(after) = rest.strip_prefix("\\\n") {
            at = text.len() - after.len();
        } else if rest.starts_with('#') {
            at += rest.find('\n').unwrap_or(rest.len());
        } else if rest.starts_with("<(") {
            let length = 1 + bracketed(&rest[1..])?;
            tokens.push(Token { text: &rest[..length], start: at, is_word: true });
            at += length;
        } else if let Some(operator) =
            OPERATORS.iter().chain(&[">", "<"]).find(|operator| rest.starts_with(**operator))
        {
            tokens.push(Token { text: operator, start: at, is_word: false });
            at += operator.len();
            if *operator == "\n" {
                for end in documents.drain(..) {
                    at += document(&text[at..], end)?;
                }
            }
        } else {
            let length = word_length(rest)?;
            let word = &rest[..length];
            if tokens.last().is_some_and(|last| last.text == "<<" || last.text == "<<-") {
                documents.push(word);
            }
            tokens.push(Token { text: word, start: at, is_word: true });
            at += length;
        }
    }
    Ok(tokens)
}

/// How long a document is that ends with this line.
fn document(text: &str, end: &str) -> Result<usize, Unreadable> {
    let end = end.trim_matches(['"', '\'', '\\']);
    let mut length = 0;
    for line in text.split_inclusive('\n') {
        length += line.len();
        if line.trim() == end {
            return Ok(length);
        }
    }
    Err(Unreadable)
}

/// How long the word is that a text begins with.
fn word_length(text: &str) -> Result<usize, Unreadable> {
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        match c {
            ' ' | '\t' | '\n' | '\r' | ';' | '|' | '&' | '(' | ')' | '<' | '>' => break,
            '\\' => at += 1 + text[at + 1..].chars().next().map_or(0, char::len_utf8),
            '\'' => at += 2 + text[at + 1..].find('\'').ok_or(Unreadable)?,
            '"' => at += double_quoted(&text[at..])?,
            '`' => at += 2 + text[at + 1..].find('`').ok_or(Unreadable)?,
            '$' if text[at..].starts_with("$(") || text[at..].starts_with("${") => {
                at += 1 + bracketed(&text[at + 1..])?
            }
            c => at += c.len_utf8(),
        }
    }
    if at == 0 { Err(Unreadable) } else { Ok(at) }
}

fn double_quoted(text: &str) -> Result<usize, Unreadable> {
    let mut at = 1;
    while let Some(c) = text[at..].chars().next() {
        match c {
            '"' => return Ok(at + 1),
            '\\' => at += 1 + text[at + 1..].chars().next().map_or(0, char::len_utf8),
            '$' if text[at..].starts_with("$(") || text[at..].starts_with("${") => {
                at += 1 + bracketed(&text[at + 1..])?
            }
            c => at += c.len_utf8(),
        }
    }
    Err(Unreadable)
}

/// From a bracket to the one that closes it; quotes inside are respected, without going deeper into them.
fn bracketed(text: &str) -> Result<usize, Unreadable> {
    let (open, close) = if text.starts_with('(') { ('(', ')') } else { ('{', '}') };
    let (mut depth, mut quote, mut escaped) = (0_usize, None, false);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            _ if escaped => escaped = false,
            (Some('\''), '\'') | (Some('"'), '"') => quote = None,
            (Some('\''), _) => {}
            (_, '\\') => escaped = true,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, c) if c == open => depth += 1,
            (None, c) if c == close => {
                depth -= 1;
                if depth == 0 {
                    return Ok(at + 1);
                }
            }
            _ => {}
        }
    }
    Err(Unreadable)
}

struct Reader<'a> {
    text: &'a str,
    tokens: Vec<Token<'a>>,
    at: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> &'a str {
        self.tokens.get(self.at).map_or("", |token| token.text)
    }

    fn is_word(&self) -> bool {
        self.tokens.get(self.at).is_some_and(|token| token.is_word)
    }

    fn take(&mut self, text: &str) -> Result<(), Unreadable> {
        if self.peek() == text {
            self.at += 1;
            Ok(())
        } else {
            Err(Unreadable)
        }
    }

    fn skip_lines(&mut self) {
        while self.peek() == "\n" {
            self.at += 1;
        }
    }

    /// Commands up to one of these words.
    fn list(&mut self, ends: &[&str]) -> Result<Vec<Statement>, Unreadable> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(Unreadable);
        }
        let mut all = Vec::new();
        loop {
            while matches!(self.peek(), "\n" | ";") && !self.peek().is_empty() {
                self.at += 1;
            }
            if self.at == self.tokens.len() || ends.contains(&self.peek()) {
                break;
            }
            all.push(self.statement(ends)?);
        }
        self.depth -= 1;
        Ok(all)
    }

    fn statement(&mut self, ends: &[&str]) -> Result<Statement, Unreadable> {
        let is_negated = self.peek() == "!";
        self.at += usize::from(is_negated);
        let start = self.tokens.get(self.at).ok_or(Unreadable)?.start;
        let command = self.command()?;
        let last = self.tokens.get(self.at.wrapping_sub(1)).ok_or(Unreadable)?;
        let end = last.start + last.text.len();
        let then = match self.peek() {
            "&&" => Then::And,
            "||" => Then::Or,
            "|" => Then::Pipe,
            "&" => Then::Background,
            ";" | "\n" | "" => Then::Next,
            word if ends.contains(&word) => Then::Next,
            _ => return Err(Unreadable),
        };
        if then != Then::Next {
            self.at += 1;
            self.skip_lines();
        }
        let line = self.text[..start].matches('\n').count();
        Ok(Statement { line, text: self.text[start..end].to_owned(), is_negated, command, then })
    }

    fn command(&mut self) -> Result<Command, Unreadable> {
        match self.peek() {
            "if" => self.condition(),
            "while" | "until" => {
                let is_until = self.peek() == "until";
                self.at += 1;
                let condition = self.list(&["do"])?;
                let body = self.body()?;
                Ok(Command::While { is_until, condition, body })
            }
            "for" => {
                self.at += 2;
                let mut words = Vec::new();
                self.skip_lines();
                if self.peek() == "in" {
                    self.at += 1;
                    while self.is_word() {
                        words.push(pieces(self.peek()));
                        self.at += 1;
                    }
                }
                while matches!(self.peek(), ";" | "\n") {
                    self.at += 1;
                }
                Ok(Command::For { words, body: self.body()? })
            }
            "case" => {
                let mut depth = 0_usize;
                loop {
                    match self.tokens.get(self.at).ok_or(Unreadable)?.text {
                        "case" => depth += 1,
                        "esac" => depth -= 1,
                        _ => {}
                    }
                    self.at += 1;
                    if depth == 0 {
                        return Ok(Command::Case);
                    }
                }
            }
            "(" | "{" => {
                let end = if self.peek() == "(" { ")" } else { "}" };
                self.at += 1;
                let all = self.list(&[end])?;
                self.take(end)?;
                Ok(Command::Group(all))
            }
            "function" => {
                self.at += 1;
                self.function()
            }
            _ if self.tokens.get(self.at + 1).is_some_and(|next| next.text == "(" && !next.is_word) => {
                self.function()
            }
            _ => self.simple(),
        }
    }

    fn condition(&mut self) -> Result<Command, Unreadable> {
        let mut branches = Vec::new();
        self.at += 1;
        loop {
            let condition = self.list(&["then"])?;
            self.take("then")?;
            branches.push((condition, self.list(&["elif", "else", "fi"])?));
            match self.peek() {
                "elif" => self.at += 1,
                "else" => {
                    self.at += 1;
                    branches.push((Vec::new(), self.list(&["fi"])?));
                    break;
                }
                _ => break,
            }
        }
        self.take("fi")?;
        Ok(Command::If(branches))
    }

    fn body(&mut self) -> Result<Vec<Statement>, Unreadable> {
        self.take("do")?;
        let body = self.list(&["done"])?;
        self.take("done")?;
        Ok(body)
    }

    fn function(&mut self) -> Result<Command, Unreadable> {
        let name = self.peek().to_owned();
        self.at += 1;
        if self.peek() == "(" {
            self.at += 1;
            self.take(")")?;
        }
        self.skip_lines();
        self.take("{")?;
        let body = self.list(&["}"])?;
        self.take("}")?;
        Ok(Command::Function(name, body))
    }

    fn simple(&mut self) -> Result<Command, Unreadable> {
        let mut simple = Simple::default();
        let from = self.at;
        while let Some(token) = self.tokens.get(self.at) {
            if token.is_word {
                let is_number =
                    !token.text.is_empty() && token.text.bytes().all(|byte| byte.is_ascii_digit());
                let next = self.tokens.get(self.at + 1);
                let is_stream = is_number
                    && next.is_some_and(|next| {
                        !next.is_word
                            && next.text.starts_with(['<', '>'])
                            && next.start == token.start + token.text.len()
                    });
                let word = pieces(token.text);
                match assigned(token.text).filter(|_| simple.words.is_empty()) {
                    _ if is_stream => {}
                    Some((name, value)) => simple.assigns.push((name.to_owned(), pieces(value))),
                    None => simple.words.push(word),
                }
                self.at += 1;
            } else if token.text.starts_with(['<', '>']) || token.text == "&>" {
                let operator = token.text.to_owned();
                let file = self.tokens.get(self.at + 1).filter(|next| next.is_word).ok_or(Unreadable)?;
                simple.redirects.push((operator, pieces(file.text)));
                self.at += 2;
            } else {
                break;
            }
        }
        if self.at == from { Err(Unreadable) } else { Ok(Command::Simple(simple)) }
    }
}

fn assigned(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    super::expand::is_shell_name(name).then_some((name, value))
}

/// What a word is made of.
pub(super) fn pieces(word: &str) -> Word {
    let mut word_pieces = Pieces::default();
    let mut rest = word;
    let mut in_double = false;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        rest = match c {
            '\'' if !in_double => {
                let (text, after) = after.split_once('\'').unwrap_or((after, ""));
                word_pieces.text.push_str(text);
                after
            }
            '"' => {
                in_double = !in_double;
                after
            }
            '\\' => match after.chars().next() {
                Some('\n') => &after[1..],
                Some(next) if !in_double || matches!(next, '"' | '\\' | '$' | '`') => {
                    word_pieces.text.push(next);
                    &after[next.len_utf8()..]
                }
                _ => {
                    word_pieces.text.push('\\');
                    after
                }
            },
            '`' => {
                let (command, after) = after.split_once('`').unwrap_or((after, ""));
                word_pieces.push(Piece::Command(command.to_owned()));
                after
            }
            '$' => dollar(after, &mut word_pieces),
            '<' if after.starts_with('(') => {
                let length = bracketed(after).unwrap_or(after.len());
                word_pieces.push(Piece::Command(without_brackets(&after[..length])));
                &after[length..]
            }
            // The shell would look for files.
            '*' | '?' | '[' if !in_double => {
                word_pieces.push(Piece::Other);
                after
            }
            c => {
                word_pieces.text.push(c);
                after
            }
        };
    }
    word_pieces.end()
}

fn without_brackets(text: &str) -> String {
    let inside = text.strip_prefix('(').unwrap_or(text);
    inside.strip_suffix(')').unwrap_or(inside).to_owned()
}

#[derive(Default)]
struct Pieces {
    all: Vec<Piece>,
    text: String,
}

impl Pieces {
    fn push(&mut self, piece: Piece) {
        if !self.text.is_empty() {
            self.all.push(Piece::Text(std::mem::take(&mut self.text)));
        }
        self.all.push(piece);
    }

    fn end(mut self) -> Word {
        if !self.text.is_empty() {
            self.all.push(Piece::Text(self.text));
        }
        Word(self.all)
    }
}

/// What a `$` stands for; the text behind it is handed back.
fn dollar<'a>(after: &'a str, pieces: &mut Pieces) -> &'a str {
    let name_length = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
    if after.starts_with("((") {
        let length = bracketed(after).unwrap_or(after.len());
        pieces.push(Piece::Other);
        return &after[length..];
    }
    if after.starts_with('(') {
        let length = bracketed(after).unwrap_or(after.len());
        pieces.push(Piece::Command(without_brackets(&after[..length])));
        return &after[length..];
    }
    if after.starts_with('{') {
        let length = bracketed(after).unwrap_or(after.len());
        let inside = after[..length].trim_start_matches('{').trim_end_matches('}');
        // The script itself.
        let inside = if inside == "BASH_SOURCE[0]" { "0" } else { inside };
        let (name, default) = match inside.split_once([':', '-', '?']) {
            Some((name, rest)) if rest.starts_with(['-', '?']) || !inside[name.len()..].starts_with(':') => {
                let is_default = inside[name.len()..].trim_start_matches(':').starts_with('-');
                (name, is_default.then(|| rest.trim_start_matches('-').to_owned()))
            }
            Some(_) => ("", None),
            None => (inside, None),
        };
        let is_name = super::expand::is_shell_name(name) || name.bytes().all(|byte| byte.is_ascii_digit());
        pieces.push(if is_name && !name.is_empty() {
            Piece::Variable(name.to_owned(), default)
        } else {
            Piece::Other
        });
        return &after[length..];
    }
    let first = after.chars().next();
    match first {
        Some(c) if c.is_ascii_digit() || matches!(c, '@' | '*' | '#' | '?' | '$' | '!') => {
            pieces.push(Piece::Variable(c.to_string(), None));
            &after[1..]
        }
        Some(_) if name_length > 0 => {
            pieces.push(Piece::Variable(after[..name_length].to_owned(), None));
            &after[name_length..]
        }
        _ => {
            pieces.text.push('$');
            after
        }
    }
}
