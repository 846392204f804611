//! ansible in a container: what it sees besides what every tool sees there.

use std::sync::Arc;

use crate::config::environment;
use crate::disk;
use crate::exec::Container;
use crate::failure::{Failure, Kind};
use crate::tools::ansible::Playbook;
use crate::work::values::Known;
use crate::work::{StepCx, container};

/// The container for the playbooks of the environment; none where ansible runs on this machine.
pub(super) fn of(
    step: &StepCx<'_>,
    settings: &environment::Ansible,
    known: &Known,
) -> Result<Option<Arc<Container>>, Failure> {
    let Some(image) = &settings.image else { return Ok(None) };
    let mut container = container::of(step.env, &step.cx.vars, known.argument(step, image)?);
    container.readable.extend(settings.inventory.clone());
    container.readable.extend(step.env.inventory.as_ref().and_then(|own| own.dynamic.clone()));
    container.readable.extend([settings.dir.clone()]);
    // Roles and collections that are installed, and host keys that are met.
    let kept = [container.home.join(".ansible"), step.env.root.join(".infractl")];
    if !step.frame.is_dry {
        for folder in &kept {
            disk::make_dir(folder).map_err(|error| {
                Failure::new(Kind::Failed, format!("`{}` could not be made: {error}", folder.display()))
            })?;
        }
    }
    container.writable.extend(kept);
    Ok(Some(Arc::new(container)))
}

/// Lets it see the keys that it logs in with.
pub(super) fn let_in(step: &StepCx<'_>, playbook: &mut Playbook) {
    let Some(container) = &mut playbook.container else { return };
    let logins = step.facts.connections.logins.values();
    let keys = logins.flat_map(|login| login.key.iter().chain(&login.agent).chain([&login.known_hosts]));
    Arc::make_mut(container).readable.extend(keys.cloned());
}
