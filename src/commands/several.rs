//! One verb over one environment or over several: which ones, and who has to be asked first.

use std::cell::RefCell;
use std::collections::HashMap;

use super::Global;
use clap_complete::engine::ArgValueCandidates;

use super::chosen::{Narrow, SEVERAL};
use super::planned::Planned;
use super::previews;
use super::target::{self, Chosen, Target};
use crate::config::model::Asked;
use crate::config::verbs::{self, Effect};
use crate::config::{Environment, Project};
use crate::context::Ctx;
use crate::failure::{Failure, Kind};
use crate::pipeline::graph::{self, Direction};
use crate::pipeline::many::{self, Ended, Many};
use crate::text;
use crate::ui::event::Event;
use crate::ui::prompt;

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
        let (environments, extra) = load(&project, &selected)?;
        let names: Vec<String> = environments
            .iter()
            .map(|env| env.name.clone())
            .chain(extra.iter().map(|(name, _)| name.clone()))
            .collect();
        let depends: Vec<Vec<String>> = environments
            .iter()
            .map(|env| env.depends_on.clone())
            .chain(extra.into_iter().map(|(_, on)| on))
            .collect();
        let mut plans = environments.iter().map(plan).collect::<Result<Vec<Planned>, _>>()?;
        let direction = if plans.iter().all(|plan| plan.effect() == Effect::Reads) {
            Direction::Any
        } else if plans.iter().any(Planned::takes_down) {
            Direction::Down
        } else {
            Direction::Up
        };
        let graph = graph::graph(&names, &depends, environments.len(), direction)?;
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let jobs = if global.dry_run { 1 } else { self.jobs.map_or(cores, usize::from) };
        if !global.dry_run {
            Box::pin(ask(cx, global, verb, jobs, &environments, &mut plans)).await?;
        }
        // Nobody is asked again once it runs.
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
fn load(project: &Project, selected: &[String]) -> Result<Loaded, Failure> {
    let environments =
        selected.iter().map(|name| project.environment(name)).collect::<Result<Vec<_>, _>>()?;
    let mut extra: Vec<(String, Vec<String>)> = Vec::new();
    let mut seen: std::collections::HashSet<String> = selected.iter().cloned().collect();
    let mut open: Vec<String> = environments.iter().flat_map(|env| env.depends_on.clone()).collect();
    while let Some(name) = open.pop() {
        if seen.insert(name.clone()) {
            let depends = project.environment(&name)?.depends_on;
            open.extend(depends.iter().cloned());
            extra.push((name, depends));
        }
    }
    Ok((environments, extra))
}

/// Asks for everything that has to be asked for, once, before anything is changed; at a terminal after all plans were
/// made and what they take away was shown.
///
/// What changes a protected environment wants its name. What takes several down wants all names: nobody should take a
/// project down with one word too many.
async fn ask(
    cx: &Ctx,
    global: &Global,
    verb: &str,
    jobs: usize,
    environments: &[Environment],
    plans: &mut [Planned],
) -> Result<(), Failure> {
    let given: Vec<&str> = target::confirmed(global).collect();
    if let Some(wrong) = given.iter().find(|name| !environments.iter().any(|env| env.name == **name)) {
        return Err(Failure::new(
            Kind::Declined,
            format!("`--confirm {wrong}` does not name a selected environment"),
        ));
    }
    let takes_down = plans.len() > 1 && plans.iter().any(|plan| plan.effect() == Effect::Destroys);
    let changing: Vec<&Environment> = environments
        .iter()
        .zip(plans.iter())
        .filter(|(env, plan)| plan.effect() >= Effect::Changes && !given.contains(&env.name.as_str()))
        .map(|(env, _)| env)
        .collect();
    let wants_name = |env: &Environment| env.protected || (takes_down && !global.yes);
    let named: Vec<&Environment> = changing.iter().copied().filter(|env| wants_name(env)).collect();
    if !cx.ui.mode.can_ask {
        return if named.is_empty() { Ok(()) } else { Err(nobody(verb, environments, &named, &given)) };
    }
    let is_asked = |env: &Environment| {
        let may = wants_name(env) || (!global.yes && env.safety.confirm != Some(Asked::Never));
        may && changing.iter().any(|other| other.name == env.name)
    };
    if !environments.iter().any(is_asked) {
        return Ok(());
    }
    previews::make(cx, verb, jobs, environments, plans, is_asked).await?;
    let changes = |env: &Environment| {
        let mut both = environments.iter().zip(plans.iter());
        let plan = both.find(|(other, _)| other.name == env.name).and_then(|(_, plan)| plan.kept.as_ref());
        plan.is_none_or(|plan| !plan.planned.is_empty)
    };
    let question = previews::question(verb, changing.len(), plans);
    let names: Vec<&str> = named.iter().filter(|env| changes(env)).map(|env| env.name.as_str()).collect();
    let always =
        |env: &&Environment| is_asked(env) && env.safety.confirm == Some(Asked::Always) && changes(env);
    if names.is_empty() && previews::changes(plans).doomed.is_empty() && !changing.iter().any(always) {
        return Ok(());
    }
    if plans.iter().any(|plan| plan.kept.is_some()) {
        cx.ui.note(previews::table(environments, plans));
    }
    if !names.is_empty() {
        return prompt::confirm_name(&cx.ui, &question, &names.join(","));
    }
    if prompt::yes(&cx.ui, &format!("{question}. Go on?"))? {
        return Ok(());
    }
    Err(Failure::new(Kind::Declined, "declined; nothing was done"))
}

/// Names are wanted, and nobody is there to type them.
fn nobody(verb: &str, environments: &[Environment], named: &[&Environment], given: &[&str]) -> Failure {
    let protected: Vec<&String> = named.iter().filter(|env| env.protected).map(|env| &env.name).collect();
    let what = if protected.is_empty() {
        format!(
            "`{verb}` over {}, and nobody is there to ask",
            text::plural(environments.len(), "environment")
        )
    } else {
        let form = if protected.len() == 1 { "is" } else { "are" };
        let names = text::list(&protected, "and");
        format!("{names} {form} protected, and nobody is there to ask before `{verb}`")
    };
    let names = named.iter().map(|env| env.name.as_str());
    let all: Vec<&str> = given.iter().copied().chain(names).collect();
    Failure::new(Kind::Declined, what).help(format!("pass `--confirm {}` if you mean it", all.join(",")))
}
