//! What a word is made of.

use super::model::{Piece, Word};
use super::tokens::bracketed;
use crate::make::marks::is_shell_name;

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
        let is_name = is_shell_name(name) || name.bytes().all(|byte| byte.is_ascii_digit());
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
