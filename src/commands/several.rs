//! One verb over one environment or over several: which ones, and who has to be asked first.

use std::cell::RefCell;
use std::collections::HashMap;

use super::Global;
use clap_complete::engine::ArgValueCandidates;

use super::asking::{ask, only_selected};
use super::chosen::{Narrow, SEVERAL};
use super::planned::Planned;
use super::target::{self, Chosen, Target};
use super::waves;
use crate::config::scenarios::Asked;
use crate::config::verbs::{self, Effect};
use crate::config::{Environment, Project};
use crate::context::Ctx;
use crate::failure::{Failure, Kind};
use crate::pipeline::graph::{self, Direction};
use crate::pipeline::many::{self, Ended, Many};
use crate::text;
use crate::ui::event::Event;

/// The environments a verb works on.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Targets {
    #[command(flatten)]
    target: Target,
    /// Work on all environments of the project
    #[arg(long, conflicts_with_all = ["environment", "env"], help_heading = SEVERAL)]
    all: bool,
    /// Work on these environments: names and globs, joined by commas (`dev,rec`, `prod-*`)
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        conflicts_with = "environment",
        help_heading = SEVERAL,
        add = ArgValueCandidates::new(target::environments)
    )]
    env: Vec<String>,
    #[command(flatten)]
    some: Narrow,
    /// Work on so many environments at once [default: as many as there are processors]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..), help_heading = SEVERAL)]
    jobs: Option<u16>,
    /// After a failure, go on with the environments that do not depend on the failed one
    #[arg(long, help_heading = SEVERAL)]
    keep_going: bool,
}

impl Targets {
    /// Several environments were asked for, even if only one is left of them.
    pub(crate) fn are_several(&self) -> bool {
        let is_list =
            |names: &[String]| names.len() > 1 || names.iter().any(|name| name.contains(['*', '?']));
        self.all || self.some.is_asked() || is_list(&self.env)
    }

    /// Loads the one environment that is meant by something with this effect.
    pub(crate) fn one(&self, cx: &Ctx, effect: Effect) -> Result<(Environment, Chosen), Failure> {
        let environment = self.env.first().or(self.target.environment.as_ref()).cloned();
        Target { environment }.chosen(cx, effect)
    }

    /// Refuses what makes sense for one environment only.
    pub(crate) fn one_only(&self, what: &str, instead: &str) -> Result<(), Failure> {
        if self.are_several() {
            return Err(Failure::new(Kind::Usage, format!("`{what}` works on one environment at a time"))
                .help(instead));
        }
        Ok(())
    }

    /// Plans the verb for the environment, or for each of them, and runs `one` with the plan. Order, and who has to be
    /// asked, follow from what the plans do.
    pub(crate) async fn run(
        &self,
        cx: &Ctx,
        global: &Global,
        verb: &str,
        plan: impl Fn(&Environment) -> Result<Planned, Failure>,
        one: impl AsyncFn(&Global, &Environment, Planned) -> Result<Ended, Failure>,
    ) -> Result<(), Failure> {
        if !self.are_several() {
            let usual = verbs::find(verb).map_or(Effect::Reads, |verb| verb.effect);
            let found = self.one(cx, usual)?;
            return self::one(global, verb, &found, plan, one).await;
        }
        let project = target::project(cx)?;
        let selected = self.selected(cx, &project).await?;
        if selected.is_empty() {
            return Ok(());
        }
        cx.ui.event(None, Event::Environments { names: selected.clone() });
        let (environments, extra) = load(cx, &project, &selected)?;
        let depends: Vec<(String, Vec<String>)> =
            environments.iter().map(|env| (env.name.clone(), env.depends_on.clone())).chain(extra).collect();
        let plans = environments.iter().map(plan).collect::<Result<Vec<Planned>, _>>()?;
        let direction = if plans.iter().all(|plan| plan.effect() == Effect::Reads) {
            Direction::Any
        } else if plans.iter().any(Planned::takes_down) {
            Direction::Down
        } else {
            Direction::Up
        };
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let jobs = if global.dry_run { 1 } else { self.jobs.map_or(cores, usize::from) };
        if !global.dry_run {
            only_selected(global, &selected)?;
        }
        let all: Vec<(Environment, Planned)> = environments.into_iter().zip(plans).collect();
        let mut waves = if cx.ui.mode.can_ask && !global.dry_run && direction == Direction::Up {
            waves::gathered(all, |(env, _)| &env.name, |name| project.names_outputs_of(name))
        } else {
            vec![all]
        }
        .into_iter();
        let run = Run { global, verb, jobs, direction, depends: &depends };
        while let Some(wave) = waves.next() {
            let ended = Box::pin(self.wave(cx, &run, wave, &one)).await;
            let left: Vec<String> =
                waves.as_slice().iter().flatten().map(|(env, _)| env.name.clone()).collect();
            if ended.is_err() && !left.is_empty() {
                cx.ui.warn(format!("not begun: {}", text::list(&left, "and")));
            }
            ended?;
        }
        Ok(())
    }

