//! Look whether everything is there that runs need.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Global, OutputMode, target};
use crate::context::Ctx;
use crate::doctor;
use crate::doctor::finding::{Finding, Level, count, list};
use crate::failure::{Failure, Kind};
use crate::text::document;
use crate::text::plural;

/// Look whether everything is there that the runs of an environment need, and change nothing
///
/// Programs and their versions, keys and what they open, state and locks, hosts, credentials, git, disk, completion: only
/// what the steps and the configuration of the environment name, all at the same time. Exit code 1 when there are errors.
#[derive(Debug, clap::Args)]
pub struct DoctorArgs {
    #[command(flatten)]
    target: target::Target,
    /// Print JSON; the same as `--output json`
    #[arg(long)]
    json: bool,
}

/// What was looked at.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Report {
    /// Which environment; none for the project alone.
    environment: Option<String>,
    /// How many of the findings a run will fail at.
    errors: usize,
    /// How many are something to look at.
    warnings: usize,
    /// All that was looked at.
    findings: Vec<Finding>,
}

/// Runs it.
pub(crate) async fn run(cx: &Ctx, global: &Global, args: &DoctorArgs) -> Result<(), Failure> {
    let (name, findings) = if args.target.is_open(cx)? {
        (None, doctor::project(cx, &target::project(cx)?.root))
    } else {
        let env = args.target.environment(cx)?;
        (Some(env.name.clone()), Box::pin(doctor::environment(cx, &env)).await)
    };
    let (errors, warnings) = (count(&findings, Level::Error), count(&findings, Level::Warning));
    if args.json || global.output == OutputMode::Json {
        let report = Report { environment: name, errors, warnings, findings };
        cx.ui.document(cx.masks.mask(&document::line(&report)).as_bytes())?;
    } else {
        cx.ui.page(&cx.masks.mask(&list(&findings)))?;
        if name.is_none() {
            cx.ui.note("name an environment to have more looked at: `infractl doctor ENV`");
        }
        cx.ui.note(format!("{}, {}", plural(errors, "error"), plural(warnings, "warning")));
    }
    if errors > 0 { Err(Failure::silent(Kind::Failed)) } else { Ok(()) }
}
