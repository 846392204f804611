//! Where the pg backend keeps a state, and how it is reached.

use std::str::FromStr;
use std::time::Duration;

use secrecy::ExposeSecret as _;
use tokio_postgres::Config;

use super::seen::Seen;
use crate::failure::{Failure, Kind};
use crate::net::pg_tls::Tls;
use crate::tools::terraform::backend::Backend;
use crate::work::StepCx;

/// A database, and the schema of the states in it.
pub(crate) struct Database {
    pub(crate) config: Config,
    pub(crate) tls: Option<Tls>,
    pub(crate) schema: String,
}

/// How to reach the database of the state.
pub(crate) fn of(step: &StepCx<'_>, backend: &Backend, seen: &Seen) -> Result<Database, Failure> {
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
    let mut config = if text.is_empty() { Config::new() } else { Config::from_str(&text).map_err(wrong)? };
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
    config.application_name("infractl").connect_timeout(Duration::from_secs(10)).keepalives(true);
    ssl.mode = ssl.mode.or_else(|| seen.get("PGSSLMODE"));
    let root = ssl.root.or_else(|| seen.get("PGSSLROOTCERT"));
    // As terraform's backend: encrypted, unless `prefer` was asked for and the server cannot.
    let tls = Tls::of_mode(ssl.mode.as_deref().unwrap_or("require"), root.as_deref(), &mut config)?;
    let schema = backend.get("schema_name").map(str::to_owned).or_else(|| seen.get("PG_SCHEMA_NAME"));
    let schema = schema.unwrap_or_else(|| "terraform_remote_state".to_owned());
    Ok(Database { config, tls, schema })
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
