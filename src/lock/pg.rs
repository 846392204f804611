//! A lock that is an advisory lock in the PostgreSQL database that holds the state.
//!
//! The server frees it when the connection ends, however that happens. Who holds it is a row of the table
//! `infractl_locks` in the schema of the state. All times that are compared are the server's.

mod adopt;
mod lines;
mod tables;

use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tokio::sync::Mutex;
use tokio_postgres::Client;

use crate::failure::{Failure, Kind};
use crate::lock::attempt::Attempt;
use crate::lock::owner::Owner;
use crate::net::pg_tls;
use crate::steps::terraform::database::Database;
use crate::tools::postgres::identifier;

use tables::has_table;

/// How often it is looked again who a new holder is, and how soon.
const LOOKS: u32 = 10;
const BETWEEN_LOOKS: Duration = Duration::from_millis(30);

/// The server notices a machine that vanished after about 50 s.
const SETTINGS: &str = "SET tcp_keepalives_idle = 20; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3; \
                        SET idle_session_timeout = 0; SET statement_timeout = 20000";

/// Where the lock is.
pub(crate) struct Server {
    database: Database,
    workspace: String,
    /// Kept while waiting.
    client: Mutex<Option<Client>>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("schema", &self.database.schema)
            .field("workspace", &self.workspace)
            .finish_non_exhaustive()
    }
}

/// A held lock: as long as its connection lives.
#[derive(Debug)]
pub(crate) struct PgLock {
    client: Client,
    schema: String,
    workspace: String,
}

/// What the database says.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) owner: Option<Owner>,
    /// Server process whose connection holds the lock.
    pub(crate) holder: Option<i32>,
    pub(crate) is_stale: bool,
}

impl Server {
    pub(crate) fn new(database: Database, workspace: String) -> Self {
        Server { database, workspace, client: Mutex::new(None) }
    }

    /// The place, for messages.
    pub(crate) fn shown(&self) -> String {
        let hosts = self.database.config.get_hosts().first();
        let host = match hosts {
            Some(tokio_postgres::config::Host::Tcp(host)) => host.clone(),
            Some(tokio_postgres::config::Host::Unix(path)) => path.display().to_string(),
            None => "localhost".to_owned(),
        };
        format!("advisory lock of `{}` in schema `{}` on {host}", self.workspace, self.database.schema)
    }

    /// Two numbers of our own: terraform's advisory locks have one, which is another space.
    fn keys(&self) -> (i32, i32) {
        let hash = Sha256::digest(format!("infractl {} {}", self.database.schema, self.workspace));
        let number =
            |at: usize| i32::from_be_bytes([hash[at] & 0x7f, hash[at + 1], hash[at + 2], hash[at + 3]]);
        (number(0), number(4))
    }

    fn table(&self) -> String {
        format!("{}.infractl_locks", identifier(&self.database.schema))
    }

    fn failed(&self, what: &str, error: &tokio_postgres::Error) -> Failure {
        let why = pg_tls::words(error);
        Failure {
            error: anyhow::Error::msg(why).context(format!("the shared lock ({}) {what}", self.shown())),
            ..Failure::new(Kind::Failed, "")
        }
        .help("look at PGHOST, PGUSER, PGPASSWORD, PGSSLMODE, or `conn_str` of the backend")
    }

    async fn connect(&self) -> Result<Client, Failure> {
        let failed = |error| self.failed("could not be reached", &error);
        let client =
            pg_tls::connect(&self.database.config, self.database.tls.as_ref()).await.map_err(failed)?;
        // An older server does not know the last two.
        for setting in SETTINGS.split("; ") {
            if let Err(error) = client.batch_execute(setting).await {
                tracing::debug!(%error, setting, "not set");
            }
        }
        Ok(client)
    }

    async fn client(&self) -> Result<Client, Failure> {
        match self.client.lock().await.take().filter(|client| !client.is_closed()) {
            Some(client) => Ok(client),
            None => self.connect().await,
        }
    }

    /// Takes the lock if it is free; ends the connection of an owner that gives no sign of life.
    pub(crate) async fn try_take(&self, owner: &Owner) -> Result<Attempt<PgLock>, Failure> {
        let client = self.client().await?;
        let failed = |error| self.failed("could not be taken", &error);
        let (first, second) = self.keys();
        let row = client
            .query_one("SELECT pg_try_advisory_lock($1, $2)", &[&first, &second])
            .await
            .map_err(failed)?;
        if row.get::<_, bool>(0) {
            let left = self.write(&client, owner).await.map_err(failed)?;
            if let Some(killed) = left.as_ref().filter(|left| left.has_heirs_here()) {
                // Its connection ended with it, what it has started has not.
                let free = "SELECT pg_advisory_unlock($1, $2)";
                client.execute(free, &[&first, &second]).await.map_err(failed)?;
                let killed = killed.clone();
                *self.client.lock().await = Some(client);
                return Ok(Attempt::Busy(Some(killed)));
            }
            let lock = PgLock { client, schema: self.table(), workspace: self.workspace.clone() };
            return Ok(Attempt::Taken(lock, left));
        }
        let found = self.find_with(&client).await.map_err(failed)?;
        if let (true, Some(holder)) = (found.is_stale, found.holder) {
            // Not allowed for another role: then only its own end frees the lock.
            if let Err(error) = client.execute("SELECT pg_terminate_backend($1)", &[&holder]).await {
                tracing::debug!(%error, "a stale connection could not be ended");
            }
        }
        *self.client.lock().await = Some(client);
        Ok(Attempt::Busy(found.owner))
    }

