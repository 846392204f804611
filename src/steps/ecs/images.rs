//! The images of `[images]` in the containers of a task definition, by their digests.

use std::collections::BTreeSet;

use super::wanted::{Asked, Wanted, main};
use crate::failure::{Failure, Kind};
use crate::steps::docker::image::Names;
use crate::text::list;
use crate::tools::aws::definition::Definition;
use crate::work::StepCx;
use crate::work::images::Image;
use crate::work::values::Known;

/// Puts the images of `[images]` into their containers, by the digest that was pushed.
pub(crate) async fn with_images(
    step: &mut StepCx<'_>,
    asked: &Asked<'_>,
    wanted: &mut Wanted,
) -> Result<(), Failure> {
    let Some(mut definition) = wanted.definition.take() else { return Ok(()) };
    let task = asked.task;
    let known = Known::of(step);
    let mut all: Vec<(String, String)> = Vec::new();
    for (container, image) in &task.images {
        all.push((container.clone(), known.argument(step, &image.0)?));
    }
    if let Some(image) = &task.image {
        let main = main(&Definition::input(&definition, false), wanted.container.as_deref(), asked.name)?;
        all.push((main, known.argument(step, &image.0)?));
    }
    for (container, image) in all {
        let reference = reference(step, &image).await?;
        if !definition.set_image(&container, &reference) {
            let names: Vec<&str> = definition.containers().filter_map(|one| one["name"].as_str()).collect();
            let text = format!("the definition of task `{}` has no container `{container}`", asked.name);
            return Err(Failure::new(Kind::Config, text).help(format!("use one of {}", list(&names, "and"))));
        }
    }
    wanted.definition = Some(definition);
    Ok(())
}

/// What ECS pulls for an image of `[images]`: the digest that was pushed, else its first tag; or what is written there.
async fn reference(step: &mut StepCx<'_>, image: &str) -> Result<String, Failure> {
    if !step.env.images.contains_key(image) {
        return Ok(image.to_owned());
    }
    step.facts.look_up_images(step.env, &BTreeSet::from([image.to_owned()]));
    let not_pushed = |text: String| {
        let failure = Failure::new(Kind::Failed, text);
        failure.help(format!("push it first: `infractl push {}`", step.env.name))
    };
    if let Some(known) = step.facts.images.get(image) {
        let here = || not_pushed(format!("only this machine has the image `{image}` as it was built last"));
        return if matches!(known, Image::Here(_)) { Err(here()) } else { Ok(known.reference()) };
    }
    let first = Names::of(step, image).await?.pushed().next();
    first.ok_or_else(|| not_pushed(format!("no registry has the image `{image}`: there is no `[registry]`")))
}
