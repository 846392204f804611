//! A run as JUnit XML: environments are suites, steps are test cases.

use std::fmt::Write;

use super::run::{Run, Step};
use super::state::State;

/// Lines of a failed step that the report shows.
const LINES: usize = 100;

/// The report, as GitLab, Azure, Jenkins and the actions of GitHub read it.
pub(super) fn report(run: &Run) -> String {
    let mut suites = String::new();
    let mut all = Counts::default();
    for lane in &run.environments {
        let mut counts = Counts::default();
        let mut cases = String::new();
        for step in &lane.steps {
            counts.add(step.outcome);
            case(&mut cases, run, &lane.environment, step);
        }
        suite(&mut suites, &lane.environment, lane.seconds, &counts, &cases, run);
        all.merge(&counts);
    }
    let said = run.environments.iter().any(|lane| lane.steps.iter().any(|step| is_bad(step.outcome)));
    if !said && is_bad(run.outcome) {
        // It ended before a step, or after the last one: one case says why.
        let counts = Counts { tests: 1, errors: 1, ..Counts::default() };
        let error = run.error.as_deref().unwrap_or("it failed");
        let mut cases = String::new();
        let _ = writeln!(
            cases,
            "    <testcase name=\"infractl\" classname=\"{}\" time=\"{:.3}\">\n      <error message=\"{}\">{}</error>\n    \
             </testcase>",
            attribute(&name(run)),
            run.seconds,
            attribute(error.lines().next().unwrap_or_default()),
            text(error)
        );
        suite(&mut suites, "infractl", run.seconds, &counts, &cases, run);
        all.merge(&counts);
    }
    let name = attribute(&format!("infractl {}", name(run)));
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"{name}\"{all} time=\"{:.3}\">\n{suites}</testsuites>\n",
        run.seconds
    )
}

#[derive(Default)]
struct Counts {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

impl Counts {
    fn add(&mut self, outcome: State) {
        self.tests += 1;
        match outcome {
            State::Failed | State::Difference => self.failures += 1,
            State::Interrupted | State::Declined | State::Running => self.errors += 1,
            State::Skipped => self.skipped += 1,
            State::Done => {}
        }
    }

    fn merge(&mut self, other: &Counts) {
        self.tests += other.tests;
        self.failures += other.failures;
        self.errors += other.errors;
        self.skipped += other.skipped;
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Counts { tests, failures, errors, skipped } = self;
        write!(f, " tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\"")
    }
}

fn is_bad(outcome: State) -> bool {
    matches!(outcome, State::Failed | State::Interrupted | State::Declined | State::Running)
}

fn name(run: &Run) -> String {
    if run.verb.is_empty() { "run".to_owned() } else { run.verb.clone() }
}

fn suite(out: &mut String, name: &str, seconds: f64, counts: &Counts, cases: &str, run: &Run) {
    let _ = write!(
        out,
        "  <testsuite name=\"{}\"{counts} time=\"{seconds:.3}\" timestamp=\"{}\" hostname=\"{}\">\n{cases}  </testsuite>\n",
        attribute(name),
        run.started.strftime("%Y-%m-%dT%H:%M:%S"),
        attribute(&run.host)
    );
}

fn case(out: &mut String, run: &Run, environment: &str, step: &Step) {
    let _ = write!(
        out,
        "    <testcase name=\"{}\" classname=\"{}\" time=\"{:.3}\"",
        attribute(&step.name),
        attribute(&format!("{}.{environment}", name(run))),
        step.seconds
    );
    let body = match step.outcome {
        State::Failed | State::Difference => {
            let found = step.diagnostics.iter().map(|found| found.summary.as_str()).next();
            let message = found.or(run.error.as_deref()).unwrap_or("failed");
            let lines = step.tail.iter().skip(step.tail.len().saturating_sub(LINES));
            let lines = lines.map(String::as_str).collect::<Vec<_>>().join("\n");
            format!(
                "      <failure message=\"{}\" type=\"step\">{}</failure>\n",
                attribute(message.lines().next().unwrap_or_default()),
                text(&lines)
            )
        }
        State::Interrupted | State::Running => "      <error message=\"interrupted\"/>\n".to_owned(),
        State::Declined => "      <error message=\"declined\"/>\n".to_owned(),
        State::Skipped => "      <skipped/>\n".to_owned(),
        State::Done => String::new(),
    };
    out.push_str(if body.is_empty() { "/>\n" } else { ">\n" });
    if !body.is_empty() {
        out.push_str(&body);
        out.push_str("    </testcase>\n");
    }
}

/// XML 1.0 has no control characters, not even escaped.
fn text(text: &str) -> String {
    let plain = crate::text::plain(text);
    let mut out = String::with_capacity(plain.len());
    for c in plain.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

fn attribute(value: &str) -> String {
    text(value).replace('"', "&quot;").replace(['\n', '\t'], " ")
}
