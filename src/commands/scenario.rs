//! See the scenarios of an environment.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;

use super::table::{shown, table};
use super::{Global, OutputMode, target};
use crate::budget::demand::{Needed, Sums};
use crate::config::Environment;
use crate::config::chosen::Chosen;
use crate::config::scenarios::{self, Asked};
use crate::config::step::unchecked;
use crate::context::Ctx;
use crate::failure::Failure;
use crate::text::document;

/// See what an environment can be
#[derive(Debug, clap::Args)]
pub struct ScenarioArgs {
    #[command(subcommand)]
    command: ScenarioCommand,
}

/// What to see of scenarios.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum ScenarioCommand {
    /// List the scenarios of an environment: components, variables, what they need, which one is up
    List(ListArgs),
}

/// List the scenarios of an environment: components, variables, what they need, which one is up
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    target: target::Target,
}

/// Runs it.
pub(crate) fn run(cx: &Ctx, global: &Global, args: &ScenarioArgs) -> Result<(), Failure> {
    match &args.command {
        ScenarioCommand::List(args) => list(cx, global, args),
    }
}

/// A scenario as it is told.
struct Told<'a> {
    name: &'a str,
    chosen: Chosen,
    variables: IndexMap<String, Json>,
    needed: Needed,
    is_up: bool,
    is_default: bool,
}

fn list(cx: &Ctx, global: &Global, args: &ListArgs) -> Result<(), Failure> {
    let env = args.target.environment(cx)?;
    let all = env.scenarios.keys().map(|name| told(&env, name)).collect::<Result<Vec<_>, Failure>>()?;
    if global.output == OutputMode::Json {
        return cx.ui.document(document::pretty(&document(&env, all)).as_bytes());
    }
    if all.is_empty() {
        cx.ui.note(format!("`{}` has no scenarios: declare them in `[scenarios]`", env.name));
        return Ok(());
    }
    let mut rows = table(["scenario", "", "components", "variables", "needs", "description"]);
    for told in &all {
        let marks = [(told.is_up, "up"), (told.is_default, "default")];
        let marks: Vec<&str> = marks.iter().filter(|(is, _)| *is).map(|(_, word)| *word).collect();
        let variables = told.variables.iter().map(|(name, value)| format!("{name}={value}"));
        rows.add_row([
            told.name.to_owned(),
            marks.join(", "),
            told.chosen.list().replace(',', " "),
            variables.collect::<Vec<_>>().join(" "),
            told.needed.shown(),
            env.scenarios.get(told.name).and_then(|one| one.description.clone()).unwrap_or_default(),
        ]);
    }
    cx.ui.page(&shown(&rows))
}

fn told<'a>(env: &'a Environment, name: &'a str) -> Result<Told<'a>, Failure> {
    let names = [name.to_owned()];
    let chosen = scenarios::choose(&env.document.root, &env.name, Asked::Named(&names), None)?;
    let Some(chosen) = chosen else { return Err(unchecked("a scenario that is none")) };
    let current = env.scenario.as_ref();
    let up = current.and_then(|current| current.up.as_ref());
    Ok(Told {
        name,
        variables: env.document.variables_of(&chosen),
        needed: Needed::of(env, Some(&chosen)),
        is_up: up.is_some_and(|names| names.iter().any(|one| one == name)),
        is_default: current.is_some_and(|current| current.default == name),
        chosen,
    })
}

/// What an environment can be.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Scenarios {
    /// The environment.
    environment: String,
    /// The scenarios of a run that names none.
    scenario: Option<Vec<String>>,
    /// Those that are up.
    up: Option<Vec<String>>,
    /// The one of runs that name none while nothing is up.
    default: Option<String>,
    /// All of them.
    scenarios: Vec<Listed>,
}

/// A scenario.
#[derive(Debug, Serialize, JsonSchema)]
struct Listed {
    /// Its name.
    name: String,
    /// One line for people.
    description: Option<String>,
    /// Scenarios that are part of it.
    include: Vec<String>,
    /// Its components, sorted.
    components: Vec<String>,
    /// Variables of the root module that it sets.
    variables: IndexMap<String, Json>,
    /// What it takes of a machine.
    needs: Sums,
    /// It is up.
    up: bool,
    /// It is the one of runs that name none while nothing is up.
    default: bool,
}

fn document(env: &Environment, all: Vec<Told<'_>>) -> Scenarios {
    let one = |told: Told<'_>| {
        let written = env.scenarios.get(told.name);
        Listed {
            name: told.name.to_owned(),
            description: written.and_then(|one| one.description.clone()),
            include: written.iter().flat_map(|one| &one.include).map(|name| name.0.clone()).collect(),
            components: told.chosen.sorted().into_iter().map(Into::into).collect(),
            variables: told.variables,
            needs: told.needed.sums(),
            up: told.is_up,
            default: told.is_default,
        }
    };
    let current = env.scenario.as_ref();
    Scenarios {
        environment: env.name.clone(),
        scenario: current.map(|chosen| chosen.names.clone()),
        up: current.and_then(|chosen| chosen.up.clone()),
        default: current.map(|chosen| chosen.default.clone()),
        scenarios: all.into_iter().map(one).collect(),
    }
}