    /// Asks about these environments and works on them.
    async fn wave(
        &self,
        cx: &Ctx,
        run: &Run<'_>,
        wave: Vec<(Environment, Planned)>,
        one: impl AsyncFn(&Global, &Environment, Planned) -> Result<Ended, Failure>,
    ) -> Result<(), Failure> {
        let Run { global, verb, jobs, direction, depends } = *run;
        let (environments, mut plans): (Vec<Environment>, Vec<Planned>) = wave.into_iter().unzip();
        let is_in = |name: &String| environments.iter().any(|env| env.name == *name);
        let own = environments.iter().map(|env| (env.name.clone(), env.depends_on.clone()));
        let others = depends.iter().filter(|(name, _)| !is_in(name)).cloned();
        let (names, depends): (Vec<String>, Vec<Vec<String>>) = own.chain(others).unzip();
        let graph = graph::graph(&names, &depends, environments.len(), direction)?;
        if !global.dry_run {
            Box::pin(ask(cx, global, verb, jobs, &environments, &mut plans)).await?;
        }
        // Nobody is asked again once it runs.
        let selected: Vec<&str> = environments.iter().map(|env| env.name.as_str()).collect();
        let confirmed = Global { confirm: Some(selected.join(",")), ..global.clone() };
        let many = Many {
            verb,
            environments: &environments,
            graph: &graph,
            jobs,
            keep_going: self.keep_going,
            shows: !global.dry_run,
        };
        let names = environments.iter().map(|env| env.name.clone());
        let plans: RefCell<HashMap<String, Planned>> = RefCell::new(names.zip(plans).collect());
        many::run(cx, &many, async |env: &Environment| {
            if global.dry_run {
                cx.ui.page(&format!("# {}\n", env.name))?;
            }
            let planned = plans.borrow_mut().remove(&env.name);
            let Some(planned) = planned else { return Ok(Ended::default()) };
            Box::pin(one(&confirmed, env, planned)).await
        })
        .await
    }

    /// Names of the selected environments, in the order of the project.
    async fn selected(&self, cx: &Ctx, project: &Project) -> Result<Vec<String>, Failure> {
        self.some.of(cx, project, self.named(project)?).await
    }

    /// Those that were named; all if none was.
    fn named(&self, project: &Project) -> Result<Vec<String>, Failure> {
        if self.all || self.env.is_empty() {
            if project.environments.is_empty() {
                return Err(Failure::new(Kind::Usage, "the project has no environments")
                    .help("write a first one: `environments/dev/environment.toml`"));
            }
            return Ok(project.environments.clone());
        }
        for pattern in &self.env {
            if !project.environments.iter().any(|name| text::matches(pattern, name)) {
                if !pattern.contains(['*', '?']) {
                    project.known(pattern)?;
                }
                return Err(Failure::new(Kind::Usage, format!("no environment matches `{pattern}`"))
                    .help(format!("the project has {}", text::list(&project.environments, "and"))));
            }
        }
        let is_wanted = |name: &&String| self.env.iter().any(|pattern| text::matches(pattern, name));
        Ok(project.environments.iter().filter(is_wanted).cloned().collect())
    }
}

/// Plans the verb for the one environment that was chosen, and runs `one` with the plan.
pub(crate) async fn one(
    global: &Global,
    verb: &str,
    (env, chosen): &(Environment, Chosen),
    plan: impl Fn(&Environment) -> Result<Planned, Failure>,
    one: impl AsyncFn(&Global, &Environment, Planned) -> Result<Ended, Failure>,
) -> Result<(), Failure> {
    let planned = plan(env)?;
    if planned.effect() >= Effect::Stops && *chosen == Chosen::ByDefault {
        return Err(target::unnamed(format!("run `infractl {verb} {}`, if that is meant", env.name)));
    }
    Box::pin(one(global, env, planned)).await?.result()
}

/// Environments that were loaded, and what others that they lead to depend on.
type Loaded = (Vec<Environment>, Vec<(String, Vec<String>)>);

/// Loads the selected ones, all before anything starts, and those that lead from one of them to another.
fn load(cx: &Ctx, project: &Project, selected: &[String]) -> Result<Loaded, Failure> {
    let asked = Asked::Named(&cx.scenarios);
    let environments =
        selected.iter().map(|name| project.environment_in(name, asked)).collect::<Result<Vec<_>, _>>()?;
    let extra = between(project, &environments)?;
    Ok((environments, extra))
}

/// Those that lead from one of these environments to another, and what they depend on.
pub(super) fn between(
    project: &Project,
    environments: &[Environment],
) -> Result<Vec<(String, Vec<String>)>, Failure> {
    let mut extra: Vec<(String, Vec<String>)> = Vec::new();
    let mut seen: std::collections::HashSet<String> =
        environments.iter().map(|env| env.name.clone()).collect();
    let mut open: Vec<String> = environments.iter().flat_map(|env| env.depends_on.clone()).collect();
    while let Some(name) = open.pop() {
        if seen.insert(name.clone()) {
            let depends = project.environment(&name)?.depends_on;
            open.extend(depends.iter().cloned());
            extra.push((name, depends));
        }
    }
    Ok(extra)
}

/// What is true of all environments of a run.
#[derive(Clone, Copy)]
struct Run<'a> {
    global: &'a Global,
    verb: &'a str,
    jobs: usize,
    direction: Direction,
    /// Which environments wait for which.
    depends: &'a [(String, Vec<String>)],
}
