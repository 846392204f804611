//! Take an environment back to what it was.

mod listed;
mod released;

use self::released::{Released, tell_difference, tidy};
use super::deployments;
use super::given::{is_here, with_images};
use super::part::Part;
use super::planned::{Planned, go, planned};
use super::table::when;
use super::{Global, target};
use crate::config::Environment;
use crate::config::model::{SnapshotKind, SnapshotName, SnapshotStep};
use crate::config::verbs::Effect;
use crate::context::Ctx;
use crate::deployments::{Deployment, Standing, back, job};
use crate::failure::{Failure, Kind};
use crate::pipeline::plan::Verb;
use crate::snapshots::meant::{Found, found};
use crate::snapshots::name;
use crate::steps::snapshot::Snapshot;
use crate::text::list;
use crate::ui::prompt;

/// Take an environment back to a release that it had: the same images, by digest, by the pipeline `deploy`
///
/// Without `--to` it is the last one that was verified and is another than what runs. Nothing is built. The configuration is
/// that of the release: its files are laid out in a private folder, unless they are checked out. Secrets are those of today.
/// Schemas of databases and states of terraform do not go back by it. A project's own pipeline `rollback` is run instead when
/// no flag is given.
#[derive(Debug, clap::Args)]
pub struct RollbackArgs {
    #[command(flatten)]
    target: target::Target,
    /// Release to go back to: a tag, a version, or the beginning of a commit
    #[arg(long, value_name = "VERSION")]
    to: Option<String>,
    /// Only list what can be gone back to, and why not to the rest
    #[arg(long, conflicts_with_all = ["to", "accept_schema", "keep_configuration", "of_this_run"])]
    list: bool,
    /// Go back although a release since then has changed the schema of the data for good
    #[arg(long)]
    accept_schema: bool,
    /// Put this snapshot of the data in their place first, as `snapshot restore --in-place` does: what was written since it
    /// was made is lost. Asks for the name of the environment, or wants `--confirm NAME`
    #[arg(long, value_name = "NAME", conflicts_with = "list")]
    restore_snapshot: Option<String>,
    /// Take the images back only, with the configuration that is checked out
    #[arg(long)]
    keep_configuration: bool,
    /// For a job of a forge: only if the last deployment was made by this run of the forge, was not verified, and was not
    /// gone back from
    #[arg(long)]
    of_this_run: bool,
}

/// Runs it.
pub(crate) async fn run(cx: &Ctx, global: &Global, args: &RollbackArgs) -> Result<(), Failure> {
    let has_flags = args.to.is_some()
        || args.list
        || args.accept_schema
        || args.keep_configuration
        || args.restore_snapshot.is_some()
        || args.of_this_run;
    let effect = if args.list { Effect::Reads } else { Effect::Stops };
    let (env, _) = args.target.chosen(cx, effect)?;
    if env.pipelines.contains_key("rollback") && !has_flags {
        let own =
            planned(cx, &env, &Verb::named("rollback"), &Part::default(), &target::options(global, &[]))?;
        return go(cx, global, &env, &own, &Part::default(), &[]).await?.result();
    }
    let records = deployments::records(cx, &env).await?;
    if let Err(failure) = deployments::check(&env.name, &records.broken) {
        cx.ui.warn(format!("{:#}", failure.error));
    }
    let standing = records.standing;
    if args.list {
        return listed::show(cx, &env, &standing).await;
    }
    if args.of_this_run {
        let why = match job::of(|name| cx.vars.get(name)) {
            Some(job) => back::why_not(&standing, &job),
            None => {
                return Err(Failure::new(Kind::Usage, "this is no job of a forge: no run is this one")
                    .help("leave `--of-this-run` out"));
            }
        };
        if let Some(why) = why {
            cx.ui.note(format!("`{}` stays as it is: {why}", env.name));
            return Ok(());
        }
    }
    tidy(cx, &env).await;
    let to = back::target(&standing, args.to.as_deref()).map_err(|why| {
        Failure::new(Kind::Failed, format!("`{}` cannot go back: {why}", env.name))
            .help(format!("see what it can go back to: `infractl rollback {} --list`", env.name))
    })?;
    let data = args.restore_snapshot.as_deref().map(|name| data(&env, &standing, to, name)).transpose()?;
    let schemas = back::schemas(&standing, to);
    if !schemas.is_empty() && !args.accept_schema && data.is_none() {
        return Err(Failure::new(
            Kind::Failed,
            format!(
                "{} changed the schema of the data since {}, and that does not go back",
                list(schemas, "and"),
                to.name
            ),
        )
        .help("pass `--restore-snapshot NAME` to put data in their place that the older release knows; what was written since is lost")
        .help("pass `--accept-schema` if the older release can work with the newer schema"));
    }
    let confirmed = Global { confirm: Some(env.name.clone()), ..global.clone() };
    let is_asked = data.is_some() && !global.dry_run;
    if is_asked {
        confirm(cx, global, &env)?;
    }
    let global = if is_asked { &confirmed } else { global };
    let way = if args.keep_configuration {
        tell_difference(cx, &env, to).await;
        Way::as_it_is(cx, global, &env, to, data)?
    } else {
        Box::pin(Way::of(cx, global, &env, to, data)).await?
    };
    Box::pin(deploy(cx, global, &env, (&standing, to), way)).await
}

