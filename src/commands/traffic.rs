//! See and change how traffic is shared out between blue and green, and end a rollout that is open.

use schemars::JsonSchema;
use serde::Serialize;

use super::part::Part;
use super::planned::{planned, runs};
use super::table::{shown, table, when};
use super::{Global, OutputMode, deployments, several, snapshot, target};
use crate::config::Environment;
use crate::config::model::{RouteName, Side, TrafficStep};
use crate::context::Ctx;
use crate::deployments::{Open, Standing};
use crate::failure::{Failure, Kind};
use crate::pipeline::plan::Verb;
use crate::steps::meet::meet;
use crate::steps::traffic::{self, Traffic, Weights};
use crate::text::document;
use crate::work::needs::Needs;
use crate::work::{Facts, StepCx};

/// See how traffic is shared out between blue and green, or change it
///
/// Without a flag it shows the routes of the environment: what each side gets, and whether a rollout is open. As long as one
/// is open nothing is deployed or applied there; `--green 100`, `--green 0`, `--back` and `--keep` end it.
#[derive(Debug, clap::Args)]
pub struct TrafficArgs {
    /// Environment [default: as for every verb], and route of `[routes]`
    #[arg(value_name = "[ENV] ROUTE", num_args = 0..=2)]
    names: Vec<String>,
    /// How much green gets, in percent; blue gets the rest
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u32).range(0..=100), group = "how")]
    green: Option<u32>,
    /// Give everything to the side that gets nothing now
    #[arg(long, group = "how")]
    switch: bool,
    /// Go back to what was there before the rollout that is open, and end it
    #[arg(long, group = "how")]
    back: bool,
    /// Keep what is there, and end the rollout that is open
    #[arg(long, group = "how")]
    keep: bool,
    /// Print JSON, as `--output json` does
    #[arg(long, conflicts_with = "how")]
    json: bool,
}

/// Runs it.
pub(crate) async fn run(cx: &Ctx, global: &Global, args: &TrafficArgs) -> Result<(), Failure> {
    let (env, chosen, name) = snapshot::wanted(cx, &args.names)?;
    if let Some(name) = &name {
        traffic::route(&env, name)?;
    }
    let changes = args.green.is_some() || args.switch || args.back || args.keep;
    if !changes {
        let as_json = args.json || global.output == OutputMode::Json;
        return show(cx, &env, name.as_deref(), as_json).await;
    }
    let name = match (name, env.routes.keys().collect::<Vec<_>>().as_slice()) {
        (Some(name), _) => name,
        (None, [only]) => (*only).clone(),
        (None, names) => {
            let failure = Failure::new(Kind::Usage, format!("which route of `{}`? None was named", env.name));
            return Err(match names {
                [] => failure.help("declare one: `[routes.NAME]`"),
                names => failure.help(format!("name one of {}", crate::text::list(names, "or"))),
            });
        }
    };
    let mut traffic = Traffic {
        step: TrafficStep {
            route: RouteName(name.clone()),
            green: args.green,
            to: args.switch.then_some(Side::Idle),
            ..TrafficStep::default()
        },
        ..Traffic::default()
    };
    if args.back || args.keep {
        let standing = deployments::records(cx, &env).await?.standing;
        let open = standing.open.get(&name).ok_or_else(|| {
            Failure::new(Kind::Failed, format!("no rollout of `{name}` of `{}` is open", env.name))
                .help(format!("see what is there: `infractl traffic {}`", env.name))
        })?;
        traffic.exactly = args.back.then_some(open.before);
        traffic.ends = true;
    }
    let (part, options) = (Part::default(), target::options(global, &[]));
    let verb = Verb::Traffic(traffic);
    let plan = |env: &Environment| planned(cx, env, &verb, &part, &options);
    several::one(global, "traffic", &(env, chosen), plan, runs(cx, &part, &[])).await
}

/// Shows the routes.
async fn show(cx: &Ctx, env: &Environment, only: Option<&str>, as_json: bool) -> Result<(), Failure> {
    if env.routes.is_empty() {
        cx.ui.note(format!("`{}` has no routes: `[routes.NAME]` declares one", env.name));
        return Ok(());
    }
    let standing = deployments::records(cx, env).await?.standing;
    let mut facts = Facts::default();
    let mut step = StepCx::new(cx, env, "traffic", &[], &mut facts);
    let mut found = Vec::new();
    let mut failed = None;
    for name in env.routes.keys().filter(|name| only.is_none_or(|only| only == *name)) {
        let result = read(&mut step, name).await;
        found.push((name, result.as_ref().ok().copied()));
        failed = failed.or(result.err());
    }
    if as_json {
        let routes = found.iter().map(|(name, now)| seen(env, name, *now, &standing)).collect();
        let all = Shares { environment: env.name.clone(), routes };
        cx.ui.document(document::pretty(&all).as_bytes())?;
    } else {
        let mut rows = table(["route", "kind", "now", "rollout"]);
        for (name, now) in &found {
            let kind = env.routes[*name].kind.word();
            let now = now.map_or_else(|| "unknown".to_owned(), |now| now.to_string());
            let open = standing.open.get(*name).map_or_else(|| "none".to_owned(), open);
            rows.add_row([(*name).clone(), kind.to_owned(), now, open]);
        }
        cx.ui.page(&shown(&rows))?;
    }
    failed.map_or(Ok(()), Err)
}

async fn read(step: &mut StepCx<'_>, name: &str) -> Result<Weights, Failure> {
    let look = Traffic {
        step: TrafficStep { route: RouteName(name.to_owned()), ..TrafficStep::default() },
        ..Traffic::default()
    };
    let needs = Needs::of(step.env, &look, None);
    meet(step, &needs).await?;
    traffic::look(step, name).await
}

fn open(open: &Open) -> String {
    format!("open since {}, by {}@{}; before: {}", when(open.since), open.by, open.host, open.before)
}

/// How the traffic of an environment is shared out.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Shares {
    /// The environment.
    environment: String,
    /// Its routes.
    routes: Vec<Seen>,
}

/// A route as it is.
#[derive(Debug, Serialize, JsonSchema)]
struct Seen {
    /// Its name.
    route: String,
    /// What shares it out.
    kind: String,
    /// What each side gets; none when it could not be asked.
    weights: Option<Weights>,
    /// What green gets in percent; none when it could not be asked, or nobody gets anything.
    green: Option<f64>,
    /// The rollout that is not over.
    open: Option<Open>,
}

fn seen(env: &Environment, name: &str, now: Option<Weights>, standing: &Standing) -> Seen {
    Seen {
        route: name.to_owned(),
        kind: env.routes[name].kind.word().to_owned(),
        weights: now,
        green: now.and_then(Weights::share),
        open: standing.open.get(name).cloned(),
    }
}
