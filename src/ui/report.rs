//! A failure as text: what failed, why, and what to do, in that order, on a few lines.

use std::fmt::Write;

use annotate_snippets::{
    AnnotationKind, Group, Level, Message, Origin, Renderer, Snippet as Excerpt, normalize_untrusted_str,
};
use anstyle::{AnsiColor, Style};

use super::wrap::wrap;
use crate::failure::{Failure, Problem, Snippet};
use crate::redact::Masks;
use crate::text;

/// The text to write to a file or a pipe, with a line end; empty when the failure is silent.
pub fn render(failure: &Failure, color: bool, width: usize) -> String {
    Page { color, width, wraps: false, masks: &Masks::new() }.render(failure)
}

/// What a failure is written on.
pub(super) struct Page<'a> {
    pub color: bool,
    /// Columns that an excerpt of a file may take.
    pub width: usize,
    /// A terminal would break a longer line within a word: it is broken before.
    pub wraps: bool,
    /// Hidden before lines are broken: one within a secret would keep it from being found.
    pub masks: &'a Masks,
}

const RED: Style = AnsiColor::BrightRed.on_default().bold();
const CYAN: Style = AnsiColor::BrightCyan.on_default().bold();
/// What stands before the message of a problem, and before its help.
const BEFORE: usize = "error: ".len();
const BEFORE_HELP: usize = " 10000 = help: ".len();

impl Page<'_> {
    /// The text with a line end; empty when the failure is silent.
    pub(super) fn render(&self, failure: &Failure) -> String {
        if failure.silent {
            return String::new();
        }
        let mut out = String::new();
        if failure.problems.is_empty() {
            self.heading(&mut out, failure);
        }
        for problem in &failure.problems {
            out.push_str(&self.problem(problem));
            out.push_str("\n\n");
        }
        match failure.problems.len() {
            1 if failure.help.is_empty() => {
                out.pop();
            }
            0 | 1 => {}
            count => self.line(&mut out, "error", RED, &text::plural(count, "problem")),
        }
        for help in &failure.help {
            self.line(&mut out, if failure.problems.is_empty() { "  help" } else { "help" }, CYAN, help);
        }
        out
    }

    fn heading(&self, out: &mut String, failure: &Failure) {
        let mut causes = failure.error.chain();
        let message = causes.next().map(ToString::to_string).unwrap_or_default();
        self.line(out, "error", RED, &message);
        let mut last = message;
        for cause in causes {
            let cause = cause.to_string();
            // Some libraries repeat their cause in their own text.
            if !last.contains(&cause) {
                self.line(out, "  caused by", Style::new(), &cause);
            }
            last = cause;
        }
    }

    /// `label: text`, further lines of the text under its first.
    fn line(&self, out: &mut String, label: &str, style: Style, text: &str) {
        let indent = " ".repeat(label.len() - label.trim_start().len() + 4);
        let word = label.trim_start();
        let before = &label[..label.len() - word.len()];
        let text = self.prose(text, label.len() + 2);
        let mut lines = text.trim_end().lines();
        let first = lines.next().unwrap_or_default();
        // Writing to a string cannot fail.
        let _ = if self.color {
            writeln!(out, "{before}{style}{word}{style:#}: {first}")
        } else {
            writeln!(out, "{before}{word}: {first}")
        };
        for more in lines {
            let _ = writeln!(out, "{indent}{more}");
        }
    }

    fn problem(&self, problem: &Problem) -> String {
        let renderer =
            if self.color { Renderer::styled() } else { Renderer::plain() }.term_width(self.width.max(20));
        let message = self.prose(&problem.message, BEFORE);
        let mut group = Group::with_title(Level::ERROR.primary_title(message));
        match &problem.place {
            Some(place) if place.text.is_empty() => {
                group = group.element(Origin::path(normalize_untrusted_str(&place.path)));
            }
            Some(place) => group = group.element(excerpt(place)),
            None => {}
        }
        let helps: Vec<Message<'_>> =
            problem.help.iter().map(|help| Level::HELP.message(self.prose(help, BEFORE_HELP))).collect();
        renderer.render(&[group.elements(helps)])
    }

    /// Words of ours and of others as they may be shown, with so many columns before them.
    fn prose(&self, text: &str, before: usize) -> String {
        let text = normalized(text);
        let text = self.masks.mask(&text);
        if self.wraps { wrap(&text, self.width.saturating_sub(before), "") } else { text.into_owned() }
    }
}

fn excerpt(place: &Snippet) -> Excerpt<'_, annotate_snippets::Annotation<'_>> {
    Excerpt::source(place.text.as_str())
        .path(normalize_untrusted_str(&place.path))
        .annotation(AnnotationKind::Primary.span(within(place)))
}

/// The part of the text that is marked: on one line, on the borders of characters.
fn within(place: &Snippet) -> std::ops::Range<usize> {
    let text = &place.text;
    let start = border(text, place.span.start);
    let line_end = text[start..].find('\n').map_or(text.len(), |length| start + length);
    let end = border(text, place.span.end.min(line_end)).max(start);
    start..end
}

