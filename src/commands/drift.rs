//! Say what changed behind terraform's back.

use std::path::PathBuf;

use super::part::Part;
use super::planned::{planned, runs};
use super::several::Targets;
use super::{Global, target};
use crate::config::Environment;
use crate::context::Ctx;
use crate::failure::{Failure, Kind};
use crate::pipeline::plan::Verb;
use crate::steps::terraform::LookForDrift;
use crate::tools::terraform::flags;

/// Say what changed behind terraform's back, and change nothing
///
/// By address, with what of it changed. Exit code 2 when something did. What `[drift] ignore` names is left out.
#[derive(Debug, clap::Args)]
pub struct DriftArgs {
    #[command(flatten)]
    target: Targets,
    #[command(flatten)]
    pub(super) part: Part,
    /// For alarms: exit code 2 only for what the last look with `--new` did not tell
    #[arg(long)]
    new: bool,
    /// Folder that keeps what those looks told, one file per environment [default: .infractl/drift]
    #[arg(long, value_name = "DIR", requires = "new", value_hint = clap::ValueHint::DirPath)]
    known: Option<PathBuf>,
    /// How it is told
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    extra: target::Extra,
}

/// How it is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Lines
    #[default]
    Text,
    /// For an issue of a forge, on standard output
    Markdown,
}

/// What makes terraform look at a part only.
const PARTIAL: [&str; 4] = ["target", "target-file", "exclude", "exclude-file"];

/// Runs it.
pub(crate) async fn run(cx: &Ctx, global: &Global, args: &DriftArgs) -> Result<(), Failure> {
    let (part, extra) = (&args.part, &args.extra.extra);
    let options = target::options(global, extra);
    if let Some(flag) = PARTIAL.iter().find(|flag| args.new && flags::asks(extra, flag)) {
        return Err(Failure::new(
            Kind::Usage,
            format!("`--new` and `-{flag}`: a look at a part forgets the rest"),
        )
        .help("leave one of them out"));
    }
    let is_markdown = args.format == Format::Markdown;
    let verb = Verb::Drift(LookForDrift { is_new: args.new, known: args.known.clone(), is_markdown });
    let plan = |env: &Environment| planned(cx, env, &verb, part, &options);
    args.target.run(cx, global, "drift", plan, runs(cx, part, extra)).await
}
