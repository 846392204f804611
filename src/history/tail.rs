//! The last lines of a step, in memory for reports.

use memchr::memrchr_iter;

use crate::text::cut;

/// Lines that are wanted.
const LINES: usize = 300;
/// Bytes kept of each of them.
const WIDTH: usize = 2000;

/// Lines, each with its end. The first ones are thrown away when there are twice as many as are wanted, which costs
/// less for each line than to count them out.
#[derive(Debug, Default)]
pub(super) struct Tail {
    text: String,
    count: usize,
}

impl Tail {
    pub(super) fn push(&mut self, line: &str) {
        self.text.push_str(cut(line, WIDTH));
        self.text.push('\n');
        self.count += 1;
        if self.count == 2 * LINES {
            self.text.drain(..self.start());
            self.count = LINES;
        }
    }

    pub(super) fn lines(&self) -> Vec<String> {
        self.text[self.start()..].split_terminator('\n').map(str::to_owned).collect()
    }

    /// Where the wanted lines begin.
    fn start(&self) -> usize {
        memrchr_iter(b'\n', self.text.as_bytes()).nth(LINES).map_or(0, |end| end + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_kept() {
        let mut tail = Tail::default();
        assert!(tail.lines().is_empty());
        for number in 0..5 * LINES + 7 {
            tail.push(&format!("{number}{}", "x".repeat(3000)));
            assert!(tail.text.len() <= 2 * LINES * (WIDTH + 1));
        }
        let lines = tail.lines();
        assert_eq!(lines.len(), LINES);
        assert!(lines[0].starts_with("1207x") && lines[LINES - 1].starts_with("1506x"), "{}", &lines[0][..9]);
        assert!(lines.iter().all(|line| line.len() == WIDTH));
        let mut short = Tail::default();
        for line in ["a", "", "b"] {
            short.push(line);
        }
        assert_eq!(short.lines(), ["a", "", "b"]);
    }
}
