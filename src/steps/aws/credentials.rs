//! Who asks AWS: variables, files of profiles, the `aws` program.

use std::path::Path;

use secrecy::SecretString;

use crate::disk;
use crate::exec::{Cmd, Done, RunError};
use crate::net::aws::Lent;
use crate::net::sign::Keys;
use crate::tools::aws;
use crate::tools::aws::profile;
use crate::work::StepCx;

/// The value of a variable, as those see it who ask.
pub(crate) type Var<'a> = &'a (dyn Fn(&str) -> Option<SecretString> + Send + Sync);

/// The keys that variables hold.
pub(crate) fn of_variables(var: Var<'_>) -> Option<Keys> {
    use secrecy::ExposeSecret as _;
    Some(Keys {
        access: var("AWS_ACCESS_KEY_ID")?.expose_secret().to_owned(),
        secret: var("AWS_SECRET_ACCESS_KEY")?,
        session: var("AWS_SESSION_TOKEN"),
    })
}

/// The keys of a profile that has some of its own. Reads files.
pub(crate) fn of_files(var: Var<'_>, name: &str) -> Option<Keys> {
    if profile::lends(&profile::of_config(&file(var, CONFIG), name)) {
        return None;
    }
    let mut entries = profile::section(&file(var, CREDENTIALS), name);
    let access = entries.remove("aws_access_key_id")?;
    let secret = entries.remove("aws_secret_access_key")?.into();
    Some(Keys { access, secret, session: entries.remove("aws_session_token").map(SecretString::from) })
}

/// Credentials from wherever the `aws` program gets them: single sign-on, an assumed role, the machine's own role; or what
/// it printed instead.
pub(crate) async fn of_program(step: &StepCx<'_>, cmd: &Cmd) -> Result<Result<Lent, Done>, RunError> {
    let done = step.quietly(cmd).await?;
    Ok(match aws::parse_credentials(&done.stdout).filter(|_| done.code == 0) {
        Some(lent) => Ok(lent),
        None => Err(done),
    })
}

/// A file of the AWS CLI: the variable that names it, and where it is otherwise.
type Place = (&'static str, &'static str);

pub(super) const CONFIG: Place = ("AWS_CONFIG_FILE", ".aws/config");
const CREDENTIALS: Place = ("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials");

/// What is in it; nothing if it is not there.
pub(super) fn file(var: Var<'_>, (name, usual): Place) -> String {
    use secrecy::ExposeSecret as _;
    let text = |name: &str| var(name).map(|text| text.expose_secret().to_owned());
    let home = || text("HOME").unwrap_or_default();
    let path = text(name).unwrap_or_else(|| format!("{}/{usual}", home()));
    disk::read_text(Path::new(&path)).unwrap_or_default()
}