/// What is done, and with which configuration.
struct Way {
    planned: Planned,
    /// That of the release; none for what is checked out.
    released: Option<Released>,
}

impl Way {
    /// With what is checked out.
    fn as_it_is(
        cx: &Ctx,
        global: &Global,
        env: &Environment,
        to: &Deployment,
        data: Option<Snapshot>,
    ) -> Result<Way, Failure> {
        Ok(Way { planned: with_images(cx, global, (env, "rollback"), to, None, data)?, released: None })
    }

    /// With the configuration of the release.
    async fn of(
        cx: &Ctx,
        global: &Global,
        env: &Environment,
        to: &Deployment,
        data: Option<Snapshot>,
    ) -> Result<Way, Failure> {
        if is_here(cx, env, to).await? {
            return Way::as_it_is(cx, global, env, to, data);
        }
        let released = Box::pin(Released::of(cx, env, to)).await?;
        let planned = Way::as_it_is(cx, global, &released.env, to, data)
            .and_then(|way| released.check(cx, &way.planned.whole, to).map(|()| way.planned));
        match planned {
            Ok(planned) => Ok(Way { planned, released: Some(released) }),
            Err(failure) => {
                released.end(cx).await;
                Err(failure)
            }
        }
    }
}

/// A snapshot that is older than the first change of the schema.
fn data(env: &Environment, standing: &Standing, to: &Deployment, wanted: &str) -> Result<Snapshot, Failure> {
    let usage = |text: String| Failure::new(Kind::Usage, text);
    let all = found(env, Some(wanted))?;
    let Some(Found { entry, copy: Some(copy) }) = all.first() else {
        return Err(usage(format!("`{wanted}` is not the name of one snapshot"))
            .help(format!("name one of `infractl snapshot list {}`", env.name)));
    };
    let kind = env.snapshots[entry].kind();
    if kind != Some(SnapshotKind::Postgres) {
        let word = kind.map_or("command", SnapshotKind::word);
        return Err(usage(format!("a snapshot of the kind `{word}` is not restored in the place of what is there"))
            .help(format!("restore it and switch to it, `infractl snapshot restore {} {wanted}`, then pass `--accept-schema`", env.name)));
    }
    if let (Some(made), Some(changed)) = (name::time_of(copy), back::changed(standing, to))
        && made > changed
    {
        return Err(Failure::new(
            Kind::Failed,
            format!(
                "`{copy}` was made after the schema was changed at {}: {} does not know it",
                when(changed),
                to.name
            ),
        )
        .help(format!("name an older one of `infractl snapshot list {}`", env.name)));
    }
    let step = SnapshotStep { restore: Some(SnapshotName(entry.clone())), ..SnapshotStep::default() };
    Ok(Snapshot { step, copy: Some(copy.clone()), in_place: true, ..Snapshot::default() })
}

/// What stands in the place of data is asked about in every environment.
fn confirm(cx: &Ctx, global: &Global, env: &Environment) -> Result<(), Failure> {
    if global.confirm.is_some() {
        return target::must_ask(cx, global, env, "rollback --restore-snapshot").map(drop);
    }
    let question = format!("`rollback --restore-snapshot` replaces data of `{}`", env.name);
    prompt::confirm_name(&cx.ui, &question, &env.name)
}

/// Deploys an older deployment again.
async fn deploy(
    cx: &Ctx,
    global: &Global,
    env: &Environment,
    (standing, to): (&Standing, &Deployment),
    way: Way,
) -> Result<(), Failure> {
    let Way { mut planned, released } = way;
    if let Some(meant) = &mut planned.options.meant {
        meant.leaves = standing.last().map(|last| last.number);
    }
    cx.ui.note(format!("`{}` goes back to {} (deployment {})", env.name, to.name, to.number));
    let env = released.as_ref().map_or(env, |released| &released.env);
    let done = Box::pin(go(cx, global, env, &planned, &Part::default(), &[])).await;
    if let Some(released) = released {
        released.end(cx).await;
    }
    done?.result()
}

/// Goes back because a deployment failed, once: what runs then, or why it does not go back.
pub(super) async fn after_failure(
    cx: &Ctx,
    global: &Global,
    env: &Environment,
    standing: &Standing,
) -> Result<String, String> {
    let told = |failure: Failure| format!("{:#}", failure.error);
    let to = back::verified(standing).ok_or("no other deployment was verified")?;
    let schemas = back::schemas(standing, to);
    if !schemas.is_empty() {
        return Err(format!(
            "{} changed the schema of the data since {}: `infractl rollback {} --accept-schema` goes back all the same",
            list(schemas, "and"),
            to.name,
            env.name
        ));
    }
    // Whoever started the deployment was asked.
    let confirmed = Global { confirm: Some(env.name.clone()), ..global.clone() };
    let way = match Box::pin(Way::of(cx, &confirmed, env, to, None)).await {
        Ok(way) => way,
        // Older images with what is checked out are better than what has failed.
        Err(failure) => {
            cx.ui.warn(format!("the configuration stays as it is: {}", told(failure)));
            Way::as_it_is(cx, &confirmed, env, to, None).map_err(told)?
        }
    };
    Box::pin(deploy(cx, &confirmed, env, (standing, to), way)).await.map_err(told)?;
    Ok(to.name.clone())
}
