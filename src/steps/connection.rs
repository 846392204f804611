//! One shared connection per machine and run, by the system's `ssh`: opened at the first use, closed at the end of the
//! run.

use std::path::{Path, PathBuf};

use super::StepCx;
use super::host::Machine;
use crate::config::Environment;
use crate::exec::Cmd;
use crate::failure::{Failure, Kind};

/// The host keys of an environment's machines: filled at the first contact, strict from then on.
pub fn known_hosts(env: &Environment) -> PathBuf {
    env.root.join(".infractl/known_hosts").join(&env.name)
}

/// A command of this machine, changed so that it runs on that one: its arguments, folder and plain variables go
/// along, its secret variables and its input travel by standard input. The connection is opened if it is not yet.
#[expect(clippy::unused_async, reason = "not built yet")]
pub async fn on(step: &mut StepCx<'_>, machine: &Machine, cmd: Cmd) -> Result<Cmd, Failure> {
    let _ = cmd;
    Err(Failure::new(Kind::Bug, format!("`{}` on {} is not built yet", step.name, machine.name)))
}

/// Writes a file there: beside its place, then renamed, with this mode; its folder is made when it is not there.
#[expect(clippy::unused_async, reason = "not built yet")]
pub async fn send(
    step: &mut StepCx<'_>,
    machine: &Machine,
    file: &Path,
    to: &str,
    mode: Option<u32>,
) -> Result<(), Failure> {
    let _ = (file, to, mode);
    Err(Failure::new(Kind::Bug, format!("`{}` on {} is not built yet", step.name, machine.name)))
}