    /// Writes down who we are; tells who was there before and did not clean up. He stays written down as long as what he
    /// has started runs.
    async fn write(&self, client: &Client, owner: &Owner) -> Result<Option<Owner>, tokio_postgres::Error> {
        let table = self.table();
        let columns = "workspace text PRIMARY KEY, owner text NOT NULL, backend integer NOT NULL, \
                       heartbeat timestamptz NOT NULL";
        self.make_table(client, &table, columns).await?;
        let left = client
            .query_opt(&format!("SELECT owner FROM {table} WHERE workspace = $1"), &[&self.workspace])
            .await?;
        let left = left.and_then(|row| Owner::parse(row.get::<_, String>(0).as_bytes()));
        if left.as_ref().is_some_and(Owner::has_heirs_here) {
            return Ok(left);
        }
        client
            .execute(
                &format!(
                    "INSERT INTO {table} VALUES ($1, $2, pg_backend_pid(), clock_timestamp()) ON CONFLICT (workspace) DO \
                     UPDATE SET owner = EXCLUDED.owner, backend = EXCLUDED.backend, heartbeat = EXCLUDED.heartbeat"
                ),
                &[&self.workspace, &owner.to_json()],
            )
            .await?;
        Ok(left)
    }

    /// A holder who does not say who he is has the lock since a moment, and writes that down now.
    async fn find_with(&self, client: &Client) -> Result<Found, tokio_postgres::Error> {
        for _ in 0..LOOKS {
            let found = self.look(client).await?;
            if found.owner.is_some() || found.holder.is_none() {
                return Ok(found);
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        self.look(client).await
    }

    async fn look(&self, client: &Client) -> Result<Found, tokio_postgres::Error> {
        let (first, second) = self.keys();
        let holder = client
            .query_opt(
                "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2 \
                 AND classid = $1::int4::oid AND objid = $2::int4::oid \
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
                &[&first, &second],
            )
            .await?
            .map(|row| row.get::<_, i32>(0));
        if !has_table(client, &self.table()).await? {
            return Ok(Found { holder, ..Found::default() });
        }
        let row = client
            .query_opt(
                &format!(
                    "SELECT owner, backend, extract(epoch FROM clock_timestamp() - heartbeat)::float8 FROM {} \
                     WHERE workspace = $1",
                    self.table()
                ),
                &[&self.workspace],
            )
            .await?;
        let Some(row) = row else { return Ok(Found { holder, ..Found::default() }) };
        let owner = Owner::parse(row.get::<_, String>(0).as_bytes());
        let patience = owner.as_ref().map_or(crate::lock::owner::STALE_AFTER, Owner::patience);
        // A row of somebody else than the holder is one that a dead run left behind.
        let is_holders = holder == Some(row.get::<_, i32>(1));
        let is_silent = row.get::<_, f64>(2) > patience.as_secs_f64();
        Ok(Found {
            owner: owner.filter(|_| is_holders || holder.is_none()),
            holder,
            is_stale: is_holders && is_silent,
        })
    }

    /// What the database says about the lock.
    pub(crate) async fn find(&self) -> Result<Found, Failure> {
        let client = self.client().await?;
        let found = self.find_with(&client).await.map_err(|error| self.failed("could not be read", &error));
        *self.client.lock().await = Some(client);
        found
    }

    /// Ends the connection that holds the lock, and forgets who it was.
    pub(crate) async fn remove(&self) -> Result<(), Failure> {
        let failed = |error| self.failed("could not be released", &error);
        let client = self.client().await?;
        let found = self.find_with(&client).await.map_err(failed)?;
        if let Some(holder) = found.holder {
            client.execute("SELECT pg_terminate_backend($1)", &[&holder]).await.map_err(failed)?;
        }
        if found.owner.is_some() {
            let forget = format!("DELETE FROM {} WHERE workspace = $1", self.table());
            client.execute(&forget, &[&self.workspace]).await.map_err(failed)?;
        }
        Ok(())
    }
}

impl PgLock {
    /// Says that the run lives; an error when the connection, and with it the lock, is gone.
    pub(crate) async fn beat(&self, owner: &Owner) -> Result<(), String> {
        let update = format!(
            "UPDATE {} SET heartbeat = clock_timestamp(), owner = $2 WHERE workspace = $1 AND backend = pg_backend_pid()",
            self.schema
        );
        match self.client.execute(&update, &[&self.workspace, &owner.to_json()]).await {
            Err(error) if self.client.is_closed() || error.is_closed() => {
                Err("the connection to the database is gone".to_owned())
            }
            _ => Ok(()),
        }
    }

    /// Forgets who held it; the lock itself ends with the connection.
    pub(crate) async fn release(&self) -> Result<(), Failure> {
        let forget =
            format!("DELETE FROM {} WHERE workspace = $1 AND backend = pg_backend_pid()", self.schema);
        // The lock is free in any case as soon as this process has ended.
        if let Err(error) = self.client.execute(&forget, &[&self.workspace]).await {
            tracing::debug!(%error, "the row of the lock stays");
        }
        if let Err(error) = self.client.execute("SELECT pg_advisory_unlock_all()", &[]).await {
            tracing::debug!(%error, "the lock ends with the connection");
        }
        Ok(())
    }
}
