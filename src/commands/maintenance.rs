//! Put a page in front of everything, take it away, or see whether it is there.

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::Serialize;

use super::part::Part;
use super::planned::{planned, runs};
use super::{Global, OutputMode, several, snapshot, target};
use crate::config::Environment;
use crate::config::model::OnOff;
use crate::context::Ctx;
use crate::failure::{Failure, Kind};
use crate::pipeline::plan::Verb;
use crate::steps::maintenance::{self, Maintenance};
use crate::steps::meet::meet;
use crate::text::document;
use crate::work::needs::Needs;
use crate::work::{Facts, StepCx};

/// Put the maintenance page of an environment in front of everything, or take it away
///
/// Without `on` or `off` it prints which of the two it is.
#[derive(Debug, clap::Args)]
pub struct MaintenanceArgs {
    /// Environment [default: as for every verb], and whether the page is shown: `on` or `off`
    #[arg(value_name = "[ENV] on|off", num_args = 0..=2)]
    names: Vec<String>,
    /// Print JSON, as `--output json` does
    #[arg(long)]
    json: bool,
}

/// `on` or `off`.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Wanted {
    On,
    Off,
}

/// Runs it.
pub(crate) async fn run(cx: &Ctx, global: &Global, args: &MaintenanceArgs) -> Result<(), Failure> {
    let last = args.names.last().and_then(|last| Wanted::from_str(last, false).ok());
    let places = if last.is_some() { &args.names[..args.names.len() - 1] } else { &args.names[..] };
    let (env, chosen, more) = snapshot::wanted(cx, places)?;
    if let Some(word) = more {
        let text = format!("`{word}` is neither `on` nor `off`");
        return Err(
            Failure::new(Kind::Usage, text).help(format!("write `infractl maintenance {} on`", env.name))
        );
    }
    let Some(wanted) = last else {
        return show(cx, &env, args.json || global.output == OutputMode::Json).await;
    };
    let wanted = match wanted {
        Wanted::On => OnOff::On,
        Wanted::Off => OnOff::Off,
    };
    let (part, options) = (Part::default(), target::options(global, &[]));
    let verb = Verb::Maintenance(Maintenance { wanted });
    let plan = |env: &Environment| planned(cx, env, &verb, &part, &options);
    several::one(global, "maintenance", &(env, chosen), plan, runs(cx, &part, &[])).await
}

/// Whether the page is there.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Shown {
    /// The environment.
    environment: String,
    /// `on` or `off`.
    maintenance: String,
}

async fn show(cx: &Ctx, env: &Environment, as_json: bool) -> Result<(), Failure> {
    let mut facts = Facts::default();
    let mut step = StepCx::new(cx, env, "maintenance", &[], &mut facts);
    let needs = Needs::of(env, &Maintenance { wanted: OnOff::On }, None);
    meet(&mut step, &needs).await?;
    let now = maintenance::look(&step).await?.word();
    if as_json {
        let shown = Shown { environment: env.name.clone(), maintenance: now.to_owned() };
        return cx.ui.document(document::pretty(&shown).as_bytes());
    }
    cx.ui.page(&format!("{now}\n"))
}
