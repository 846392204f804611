//! terraform in a container: what it sees besides what every tool sees there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::init::{data_dir, gather};
use super::seen::Seen;
use super::{providers, state_place};
use crate::disk;
use crate::exec::Container;
use crate::failure::Failure;
use crate::tools::terraform::Root;
use crate::tools::terraform::root::{self, Needs};
use crate::work::{StepCx, container, values};

/// The container for this root module; none where terraform runs on this machine.
pub(super) fn of(step: &StepCx<'_>, root: &Root) -> Result<Option<Arc<Container>>, Failure> {
    let Some(terraform) = &step.env.terraform else { return Ok(None) };
    let Some(image) = &terraform.image else { return Ok(None) };
    let mut container = container::of(step.env, &step.cx.vars, values::argument(step, image)?);
    let seen = Seen::of(step)?;

    // terraform replaces its lock file and its state by files beside them.
    container.writable.extend([root.dir.clone(), data_dir(root, &seen)]);
    container.writable.extend(state_folder(step, root)?);

    container.readable.extend(root.var_files.iter().cloned());
    // Modules beside the project; what is wrong with them is terraform's to say.
    let mut files = BTreeMap::new();
    let _ = gather(&step.facts.modules, &root.dir, &mut files, &mut Needs::default(), 0);
    container.readable.extend(files.keys().filter_map(|file| file.parent()).map(Path::to_owned));
    container.readable.extend(providers::place(step)?);
    let settings = providers::settings(&seen).and_then(|file| disk::read_text(&file).ok());
    let mirrors = root::folders(&settings.unwrap_or_default());
    container
        .readable
        .extend(mirrors.into_iter().map(|dir| root::expanded(&dir, |name| seen.get(name)).into()));
    Ok(Some(Arc::new(container)))
}

/// Where a state on this disk is, if that is not the folder of the root module. terraform would make it.
fn state_folder(step: &StepCx<'_>, root: &Root) -> Result<Option<PathBuf>, Failure> {
    let backend = state_place::backend(step)?;
    if backend.kind != "local" {
        return Ok(None);
    }
    let file = backend.file(&root.dir, &root.workspace);
    let Some(folder) = file.parent().filter(|folder| !folder.starts_with(&root.dir)) else { return Ok(None) };
    if !step.frame.is_dry {
        disk::make_dir(folder).map_err(|error| {
            let message =
                format!("the folder of the state, `{}`, could not be made: {error}", folder.display());
            Failure::new(crate::failure::Kind::Failed, message)
        })?;
    }
    Ok(Some(disk::place_of(folder)))
}
