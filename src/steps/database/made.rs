//! What is missing is made, one after the other; each statement is one of the history.

use std::time::Instant;

use secrecy::{ExposeSecret as _, SecretString};
use tokio_postgres::Client;

use super::Names;
use super::connect::{NoWay, Server, meaning};
use crate::failure::{Failure, Kind};
use crate::net::pg_tls::words;
use crate::tools::postgres::role::{self, ONE_AT_A_TIME, Refusal};
use crate::ui::event::Level;
use crate::work::StepCx;

/// How often a template that somebody uses is tried.
const TRIES: usize = 10;

/// Makes everything that is missing, and says what.
pub(super) async fn all(
    step: &StepCx<'_>,
    server: &Server,
    names: &Names,
    password: Option<&SecretString>,
) -> Result<String, Failure> {
    let admin = server.admin(step, None).await?;
    // Freed by the server when the connection ends.
    if let Err(error) = admin.batch_execute(&format!("set lock_timeout = '60s'; {ONE_AT_A_TIME}")).await {
        tracing::debug!(%error, "not alone");
    }
    let mut made = Vec::new();
    made.extend(of_role(step, server, &admin, names, password).await?);
    made.extend(of_database(step, &admin, names).await?);
    made.extend(of_extensions(step, server, names).await?);
    for line in &made {
        step.line(Level::Normal, line);
    }
    Ok(if made.is_empty() { "unchanged".to_owned() } else { made.join(", ") })
}

/// The role, and its password.
async fn of_role(
    step: &StepCx<'_>,
    server: &Server,
    admin: &Client,
    names: &Names,
    password: Option<&SecretString>,
) -> Result<Option<String>, Failure> {
    let role = &names.role;
    let found = admin.query_opt("select rolcanlogin from pg_roles where rolname = $1", &[role]).await;
    let found = found.map_err(|error| failed(&error, "look for the role"))?.map(|row| row.get::<_, bool>(0));
    let verifier = || password.map(verifier);
    if found.is_none() {
        let statement = role::create(role, verifier().as_deref());
        match execute(step, admin, &statement, &format!("create role {role}")).await {
            Ok(()) => return Ok(Some(format!("role {role} made"))),
            Err(error) if meaning(&error) == Refusal::Exists => {}
            Err(error) => return Err(refused(&error, &format!("make the role `{role}`"))),
        }
    }
    let Some(password) = password else {
        if found == Some(false) {
            step.cx.ui.warn(format!("the role `{role}` cannot log in, and no `password` is given"));
        }
        return Ok(None);
    };
    let database = is_there(admin, &names.database).await?.then_some(names.database.as_str());
    match server.try_login(step, (role, password), database).await {
        // What has no rights is known, and may not use this database.
        Ok(()) | Err(NoWay { refusal: Refusal::Rights, .. }) => return Ok(None),
        Err(NoWay { refusal: Refusal::Login, .. }) => {}
        Err(NoWay { why, .. }) => {
            let heading = format!("nobody can say whether the password of `{role}` is good");
            return Err(Failure::new(Kind::Failed, why).context(heading));
        }
    }
    let statement = role::alter(role, verifier().as_deref());
    match execute(step, admin, &statement, &format!("alter role {role} password")).await {
        Ok(()) => Ok(Some(format!("password of {role} set"))),
        Err(error) => Err(refused(&error, &format!("set the password of `{role}`"))),
    }
}

/// What the server keeps of a password: it could not be read back, from its log neither.
fn verifier(password: &SecretString) -> String {
    postgres_protocol::password::scram_sha_256(password.expose_secret().as_bytes())
}

/// The database; that of somebody else stays theirs.
async fn of_database(step: &StepCx<'_>, admin: &Client, names: &Names) -> Result<Option<String>, Failure> {
    let (name, role) = (&names.database, &names.role);
    let owner = "select pg_get_userbyid(datdba) from pg_database where datname = $1";
    for number in 1..=TRIES {
        let found = admin.query_opt(owner, &[name]).await;
        if let Some(row) = found.map_err(|error| failed(&error, "look for the database"))? {
            let owner: String = row.get(0);
            if owner != *role {
                step.cx.ui.warn(format!(
                    "the database `{name}` belongs to `{owner}`, and stays so: to change that, run `{}`",
                    role::give(name, role)
                ));
            }
            return Ok(None);
        }
        let statement = role::create_database(name, role);
        let error = match execute(step, admin, &statement, &format!("create database {name}")).await {
            Ok(()) => return Ok(Some(format!("database {name} made"))),
            Err(error) => error,
        };
        match meaning(&error) {
            Refusal::Exists => {}
            Refusal::InUse if number < TRIES => {
                tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            }
            // One who is no superuser has to belong to the role.
            Refusal::Rights if number == 1 => {
                execute(step, admin, &role::join(role), &format!("grant {role} to current_user"))
                    .await
                    .map_err(|_| refused(&error, &format!("make the database `{name}`")))?;
            }
            _ => return Err(refused(&error, &format!("make the database `{name}`"))),
        }
    }
    Err(Failure::new(
        Kind::Failed,
        format!("the database `{name}` could not be made: others use the template"),
    )
    .help("end the sessions in `template1`, and run it again"))
}

/// The extensions, in the database itself.
async fn of_extensions(step: &StepCx<'_>, server: &Server, names: &Names) -> Result<Vec<String>, Failure> {
    let mut made = Vec::new();
    if names.extensions.is_empty() {
        return Ok(made);
    }
    let there = server.admin(step, Some(&names.database)).await?;
    let rows = there.query("select extname::text from pg_extension", &[]).await;
    let rows = rows.map_err(|error| failed(&error, "look for extensions"))?;
    let known: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    for name in names.extensions.iter().filter(|name| !known.contains(name)) {
        let statement = role::create_extension(name);
        match execute(step, &there, &statement, &format!("create extension {name}")).await {
            Ok(()) => made.push(format!("extension {name} made")),
            Err(error) if meaning(&error) == Refusal::Exists => {}
            Err(error) => {
                let failure = failed(&error, &format!("make the extension `{name}`"));
                return Err(match meaning(&error) {
                    Refusal::Rights => failure.help("let `url` name a superuser, or have one make it once"),
                    Refusal::NotInstalled => failure
                        .help("install it where the server runs: on Debian most are in `postgresql-contrib`"),
                    _ => failure,
                });
            }
        }
    }
    Ok(made)
}

async fn is_there(admin: &Client, database: &str) -> Result<bool, Failure> {
    let found = admin.query_opt("select 1 from pg_database where datname = $1", &[&database]).await;
    found.map(|row| row.is_some()).map_err(|error| failed(&error, "look for the database"))
}

/// Does a statement; the history knows of it by `shown`.
async fn execute(
    step: &StepCx<'_>,
    client: &Client,
    statement: &str,
    shown: &str,
) -> Result<(), tokio_postgres::Error> {
    step.begun(vec!["postgres".to_owned(), shown.to_owned()]);
    let started = Instant::now();
    let result = client.batch_execute(statement).await;
    step.over(Some(i32::from(result.is_err())), started.elapsed());
    result
}

fn failed(error: &tokio_postgres::Error, what: &str) -> Failure {
    Failure::new(Kind::Failed, words(error)).context(format!("PostgreSQL does not {what}"))
}

/// The same for what wants rights.
fn refused(error: &tokio_postgres::Error, what: &str) -> Failure {
    let failure = failed(error, what);
    match meaning(error) {
        Refusal::Rights => failure.help("let `url` name a superuser, or a role with CREATEROLE and CREATEDB"),
        _ => failure,
    }
}
