//! One verb over several environments at a terminal: all plans first, one table of what they take away, one question.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use comfy_table::Table;

use super::planned::Planned;
use crate::config::Environment;
use crate::context::Ctx;
use crate::failure::Failure;
use crate::pipeline::graph::{self, Direction};
use crate::pipeline::many::{self, Ended, Many};
use crate::pipeline::{engine, plan};
use crate::text::plural;
use crate::tools::terraform::planned::{Doomed, Planned as Changes};
use crate::work::SavedPlan;

/// Makes the plans of these environments, some at once, and keeps each for its run.
pub(crate) async fn make(
    cx: &Ctx,
    verb: &str,
    jobs: usize,
    environments: &[Environment],
    plans: &mut [Planned],
    is_asked: impl Fn(&Environment) -> bool,
) -> Result<(), Failure> {
    let names: Vec<String> = environments.iter().map(|env| env.name.clone()).collect();
    let graph = graph::graph(&names, &vec![Vec::new(); names.len()], names.len(), Direction::Any)?;
    let many = Many { verb, environments, graph: &graph, jobs, keep_going: false, shows: false };
    let wanted = environments.iter().zip(plans.iter()).filter(|(env, _)| is_asked(env));
    let previews = wanted.filter_map(|(env, planned)| {
        Some((env.name.as_str(), (plan::preview_of(env, &planned.selected)?, &planned.options)))
    });
    let previews: HashMap<_, _> = previews.collect();
    let made: RefCell<HashMap<String, Arc<SavedPlan>>> = RefCell::default();
    many::run(cx, &many, async |env: &Environment| {
        let Some((preview, options)) = previews.get(env.name.as_str()) else { return Ok(Ended::default()) };
        let facts = Box::pin(engine::run(cx, env, preview, options)).await?;
        made.borrow_mut().extend(facts.plan.map(|plan| (env.name.clone(), plan)));
        Ok(Ended::default())
    })
    .await?;
    let mut made = made.into_inner();
    for (env, planned) in environments.iter().zip(plans) {
        planned.kept = made.remove(&env.name);
    }
    Ok(())
}

/// What all of them take away.
pub(crate) fn changes(plans: &[Planned]) -> Changes {
    let all = || plans.iter().filter_map(|plan| plan.kept.as_ref());
    Changes {
        doomed: all().flat_map(|plan| plan.planned.doomed.clone()).collect(),
        is_empty: all().all(|plan| plan.planned.is_empty),
        dearer: dearer(all().filter_map(|plan| plan.planned.dearer.as_deref())),
    }
}

fn dearer<'a>(all: impl Iterator<Item = &'a str>) -> Option<String> {
    let all: Vec<&str> = all.collect();
    (!all.is_empty()).then(|| all.join("; "))
}

/// Where something changes, and what is taken away there, by address.
pub(crate) fn table(environments: &[Environment], plans: &[Planned]) -> String {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(["environment", "destroyed or replaced"]);
    for (env, planned) in environments.iter().zip(plans) {
        let Some(plan) = &planned.kept else { continue };
        let addresses: Vec<String> = plan.planned.doomed.iter().map(Doomed::to_string).collect();
        let what = match (plan.planned.is_empty, addresses.is_empty()) {
            (true, _) => "no changes".to_owned(),
            (false, true) => "nothing".to_owned(),
            _ => addresses.join("\n"),
        };
        table.add_row([env.name.clone(), what]);
    }
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n")
}

/// "`apply` on 3 environments destroys 2 resources".
pub(crate) fn question(verb: &str, count: usize, plans: &[Planned]) -> String {
    let changes = changes(plans);
    let sum = if plans.iter().any(|plan| plan.kept.is_some()) {
        format!(" {}", changes.sum())
    } else {
        String::new()
    };
    format!("`{verb}` on {}{sum}", plural(count, "environment"))
}
