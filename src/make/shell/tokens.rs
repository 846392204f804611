//! The words and operators of a text.

use super::model::Unreadable;

/// A word or an operator, and where it begins.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token<'a> {
    pub text: &'a str,
    pub start: usize,
    pub is_word: bool,
}

const OPERATORS: [&str; 17] =
    ["&&", "||", ";;", "<<-", "<<<", "<<", ">>", ">&", "<&", ">|", "&>", "\n", ";", "|", "&", "(", ")"];

/// The words and operators of a text.
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, Unreadable> {
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
                at += 1 + bracketed(&text[at + 1..])?;
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
                at += 1 + bracketed(&text[at + 1..])?;
            }
            c => at += c.len_utf8(),
        }
    }
    Err(Unreadable)
}

/// From a bracket to the one that closes it; quotes inside are respected, without going deeper into them.
pub(super) fn bracketed(text: &str) -> Result<usize, Unreadable> {
    let (open, close) = if text.starts_with('(') { ('(', ')') } else { ('{', '}') };
    let (mut depth, mut quote, mut escaped) = (0_usize, None, false);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            _ if escaped => escaped = false,
            (Some('\''), '\'') | (Some('"'), '"') => quote = None,
            (Some('\''), _) => {}
            (_, '\\') => escaped = true,
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
