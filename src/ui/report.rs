//! A failure as text: what failed, why, and what to do, in that order, on a few lines.

use std::fmt::Write;

use annotate_snippets::{
    AnnotationKind, Group, Level, Message, Origin, Renderer, Snippet as Excerpt, normalize_untrusted_str,
};
use anstyle::{AnsiColor, Style};

use crate::failure::{Failure, Problem, Snippet};
use crate::text;

/// The text to write to stderr, with a line end; empty when the failure is silent.
pub fn render(failure: &Failure, color: bool, width: usize) -> String {
    if failure.silent {
        return String::new();
    }
    let mut out = String::new();
    if failure.problems.is_empty() {
        heading(&mut out, failure, color);
    }
    for problem in &failure.problems {
        out.push_str(&rendered(problem, color, width));
        out.push_str("\n\n");
    }
    match failure.problems.len() {
        0 => {}
        1 if failure.help.is_empty() => {
            out.pop();
        }
        1 => {}
        count => line(&mut out, color, "error", RED, &text::plural(count, "problem")),
    }
    for help in &failure.help {
        line(&mut out, color, if failure.problems.is_empty() { "  help" } else { "help" }, CYAN, help);
    }
    out
}

const RED: Style = AnsiColor::BrightRed.on_default().bold();
const CYAN: Style = AnsiColor::BrightCyan.on_default().bold();

fn heading(out: &mut String, failure: &Failure, color: bool) {
    let mut causes = failure.error.chain();
    let message = causes.next().map(ToString::to_string).unwrap_or_default();
    line(out, color, "error", RED, &message);
    let mut last = message;
    for cause in causes {
        let cause = cause.to_string();
        // Some libraries repeat their cause in their own text.
        if !last.contains(&cause) {
            line(out, color, "  caused by", Style::new(), &cause);
        }
        last = cause;
    }
}

/// `label: text`, further lines of the text under its first.
fn line(out: &mut String, color: bool, label: &str, style: Style, text: &str) {
    let text = normalized(text);
    let indent = " ".repeat(label.len() - label.trim_start().len() + 4);
    let word = label.trim_start();
    let before = &label[..label.len() - word.len()];
    let mut lines = text.trim_end().lines();
    let first = lines.next().unwrap_or_default();
    // Writing to a string cannot fail.
    let _ = if color {
        writeln!(out, "{before}{style}{word}{style:#}: {first}")
    } else {
        writeln!(out, "{before}{word}: {first}")
    };
    for more in lines {
        let _ = writeln!(out, "{indent}{more}");
    }
}

fn rendered(problem: &Problem, color: bool, width: usize) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() }.term_width(width.max(20));
    let mut group =
        Group::with_title(Level::ERROR.primary_title(normalized(&problem.message)));
    match &problem.place {
        Some(place) if place.text.is_empty() => {
            group = group.element(Origin::path(normalize_untrusted_str(&place.path)));
        }
        Some(place) => group = group.element(excerpt(place)),
        None => {}
    }
    let helps: Vec<Message<'_>> = problem.help.iter().map(|help| Level::HELP.message(normalized(help))).collect();
    renderer.render(&[group.elements(helps)])
}

fn excerpt(place: &Snippet) -> Excerpt<'_, annotate_snippets::Annotation<'_>> {
    Excerpt::source(place.text.as_str())
        .path(normalize_untrusted_str(&place.path))
        .annotation(AnnotationKind::Primary.span(within(place)))
}

/// The part of the text that is marked: on one line, on the borders of characters.
fn within(place: &Snippet) -> std::ops::Range<usize> {
    let text = &place.text;
    let start = text.floor_char_boundary(place.span.start.min(text.len()));
    let line_end = text[start..].find('\n').map_or(text.len(), |length| start + length);
    let end = text.ceil_char_boundary(place.span.end.min(line_end)).max(start);
    start..end
}

/// The text without characters that would drive the terminal.
fn normalized(text: &str) -> String {
    text.split('\n').map(normalize_untrusted_str).collect::<Vec<_>>().join("\n")
}
