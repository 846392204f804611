//! The step `database`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Argument, SecretOrTemplate};
use crate::config::template::Template;

/// Make a role and a database of a PostgreSQL server, where they are missing; nothing is ever dropped
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Database {
    /// Address with the login of an administrator: `postgres://USER:PASSWORD@HOST:PORT/postgres?sslmode=…`
    ///
    /// Example: `{ database = { url = "postgres://postgres:{{secret.POSTGRES_PASSWORD}}@127.0.0.1:5432/postgres", role = "app" } }`
    pub url: Template,
    /// Role that logs in
    #[schemars(example = &"app")]
    pub role: Argument,
    /// Secret that holds the password of the role, or a text that names it; it is set where a login with it fails
    #[schemars(example = &"APP_DB_PASSWORD")]
    pub password: Option<SecretOrTemplate>,
    /// Database that the role owns
    ///
    /// Default: name of the role
    #[schemars(example = &"app")]
    pub name: Option<Argument>,
    /// Extensions that the administrator makes in the database
    ///
    /// Example: `{ database = { url = "{{secret.PG_ADMIN_URL}}", role = "gitlab", extensions = ["pg_trgm", "btree_gist"] } }`
    #[serde(default)]
    pub extensions: Vec<Argument>,
}

impl Database {
    /// What a step is called when the file gives it no name.
    pub(crate) fn step_name(&self) -> String {
        format!("database {}", self.name.as_ref().unwrap_or(&self.role).0)
    }
}
