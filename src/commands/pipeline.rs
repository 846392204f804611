//! Run a pipeline of the project's own; and what all verbs that are pipelines share.

use clap::{Args as _, CommandFactory as _};
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};

use super::several::{Effect, Targets};
use super::{Cli, Global, target};
use crate::config::{Environment, Project};
use crate::context::Ctx;
use crate::failure::{Failure, Kind};
use crate::pipeline::engine::{self, Stopped};
use crate::pipeline::many::Ended;
use crate::pipeline::plan::{self, Verb};
use crate::pipeline::select::{Selection, select};
use crate::pipeline::{resume, script};
use crate::steps::command;
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
    fn selection(&self) -> Selection {
        Selection { from: self.from.clone(), only: self.only.clone(), skip: self.skip.clone() }
    }
}

/// What may stand there, for completion.
fn words() -> Vec<CompletionCandidate> {
    let built_in = plan::BUILT_IN.iter().map(CompletionCandidate::new);
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
    let env = target::Target { environment }.environment(cx)?;
    if is_alone && !env.pipelines.contains_key(name) && env.root.join("environments").join(name).is_dir() {
        return Err(Failure::new(Kind::Usage, format!("which pipeline of `{name}`? None was named"))
            .help(format!("write `infractl pipeline {name} NAME`")));
    }
    named(cx, global, &env, name, &args.part, &args.extra.extra).await?.result()
}

/// Runs a verb that has no flags of its own.
pub(crate) async fn run_verb(cx: &Ctx, global: &Global, name: &str, args: &VerbArgs) -> Result<(), Failure> {
    let effect = if name == "down" { Effect::Destroys } else { Effect::Guarded };
    let work = async |global: &Global, env: &Environment| {
        go(cx, global, env, &Verb::named(name), &args.part, &args.extra.extra).await
    };
    args.target.run(cx, global, name, effect, work).await
}

/// Runs what was typed in the place of a verb.
pub(crate) async fn run_own(cx: &Ctx, global: &Global, args: &OwnArgs) -> Result<(), Failure> {
    let near = verbs().into_iter().any(|verb| nearest(&args.name, [&verb]).is_some());
    // A verb with a typo is no reason to read and check a whole environment.
    if near
        && let Ok(project) = Project::find(&cx.dir, cx.dir_is_project.then_some(cx.dir.as_path()))
        && let Some(own) = project.all_pipelines()
        && !own.contains(&args.name)
    {
        return Err(unknown_verb(&args.name, &[verbs(), own].concat()));
    }
    if args.target.are_several() {
        let work = async |global: &Global, env: &Environment| {
            if !env.pipelines.contains_key(&args.name) {
                return Err(unknown(env, &args.name, "verb or pipeline"));
            }
            named(cx, global, env, &args.name, &args.part, &args.extra.extra).await
        };
        // What is in it is not looked at: each protected environment is asked about.
        return args.target.run(cx, global, &args.name, Effect::Guarded, work).await;
    }
    match args.target.one(cx) {
        Ok(env) if env.pipelines.contains_key(&args.name) => {
            named(cx, global, &env, &args.name, &args.part, &args.extra.extra).await?.result()
        }
        Ok(env) => Err(unknown(&env, &args.name, "verb or pipeline")),
        Err(_) if near => Err(unknown_verb(&args.name, &verbs())),
        Err(failure) => {
            Err(failure.context(format!("`{}` is no verb of infractl, and no pipeline was found", args.name)))
        }
    }
}

async fn named(
    cx: &Ctx,
    global: &Global,
    env: &Environment,
    name: &str,
    part: &Part,
    extra: &[String],
) -> Result<Ended, Failure> {
    if !env.pipelines.contains_key(name) && !plan::BUILT_IN.contains(&name) {
        return Err(unknown(env, name, "pipeline"));
    }
    go(cx, global, env, &Verb::named(name), part, extra).await
}

/// Runs a verb as the project has it: asks first where a protected environment wants that.
pub(crate) async fn go(
    cx: &Ctx,
    global: &Global,
    env: &Environment,
    verb: &Verb,
    part: &Part,
    extra: &[String],
) -> Result<Ended, Failure> {
    let guarded = plan::is_guarded(env, verb);
    let ask = if part.print {
        guarded && env.protected && global.confirm.is_none()
    } else {
        !global.dry_run && guarded && target::must_ask(cx, env, verb.name(), global.confirm.as_deref())?
    };
    let pipeline = plan::pipeline(env, &verb.asking(ask));
    let options = target::options(global, extra);
    let selection =
        if part.steps.resume { resume::rest(cx, env, &pipeline, &options)? } else { part.steps.selection() };
    let selected = select(env, &pipeline, &selection)?;
    if command::is_within(cx.vars.get(command::WITHIN), &env.name, verb.name()) && selection.is_all() {
        let message = format!(
            "`{}` of `{}` would do itself without end: one of its steps started it",
            verb.name(),
            env.name
        );
        return Err(
            Failure::new(Kind::Config, message).help("remove that step, or name the steps it should do")
        );
    }
    if part.print {
        let text = script::print(cx, env, &selected, &options)?;
        return cx.ui.data(text.as_bytes()).map(|()| Ended::default());
    }
    if options.dry_run {
        return Box::pin(engine::run(cx, env, &selected, &options)).await.map(|_| Ended::default());
    }
    match Box::pin(engine::run_to_step(cx, env, &selected, &options)).await {
        Ok(facts) => {
            resume::forget(env, &pipeline.verb)?;
            let is_check = matches!(verb, Verb::Playbooks { name, .. } if name == "check");
            Ok(Ended { digest: facts.digest, difference: is_check && !facts.differences.is_empty() })
        }
        Err(Stopped { failure, step }) => {
            let can_go_on =
                !matches!(failure.kind, Kind::Declined | Kind::Difference) && pipeline.count() > 1;
            if let Some(step) = step.filter(|_| can_go_on) {
                let kept = resume::remember(cx, env, &pipeline, &selection, &options, &step);
                if let Err(reason) = kept {
                    cx.ui.warn(format!("this run cannot be resumed: {:#}", reason.error));
                }
            }
            let is_own = matches!(verb, Verb::Named { .. } | Verb::Playbooks { .. })
                || env.pipelines.contains_key(verb.name());
            let goes_on = is_own && selected.count() > 1;
            if !goes_on || failure.kind != Kind::Failed {
                return Err(failure);
            }
            let again = format!("infractl {} {} --resume", verb.name(), env.name);
            Err(failure.help(format!("mend it, then go on there: `{again}`")))
        }
    }
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
        names.extend(plan::BUILT_IN.iter().map(|name| (*name).to_owned()));
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
