//! Opens and reads what a step needs and no earlier step has.

use std::collections::BTreeSet;

use crate::failure::{Failure, Kind};
use crate::steps::foreign;
use crate::steps::terraform::read;
use crate::steps::{opened, source, written};
use crate::text::nearest;
use crate::work::StepCx;
use crate::work::needs::Needs;

/// Opens the secrets and reads the outputs, as far as they are needed.
pub(crate) async fn meet(step: &mut StepCx<'_>, needs: &Needs) -> Result<(), Failure> {
    if needs.secrets {
        Box::pin(opened::secrets(step)).await?;
        named_secrets_exist(step)?;
    } else if step.facts.secrets.is_none() {
        written::mask(step);
    }
    Box::pin(foreign::read(step, &needs.foreign, false)).await?;
    if needs.outputs && step.facts.outputs.is_none() {
        // infractl's own call: what the step may see does not limit it.
        let limited = step.frame.secrets.take();
        let read = Box::pin(read::outputs(step)).await;
        step.frame.secrets = limited;
        read?;
    }
    Box::pin(values(step, needs)).await
}

/// Reads the values that are named and that nobody has read yet; what they need themselves comes first.
pub(crate) async fn values(step: &mut StepCx<'_>, needs: &Needs) -> Result<(), Failure> {
    for name in &needs.value_names {
        let env = step.env;
        let Some(source) = env.values.get(name).filter(|_| !step.facts.values.contains_key(name)) else {
            continue;
        };
        let limited = step.frame.secrets.take();
        let read = async {
            Box::pin(meet(step, &Needs::of_source(env, source))).await?;
            source::read(step, name, source).await
        };
        let value = Box::pin(read).await;
        step.frame.secrets = limited;
        step.facts.values.insert(name.clone(), value?);
    }
    images(step, &needs.image_names)
}

/// Looks up the images that no step of this run has built or pushed.
fn images(step: &mut StepCx<'_>, names: &BTreeSet<String>) -> Result<(), Failure> {
    step.facts.look_up_images(step.env, names);
    let Some(name) = names.iter().find(|name| !step.facts.images.contains_key(*name)) else { return Ok(()) };
    let env = step.env;
    let message = format!("the image `{name}` is not built yet for `{}`", env.name);
    let help = format!("run `infractl build {}`", env.name);
    Err(match env.document.image_problem(name, message.clone(), help.clone()) {
        Some(problem) => Failure::problems(Kind::Failed, vec![problem]),
        None => Failure::new(Kind::Failed, message).help(help),
    })
}

/// A name in `secrets` that no file has is a mistake, not a step without that secret.
fn named_secrets_exist(step: &StepCx<'_>) -> Result<(), Failure> {
    let Some(all) = &step.facts.secrets else { return Ok(()) };
    let Some(name) = step.frame.secrets.iter().flatten().find(|name| all.get(name).is_none()) else {
        return Ok(());
    };
    let failure =
        Failure::new(Kind::Secrets, format!("there is no secret `{name}`, which `{}` may see", step.name));
    Err(match nearest(name, all.iter().map(|(name, _)| name)) {
        Some(near) => failure.help(format!("did you mean `{near}`?")),
        None => failure.help(format!("run `infractl secrets set {} {name}`", step.env.name)),
    })
}
