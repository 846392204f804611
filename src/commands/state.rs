//! Show machines and databases.

use std::cell::RefCell;

use serde_json::{Map, Value as Json};

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
        let json = |state: &State| serde_json::to_value(state).unwrap_or_default();
        let value = match found.as_slice() {
            [one] if !several => json(one),
            all => Json::Object(
                all.iter().map(|state| (state.environment.clone(), json(state))).collect::<Map<_, _>>(),
            ),
        };
        format!("{value:#}\n")
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
