//! The lock of a run that was killed, held on to by another connection.

use std::time::Duration;

use super::{PgLock, Server};
use crate::failure::Failure;
use crate::lock::owner::Owner;

/// The server notices the end of a connection of this machine after a moment.
const TRIES: u32 = 100;

impl Server {
    /// Takes the lock when the connection of the killed run has ended; none if it is somebody else's by now.
    pub(crate) async fn adopt(&self, killed: &Owner) -> Result<Option<PgLock>, Failure> {
        let client = self.client().await?;
        let failed = |error| self.failed("could not be kept", &error);
        let (first, second) = self.keys();
        let mut is_taken = false;
        for _ in 0..TRIES {
            let take = "SELECT pg_try_advisory_lock($1, $2)";
            is_taken = client.query_one(take, &[&first, &second]).await.map_err(failed)?.get(0);
            if is_taken {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let table = self.table();
        let read = format!("SELECT owner FROM {table} WHERE workspace = $1");
        let row = client.query_opt(&read, &[&self.workspace]).await.map_err(failed)?;
        let there = row.and_then(|row| Owner::parse(row.get::<_, String>(0).as_bytes()));
        if !is_taken || !there.is_some_and(|there| there.is_same_run(killed)) {
            return Ok(None);
        }
        let hold = format!(
            "UPDATE {table} SET backend = pg_backend_pid(), heartbeat = clock_timestamp() WHERE workspace = $1"
        );
        client.execute(&hold, &[&self.workspace]).await.map_err(failed)?;
        Ok(Some(PgLock { client, schema: table, workspace: self.workspace.clone() }))
    }
}
