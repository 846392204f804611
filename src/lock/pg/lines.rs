//! Lines of text beside the lock: rows of a table, which only grows.

use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::Server;
use super::tables::has_table;
use crate::failure::Failure;
use crate::tools::postgres::identifier;

impl Server {
    fn lines_table(&self) -> String {
        format!("{}.infractl_deployments", identifier(&self.database.schema))
    }

    /// All lines, each with its line end.
    pub(crate) async fn lines(&self) -> Result<String, Failure> {
        let client = self.client().await?;
        let lines = self.lines_with(&client).await;
        *self.client.lock().await = Some(client);
        lines.map_err(|error| self.failed("has records beside it that could not be read", &error))
    }

    async fn lines_with(&self, client: &Client) -> Result<String, tokio_postgres::Error> {
        let table = self.lines_table();
        if !has_table(client, &table).await? {
            return Ok(String::new());
        }
        let all = format!("SELECT line FROM {table} WHERE workspace = $1 ORDER BY number");
        let rows = client.query(&all, &[&self.workspace]).await?;
        Ok(rows.iter().flat_map(|row| [row.get::<_, String>(0), "\n".to_owned()]).collect())
    }

    /// Adds lines after so many, all or none; false if somebody has added some since.
    pub(crate) async fn add_lines(&self, after: usize, lines: &[&str]) -> Result<bool, Failure> {
        let mut client = self.client().await?;
        let added = self.add_with(&mut client, after, lines).await;
        *self.client.lock().await = Some(client);
        match added {
            Err(error) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => Ok(false),
            Err(error) => Err(self.failed("has records beside it that could not be written", &error)),
            Ok(()) => Ok(true),
        }
    }

    async fn add_with(
        &self,
        client: &mut Client,
        after: usize,
        lines: &[&str],
    ) -> Result<(), tokio_postgres::Error> {
        let table = self.lines_table();
        let columns = "workspace text NOT NULL, number bigint NOT NULL, line text NOT NULL, \
                       PRIMARY KEY (workspace, number)";
        self.make_table(client, &table, columns).await?;
        let change = client.transaction().await?;
        let add = format!("INSERT INTO {table} VALUES ($1, $2, $3)");
        for (number, line) in (after + 1..).zip(lines) {
            let number = i64::try_from(number).unwrap_or(i64::MAX);
            change.execute(&add, &[&self.workspace, &number, line]).await?;
        }
        change.commit().await
    }
}
