//! What an environment has of more than one place of its files: pipelines with the names of their steps, what it depends on.

use indexmap::IndexMap;

use crate::config::action_name;
use crate::config::model;
use crate::config::origin::Document;
use crate::config::resolve::Setting;
use crate::config::step::{Action, OnFailure, Step};
use crate::failure::Failure;

/// In names of steps, as far as it is known.
fn fill_names(steps: &mut [Step], environment: &str, project: &str) {
    for step in steps {
        step.name = action_name::known(&step.name, environment, project);
        if let OnFailure::Steps(steps) = &mut step.on_failure {
            fill_names(steps, environment, project);
        }
        if let Action::Do(_, Some(steps)) = &mut step.action {
            fill_names(steps, environment, project);
        }
    }
}

/// The environments that this one names as those it depends on, and those whose outputs it uses.
pub(super) fn depends_on(named: Vec<model::EnvironmentName>, document: &Document) -> Vec<String> {
    let mut all: Vec<String> = named.into_iter().map(|name| name.0).collect();
    for named in document.foreign_below(&[]) {
        if !all.contains(&named.foreign.environment) {
            all.push(named.foreign.environment);
        }
    }
    all
}

/// Scenarios by their names; the one key that is none is known to whoever chooses.
pub(super) fn scenarios(
    entries: IndexMap<String, model::ScenarioEntry>,
) -> IndexMap<String, model::Scenario> {
    let scenario = |(name, entry)| match entry {
        model::ScenarioEntry::Scenario(scenario) => Some((name, scenario)),
        model::ScenarioEntry::Default(_) => None,
    };
    entries.into_iter().filter_map(scenario).collect()
}

/// Pipelines as meant, by their names.
pub(super) fn by_name(
    entries: IndexMap<String, model::PipelineEntry>,
    setting: Setting<'_>,
) -> Result<IndexMap<String, Vec<Step>>, Failure> {
    let meant = entries.into_iter().map(|(name, steps)| {
        let mut steps = Step::from_entries(steps.into_steps())?;
        fill_names(&mut steps, setting.environment, setting.project);
        Ok((name, steps))
    });
    meant.collect()
}
