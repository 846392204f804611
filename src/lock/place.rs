//! Finds the state that a shared lock belongs beside, and who may touch it: as terraform's own backends do.

use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use secrecy::{ExposeSecret as _, SecretString};

use crate::disk;
use crate::exec::{Cmd, Value};
use crate::failure::{Failure, Kind};
use crate::lock::pg::Server;
use crate::net::object::{self, Object};
use crate::net::pg_tls::{Check, Tls};
use crate::net::sign::{self, Keys};
use crate::steps::terraform;
use crate::tools::aws;
use crate::tools::terraform::backend::{self as tool, Backend};
use crate::tools::terraform::root;
use crate::work::{StepCx, values};

/// What the name of the lock ends with.
const SUFFIX: &str = ".infractl-lock";

/// The backend that the root module declares, with what the configuration adds; `local` if there is none.
pub(crate) fn backend(step: &StepCx<'_>) -> Result<Backend, Failure> {
    let dir = root_dir(step);
    let mut files: Vec<PathBuf> = fs::read_dir(&dir)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.file_name().is_some_and(|name| root::is_module_file(&name.to_string_lossy())))
        .collect();
    files.sort();
    let declared =
        files.iter().find_map(|path| tool::backend(&path.to_string_lossy(), &disk::read_text(path).ok()?));
    let mut backend = declared.unwrap_or_else(|| Backend { kind: "local".to_owned(), ..Backend::default() });
    for (key, text) in values::backend(step)? {
        match serde_json::from_str::<serde_json::Value>(&text) {
            Ok(table @ serde_json::Value::Object(_)) => backend.set(&key, &table),
            _ => drop(backend.settings.insert(key, text)),
        }
    }
    Ok(backend)
}

fn root_dir(step: &StepCx<'_>) -> PathBuf {
    step.env.terraform.as_ref().map_or_else(PathBuf::new, |terraform| terraform.dir.clone())
}

fn workspace(step: &StepCx<'_>) -> Result<String, Failure> {
    match &step.env.terraform {
        Some(terraform) => values::argument(step, &terraform.workspace),
        None => Ok("default".to_owned()),
    }
}

/// The variables that terraform would see.
struct Seen {
    cmd: Cmd,
    vars: crate::context::Vars,
}

impl Seen {
    fn of(step: &StepCx<'_>) -> Result<Self, Failure> {
        Ok(Seen { cmd: terraform::equip(step, Cmd::new("lock"))?, vars: step.cx.vars.clone() })
    }

    fn secret(&self, name: &str) -> Option<SecretString> {
        let found = match self.cmd.env.get(name) {
            Some(Value::Plain(text)) => Some(text.clone().into()),
            Some(Value::Secret(text)) => Some(text.clone()),
            None => self.vars.get(name).map(|text| text.to_owned().into()),
        };
        found.filter(|text: &SecretString| !text.expose_secret().is_empty())
    }

    fn get(&self, name: &str) -> Option<String> {
        self.secret(name).map(|text| text.expose_secret().to_owned())
    }

    fn first(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| self.get(name))
    }
}

/// A lock file beside a state on this disk.
pub(crate) fn beside_file(step: &StepCx<'_>, backend: &Backend) -> Result<PathBuf, Failure> {
    let workspace = workspace(step)?;
    let dir = root_dir(step);
    let state = if workspace == "default" {
        dir.join(backend.get("path").unwrap_or("terraform.tfstate"))
    } else {
        dir.join(backend.get("workspace_dir").unwrap_or("terraform.tfstate.d"))
            .join(workspace)
            .join("terraform.tfstate")
    };
    let mut name = state.into_os_string();
    name.push(SUFFIX);
    Ok(name.into())
}

