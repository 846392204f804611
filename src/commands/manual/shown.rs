//! A page for a person at a terminal: paragraphs and tables as wide as that, links as the line that shows the page.

use std::collections::BTreeSet;

use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};
use regex::{Captures, Regex};

use crate::commands::pages;
use crate::ui::wrap::wrap;

/// Longer lines are hard to read.
const WIDEST: usize = 100;

/// The Markdown of our pages, told for so many columns; `verbs` are those whose help has the name of a page.
pub(super) fn on_terminal(text: &str, columns: usize, color: bool, verbs: &BTreeSet<String>) -> String {
    let mut page = Page { out: String::new(), columns: columns.min(WIDEST), color, verbs };
    let (mut block, mut table, mut is_code) = (String::new(), Vec::new(), false);
    for line in text.lines() {
        let is_fence = line.trim_start().starts_with("```");
        if is_code && !is_fence {
            page.out.push_str(format!("    {line}").trim_end());
            page.out.push('\n');
            continue;
        }
        let begins = is_fence || line.is_empty() || is_item(line) || line.starts_with(['#', '|', '<', '!']);
        if begins {
            page.paragraph(&std::mem::take(&mut block));
        }
        if !line.starts_with('|') {
            page.table(&std::mem::take(&mut table));
        }
        if is_fence {
            is_code = !is_code;
        } else if line.starts_with('|') {
            table.push(cells(line));
        } else if line.starts_with('#') {
            let title = page.inline(line.trim_start_matches('#').trim_start());
            let title = page.bold(&title);
            page.out.push_str(&format!("{title}\n"));
        } else if line.is_empty() {
            page.gap();
        } else if line.starts_with("    ") && block.is_empty() {
            page.out.push_str(&format!("{line}\n"));
        } else if !line.starts_with("<!--") && !line.starts_with("![") {
            // What goes on in the next line is one line here; blanks before an item say how deep it is.
            let line = if block.is_empty() { line } else { line.trim_start() };
            block = if block.is_empty() { line.to_owned() } else { format!("{block} {line}") };
        }
    }
    page.paragraph(&block);
    page.table(&table);
    page.out
}

fn is_item(line: &str) -> bool {
    let line = line.trim_start();
    let number = line.trim_start_matches(|c: char| c.is_ascii_digit());
    line.starts_with("- ") || (number.len() < line.len() && number.starts_with(". "))
}

/// The cells of a row; `\|` is a character.
fn cells(line: &str) -> Vec<String> {
    let line = line.trim().trim_start_matches('|').replace("\\|", "\u{0}");
    line.trim_end_matches('|').split('|').map(|cell| cell.trim().replace('\u{0}', "|")).collect()
}

struct Page<'a> {
    out: String,
    columns: usize,
    color: bool,
    verbs: &'a BTreeSet<String>,
}

impl Page<'_> {
    /// One empty line, never two.
    fn gap(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    fn bold(&self, text: &str) -> String {
        if self.color { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// Links and emphasis of a line.
    fn inline(&self, text: &str) -> String {
        let (Ok(link), Ok(strong)) =
            (Regex::new(r"\[([^\]]*)\]\(([^)\s]*)\)"), Regex::new(r"\*\*([^*]+)\*\*"))
        else {
            return text.to_owned();
        };
        let text = link.replace_all(text, |found: &Captures| {
            let (shown, target) = (&found[1], &found[2]);
            let path = target.split('#').next().unwrap_or_default().trim_start_matches("../");
            let Some(name) = path.strip_suffix(".md").filter(|_| !target.contains("://")) else {
                let is_far = target.contains("://");
                return if is_far { format!("{shown} ({target})") } else { shown.to_owned() };
            };
            let verb = name.strip_prefix("cli/");
            let name = verb.unwrap_or(name);
            if verb.is_some() && shown.trim_matches('`') == name {
                return shown.to_owned();
            }
            let line = pages::line(name, verb.is_none() && self.verbs.contains(name));
            let is_name = shown.strip_suffix(".md") == Some(name);
            if is_name { format!("`{line}`") } else { format!("{shown} (`{line}`)") }
        });
        strong.replace_all(&text, |found: &Captures| self.bold(&found[1])).into_owned()
    }

    fn paragraph(&mut self, text: &str) {
        if !text.is_empty() {
            let indent = if is_item(text) { "  " } else { "" };
            let text = wrap(&self.inline(text), self.columns, indent);
            self.out.push_str(&format!("{text}\n"));
        }
    }

    fn table(&mut self, rows: &[Vec<String>]) {
        let Some((head, rows)) = rows.split_first() else { return };
        let mut table = Table::new();
        table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(u16::try_from(self.columns).unwrap_or(u16::MAX));
        if head.iter().any(|cell| !cell.is_empty()) {
            table.set_header(head.iter().map(|cell| self.inline(cell)));
        }
        for row in rows.iter().skip(1) {
            table.add_row(row.iter().map(|cell| self.inline(cell)));
        }
        for line in table.lines() {
            self.out.push_str(line.trim_end());
            self.out.push('\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, columns: usize) -> String {
        on_terminal(text, columns, false, &BTreeSet::from(["ci".to_owned()]))
    }

    #[test]
    fn paragraphs_and_items_are_as_wide_as_the_terminal_and_code_is_as_it_is() {
        let text = "# Locks\n\nOne run\nat a time, on any machine whatsoever.\n\n- an **item** that is longer than the line\n  - below it\n\n```text\n$ infractl   x # a line of code is never broken\n```\n";
        assert_eq!(
            shown(text, 34),
            "Locks\n\nOne run at a time, on any machine\nwhatsoever.\n\n- an item that is longer than the\n  line\n  - below it\n\n    $ infractl   x # a line of code is never broken\n"
        );
    }

    #[test]
    fn a_link_is_the_line_that_shows_the_page() {
        assert_eq!(shown("see [locks.md](locks.md#on)", 80), "see `infractl help locks`\n");
        assert_eq!(shown("[In CI](../ci.md)", 80), "In CI (`infractl help ci.md`)\n");
        assert_eq!(shown("[`ci`](cli/ci.md)", 80), "`ci`\n");
        assert_eq!(shown("[age](https://age.example)", 80), "age (https://age.example)\n");
        assert_eq!(shown("[below](#a)", 80), "below\n");
    }

    #[test]
    fn cells_of_a_table_are_broken_within_their_columns() {
        let text = "| | |\n|---|---|\n| `a \\| b` | one two three four five six seven |\n";
        let lines: Vec<String> = shown(text, 40).lines().map(str::to_owned).collect();
        assert!(lines[0].contains("`a | b`") && lines.len() > 1, "{lines:?}");
        assert!(lines.iter().all(|line| line.len() <= 40), "{lines:?}");
    }
}