/// The nearest border of a character at or before this byte.
fn border(text: &str, byte: usize) -> usize {
    (0..=byte.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// The text without characters that would drive the terminal.
fn normalized(text: &str) -> String {
    text::plain(text).split('\n').map(normalize_untrusted_str).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Kind;

    fn problem(text: &str, span: std::ops::Range<usize>) -> Problem {
        let path = "environments/dev/environment.toml".into();
        Problem {
            message: "unknown key `aply`".into(),
            place: Some(Snippet { path, text: text.into(), span }),
            help: vec!["did you mean `apply`?".into()],
        }
    }

    #[test]
    fn a_failure_says_what_why_and_what_to_do() {
        let failure = Failure::new(Kind::Failed, "Error acquiring the state lock\nLock Info:\n  ID: 1f2c")
            .context("`terraform apply` failed with exit code 1")
            .context("step `apply` of `prod` failed")
            .help("wait for deploy@ci-7, which holds the lock since 14:02")
            .help("see the whole output with `infractl history show 42`");
        insta::assert_snapshot!(render(&failure, false, 80), @r#"
        error: step `apply` of `prod` failed
          caused by: `terraform apply` failed with exit code 1
          caused by: Error acquiring the state lock
              Lock Info:
                ID: 1f2c
          help: wait for deploy@ci-7, which holds the lock since 14:02
          help: see the whole output with `infractl history show 42`
        "#);
    }

    #[test]
    fn a_problem_is_shown_in_its_file() {
        let failure = Failure::problems(Kind::Config, vec![problem("a = 1\naply = [{ do = 'x' }]\n", 6..10)]);
        insta::assert_snapshot!(render(&failure, false, 80), @r#"
        error: unknown key `aply`
         --> environments/dev/environment.toml:2:1
          |
        2 | aply = [{ do = 'x' }]
          | ^^^^
          |
          = help: did you mean `apply`?
        "#);
    }

    #[test]
    fn several_problems_are_counted() {
        let text = "aply = 1\naply2 = 2\n";
        let problems = vec![problem(text, 0..4), problem(text, 9..14)];
        insta::assert_snapshot!(render(&Failure::problems(Kind::Config, problems), false, 80), @r#"
        error: unknown key `aply`
         --> environments/dev/environment.toml:1:1
          |
        1 | aply = 1
          | ^^^^
          |
          = help: did you mean `apply`?

        error: unknown key `aply`
         --> environments/dev/environment.toml:2:1
          |
        2 | aply2 = 2
          | ^^^^^
          |
          = help: did you mean `apply`?

        error: 2 problems
        "#);
    }

    #[test]
    fn it_fits_into_twenty_columns() {
        let text = format!("description = \"{}\"; aply = 1\n", "long ".repeat(30));
        let at = text.find("aply").unwrap();
        let failure = Failure::problems(Kind::Config, vec![problem(&text, at..at + 4)]);
        let shown = render(&failure, false, 20);
        assert!(shown.contains("aply = 1") && shown.contains("^^^^"), "{shown}");
        let source = shown.lines().find(|line| line.contains("aply =")).unwrap();
        assert!(source.chars().count() < 60, "{source}");
        let _ = render(&failure, false, 0);
    }

    #[test]
    fn colour_changes_nothing_but_the_colour() {
        let failure = Failure::problems(Kind::Config, vec![problem("aply = 1", 0..4)]);
        for failure in [failure, Failure::new(Kind::Failed, "it broke").help("mend it")] {
            let colored = render(&failure, true, 80);
            assert!(colored.contains("\u{1b}["));
            assert_eq!(anstream::adapter::strip_str(&colored).to_string(), render(&failure, false, 80));
        }
    }

    #[test]
    fn text_of_others_cannot_drive_the_terminal() {
        let evil = "a\u{1b}[2Jb\u{7}\rc";
        let mut problem = problem(evil, 0..3);
        problem.message = evil.into();
        problem.help = vec![evil.into()];
        let failures =
            [Failure::problems(Kind::Config, vec![problem]), Failure::new(Kind::Failed, evil).help(evil)];
        for failure in failures {
            let shown = render(&failure, false, 80);
            assert!(!shown.contains(['\u{1b}', '\u{7}', '\r']), "{shown:?}");
        }
    }

    #[test]
    fn a_cause_that_repeats_what_was_said_is_left_out() {
        let failure = Failure::new(Kind::Failed, "no space left").context("cannot write `x`: no space left");
        assert_eq!(render(&failure, false, 80), "error: cannot write `x`: no space left\n");
    }

    #[test]
    fn a_silent_failure_says_nothing() {
        assert_eq!(render(&Failure::silent(Kind::Child(3)), false, 80), "");
    }

    #[test]
    fn a_terminal_breaks_no_word_and_no_break_hides_a_secret() {
        let masks = Masks::new();
        let _ = masks.add("WORDS", "correct horse battery staple");
        let failure = Failure::new(
            Kind::Failed,
            "the database refused the password `correct horse battery staple` of the user app",
        )
        .help("write another one with `infractl secrets set prod DATABASE_PASSWORD`, then apply again");
        let shown = Page { color: false, width: 60, wraps: true, masks: &masks }.render(&failure);
        insta::assert_snapshot!(shown, @r"
        error: the database refused the password `***` of the user
            app
          help: write another one with
              `infractl secrets set prod DATABASE_PASSWORD`, then
              apply again
        ");
        let problem = Page { color: false, width: 60, wraps: true, masks: &masks };
        let mut wrong = problem_with_long_help();
        wrong.message =
            "the value `correct horse battery staple` stands in a file that is no secret at all".into();
        let shown = problem.render(&Failure::problems(Kind::Config, vec![wrong]));
        assert!(shown.lines().all(|line| line.chars().count() <= 60), "{shown}");
        assert!(!shown.contains("horse"), "{shown}");
    }

    fn problem_with_long_help() -> Problem {
        let help =
            "write the name of a secret there, as `{{secret.NAME}}`, and its value with `secrets set`".into();
        Problem { help: vec![help], ..problem("aply = 1", 0..4) }
    }

    proptest::proptest! {
        #[test]
        fn no_place_makes_it_panic(text in ".*(\n.*){0,3}", start in 0usize..60, length in 0usize..60, width in 0usize..200) {
            let failure = Failure::problems(Kind::Config, vec![problem(&text, start..start + length)]);
            let _ = render(&failure, false, width);
        }
    }
}