/// An object beside a state in S3.
pub(crate) async fn object(step: &StepCx<'_>, backend: &Backend) -> Result<Object, Failure> {
    let seen = Seen::of(step)?;
    let missing = |what: &str| {
        Failure::new(Kind::Config, format!("the s3 backend of `{}` has no `{what}`", step.env.name))
            .help(format!("set `{what}` in `[terraform.backend]`"))
    };
    let bucket = backend.get("bucket").ok_or_else(|| missing("bucket"))?;
    let key = backend.get("key").ok_or_else(|| missing("key"))?;
    let workspace = workspace(step)?;
    let key = if workspace == "default" {
        format!("{key}{SUFFIX}")
    } else {
        format!("{}/{workspace}/{key}{SUFFIX}", backend.get("workspace_key_prefix").unwrap_or("env:"))
    };
    let region = backend
        .get("region")
        .map(str::to_owned)
        .or_else(|| seen.first(&["AWS_REGION", "AWS_DEFAULT_REGION"]));
    let region = region.unwrap_or_else(|| "us-east-1".to_owned());
    let endpoint = backend
        .get("endpoints.s3")
        .or(backend.get("endpoint"))
        .map(str::to_owned)
        .or_else(|| seen.first(&["AWS_ENDPOINT_URL_S3", "AWS_S3_ENDPOINT", "AWS_ENDPOINT_URL"]));
    let wants_path =
        ["use_path_style", "force_path_style"].iter().any(|name| backend.get(name) == Some("true"));
    let key = sign::encode(&key);
    let (scheme, server, wants_path) = match &endpoint {
        Some(endpoint) => {
            let (scheme, server) = endpoint.split_once("://").unwrap_or(("https", endpoint));
            let name = server.split(['/', ':']).next().unwrap_or_default();
            let is_number = name == "localhost" || name.parse::<std::net::Ipv4Addr>().is_ok();
            (format!("{scheme}://"), server.trim_end_matches('/').to_owned(), wants_path || is_number)
        }
        // A certificate for one more label does not cover a bucket with a dot in its name.
        None => {
            ("https://".to_owned(), format!("s3.{region}.amazonaws.com"), wants_path || bucket.contains('.'))
        }
    };
    let (host, path) = if wants_path {
        (server, format!("/{}/{key}", sign::encode(bucket)))
    } else {
        (format!("{bucket}.{server}"), format!("/{key}"))
    };
    let roots = if scheme == "https://" {
        let file = backend.get("custom_ca_bundle").map(str::to_owned).or_else(|| seen.get("AWS_CA_BUNDLE"));
        let found = certificates(file.as_deref())?;
        ureq::tls::RootCerts::from(found.iter().map(|der| ureq::tls::Certificate::from_der(der).to_owned()))
    } else {
        ureq::tls::RootCerts::WebPki
    };
    let keys = keys(step, backend, &seen).await?;
    Ok(Object { agent: object::agent(roots), scheme, host, path, region, keys, now: step.cx.now })
}

/// Who asks: the backend's settings, then variables, then files of profiles, then what the cloud's own program says.
async fn keys(step: &StepCx<'_>, backend: &Backend, seen: &Seen) -> Result<Keys, Failure> {
    let setting = |name: &str| backend.get(name).map(|text| SecretString::from(text.to_owned()));
    let profile = backend.get("profile").map(str::to_owned).or_else(|| seen.get("AWS_PROFILE"));
    let of = |access: Option<String>, secret: Option<SecretString>, session: Option<SecretString>| {
        Some(Keys { access: access?, secret: secret?, session })
    };
    if let Some(keys) =
        of(backend.get("access_key").map(str::to_owned), setting("secret_key"), setting("token"))
    {
        return Ok(keys);
    }
    if backend.get("profile").is_none() {
        let secret = seen.secret("AWS_SECRET_ACCESS_KEY");
        if let Some(keys) = of(seen.get("AWS_ACCESS_KEY_ID"), secret, seen.secret("AWS_SESSION_TOKEN")) {
            return Ok(keys);
        }
    }
    let name = profile.as_deref().unwrap_or("default");
    let home = seen.get("HOME").unwrap_or_default();
    let file = seen.get("AWS_SHARED_CREDENTIALS_FILE").unwrap_or_else(|| format!("{home}/.aws/credentials"));
    let found = disk::read_text(Path::new(&file)).unwrap_or_default();
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

/// Certificates to trust: those of a file, or of the system.
fn certificates(file: Option<&str>) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let Some(file) = file else { return Ok(rustls_native_certs::load_native_certs().certs) };
    let read =
        CertificateDer::pem_file_iter(Path::new(file)).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    read.map_err(|error| {
        Failure::new(Kind::Config, format!("the certificates in `{file}` could not be read: {error}"))
    })
}

