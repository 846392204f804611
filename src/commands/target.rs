//! Argument groups that several verbs share.

use std::ffi::OsStr;
use std::sync::Arc;

use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};

use super::{habits, in_use};
use crate::config::ear::Ear;
use crate::config::model::Asked;
use crate::config::scenarios;
use crate::config::verbs::Effect;
use crate::config::{Environment, Project};
use crate::context::Ctx;
use crate::failure::{Failure, Kind};
use crate::pipeline::engine::Options;
use crate::steps::confirm::Asks;
use crate::text;
use crate::ui::event::Event;
use crate::ui::prompt;

/// The environment a verb works on.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Target {
    /// Environment, for instance `dev` [default: $INFRACTL_ENV, then `env use`, then `default-environment`, then a picker]
    #[arg(value_name = "ENV", value_parser = named, add = ArgValueCandidates::new(environments))]
    pub environment: Option<String>,
}

/// `dev`, also as make's users write it: `ENV=dev`.
#[expect(clippy::unnecessary_wraps, reason = "the form of a value parser")]
fn named(word: &str) -> Result<String, std::convert::Infallible> {
    Ok(habits::environment(word).to_owned())
}

/// What goes to the tool as it is.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Extra {
    /// Anything after `--` goes to the tool as it is
    #[arg(last = true, value_name = "TOOL ARGUMENTS")]
    pub extra: Vec<String>,
}

/// The project around the current folder, where nothing more is known: for help and completion.
pub(super) fn around() -> Option<Project> {
    std::env::current_dir().ok().and_then(|dir| Project::find(&dir, None).ok())
}

/// Names of environments: only folders are listed, no file is opened.
pub(super) fn names() -> Vec<String> {
    around().map_or_else(Vec::new, |project| project.environments)
}

/// Names of environments, for completion.
pub(super) fn environments() -> Vec<CompletionCandidate> {
    names().into_iter().map(CompletionCandidate::new).collect()
}

/// Names of the project's own pipelines: its files are read, no other.
pub(super) fn own_pipelines() -> Vec<String> {
    around().map_or_else(Vec::new, |project| project.pipelines().into_iter().collect())
}

/// Names of the project's own pipelines, for completion.
pub(super) fn pipelines() -> Vec<CompletionCandidate> {
    own_pipelines().into_iter().map(CompletionCandidate::new).collect()
}

/// Finds the project of the folder infractl was started in, or of `-C DIR`.
pub(crate) fn project(cx: &Ctx) -> Result<Project, Failure> {
    if let Some(project) = cx.project.get() {
        return Ok(project.clone());
    }
    let dir = cx.dir_is_project.then_some(cx.dir.as_path());
    let ui = Arc::clone(&cx.ui);
    let mut project = Project::find(&cx.dir, dir)?.with_vars(cx.vars.0.clone());
    project.ear = Ear::new(move |text| ui.warn_once(text));
    cx.ui.event(None, Event::Project { root: project.root.clone() });
    Ok(cx.project.get_or_init(|| project).clone())
}

impl Target {
    /// Loads the environment that is meant.
    pub(crate) fn environment(&self, cx: &Ctx) -> Result<Environment, Failure> {
        self.chosen(cx, Effect::Reads).map(|(env, _)| env)
    }

    /// Nobody has named one, and the project names none for that.
    pub(crate) fn is_open(&self, cx: &Ctx) -> Result<bool, Failure> {
        let is_set = cx.vars.get("INFRACTL_ENV").is_some_and(|name| !name.is_empty());
        if self.environment.is_some() || is_set {
            return Ok(false);
        }
        let project = project(cx)?;
        Ok(project.default_environment.is_none() && in_use::read(&project)?.is_none())
    }

    /// The same for something with this effect, and how it was chosen. What takes something away is not done to an
    /// environment that nobody named.
    pub(crate) fn chosen(&self, cx: &Ctx, effect: Effect) -> Result<(Environment, Chosen), Failure> {
        let project = project(cx)?;
        let (name, chosen) = self.name(cx, &project, effect)?;
        cx.ui.event(None, Event::Environments { names: vec![name.clone()] });
        Ok((project.environment_in(&name, scenarios::Asked::Named(&cx.scenarios))?, chosen))
    }

