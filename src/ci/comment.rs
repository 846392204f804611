//! The text of a comment: its hidden mark, its secrets out, as much of it as the forge takes. Pure.

/// The line that a comment begins with: it is not shown, and the comment is found by it.
pub(crate) fn mark(name: &str) -> String {
    format!("<!-- infractl: {name} -->")
}

/// A comment of at most so many bytes. What does not fit is left out between two lines, and that is said; fences and
/// folds that are open there are closed.
pub(crate) fn body(mark: &str, text: &str, room: usize, log: Option<&str>) -> String {
    let text = text.trim_end();
    let whole = format!("{mark}\n{text}\n");
    if whole.len() <= room {
        return whole;
    }
    let place =
        log.map_or_else(|| "the log of the job".to_owned(), |log| format!("[the log of the job]({log})"));
    let count = text.lines().count();
    let end =
        |shown: usize| format!("\n\n_Cut: {shown} of {count} lines are shown; the others are in {place}._\n");
    let (mut out, mut open, mut shown) = (format!("{mark}\n"), Open::default(), 0);
    for line in text.lines() {
        let mut next = open.clone();
        next.read(line);
        if out.len() + line.len() + 1 + next.closed().len() + end(count).len() > room {
            break;
        }
        out.push_str(line);
        out.push('\n');
        (open, shown) = (next, shown + 1);
    }
    out + &open.closed() + &end(shown)
}

/// What is open at a place of a Markdown text.
#[derive(Debug, Clone, Default)]
struct Open {
    /// Backticks of the fence.
    fence: Option<usize>,
    folds: usize,
}

impl Open {
    fn read(&mut self, line: &str) {
        let line = line.trim_start_matches([' ', '>']);
        let ticks = line.bytes().take_while(|byte| *byte == b'`').count();
        match self.fence {
            Some(open) if ticks >= open && line[ticks..].trim().is_empty() => self.fence = None,
            Some(_) => {}
            None if ticks >= 3 => self.fence = Some(ticks),
            None => {
                self.folds += line.matches("<details").count();
                self.folds = self.folds.saturating_sub(line.matches("</details>").count());
            }
        }
    }

    fn closed(&self) -> String {
        let fence = self.fence.map_or_else(String::new, |ticks| "`".repeat(ticks) + "\n");
        fence + &"\n</details>\n".repeat(self.folds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_whole() {
        assert_eq!(body("<!-- m -->", "one\ntwo\n\n", 100, None), "<!-- m -->\none\ntwo\n");
    }

    #[test]
    fn a_long_one_is_cut_between_lines_and_nothing_stays_open() {
        let lines: Vec<String> = (0..500).map(|at| format!("é line {at}")).collect();
        let text = format!(
            "# plan\n<details><summary>x</summary>\n\n````text\n{}\n````\n\n</details>\n",
            lines.join("\n")
        );
        for room in [400, 1000, 2000, 5000] {
            let cut = body("<!-- m -->", &text, room, Some("https://example.com/1"));
            assert!(cut.len() <= room, "{} of {room}", cut.len());
            assert!(cut.starts_with("<!-- m -->\n# plan\n"));
            assert_eq!(cut.lines().filter(|line| line.starts_with("````")).count(), 2, "{cut}");
            assert_eq!(cut.matches("<details").count(), cut.matches("</details>").count());
            let shown = cut.split_once("_Cut: ").and_then(|(_, rest)| rest.split(' ').next()).unwrap();
            let shown: usize = shown.parse().unwrap();
            let kept = text.lines().take(shown).last().unwrap();
            assert!(cut.contains(&format!("{kept}\n")), "{kept}");
            assert!(
                cut.contains(&format!("of {} lines", text.lines().count()))
                    && cut.contains("](https://example.com/1)")
            );
        }
    }

    #[test]
    fn one_line_that_is_too_long_is_left_out_and_that_is_said() {
        let cut = body("<!-- m -->", &"x".repeat(5000), 300, None);
        assert!(cut.contains("0 of 1 lines") && !cut.contains("xx"), "{cut}");
    }
}
