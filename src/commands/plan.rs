//! Preview what an apply would change.

use std::path::PathBuf;

use super::part::Part;
use super::planned::{Planned, go, planned};
use super::several::Targets;
use super::{Global, target};
use crate::config::Environment;
use crate::context::Ctx;
use crate::failure::{Failure, Kind};
use crate::pipeline::many::Ended;
use crate::pipeline::plan::Verb;

/// Preview what an apply would change
#[derive(Debug, clap::Args)]
pub struct PlanArgs {
    #[command(flatten)]
    target: Targets,
    /// Exit with 2 when there is something to change
    #[arg(long)]
    detailed_exitcode: bool,
    /// Keep the plan in FILE (mode 0600: it holds secrets), for `apply --plan FILE`
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Say what a month costs, before and after, by the prices of `[cost]`
    #[arg(long, conflicts_with_all = ["json", "print"])]
    cost: bool,
    /// Print terraform's JSON lines on standard output
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pub(super) part: Part,
    #[command(flatten)]
    extra: target::Extra,
}

/// Runs it.
pub(crate) async fn run(cx: &Ctx, global: &Global, args: &PlanArgs) -> Result<(), Failure> {
    if args.json {
        args.target.one_only("--json", "use `--output json`: its lines name their environment")?;
    }
    // The tool works in the folder of the root module; the user meant the folder he is in.
    let out = args.out.as_ref().map(|file| args.target.path(cx, "--out", file)).transpose()?;
    let (part, extra) = (&args.part, &args.extra.extra);
    let options = target::options(global, extra);
    let plan = |env: &Environment| {
        if args.cost {
            has_prices(env)?;
        }
        let (out, json) = (out.as_ref().map(|file| file.of(env)), args.json);
        let verb = Verb::Plan { out, json, cost: args.cost };
        planned(cx, env, &verb, part, &options)
    };
    let work = async |global: &Global, env: &Environment, planned: Planned| {
        let ended = go(cx, global, env, &planned, part, extra).await?;
        let changes = ended.digest.is_some_and(|digest| !digest.is_empty() || digest.outputs);
        // It may also have been asked for after `--`.
        Ok(Ended { difference: ended.difference || (args.detailed_exitcode && changes), ..ended })
    };
    args.target.run(cx, global, "plan", plan, work).await
}

/// An error when nobody can say what it costs.
fn has_prices(env: &Environment) -> Result<(), Failure> {
    let name = &env.name;
    if env.pipelines.contains_key("plan") {
        let message = format!("`{name}` has a pipeline `plan` of its own, which knows no `--cost`");
        return Err(Failure::new(Kind::Usage, message).help("leave `--cost` out"));
    }
    if env.cost.is_none() {
        let help = "add `[cost]` with `currency` and `[cost.prices]` to environments/defaults.toml";
        return Err(
            Failure::new(Kind::Usage, format!("`{name}` has no prices: there is no `[cost]`")).help(help)
        );
    }
    Ok(())
}