    fn name(&self, cx: &Ctx, project: &Project, effect: Effect) -> Result<(String, Chosen), Failure> {
        let names = || format!("name one of {}", text::list(&project.environments, "or"));
        if let Some(name) = &self.environment {
            // `infractl destroy "$ENV"` without ENV does not mean the default one.
            return match name.as_str() {
                "" => Err(Failure::new(Kind::Usage, "the name of the environment is empty").help(names())),
                name => Ok((name.to_owned(), Chosen::ByName)),
            };
        }
        if let Some(name) = cx.vars.0.get(OsStr::new("INFRACTL_ENV")).filter(|name| !name.is_empty()) {
            let name = name.to_string_lossy().into_owned();
            let known = project.known(&name);
            return known
                .map(|()| (name, Chosen::ByName))
                .map_err(|failure| failure.help("or change INFRACTL_ENV, which names it"));
        }
        let in_use = in_use::read(project)?;
        if let Some(name) = in_use.as_ref().filter(|_| effect < Effect::Stops) {
            cx.ui.note(format!("environment: {name}, in use by `infractl env use`"));
            return Ok((name.clone(), Chosen::ByDefault));
        }
        project.check_default()?;
        let default = project.default_environment.as_ref();
        if let Some(name) = default.filter(|_| effect < Effect::Stops) {
            return Ok((name.clone(), Chosen::ByDefault));
        }
        if project.environments.is_empty() {
            return Err(Failure::new(Kind::Usage, "the project has no environments")
                .help("write a first one: `environments/dev/environment.toml`"));
        }
        if cx.ui.mode.can_ask {
            let picked = prompt::pick(&cx.ui, "Which environment", &project.environments)?;
            return Ok((picked, Chosen::ByName));
        }
        if default.is_some() || in_use.is_some() {
            return Err(unnamed(names()));
        }
        Err(Failure::new(Kind::Usage, "which environment? None was given")
            .help(names())
            .help("set INFRACTL_ENV, or `default-environment` in environments/defaults.toml"))
    }
}

/// How an environment was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chosen {
    /// Somebody named it: on the command line, in INFRACTL_ENV, in a list.
    ByName,
    /// It is the one in use, or the one that the project names for whatever names none.
    ByDefault,
}

/// What takes something away, and nobody said from where.
pub(crate) fn unnamed(help: String) -> Failure {
    Failure::new(
        Kind::Usage,
        "which environment? What stops or destroys is not done to the default one, or the one in use: it has to be named",
    )
    .help(help)
}

/// How a verb that changes something is asked about.
///
/// A protected environment wants its name: typed at the terminal, or as `--confirm NAME`. Others are asked about at a
/// terminal, as the project wants it.
pub(crate) fn must_ask(
    cx: &Ctx,
    global: &super::Global,
    env: &Environment,
    verb: &str,
) -> Result<Option<Asks>, Failure> {
    let can_ask = cx.ui.mode.can_ask;
    match &global.confirm {
        Some(names) if !names.split(',').any(|name| name.trim() == env.name) => {
            let name = names;
            Err(Failure::new(Kind::Declined, format!("`--confirm {name}` does not name `{}`", env.name))
                .help(format!("pass `--confirm {}` if you mean it", env.name)))
        }
        Some(_) => Ok(None),
        None if env.protected && can_ask => Ok(Some(Asks::Name)),
        None if env.protected => Err(Failure::new(
            Kind::Declined,
            format!("`{}` is protected, and nobody is there to ask before `{verb}`", env.name),
        )
        .help(format!("pass `--confirm {}` if you mean it", env.name))),
        None if global.yes || !can_ask => Ok(None),
        None => Ok(match env.safety.confirm.unwrap_or_default() {
            Asked::Destroys => Some(Asks::Destroys),
            Asked::Always => Some(Asks::Yes),
            Asked::Never => None,
        }),
    }
}

/// The options of a run from the global flags and what follows `--`.
pub(crate) fn options(global: &super::Global, extra: &[String]) -> Options {
    Options {
        extra: extra.to_vec(),
        dry_run: global.dry_run,
        timings: global.timings,
        lock_wait: global.lock_wait,
        insist: global.insist,
        outside_window: global.outside_window.clone(),
        ignore_needs: global.ignore_needs,
        ..Options::default()
    }
}

/// The environments that `--confirm` names.
pub(crate) fn confirmed(global: &super::Global) -> impl Iterator<Item = &str> {
    global.confirm.iter().flat_map(|names| names.split(',')).map(str::trim).filter(|name| !name.is_empty())
}
