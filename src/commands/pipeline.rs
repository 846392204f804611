//! Run a pipeline of the project's own; and what all verbs that are pipelines share.

use clap::{Args as _, CommandFactory as _};
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};

use super::planned::{go, planned, runs};
use super::several::Targets;
use super::{Cli, Global, target};
use crate::config::verbs::{self, Effect};
use crate::config::{Environment, Project};
use crate::context::Ctx;
use crate::failure::{Failure, Kind};
use crate::pipeline::plan::Verb;
use crate::pipeline::select::Selection;
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

/// Part of a pipeline, or all of it as a script.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Part {
    /// Which steps.
    #[command(flatten)]
    pub steps: Steps,
    /// Print the same as a script for bash that needs no infractl, and run nothing
    #[arg(long, help_heading = PART)]
    pub print: bool,
}

/// Some steps of a pipeline.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Steps {
    /// Begin with this step
    #[arg(long, help_heading = PART, value_name = "STEP")]
    pub from: Option<String>,
    /// Do this step only; may be given several times
    #[arg(long, help_heading = PART, value_name = "STEP")]
    pub only: Vec<String>,
    /// Leave this step out; may be given several times
    #[arg(long, help_heading = PART, value_name = "STEP")]
    pub skip: Vec<String>,
    /// Go on with the last run at the step that failed, if configuration, commit and inputs are the same
    #[arg(long, help_heading = PART, conflicts_with_all = ["from", "only", "skip"])]
    pub resume: bool,
}

const PART: &str = "Part of the pipeline";

impl Steps {
    pub(super) fn selection(&self) -> Selection {
        Selection { from: self.from.clone(), only: self.only.clone(), skip: self.skip.clone() }
    }
}

/// What may stand there, for completion.
fn words() -> Vec<CompletionCandidate> {
    let built_in = verbs::built_in().map(CompletionCandidate::new);
    target::environments().into_iter().chain(target::pipelines()).chain(built_in).collect()
}

/// The command line, with the project's own pipelines as if they were verbs: for completion.
pub(crate) fn with_own_verbs() -> clap::Command {
    let cli = Cli::command();
    let known: Vec<String> = cli.get_subcommands().map(|verb| verb.get_name().to_owned()).collect();
    let own = target::pipelines().into_iter().filter_map(|candidate| {
        let name = candidate.get_value().to_str().filter(|name| !known.iter().any(|verb| verb == name))?;
        // Lives as long as the process, which answers one question of a shell.
        let verb = clap::Command::new(&*name.to_owned().leak());
        Some(VerbArgs::augment_args(verb).about("A pipeline of the project's own"))
    });
    let own: Vec<clap::Command> = own.collect();
    cli.subcommands(own)
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
    if !args.target.are_several()
        && let Err(failure) = args.target.one(cx, Effect::Reads)
    {
        return Err(if near {
            unknown_verb(&args.name, &verbs())
        } else {
            failure.context(format!("`{}` is no verb of infractl, and no pipeline was found", args.name))
        });
    }
    args.target.run(cx, global, &args.name, plan, runs(cx, part, extra)).await
}

/// The names of the verbs.
fn verbs() -> Vec<String> {
    let cli = Cli::command();
    cli.get_subcommands().filter(|verb| !verb.is_hide_set()).map(|verb| verb.get_name().to_owned()).collect()
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
