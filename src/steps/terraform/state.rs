//! The state, read where it lies and without terraform. Where anything is in doubt terraform reads it, and says what is
//! wrong.

use std::time::Duration;

use base64::Engine as _;
use secrecy::ExposeSecret as _;

use super::seen::Seen;
use super::{bucket, database, init, state_place};
use crate::disk;
use crate::failure::Failure;
use crate::net::pg_tls;
use crate::net::{object, roots};
use crate::tools::postgres::identifier;
use crate::tools::terraform::backend::Backend;
use crate::tools::terraform::{Root, State, initialised, state_v4, understood};
use crate::ui::event::Level;
use crate::work::{StepCx, relative, root_module};

/// So long a server may take; terraform is more patient.
const PATIENCE: Duration = Duration::from_secs(20);

/// No state came of it.
enum Left {
    /// terraform is to read it, for this reason.
    ToTerraform(String),
    /// Nobody is to go on.
    Failed(Failure),
}

impl From<Failure> for Left {
    fn from(failure: Failure) -> Self {
        Left::Failed(failure)
    }
}

impl From<String> for Left {
    fn from(why: String) -> Self {
        Left::ToTerraform(why)
    }
}

impl From<&str> for Left {
    fn from(why: &str) -> Self {
        Left::ToTerraform(why.to_owned())
    }
}

/// The state; none where terraform is to read it.
pub(crate) async fn directly(step: &StepCx<'_>, root: &Root) -> Result<Option<State>, Failure> {
    match Box::pin(read(step, root)).await {
        Ok(state) => Ok(Some(state)),
        Err(Left::Failed(failure)) => Err(failure),
        Err(Left::ToTerraform(why)) => {
            step.line(Level::Detail, format!("the state is left to terraform: {why}"));
            Ok(None)
        }
    }
}

/// What is read, for a dry run; none where terraform is to read it.
pub(super) fn shown(step: &StepCx<'_>, root: &Root) -> Result<Option<String>, Failure> {
    match known(step, root, &Seen::of(step)?) {
        Ok(backend) if backend.kind == "local" => {
            Ok(Some(relative(step, &backend.file(&root.dir, &root.workspace))))
        }
        Ok(backend) => Ok(Some(format!("backend {}", backend.kind))),
        Err(Left::ToTerraform(_)) => Ok(None),
        Err(Left::Failed(failure)) => Err(failure),
    }
}

async fn read(step: &StepCx<'_>, root: &Root) -> Result<State, Left> {
    let seen = Seen::of(step)?;
    let backend = known(step, root, &seen)?;
    let bytes = match backend.kind.as_str() {
        "local" => of_file(root, &backend)?,
        "s3" => of_bucket(step, &backend, &seen).await?,
        "pg" => of_database(step, root, &backend, &seen).await?,
        _ => of_server(step, &backend, &seen).await?,
    };
    Ok(state_v4::read(&bytes)?)
}

/// The backend, if it is the one that was initialised and all about it is understood.
fn known(step: &StepCx<'_>, root: &Root, seen: &Seen) -> Result<Backend, Left> {
    let name = root.program.rsplit('/').next().unwrap_or_default();
    if !matches!(name, "terraform" | "tofu") {
        return Err(format!("what `{name}` does is its own").into());
    }
    if step.env.terraform.as_ref().is_some_and(|terraform| terraform.image.is_some()) {
        return Err("it runs in a container".into());
    }
    if root_module::of(step).declared.is_partial {
        return Err("the root module cannot be read".into());
    }
    let backend = state_place::backend(step)?;
    understood::check(&backend, &root.workspace, |name| seen.secret(name).is_some())?;
    let kept = disk::read_if_there(&init::data_dir(root, seen).join("terraform.tfstate"));
    let kept = kept.map_err(|_| "its data folder cannot be read")?;
    initialised::agrees(&backend, kept.as_deref())?;
    Ok(backend)
}

fn of_file(root: &Root, backend: &Backend) -> Result<Vec<u8>, Left> {
    match disk::read_if_there(&backend.file(&root.dir, &root.workspace)) {
        Err(error) if error.source.kind() == std::io::ErrorKind::FileTooLarge => {
            Err("it is too large".into())
        }
        // terraform empties it before it writes a new one.
        Ok(Some(bytes)) if bytes.is_empty() => Err("it is empty".into()),
        read => Ok(read.map_err(Failure::from)?.unwrap_or_default()),
    }
}

