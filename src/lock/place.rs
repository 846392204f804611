//! Where a shared lock is, beside the state, and who may touch it.

use std::path::{Path, PathBuf};

use secrecy::SecretString;

use crate::failure::{Failure, Kind};
use crate::lock::pg::Server;
use crate::net::object::Object;
use crate::net::sign::Keys;
use crate::steps::terraform::seen::Seen;
use crate::steps::terraform::{self, bucket, database, state_place};
use crate::tools::aws;
use crate::tools::terraform::backend::Backend;
use crate::work::StepCx;

/// What the name of the lock ends with.
const SUFFIX: &str = ".infractl-lock";

/// A lock file beside a state on this disk.
pub(crate) fn beside_file(step: &StepCx<'_>, backend: &Backend) -> Result<PathBuf, Failure> {
    let dir = step.env.terraform.as_ref().map_or_else(PathBuf::new, |terraform| terraform.dir.clone());
    let state = backend.file(&dir, &state_place::workspace(step)?);
    let mut name = state.into_os_string();
    name.push(SUFFIX);
    Ok(name.into())
}

/// An object beside a state in S3.
pub(crate) async fn object(step: &StepCx<'_>, backend: &Backend) -> Result<Object, Failure> {
    let seen = Seen::of(step)?;
    let keys = keys(step, backend, &seen).await?;
    bucket::object(step, backend, &seen, SUFFIX, keys)
}

/// An advisory lock beside a state in PostgreSQL.
pub(crate) fn server(step: &StepCx<'_>, backend: &Backend) -> Result<Server, Failure> {
    let database = database::of(step, backend, &Seen::of(step)?)?;
    Ok(Server::new(database, state_place::workspace(step)?))
}

/// Who asks: the backend's settings, then variables, then files of profiles, then what the cloud's own program says.
async fn keys(step: &StepCx<'_>, backend: &Backend, seen: &Seen) -> Result<Keys, Failure> {
    if let Some(keys) = bucket::keys(backend, seen) {
        return Ok(keys);
    }
    let profile = backend.get("profile").map(str::to_owned).or_else(|| seen.get("AWS_PROFILE"));
    let of = |access: Option<String>, secret: Option<SecretString>, session: Option<SecretString>| {
        Some(Keys { access: access?, secret: secret?, session })
    };
    let name = profile.as_deref().unwrap_or("default");
    let home = seen.get("HOME").unwrap_or_default();
    let file = seen.get("AWS_SHARED_CREDENTIALS_FILE").unwrap_or_else(|| format!("{home}/.aws/credentials"));
    let found = crate::disk::read_text(Path::new(&file)).unwrap_or_default();
    let mut entries = aws::profile(&found, name);
    let mut entry = |key: &str| entries.remove(key);
    let (access, secret) =
        (entry("aws_access_key_id"), entry("aws_secret_access_key").map(SecretString::from));
    if let Some(keys) = of(access, secret, entry("aws_session_token").map(SecretString::from)) {
        return Ok(keys);
    }
    // Single sign-on, assumed roles, the machine's own role.
    let cmd = terraform::equip(step, aws::export_credentials(profile.as_deref()))?;
    let told = step.cx.runner.run(&cmd, &|_, _| {}).await.ok().filter(|done| done.code == 0);
    let told = told.and_then(|done| aws::parse_credentials(&done.stdout));
    told.map(|(access, secret, session)| Keys { access, secret, session }).ok_or_else(|| {
        Failure::new(Kind::Secrets, format!("no credentials for the shared lock of `{}`", step.env.name))
            .help("add AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to the credentials, or set AWS_PROFILE")
            .help("install the AWS CLI 2 for profiles with single sign-on or roles")
    })
}
