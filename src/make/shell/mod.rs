//! Lines of shell as commands: enough to see what is called with which words. What it cannot read is an error, never a
//! guess.

mod words;
mod tokens;
mod model;

pub(super) use model::*;
use tokens::{Token, tokens};
use words::pieces;

/// Deeper is no script that somebody wrote.
const DEPTH: usize = 30;

/// The commands of a text.
pub(super) fn read(text: &str) -> Result<Vec<Statement>, Unreadable> {
    let mut reader = Reader { text, tokens: tokens(text)?, at: 0, depth: 0 };
    let all = reader.list(&[])?;
    if reader.at == reader.tokens.len() { Ok(all) } else { Err(Unreadable) }
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
    super::marks::is_shell_name(name).then_some((name, value))
}
