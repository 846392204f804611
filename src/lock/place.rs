//! Where a shared lock is, beside the state, and who may touch it.

use std::path::PathBuf;

use crate::failure::Failure;
use crate::lock::pg::Server;
use crate::net::object::Object;
use crate::steps::terraform::seen::Seen;
use crate::steps::terraform::{bucket, database, state_place};
use crate::tools::terraform::backend::Backend;
use crate::work::StepCx;

/// What the name of the lock ends with.
pub(crate) const SUFFIX: &str = ".infractl-lock";

/// A file beside a state on this disk.
pub(crate) fn beside_file(step: &StepCx<'_>, backend: &Backend, ending: &str) -> Result<PathBuf, Failure> {
    let dir = step.env.terraform.as_ref().map_or_else(PathBuf::new, |terraform| terraform.dir.clone());
    let state = backend.file(&dir, &state_place::workspace(step)?);
    let mut name = state.into_os_string();
    name.push(ending);
    Ok(name.into())
}

/// An object beside a state in S3.
pub(crate) async fn object(step: &StepCx<'_>, backend: &Backend, ending: &str) -> Result<Object, Failure> {
    let seen = Seen::of(step)?;
    let keys = bucket::credentials(step, backend, &seen).await?;
    bucket::object(step, backend, &seen, ending, keys)
}

/// An advisory lock beside a state in PostgreSQL.
pub(crate) fn server(step: &StepCx<'_>, backend: &Backend) -> Result<Server, Failure> {
    let database = database::of(step, backend, &Seen::of(step)?)?;
    Ok(Server::new(database, state_place::workspace(step)?))
}
