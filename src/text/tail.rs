//! The last lines of what a program says, in bounded memory.

use memchr::memrchr_iter;

use super::cut;

/// Bytes kept of each line.
const WIDTH: usize = 2000;

/// The last so many lines, each with its end. The first ones are thrown away when there are twice as many as are wanted,
/// which costs less for each line than to count them out.
#[derive(Debug, Default)]
pub(crate) struct Tail<const LINES: usize> {
    text: String,
    count: usize,
}

impl<const LINES: usize> Tail<LINES> {
    /// Takes the next line, without its end.
    pub(crate) fn push(&mut self, line: &str) {
        self.text.push_str(cut(line, WIDTH));
        self.text.push('\n');
        self.count += 1;
        if self.count == 2 * LINES {
            self.text.drain(..self.start());
            self.count = LINES;
        }
    }

    /// The lines that are wanted, joined.
    pub(crate) fn text(&self) -> &str {
        let wanted = &self.text[self.start()..];
        wanted.strip_suffix('\n').unwrap_or(wanted)
    }

    /// The lines that are wanted.
    pub(crate) fn lines(&self) -> Vec<String> {
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
        const LINES: usize = 300;
        let mut tail = Tail::<LINES>::default();
        assert!(tail.lines().is_empty() && tail.text().is_empty());
        for number in 0..5 * LINES + 7 {
            tail.push(&format!("{number}{}", "x".repeat(3000)));
            assert!(tail.text.len() <= 2 * LINES * (WIDTH + 1));
        }
        let lines = tail.lines();
        assert_eq!(lines.len(), LINES);
        assert!(lines[0].starts_with("1207x") && lines[LINES - 1].starts_with("1506x"), "{}", &lines[0][..9]);
        assert!(lines.iter().all(|line| line.len() == WIDTH));
        let mut short = Tail::<2>::default();
        for line in ["a", "b", "", "c"] {
            short.push(line);
        }
        assert_eq!((short.text(), short.lines()), ("\nc", vec![String::new(), "c".to_owned()]));
    }
}
