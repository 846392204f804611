//! Take what runs in one environment to the next, as it is.

use std::fmt::Write as _;

use clap_complete::engine::ArgValueCandidates;
use schemars::JsonSchema;
use serde::Serialize;

use super::given::{is_checked_out, with_images};
use super::part::Part;
use super::rollout::go;
use super::{Global, OutputMode, deployments, target};
use crate::config::Environment;
use crate::config::scenarios::Asked;
use crate::context::Ctx;
use crate::deployments::{Deployment, Standing, promotion};
use crate::failure::{Failure, Kind};
use crate::text::document;
use crate::text::{plain, plural};
use crate::tools::git;
use crate::ui::event::Event;

/// Take what runs in an environment to the next one: the same images, by digest, by the pipeline `deploy`
///
/// What runs there is known by its deployment records. Nothing is built; where the registries differ, the images are copied
/// and keep their digests. `[promotion]` says what must be true of a release before it goes on. The configuration is that
/// of the release, which has to be checked out.
#[derive(Debug, clap::Args)]
pub struct PromoteArgs {
    /// Environment that it runs in
    #[arg(value_name = "FROM", add = ArgValueCandidates::new(target::environments))]
    from: String,
    /// Environment that gets it
    #[arg(value_name = "TO", add = ArgValueCandidates::new(target::environments))]
    to: String,
    /// Only say what the second one is behind by: exit code 2 if it is
    #[arg(long)]
    check: bool,
}

/// Runs it.
pub(crate) async fn run(cx: &Ctx, global: &Global, args: &PromoteArgs) -> Result<(), Failure> {
    let project = target::project(cx)?;
    cx.ui.event(None, Event::Environments { names: vec![args.to.clone()] });
    let (from, to) =
        (project.environment(&args.from)?, project.environment_in(&args.to, Asked::Named(&cx.scenarios))?);
    check_way(&from, &to)?;
    let records = deployments::records(cx, &from).await?;
    deployments::check(&from.name, &records.broken)?;
    let there = promotion::what_runs(&records.standing, &from.name).map_err(|why| {
        Failure::new(Kind::Failed, why).help(format!("deploy it first: `infractl deploy {}`", from.name))
    })?;
    let here = deployments::records(cx, &to).await?.standing;
    let missing = promotion::missing(there, to.promotion.get(&to.name), &from.name, (cx.now)());
    if args.check {
        return behind(cx, global, (&from, there), (&to, here.last()), &missing).await;
    }
    if !missing.is_empty() {
        return Err(Failure::new(Kind::Failed, missing.join("; "))
            .context(format!("{} may not go to `{}` yet", there.name, to.name))
            .help(format!(
                "see what `{}` is behind by: `infractl promote {} {} --check`",
                to.name, from.name, to.name
            )));
    }
    if runs(&here, there) {
        cx.ui.note(format!("`{}` runs {} already, as `{}` does", to.name, there.name, from.name));
        return Ok(());
    }
    check_order(cx, (&from, there), (&to, &here)).await?;
    is_checked_out(cx, &to, there, "a promotion takes the configuration of the release along").await?;
    let planned = with_images(cx, global, (&to, "promote"), there, Some(&from.name), None)?;
    go(cx, global, &to, &planned, &Part::default(), &[]).await?.result()
}

/// `[promotion]` may say where an environment takes its releases from.
fn check_way(from: &Environment, to: &Environment) -> Result<(), Failure> {
    if from.name == to.name {
        return Err(Failure::new(
            Kind::Usage,
            format!("`{}` has what it has: name another environment", to.name),
        ));
    }
    match to.promotion.get(&to.name) {
        Some(rules) if rules.from.0 != from.name => Err(Failure::new(
            Kind::Usage,
            format!("`{}` takes its releases from `{}`, not from `{}`", to.name, rules.from.0, from.name),
        )
        .help(format!("run `infractl promote {} {}`; `[promotion]` says so", rules.from.0, to.name))),
        _ => Ok(()),
    }
}

/// It has the same already, and that ended well.
fn runs(here: &Standing, there: &Deployment) -> bool {
    here.last().is_some_and(|last| is_same(last, there))
}

fn is_same(here: &Deployment, there: &Deployment) -> bool {
    let differs = promotion::differing(&there.images, &here.images);
    here.is_done() && !here.dirty && here.commit == there.commit && differs.is_empty()
}