async fn of_bucket(step: &StepCx<'_>, backend: &Backend, seen: &Seen) -> Result<Vec<u8>, Left> {
    let keys = bucket::keys(backend, seen).ok_or("it has to find out who asks")?;
    let region = bucket::region(backend, seen).ok_or("it has to find out the region")?;
    let endpoint = bucket::endpoint(backend, seen);
    let place = endpoint.as_deref().map(|text| text.split_once("://").map_or(text, |(_, place)| place));
    if place.is_some_and(|place| place.trim_end_matches('/').contains(['/', '@', '?'])) {
        return Err("the address of the store has more than a host".into());
    }
    // Other parts of Amazon have other names.
    if endpoint.is_none() && (region.starts_with("cn-") || region.contains("iso")) {
        return Err("only it knows this region".into());
    }
    let file = seen
        .get("AWS_CONFIG_FILE")
        .unwrap_or_else(|| format!("{}/.aws/config", seen.get("HOME").unwrap_or_default()));
    if disk::read_text(file.as_ref()).is_ok_and(|text| text.contains("endpoint_url")) {
        return Err("the configuration of AWS names an address".into());
    }
    let object =
        bucket::object(step, backend, seen, "", keys).map_err(|_| "only it understands the backend")?;
    let asked = blocking(step, move |limit| object.send("GET", &[], None, limit)).await?;
    match asked.status {
        200 => Ok(asked.body),
        404 if String::from_utf8_lossy(&asked.body).contains("<Code>NoSuchKey</Code>") => Ok(Vec::new()),
        status => Err(format!("the store answers with status {status}").into()),
    }
}

async fn of_database(
    step: &StepCx<'_>,
    root: &Root,
    backend: &Backend,
    seen: &Seen,
) -> Result<Vec<u8>, Left> {
    let database = database::of(step, backend, seen).map_err(|_| "only it understands the backend")?;
    let query = format!("SELECT data FROM {}.states WHERE name = $1", identifier(&database.schema));
    let asked = async {
        let client = pg_tls::connect(&database.config, database.tls.as_ref()).await?;
        let row = client.query_opt(&query, &[&root.workspace]).await?;
        row.map(|row| row.try_get::<_, String>(0)).transpose()
    };
    let found = soon(step, asked).await?.map_err(|error| format!("the database says: {error}"))?;
    Ok(found.unwrap_or_default().into_bytes())
}

async fn of_server(step: &StepCx<'_>, backend: &Backend, seen: &Seen) -> Result<Vec<u8>, Left> {
    let find =
        |name: &str, variable: &str| backend.get(name).map(str::to_owned).or_else(|| seen.get(variable));
    let address = find("address", "TF_HTTP_ADDRESS").ok_or("it has no address")?;
    let host = address.split_once("://").map_or("", |(_, rest)| rest).split(['/', '?']).next();
    if host.is_none_or(|host| host.is_empty() || host.contains('@')) {
        return Err("only it understands the address".into());
    }
    let (user, password) = (find("username", "TF_HTTP_USERNAME"), find("password", "TF_HTTP_PASSWORD"));
    let login = user.map(|user| {
        let text = format!("{user}:{}", password.unwrap_or_default());
        secrecy::SecretString::from(format!(
            "Basic {}",
            base64::engine::general_purpose::STANDARD.encode(text)
        ))
    });
    let found = if address.starts_with("https://") {
        roots::of(None).map_err(|_| "this machine trusts no certificate")?
    } else {
        Vec::new()
    };
    let asked = blocking(step, move |limit| {
        let agent = object::agent(ureq::tls::RootCerts::from(
            found.iter().map(|der| ureq::tls::Certificate::from_der(der).to_owned()),
        ));
        let mut request = agent.get(&address).config().timeout_global(Some(limit)).build();
        if let Some(login) = &login {
            request = request.header("authorization", login.expose_secret());
        }
        let mut answer = request.call().map_err(|error| error.to_string())?;
        let body = answer.body_mut().read_to_vec().map_err(|error| error.to_string())?;
        Ok((answer.status().as_u16(), body))
    });
    match asked.await? {
        (200, body) => Ok(body),
        (204 | 404, _) => Ok(Vec::new()),
        (status, _) => Err(format!("the server answers with status {status}").into()),
    }
}

/// What blocks, on a thread of its own.
async fn blocking<T: Send + 'static>(
    step: &StepCx<'_>,
    work: impl FnOnce(Duration) -> Result<T, String> + Send + 'static,
) -> Result<T, Left> {
    let limit = patience(step);
    let done = soon(step, tokio::task::spawn_blocking(move || work(limit))).await?;
    Ok(done.map_err(|error| error.to_string())??)
}

fn patience(step: &StepCx<'_>) -> Duration {
    step.left().map_or(PATIENCE, |left| left.min(PATIENCE))
}

/// What must come within a time, unless somebody wants to stop.
async fn soon<T>(step: &StepCx<'_>, work: impl Future<Output = T>) -> Result<T, Left> {
    tokio::select! {
        done = tokio::time::timeout(patience(step), work) => done.map_err(|_| "it takes too long".into()),
        () = step.cx.interrupts.pressed() => {
            Err(step.interrupted(format!("stopped while the state of `{}` was read", step.env.name)).into())
        }
    }
}
