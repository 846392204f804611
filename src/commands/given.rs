//! A run of `deploy` with a release that is there already.

use super::part::Part;
use super::planned::{Planned, planned};
use super::{Global, target};
use crate::config::Environment;
use crate::context::Ctx;
use crate::deployments::run::Meant;
use crate::deployments::{Deployment, Release, tagged};
use crate::failure::{Failure, Kind};
use crate::pipeline::deploys;
use crate::pipeline::plan::{Given, Verb};
use crate::pipeline::select::Selection;
use crate::steps::snapshot::Snapshot;
use crate::text::list;

/// Its commit is checked out, and nothing differs from it.
pub(super) async fn is_here(cx: &Ctx, env: &Environment, wanted: &Deployment) -> Result<bool, Failure> {
    let here = tagged::here(cx, env).await?;
    Ok(here.commit == wanted.commit && !here.dirty)
}

/// An error when another commit is checked out, or files differ from it.
pub(super) async fn is_checked_out(
    cx: &Ctx,
    env: &Environment,
    wanted: &Deployment,
    why: &str,
) -> Result<(), Failure> {
    let here = tagged::here(cx, env).await?;
    if here.commit == wanted.commit && !here.dirty {
        return Ok(());
    }
    let name = &wanted.name;
    Err(Failure::new(Kind::Failed, format!("{why}, and {} is checked out, not {name}", here.name()))
        .help(format!("check it out and run it again: `git checkout {name}`")))
}

/// The pipeline `deploy` with the images of a deployment; first the data of a snapshot, if one is given.
pub(super) fn with_images(
    cx: &Ctx,
    global: &Global,
    (env, verb): (&Environment, &str),
    deployment: &Deployment,
    from: Option<&str>,
    data: Option<Snapshot>,
) -> Result<Planned, Failure> {
    let named = env.release.images.as_ref();
    let wanted =
        env.images.keys().filter(|name| named.is_none_or(|all| all.iter().any(|image| image.0 == **name)));
    let mut given = Given {
        release: deployment.name.clone(),
        from: from.map(str::to_owned),
        data: data.map(Box::new),
        ..Given::default()
    };
    let mut missing = Vec::new();
    for name in wanted {
        match deployment.images.get(name) {
            Some(reference) => drop(given.images.insert(name.clone(), reference.clone())),
            None => missing.push(name),
        }
    }
    if !missing.is_empty() {
        return Err(Failure::new(
            Kind::Failed,
            format!("{} was deployed without the image {}", deployment.name, list(missing, "and")),
        )
        .help("take a release that has it: images are not built now"));
    }
    let verb = Verb::Given { name: verb.to_owned(), given };
    let mut planned = planned(cx, env, &verb, &Part::default(), &target::options(global, &[]))?;
    let of = Release {
        release: deployment.release.clone(),
        commit: deployment.commit.clone(),
        dirty: deployment.dirty,
    };
    let meant = deploys::meant(env, "deploy", &Selection::default());
    let outside_window = planned.options.meant.take().and_then(|meant| meant.outside_window);
    planned.options.meant =
        Some(Meant { of: Some(of), from: from.map(str::to_owned), outside_window, ..meant });
    Ok(planned)
}
