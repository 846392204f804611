//! Whether the environment file is older than the state: told by the serial that both name. Nothing is started or asked.

use serde::Deserialize;

use crate::config::Environment;
use crate::context::Ctx;
use crate::disk;
use crate::files::env_file::serial_of;
use crate::steps::terraform::{self as steps, state_place};
use crate::work::{Facts, StepCx};

/// What is read of a state.
#[derive(Deserialize)]
struct State {
    serial: u64,
}

/// None when there is no file, or a state that is not on this disk.
pub(crate) fn is_stale(cx: &Ctx, env: &Environment) -> Option<bool> {
    env.terraform.as_ref()?;
    let text = disk::read_lossy_if_there(&env.env_file.path).ok().flatten()?;
    let mut facts = Facts::default();
    let step = StepCx::new(cx, env, "status", &[], &mut facts);
    let root = steps::root(&step).ok()?;
    let backend = state_place::backend(&step).ok()?;
    let file = (backend.kind == "local").then(|| backend.file(&root.dir, &root.workspace))?;
    let state: State = serde_json::from_slice(&disk::read_if_there(&file).ok()??).ok()?;
    Some(serial_of(&text)? != state.serial)
}
