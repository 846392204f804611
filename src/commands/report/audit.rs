//! Report who did what, when and how it ended, and whether the records of it are whole.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::form::{self, Audit};
use super::rows;
use crate::commands::{Global, OutputMode, deployments, target};
use crate::config::{Environment, Project};
use crate::context::Ctx;
use crate::deployments::store::{self, Records};
use crate::failure::{Failure, Kind};
use crate::history::Store;
use crate::text::{parse_duration, plural};

/// Report who did what, when and how it ended, and whether the records of it are whole
///
/// From the history of this checkout and the deployment records; nothing is asked of anybody, but with `--live`. Exit code 1
/// when a line of them was changed or cut.
#[derive(Debug, clap::Args)]
pub(super) struct AuditArgs {
    /// Environment [default: all of the project, and those that it had]
    #[arg(value_name = "ENV", add = clap_complete::engine::ArgValueCandidates::new(target::environments))]
    environment: Option<String>,
    /// All of the project, and those that it had
    #[arg(long, conflicts_with = "environment")]
    all: bool,
    /// How far back, as `30d` or `12h` [default: as far as there is something]
    #[arg(long, value_name = "TIME", value_parser = period)]
    since: Option<Duration>,
    /// How it is told
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Read deployment records where everybody sees them, beside a shared lock, in the place of the copies here
    #[arg(long)]
    live: bool,
}

/// How it is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people, and for a page of a forge
    #[default]
    Markdown,
    /// For programs
    Json,
    /// For a spreadsheet: every field quoted, none a formula
    Csv,
}

fn period(text: &str) -> Result<Duration, String> {
    parse_duration(text).ok_or_else(|| "not a time; write `30d`, `12h` or `90m`".to_owned())
}

/// Runs it.
pub(super) async fn run(cx: &Ctx, global: &Global, args: &AuditArgs) -> Result<(), Failure> {
    let project = target::project(cx)?;
    if let Some(name) = &args.environment
        && !project.environments.contains(name)
    {
        // The environment may be one that is gone.
        let known = Store::of(&project.root);
        let mut had = known.numbers().into_iter().filter_map(|number| known.head(number));
        if !had.any(|run| run.environments.iter().any(|lane| lane.environment == *name)) {
            project.environment(name)?;
        }
    }
    let audit = audit(cx, args, &project).await?;
    let text = match args.format {
        _ if global.output == OutputMode::Json => form::json(&audit),
        Format::Json => form::json(&audit),
        Format::Markdown => form::markdown(&audit),
        Format::Csv => form::csv(&audit),
    };
    let text = cx.masks.mask(&text).into_owned();
    cx.ui.document(text.as_bytes())?;
    let runs = plural(audit.rows.len(), "line");
    cx.ui.note(match audit.rows.len() {
        0 => "nothing is known to have been done: 0 lines".to_owned(),
        _ if audit.gone > 0 => format!("{runs}; {} tidied away before", was(audit.gone)),
        _ => runs,
    });
    if audit.broken.is_empty() {
        return Ok(());
    }
    let failure =
        Failure::new(Kind::Failed, format!("the records are not whole: {}", audit.broken.join("; ")));
    Err(failure
        .help("find out who changed them: infractl only adds lines, and removes whole runs that are too old")
        .help(
            "keep a copy of `.infractl/history` and `.infractl/deployments` before anything else is run here",
        )
        .help("to begin a new chain, move the folder away"))
}

fn was(count: usize) -> String {
    format!("{} {}", plural(count, "run"), if count == 1 { "was" } else { "were" })
}

async fn audit(cx: &Ctx, args: &AuditArgs, project: &Project) -> Result<Audit, Failure> {
    let store = Store::of(&project.root);
    let checked = store.check();
    let since = args.since.and_then(|length| Timestamp::checked_sub((cx.now)(), length).ok());
    let wanted = |name: &str| args.environment.as_ref().is_none_or(|only| only == name);
    let mut broken: Vec<String> = checked.broken.iter().map(|what| format!("history: {what}")).collect();
    let mut records = BTreeMap::new();
    for name in names(project)?.into_iter().filter(|name| wanted(name)) {
        let found = found(cx, project, &name, args.live).await?;
        broken.extend(found.broken.iter().map(|what| format!("deployments of `{name}`: {what}")));
        records.insert(name, found);
    }
    let mut rows = rows::of_history(&store, &checked.runs);
    rows::add_deployments(&mut rows, &records);
    rows.retain(|row| wanted(&row.environment) && since.is_none_or(|since| row.at >= since));
    rows.sort_by_key(|row| (row.at, row.run));
    Ok(Audit { environment: args.environment.clone(), since, rows, broken, gone: checked.gone })
}

/// Environments of the project, and those whose records are still here.
fn names(project: &Project) -> Result<Vec<String>, Failure> {
    let mut names = project.environments.clone();
    names.extend(store::names(&project.root)?);
    names.sort();
    names.dedup();
    Ok(names)
}

async fn found(cx: &Ctx, project: &Project, name: &str, live: bool) -> Result<Records, Failure> {
    if live && project.environments.iter().any(|known| known == name) {
        let env: Environment = project.environment(name)?;
        return deployments::records(cx, &env).await;
    }
    store::here(&project.root, name)
}
