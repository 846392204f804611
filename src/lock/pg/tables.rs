//! Tables of infractl's own in the schema of the state.

use tokio_postgres::{Client, Error};

use super::Server;
use crate::tools::postgres::identifier;

/// Whether a table is there.
pub(super) async fn has_table(client: &Client, table: &str) -> Result<bool, Error> {
    Ok(client.query_one("SELECT to_regclass($1) IS NOT NULL", &[&table]).await?.get(0))
}

impl Server {
    /// Makes a table that is not there yet.
    pub(super) async fn make_table(&self, client: &Client, table: &str, columns: &str) -> Result<(), Error> {
        if has_table(client, table).await? {
            return Ok(());
        }
        let schema = identifier(&self.database.schema);
        let make =
            format!("CREATE SCHEMA IF NOT EXISTS {schema}; CREATE TABLE IF NOT EXISTS {table} ({columns})");
        // Two that make it at the same moment: one of them gets an error, and finds it made.
        if client.batch_execute(&make).await.is_err() {
            client.batch_execute(&make).await?;
        }
        Ok(())
    }
}
