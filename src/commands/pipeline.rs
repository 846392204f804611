//! Run a pipeline of the project's own; and what all verbs that are pipelines share.

use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};

use super::part::Part;
use super::planned::planned;
use super::rollout::{go, runs};
use super::several::{self, Targets};
use super::{Global, target};
use crate::config::verbs::{self, Effect};
use crate::config::{Environment, Project};
use crate::context::Ctx;
use crate::failure::{Failure, Kind};
use crate::pipeline::plan::Verb;
use crate::text::{list, nearest};

/// Run a pipeline of the project's own
///
/// `infractl NAME ENV` does the same when no verb has that name. A verb that is a pipeline (`deploy`, `up`, `apply`)
/// is run as the project has it, if the project has one of its own.
#[derive(Debug, clap::Args)]
#[command(override_usage = "infractl pipeline [OPTIONS] [ENV] NAME [-- <TOOL ARGUMENTS>...]")]
pub struct PipelineArgs {
    /// Environment [default: as for every verb], and name of the pipeline
    #[arg(value_name = "[ENV] NAME", required = true, num_args = 1..=2, add = ArgValueCandidates::new(words))]
    pub(super) words: Vec<String>,
    #[command(flatten)]
    pub(super) part: Part,
    #[command(flatten)]
    extra: target::Extra,
}

/// The same with the name first: what `infractl NAME ENV` becomes.
#[derive(Debug, clap::Args)]
pub struct OwnArgs {
    /// Name of the pipeline
    #[arg(value_name = "NAME")]
    pub(super) name: String,
    #[command(flatten)]
    target: Targets,
    #[command(flatten)]
    pub(super) part: Part,
    #[command(flatten)]
    extra: target::Extra,
}

/// A verb that is a pipeline and has no flags of its own.
#[derive(Debug, clap::Args)]
pub struct VerbArgs {
    #[command(flatten)]
    target: Targets,
    #[command(flatten)]
    pub(super) part: Part,
    #[command(flatten)]
    extra: target::Extra,
}

/// What may stand there, for completion.
fn words() -> Vec<CompletionCandidate> {
    let built_in = verbs::built_in().map(CompletionCandidate::new);
    target::environments().into_iter().chain(target::pipelines()).chain(built_in).collect()
}

/// Runs a pipeline by its name.
pub(crate) async fn run(cx: &Ctx, global: &Global, args: &PipelineArgs) -> Result<(), Failure> {
    let (name, environment) = match args.words.as_slice() {
        [environment, name, ..] => (name, Some(environment.clone())),
        [name] => (name, None),
        [] => return Err(Failure::new(Kind::Usage, "no pipeline was named")),
    };
    let is_alone = environment.is_none();
    let (env, chosen) = target::Target { environment }.chosen(cx, Effect::Reads)?;
    if is_alone && !env.pipelines.contains_key(name) && env.root.join("environments").join(name).is_dir() {
        return Err(Failure::new(Kind::Usage, format!("which pipeline of `{name}`? None was named"))
            .help(format!("write `infractl pipeline {name} NAME`")));
    }
    if !env.pipelines.contains_key(name) && !verbs::find(name).is_some_and(verbs::Verb::is_built_in) {
        return Err(unknown(&env, name, "pipeline"));
    }
    let (part, extra) = (&args.part, &args.extra.extra);
    let planned = planned(cx, &env, &Verb::named(name), part, &target::options(global, extra))?;
    if planned.effect() >= Effect::Stops && chosen == target::Chosen::ByDefault {
        let meant = format!("run `infractl pipeline {} {name}`, if that is meant", env.name);
        return Err(target::unnamed(meant));
    }
    go(cx, global, &env, &planned, part, extra).await?.result()
}

/// Runs a verb that has no flags of its own.
pub(crate) async fn run_verb(cx: &Ctx, global: &Global, name: &str, args: &VerbArgs) -> Result<(), Failure> {
    let (part, extra) = (&args.part, &args.extra.extra);
    let plan =
        |env: &Environment| planned(cx, env, &Verb::named(name), part, &target::options(global, extra));
    args.target.run(cx, global, name, plan, runs(cx, part, extra)).await
}

/// Runs what was typed in the place of a verb.
pub(crate) async fn run_own(cx: &Ctx, global: &Global, args: &OwnArgs) -> Result<(), Failure> {
    if args.name == "refresh" {
        let failure = Failure::new(Kind::Usage, "`refresh` is no verb of infractl: it would mean two things");
        return Err(failure
            .help("take down and bring up again: `infractl recreate ENV`")
            .help("compare the state with what is there, as `terraform refresh` does: `infractl plan ENV -- -refresh-only`"));
    }
    let near = verbs().into_iter().any(|verb| nearest(&args.name, [&verb]).is_some());
    // A verb with a typo is no reason to read and check a whole environment.
    if near
        && let Ok(project) = Project::find(&cx.dir, cx.dir_is_project.then_some(cx.dir.as_path()))
        && let Some(own) = project.all_pipelines()
        && !own.contains(&args.name)
    {
        return Err(unknown_verb(&args.name, &[verbs(), own].concat()));
    }
    let (part, extra) = (&args.part, &args.extra.extra);
    let plan = |env: &Environment| {
        if !env.pipelines.contains_key(&args.name) {
            return Err(unknown(env, &args.name, "verb or pipeline"));
        }
        planned(cx, env, &Verb::named(&args.name), part, &target::options(global, extra))
    };
    if args.target.are_several() {
        return args.target.run(cx, global, &args.name, plan, runs(cx, part, extra)).await;
    }
    let found = args.target.one(cx, Effect::Reads).map_err(|failure| {
        if near {
            unknown_verb(&args.name, &verbs())
        } else {
            failure.context(format!("`{}` is no verb of infractl, and no pipeline was found", args.name))
        }
    })?;
    several::one(global, &args.name, &found, plan, runs(cx, part, extra)).await
}

/// The names of the verbs.
fn verbs() -> Vec<String> {
    verbs::ALL.iter().filter(|verb| verb.exists()).map(|verb| verb.name.to_owned()).collect()
}

fn unknown(env: &Environment, name: &str, what: &str) -> Failure {
    let own: Vec<String> = env.pipelines.keys().cloned().collect();
    let mut names = own.clone();
    if what == "pipeline" {
        names.extend(verbs::built_in().map(str::to_owned));
    } else {
        names.extend(verbs());
    }
    let failure = Failure::new(Kind::Usage, format!("unknown {what} `{name}`"));
    let failure = match nearest(name, &names) {
        Some(near) => failure.help(format!("did you mean `{near}`?")),
        None => failure,
    };
    failure.help(match own.as_slice() {
        [] => format!("write it: `[pipelines] {name} = [ … ]` (`{}` has no pipeline of its own)", env.name),
        own => format!("use a pipeline of `{}`: {}", env.name, list(own, "or")),
    })
}

fn unknown_verb(name: &str, verbs: &[String]) -> Failure {
    let failure = Failure::new(Kind::Usage, format!("unknown verb or pipeline `{name}`"));
    match nearest(name, verbs) {
        Some(near) => failure.help(format!("did you mean `{near}`?")),
        None => failure.help("see the verbs: `infractl --help`"),
    }
}