/// An advisory lock beside a state in PostgreSQL.
pub(crate) fn server(step: &StepCx<'_>, backend: &Backend) -> Result<Server, Failure> {
    let seen = Seen::of(step)?;
    let given =
        backend.get("conn_str").map(str::to_owned).or_else(|| seen.get("PG_CONN_STR")).unwrap_or_default();
    let (text, mut ssl) = without_tls(&given);
    let wrong = |error: tokio_postgres::Error| {
        // The text may hold a password.
        Failure::new(
            Kind::Config,
            format!("`conn_str` of the pg backend of `{}` is not understood: {error}", step.env.name),
        )
    };
    let mut config = if text.is_empty() {
        tokio_postgres::Config::new()
    } else {
        tokio_postgres::Config::from_str(&text).map_err(wrong)?
    };
    if config.get_hosts().is_empty() {
        config.host(seen.get("PGHOST").unwrap_or_else(|| "localhost".to_owned()));
    }
    if config.get_ports().is_empty() {
        config.port(seen.get("PGPORT").and_then(|port| port.parse().ok()).unwrap_or(5432));
    }
    if config.get_user().is_none() {
        config.user(seen.first(&["PGUSER", "USER"]).unwrap_or_else(|| "postgres".to_owned()));
    }
    if config.get_password().is_none()
        && let Some(password) = seen.secret("PGPASSWORD")
    {
        config.password(password.expose_secret());
    }
    if config.get_dbname().is_none()
        && let Some(name) = seen.get("PGDATABASE")
    {
        config.dbname(name);
    }
    ssl.mode = ssl.mode.or_else(|| seen.get("PGSSLMODE"));
    let root = ssl.root.or_else(|| seen.get("PGSSLROOTCERT"));
    let tls = match ssl.mode.as_deref() {
        Some("disable" | "allow") => None,
        Some("verify-ca" | "verify-full") => Some((Check::All, certificates(root.as_deref())?)),
        // As terraform's backend: encrypted, unless `prefer` was asked for and the server cannot.
        _ => Some((Check::Nothing, Vec::new())),
    };
    config.ssl_mode(if ssl.mode.as_deref() == Some("prefer") {
        tokio_postgres::config::SslMode::Prefer
    } else {
        tokio_postgres::config::SslMode::Require
    });
    let tls = tls
        .map(|(check, roots)| Tls::new(check, roots))
        .transpose()
        .map_err(|error| Failure::new(Kind::Bug, format!("TLS could not be set up: {error}")))?;
    let schema = backend.get("schema_name").map(str::to_owned).or_else(|| seen.get("PG_SCHEMA_NAME"));
    let schema = schema.unwrap_or_else(|| "terraform_remote_state".to_owned());
    Ok(Server::new(config, tls, schema, workspace(step)?))
}

/// How a connection is to be encrypted.
#[derive(Debug, Default, PartialEq, Eq)]
struct Ssl {
    mode: Option<String>,
    root: Option<String>,
}

/// Takes what is about TLS out of a connection string: words that the parser of the string does not know.
fn without_tls(text: &str) -> (String, Ssl) {
    let mut ssl = Ssl::default();
    let mut keep = |part: &&str| match part.trim().split_once('=') {
        Some(("sslmode", value)) => {
            ssl.mode = Some(value.trim_matches('\'').to_owned());
            false
        }
        Some(("sslrootcert", value)) => {
            ssl.root = Some(value.trim_matches('\'').replace("%2F", "/"));
            false
        }
        _ => true,
    };
    let kept = if text.contains("://") {
        let (before, query) = text.split_once('?').unwrap_or((text, ""));
        let query: Vec<&str> = query.split('&').filter(|part| !part.is_empty()).filter(&mut keep).collect();
        if query.is_empty() { before.to_owned() } else { format!("{before}?{}", query.join("&")) }
    } else {
        text.split(' ').filter(&mut keep).collect::<Vec<_>>().join(" ")
    };
    (kept, ssl)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_about_tls_is_taken_out_of_a_connection_string() {
        let ssl =
            |mode: &str, root: Option<&str>| Ssl { mode: Some(mode.into()), root: root.map(str::to_owned) };
        assert_eq!(
            without_tls("postgres://u@h/db?sslmode=verify-full&connect_timeout=3&sslrootcert=%2Fca.pem"),
            ("postgres://u@h/db?connect_timeout=3".into(), ssl("verify-full", Some("/ca.pem")))
        );
        assert_eq!(
            without_tls("host=h sslmode=disable user=u"),
            ("host=h user=u".into(), ssl("disable", None))
        );
        assert_eq!(without_tls("postgres://h/db"), ("postgres://h/db".into(), Ssl::default()));
    }
}
