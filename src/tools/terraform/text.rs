//! Diagnostics in the text of terraform: what `plan` and `init` print for people, with and without colours.

use std::sync::LazyLock;

use regex::Regex;

use crate::tools::terraform::diagnostic::{Diagnostic, Position, Range};

/// Lines kept of one explanation.
const DETAIL: usize = 30;

static ON: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^  on (.+?) line (\d+)").ok());
static CODE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^ +(\d+:|[├│]|with )").ok());
/// What terraform says on its other output: it comes between diagnostics, never within one.
static OTHER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let pattern = "^(Planning failed|(Terraform|OpenTofu) (planned|used|will perform)|No changes|Plan: |Changes to Outputs|\
                   (Acquiring|Releasing) state lock|[^ ]+: (Refreshing state|Reading|Still reading|Read complete))";
    Regex::new(pattern).ok()
});

/// Collects diagnostics, line by line.
#[derive(Debug, Default)]
pub(crate) struct Diagnostics {
    found: Vec<Diagnostic>,
    open: Option<Diagnostic>,
    lines: usize,
}

impl Diagnostics {
    /// Takes one line.
    pub(crate) fn line(&mut self, line: &str) {
        let clean = anstream::adapter::strip_str(line).to_string();
        // The box around each of them, where there are colours.
        if clean.starts_with(['╷', '╵', '─']) || is(&OTHER, &clean) {
            self.close();
            return;
        }
        let text = clean.strip_prefix("│ ").or_else(|| clean.strip_prefix('│')).unwrap_or(&clean);
        let head = |word| text.strip_prefix(word).map(str::trim);
        if let Some(summary) = head("Error: ") {
            self.begin("error", summary);
        } else if let Some(summary) = head("Warning: ") {
            self.begin("warning", summary);
        } else if let Some(open) = &mut self.open {
            if let Some(range) = range(text) {
                open.range.get_or_insert(range);
            } else if !is(&CODE, text) && self.lines < DETAIL {
                self.lines += 1;
                open.detail.push_str(text);
                open.detail.push('\n');
            }
        }
    }

    fn begin(&mut self, severity: &str, summary: &str) {
        self.close();
        self.lines = 0;
        self.open = Some(Diagnostic {
            severity: severity.to_owned(),
            summary: summary.to_owned(),
            detail: String::new(),
            address: None,
            range: None,
            snippet: None,
        });
    }

    fn close(&mut self) {
        if let Some(mut open) = self.open.take() {
            open.detail = open.detail.trim().into();
            self.found.push(open);
        }
    }

    /// All of them, once all lines were taken.
    pub(crate) fn finish(mut self) -> Vec<Diagnostic> {
        self.close();
        self.found
    }
}

fn is(pattern: &LazyLock<Option<Regex>>, text: &str) -> bool {
    pattern.as_ref().is_some_and(|pattern| pattern.is_match(text))
}

fn range(text: &str) -> Option<Range> {
    let found = ON.as_ref()?.captures(text)?;
    let start = Position { line: found.get(2)?.as_str().parse().ok()?, column: 0 };
    Some(Range { filename: found.get(1)?.as_str().to_owned(), start })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As terraform 1.11 prints it with `-no-color`.
    const PLAIN: &str = "\nError: Reference to undeclared input variable\n\n  on main.tf line 5, in resource \
                         \"terraform_data\" \"a\":\n   5:   input = var.nope\n\nAn input variable with the name \
                         \"nope\" has not been declared.\n\nWarning: Deprecated\n\n  with data.x,\n  on \
                         ../m/x.tf line 12:\n  12: y\n    ├────────────────\n    │ var.x is 1\n\nUse z.\n\
                         (and one more similar warning elsewhere)\n";

    fn read(text: &str) -> Vec<Diagnostic> {
        let mut all = Diagnostics::default();
        text.lines().for_each(|line| all.line(line));
        all.finish()
    }

    #[test]
    fn errors_and_warnings_are_read_with_their_places() {
        let found = read(PLAIN);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].severity, "error");
        assert_eq!(found[0].summary, "Reference to undeclared input variable");
        assert_eq!(found[0].detail, "An input variable with the name \"nope\" has not been declared.");
        let place = found[0].range.clone().unwrap();
        assert_eq!((place.filename.as_str(), place.start.line), ("main.tf", 5));
        assert_eq!(found[1].severity, "warning");
        assert_eq!(found[1].detail, "Use z.\n(and one more similar warning elsewhere)");
        assert_eq!(found[1].range.clone().unwrap().filename, "../m/x.tf");
    }

    #[test]
    fn what_the_other_output_says_is_no_explanation() {
        let other = "\nPlanning failed. Terraform encountered an error while generating this plan.\n\n";
        assert_eq!(read(&format!("{PLAIN}{other}")), read(PLAIN));
        let planned = "Terraform planned the following actions, but then encountered a problem:\n  # a.b\n";
        assert_eq!(read(&format!("{PLAIN}\n{planned}")), read(PLAIN));
    }

    #[test]
    fn the_box_that_comes_with_colours_changes_nothing() {
        let begin = "\x1b[31m│\x1b[0m ";
        let boxed = format!("{begin}{}", PLAIN.trim_end().replace('\n', &format!("\n{begin}")));
        assert_eq!(read(&format!("╷\n{boxed}\n╵\nReleasing state lock.\n")), read(PLAIN));
    }
}
