//! Flags that every verb has.

use std::path::PathBuf;

use clap::{ArgAction, ValueEnum};

use crate::failure::{Failure, Kind};
use crate::text;

/// Flags that every verb has.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Work on the project in DIR instead of the one around the current folder
    #[arg(short = 'C', value_name = "DIR", global = true)]
    pub dir: Option<PathBuf>,
    /// Say more: what tools print, and the commands; twice for developers
    #[arg(short, long, action = ArgAction::Count, global = true)]
    pub verbose: u8,
    /// Say only warnings and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// When to use colours: auto, always or never
    #[arg(long, value_enum, default_value_t = Color::Auto, value_name = "WHEN", global = true, hide_possible_values = true)]
    pub color: Color,
    /// How to tell what happens: `human`, or `json` for JSON lines on standard output. With `secrets encrypt` and
    /// `secrets decrypt`, the file to write
    #[arg(long = "output", value_parser = OutputMode::parse, default_value = "human", value_name = "FORM", global = true)]
    pub output: OutputMode,
    /// Print every command that would run, in order, and run nothing
    #[arg(long, global = true)]
    pub dry_run: bool,
    /// Name of the protected environment that may be changed
    #[arg(long, value_name = "NAME", global = true)]
    pub confirm: Option<String>,
    /// Wait for the lock of another run, at most so long (`90s`, `10m`) [default: `wait` in `[lock]`, else not at all]
    #[arg(long, value_name = "DURATION", global = true, value_parser = duration)]
    pub lock_wait: Option<std::time::Duration>,
    /// Change the environment outside of its `[window]`, for this reason: it is kept in the history
    #[arg(long, value_name = "REASON", global = true, value_parser = reason)]
    pub outside_window: Option<String>,
    /// Try a step again (`retry`) also when the last three runs failed in the same way
    #[arg(long, global = true)]
    pub insist: bool,
    /// Scenario of the environment, of those of its `[scenarios]`; given several times, all of them together [default: the
    /// one that is up, else `default`]
    #[arg(long, value_name = "NAME", global = true)]
    pub scenario: Vec<String>,
    /// Bring it up also where the machine has less than it needs
    #[arg(long, global = true)]
    pub ignore_needs: bool,
    /// Answer yes where a question is not about the name of a protected environment
    #[arg(long, global = true)]
    pub yes: bool,
    /// Never ask; fail where an answer is needed
    #[arg(long, global = true)]
    pub no_input: bool,
    /// Show last what each step took
    #[arg(long, global = true)]
    pub timings: bool,
    /// Add everything that is said to FILE, what tools print and the commands included, with the time
    #[arg(long, value_name = "FILE", global = true)]
    pub log_file: Option<PathBuf>,
    /// Write a report as JUnit XML to FILE: environments are suites, steps are test cases
    #[arg(long, value_name = "FILE", global = true)]
    pub report_junit: Option<PathBuf>,
    /// Write a report as JSON to FILE (schema: docs/report.schema.json)
    #[arg(long, value_name = "FILE", global = true)]
    pub report_json: Option<PathBuf>,
    /// Write a report as Markdown to FILE: what the summary of a job of GitHub is, for a comment
    #[arg(long, value_name = "FILE", global = true)]
    pub report_markdown: Option<PathBuf>,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How to tell what happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutputMode {
    /// Lines for people on standard error.
    Human,
    /// JSON lines on standard output besides.
    Json,
    /// The file that `secrets encrypt` and `secrets decrypt` write, as with sops.
    File(PathBuf),
}

impl OutputMode {
    #[expect(clippy::unnecessary_wraps, reason = "the form of a value parser")]
    pub(super) fn parse(text: &str) -> Result<OutputMode, std::convert::Infallible> {
        Ok(match text {
            "human" => OutputMode::Human,
            "json" => OutputMode::Json,
            path => OutputMode::File(path.into()),
        })
    }
}

/// A length of time as it is written: `90s`, `10m`, `0s`.
fn duration(written: &str) -> Result<std::time::Duration, String> {
    text::parse_duration(written).ok_or_else(|| "not a duration; write `90s`, `10m` or `1h30m`".to_owned())
}

impl Global {
    /// An error where `--output` names a file and the verb writes none.
    pub(super) fn check_form(&self, may_be_file: bool) -> Result<(), Failure> {
        match &self.output {
            OutputMode::File(path) if !may_be_file => Err(Failure::new(
                Kind::Usage,
                format!("`--output {}`: the forms are `human` and `json`", path.display()),
            )),
            _ => Ok(()),
        }
    }
}

/// Words that somebody may read later.
fn reason(written: &str) -> Result<String, String> {
    let reason = written.trim();
    let is_good = !reason.is_empty() && !reason.contains(char::is_control);
    is_good.then(|| reason.to_owned()).ok_or_else(|| "say why, in one line".to_owned())
}