/// Going back is another verb.
async fn check_order(
    cx: &Ctx,
    (from, there): (&Environment, &Deployment),
    (to, here): (&Environment, &Standing),
) -> Result<(), Failure> {
    let Some(here) = here.last().filter(|here| here.is_done()) else { return Ok(()) };
    let (Some(old), Some(new)) = (&there.commit, &here.commit) else { return Ok(()) };
    let done = cx.runner.run(&git::is_ancestor(&to.root, old, new), &|_, _| ()).await?;
    if old == new || done.code != 0 {
        return Ok(());
    }
    Err(Failure::new(
        Kind::Failed,
        format!("`{}` runs {}, which is newer than {} of `{}`", to.name, here.name, there.name, from.name),
    )
    .help(format!("go back with `infractl rollback {} --to {}`, if that is meant", to.name, there.name)))
}

/// What an environment is behind by.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Behind {
    /// The environment that releases are taken from.
    from: String,
    /// The one that is looked at.
    to: String,
    /// It runs something else.
    behind: bool,
    /// What runs there.
    release: String,
    /// What runs here, as far as its records know.
    runs: Option<String>,
    /// The commits that are new there.
    commits: Vec<String>,
    /// The images that differ.
    images: Vec<Differing>,
    /// What is not true yet of what `[promotion]` asks for, in words.
    missing: Vec<String>,
}

/// An image that differs.
#[derive(Debug, Serialize, JsonSchema)]
struct Differing {
    /// Its name.
    image: String,
    /// Its digest here.
    from: Option<String>,
    /// Its digest there.
    to: String,
}

/// Says what an environment is behind by.
async fn behind(
    cx: &Ctx,
    global: &Global,
    (from, there): (&Environment, &Deployment),
    (to, here): (&Environment, Option<&Deployment>),
    missing: &[String],
) -> Result<(), Failure> {
    let is_behind = !here.is_some_and(|here| is_same(here, there));
    let commits = if is_behind { commits(cx, to, here, there).await? } else { Vec::new() };
    let none = indexmap::IndexMap::new();
    let images = promotion::differing(&there.images, here.map_or(&none, |here| &here.images));
    if global.output == OutputMode::Json {
        let image = |(name, new, old): (&str, &str, Option<&str>)| Differing {
            image: name.to_owned(),
            from: old.map(str::to_owned),
            to: new.to_owned(),
        };
        let all = Behind {
            from: from.name.clone(),
            to: to.name.clone(),
            behind: is_behind,
            release: there.name.clone(),
            runs: here.map(|here| here.name.clone()),
            commits,
            images: images.into_iter().map(image).collect(),
            missing: missing.to_vec(),
        };
        cx.ui.document(document::pretty(&all).as_bytes())?;
    } else if is_behind {
        let runs = here.map_or("nothing that its records know", |here| here.name.as_str());
        let mut text = format!(
            "{} has {}, {} has {runs}: {}\n",
            from.name,
            there.name,
            to.name,
            plural(commits.len(), "commit")
        );
        for commit in &commits {
            let _ = writeln!(text, "  {commit}");
        }
        for (name, new, old) in images {
            let _ = writeln!(text, "  image {name}: {} -> {new}", old.unwrap_or("none"));
        }
        cx.ui.page(&plain(&text))?;
    } else {
        cx.ui.note(format!("`{}` has what `{}` has: {}", to.name, from.name, there.name));
    }
    for why in missing.iter().filter(|_| global.output != OutputMode::Json) {
        cx.ui.note(format!("not yet: {why}"));
    }
    if is_behind { Err(Failure::silent(Kind::Difference)) } else { Ok(()) }
}

/// The commits that are new there, each in a line; none where git does not know both.
async fn commits(
    cx: &Ctx,
    to: &Environment,
    here: Option<&Deployment>,
    there: &Deployment,
) -> Result<Vec<String>, Failure> {
    let (Some(new), Some(old)) = (&there.commit, here.and_then(|here| here.commit.as_ref())) else {
        return Ok(Vec::new());
    };
    let done = cx.runner.run(&git::log(&to.root, Some(old), new), &|_, _| ()).await?;
    if done.code != 0 {
        return Ok(Vec::new());
    }
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    let all = text.split('\0').filter_map(|commit| {
        let mut lines = commit.trim_start_matches('\n').lines();
        Some(format!("{:.12} {}", lines.next()?, lines.next().unwrap_or_default()))
    });
    Ok(all.collect())
}
