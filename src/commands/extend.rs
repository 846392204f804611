//! Give an environment more time.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::expire::told;
use super::{Global, deployments, rollout, target};
use crate::config::Environment;
use crate::config::model::{Moment, Ttl};
use crate::config::verbs::Effect;
use crate::context::Ctx;
use crate::deployments::lease::Term;
use crate::deployments::record::What;
use crate::failure::{Failure, Kind};
use crate::lock;
use crate::text;
use crate::ui::event::{Event, Outcome};

/// Give an environment more time before `expire` takes it down
///
/// Counted from its end, or from now if that is over. It is kept with the deployment records, so that with `[lock] shared`
/// everybody sees it, and ends with the environment.
#[derive(Debug, clap::Args)]
pub struct ExtendArgs {
    #[command(flatten)]
    target: target::Target,
    /// How long: `4h`, `90m`, `2d`
    #[arg(value_name = "DURATION", required_unless_present = "until", value_parser = duration)]
    by: Option<Duration>,
    /// Until when: `18:00` in the time zone of `[ttl]`, or `2026-12-01T18:00:00+01:00`
    #[arg(long, value_name = "TIME", conflicts_with = "by", value_parser = moment)]
    until: Option<Moment>,
}

fn duration(written: &str) -> Result<Duration, String> {
    let parsed = text::parse_duration(written).filter(|length| !length.is_zero());
    parsed.ok_or_else(|| "not a duration; write `4h`, `90m` or `2d`".to_owned())
}

fn moment(written: &str) -> Result<Moment, String> {
    Moment::parse(written)
        .ok_or_else(|| "not a moment; write `18:00` or `2026-12-01T18:00:00+01:00`".to_owned())
}

/// Runs it.
pub(crate) async fn run(cx: &Ctx, global: &Global, args: &ExtendArgs) -> Result<(), Failure> {
    // What it keeps alive costs something: not whatever happens to be the default.
    let (env, _) = args.target.chosen(cx, Effect::Stops)?;
    let name = &env.name;
    let Some(ttl) = env.ttl.as_ref().filter(|ttl| ttl.action().is_some()) else {
        return Err(Failure::new(Kind::Usage, format!("`{name}` has no end: there is no `[ttl]`"))
            .help("nothing takes it down by itself"));
    };
    let now = (cx.now)();
    let term = deployments::records(cx, &env).await?.standing.lease.term(ttl, now);
    let end = match &term {
        Term::Until(end) | Term::Over(end) => *end,
        term => {
            let says = told::words(term, ttl, now);
            return Err(Failure::new(Kind::Failed, format!("`{name}` has no end to move: {says}"))
                .help(format!("bring it up: `infractl apply {name}`")));
        }
    };
    let until = until(args, ttl, end, now)?;
    let zone = ttl.time_zone.clone().unwrap_or_default();
    let says = format!("`{name}` stays until {}, for {}", zone.shown(until), told::left(now, until));
    if global.dry_run {
        cx.ui.note(format!("{says}: nothing was written"));
        return Ok(());
    }
    keep(cx, &env, until).await?;
    cx.ui.note(says);
    if let Ok(found) = lock::look(cx, &env).await
        && let Some((owner, true)) = &found.local
    {
        cx.ui.warn(format!(
            "`{name}` is locked: {}; if that takes it down, this comes too late",
            owner.describe(now)
        ));
    }
    Ok(())
}

/// The new end.
fn until(args: &ExtendArgs, ttl: &Ttl, end: Timestamp, now: Timestamp) -> Result<Timestamp, Failure> {
    let zone = ttl.time_zone.clone().unwrap_or_default();
    let until = match (args.by, args.until) {
        (Some(by), _) => end.max(now).checked_add(by).ok(),
        (None, Some(moment)) => moment.after(now, &zone),
        (None, None) => None,
    };
    let until = until.ok_or_else(|| Failure::new(Kind::Usage, "that is further away than times go"))?;
    if until <= end.max(now) {
        let why = if until <= now { "that is over already" } else { "that is no longer than it has" };
        return Err(Failure::new(Kind::Usage, why)
            .help(format!("name a time after {}", zone.shown(end.max(now))))
            .help("take it down by hand if it is to end earlier: `infractl stop`, `infractl destroy`"));
    }
    Ok(until)
}

/// Writes it down, in the history as well.
async fn keep(cx: &Ctx, env: &Environment, until: Timestamp) -> Result<(), Failure> {
    let begun = Instant::now();
    let verb = || "extend".to_owned();
    cx.ui.event(Some(&env.name), Event::RunStarted { verb: verb(), steps: 0 });
    let kept = rollout::record(cx, env, What::Extended { until }).await;
    let outcome = kept.as_ref().map_or_else(|failure| failure.kind.into(), |_| Outcome::Done);
    cx.ui.event(Some(&env.name), Event::RunEnded { verb: verb(), outcome, took: begun.elapsed() });
    kept.map(drop)
}
