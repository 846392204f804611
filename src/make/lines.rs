//! Lines as make reads them: a backslash at the end goes on with the next one.

use std::rc::Rc;

use super::marks;
use super::note::At;

/// A line with those that go on with it.
#[derive(Debug, Clone)]
pub(super) struct Line {
    /// Where it begins.
    pub at: At,
    /// The lines as they stand in the file.
    pub raw: Vec<String>,
    /// All of them as one, without the tab of a recipe.
    pub text: String,
    /// It begins with a tab.
    pub is_recipe: bool,
}

impl Line {
    /// The places of its lines.
    pub(super) fn places(&self) -> impl Iterator<Item = (At, &str)> {
        let place = |line| At { file: self.at.file.clone(), line: self.at.line + line };
        self.raw.iter().enumerate().map(move |(number, text)| (place(number), text.as_str()))
    }
}

/// The lines of a file.
pub(super) fn logical(file: &str, text: &str) -> Vec<Line> {
    let file: Rc<str> = file.into();
    let mut lines: Vec<Line> = Vec::new();
    let mut goes_on = false;
    for (number, raw) in text.split('\n').enumerate() {
        let raw = marks::without(raw.strip_suffix('\r').unwrap_or(raw));
        match lines.last_mut().filter(|_| goes_on) {
            Some(line) => line.raw.push(raw.clone()),
            None => lines.push(Line {
                at: At { file: file.clone(), line: number + 1 },
                raw: vec![raw.clone()],
                text: String::new(),
                is_recipe: raw.starts_with('\t'),
            }),
        }
        goes_on = ends_open(&raw);
    }
    for line in &mut lines {
        line.text = if line.is_recipe { recipe(&line.raw) } else { joined(&line.raw) };
    }
    lines
}

/// It ends with a backslash that no other one escapes.
fn ends_open(line: &str) -> bool {
    line.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1
}

/// Outside of a recipe: the backslash, the end of the line and the blanks around are one blank.
fn joined(raw: &[String]) -> String {
    let mut text = String::new();
    for line in raw {
        let part = if ends_open(line) { line[..line.len() - 1].trim_end() } else { line };
        if text.is_empty() {
            text.push_str(part);
        } else {
            text.push(' ');
            text.push_str(part.trim_start());
        }
    }
    text
}

/// In a recipe: the shell takes backslash and end of line away, make the tab behind them.
fn recipe(raw: &[String]) -> String {
    let mut text = String::new();
    for line in raw {
        let line = line.strip_prefix('\t').unwrap_or(line);
        text.push_str(if ends_open(line) { &line[..line.len() - 1] } else { line });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_go_on_behind_a_backslash() {
        let lines = logical("Makefile", "A = 1 \\\r\n   2\na:\n\techo \\\n\t  b \\\\\n\tc\n");
        let all: Vec<(usize, &str, bool)> =
            lines.iter().map(|line| (line.at.line, line.text.as_str(), line.is_recipe)).collect();
        let expected = [
            (1, "A = 1 2", false),
            (3, "a:", false),
            (4, "echo   b \\\\", true),
            (6, "c", true),
            (7, "", false),
        ];
        assert_eq!(all, expected);
        assert_eq!(lines[2].places().count(), 2);
    }
}
