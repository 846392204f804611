//! What is asked of `logs`.

use std::time::Duration;

use clap_complete::engine::ArgValueCandidates;
use regex::Regex;

use crate::commands::complete;
use crate::text::parse_duration;

/// What gets the lines.
pub(super) type OnText<'a> = &'a (dyn Fn(&str) + Send + Sync);

/// The same, each with the name of its log.
pub(super) type OnNamed<'a> = &'a (dyn Fn(&str, &str) + Send + Sync);

/// Print the log of tasks, services, containers and machines of an environment, and follow it
///
/// Tasks and services of ECS are read from CloudWatch, containers and compose services by docker, here or on their host,
/// machines by ssh. What is printed is masked. The exit code of a program that reads a log is passed on; Ctrl-C ends
/// `--follow` with 0.
#[derive(Debug, clap::Args)]
#[command(override_usage = "infractl logs [OPTIONS] [ENV] [NAME...]")]
pub struct LogsArgs {
    /// Environment [default: as for every verb], then tasks, services, containers, hosts [default: all but hosts]
    #[arg(value_name = "[ENV] NAME", num_args = 0.., add = ArgValueCandidates::new(complete::with_logs))]
    pub(super) words: Vec<String>,
    /// Go on with what comes, until Ctrl-C; what has no log yet is waited for
    #[arg(long, short)]
    pub(super) follow: bool,
    /// How far back it begins, as `10m` or `1h30m` [default: 1h, with --task everything]
    #[arg(long, value_name = "TIME", value_parser = period)]
    pub(super) since: Option<Duration>,
    /// Only lines that this regular expression matches
    #[arg(long, value_name = "REGEX", value_parser = expression)]
    pub(super) filter: Option<Regex>,
    /// Only this task of ECS, also one that has ended
    #[arg(long, value_name = "ID")]
    pub(super) task: Option<String>,
    /// Of a host: this file, instead of its journal
    #[arg(long, value_name = "PATH", conflicts_with_all = ["unit", "container", "task"])]
    pub(super) file: Option<String>,
    /// Of a host: this unit of its journal
    #[arg(long, value_name = "UNIT", conflicts_with_all = ["container", "task"])]
    pub(super) unit: Option<String>,
    /// Of a host: this container
    #[arg(long, value_name = "NAME", conflicts_with = "task")]
    pub(super) container: Option<String>,
}

fn period(text: &str) -> Result<Duration, String> {
    parse_duration(text).ok_or_else(|| "write a length such as `90s`, `10m` or `1h30m`".to_owned())
}

fn expression(text: &str) -> Result<Regex, String> {
    Regex::new(text).map_err(|error| error.to_string())
}

impl LogsArgs {
    /// How far back it begins; none for everything.
    pub(super) fn back(&self) -> Option<Duration> {
        let usual = self.task.is_none().then_some(Duration::from_secs(60 * 60));
        self.since.or(usual)
    }
}
