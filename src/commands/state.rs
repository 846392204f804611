//! Show machines and databases.

use std::cell::RefCell;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Serialize;

use super::part::Part;
use super::planned::{Planned, planned};
use super::several::Targets;
use super::{Global, target};
use crate::config::Environment;
use crate::context::Ctx;
use crate::failure::Failure;
use crate::pipeline::engine;
use crate::pipeline::many::Ended;
use crate::pipeline::plan::Verb;
use crate::text::document;
use crate::tools::power::state::State;

/// Show machines and databases: where they are, how they are reached, what is billed
///
/// Exit code 0 when the provider could tell, whatever it tells.
#[derive(Debug, clap::Args)]
pub struct StateArgs {
    #[command(flatten)]
    target: Targets,
    /// Print JSON; over several environments one object by environment
    #[arg(long)]
    json: bool,
}

/// Machines and databases.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Shown {
    /// Of one environment.
    One(State),
    /// Of several, by their names.
    All(IndexMap<String, State>),
}

/// Runs it.
pub(crate) async fn run(cx: &Ctx, global: &Global, args: &StateArgs) -> Result<(), Failure> {
    let found: RefCell<Vec<State>> = RefCell::default();
    let options = target::options(global, &[]);
    let plan = |env: &Environment| planned(cx, env, &Verb::named("state"), &Part::default(), &options);
    let work = async |_: &Global, env: &Environment, planned: Planned| {
        let facts = engine::run(cx, env, &planned.selected, &options).await?;
        found.borrow_mut().extend(facts.state);
        Ok(Ended::default())
    };
    let result = args.target.run(cx, global, "state", plan, work).await;
    let mut found = found.into_inner();
    found.sort_by(|a, b| a.environment.cmp(&b.environment));
    if global.dry_run || found.is_empty() {
        return result;
    }
    let several = args.target.are_several();
    let text = if args.json {
        document::pretty(&match found.as_slice() {
            [one] if !several => Shown::One(one.clone()),
            all => Shown::All(all.iter().map(|state| (state.environment.clone(), state.clone())).collect()),
        })
    } else {
        let mut text = String::new();
        for state in &found {
            for line in state.table().lines() {
                let whose = if several { format!("{}: ", state.environment) } else { String::new() };
                text.push_str(&format!("{whose}{line}\n"));
            }
        }
        text
    };
    cx.ui.data(text.as_bytes())?;
    result
}
