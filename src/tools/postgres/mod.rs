//! PostgreSQL: the programs that dump and restore, what they are asked, and what they say.

mod address;
pub(crate) mod role;

use std::sync::atomic::{AtomicBool, Ordering};

use serde::Deserialize;

pub(crate) use address::Address;

use crate::snapshots::Database;

/// A name in a statement.
pub(crate) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text in a statement.
pub(crate) fn text(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

/// What has to be known of a database before it is dumped.
pub(crate) const ABOUT: &str = "select json_build_array(current_setting('server_version_num'), \
     current_setting('server_version'), pg_encoding_to_char(encoding), datcollate, datctype, pg_get_userbyid(datdba), \
     current_user) from pg_database where datname = current_database()";

/// What a server says of a database.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct About {
    number: String,
    pub(crate) version: String,
    encoding: String,
    collate: String,
    ctype: String,
    pub(crate) owner: String,
    pub(crate) user: String,
}

impl About {
    /// Reads the answer to [`ABOUT`].
    pub(crate) fn read(stdout: &[u8]) -> Option<About> {
        serde_json::from_slice(stdout).ok()
    }

    /// What decides whether a client is too old: `1500` of 15.18, and `906` of 9.6.
    pub(crate) fn major(&self) -> u32 {
        let number: u32 = self.number.parse().unwrap_or_default();
        if number >= 100_000 { number / 10_000 * 100 } else { number / 100 }
    }

    /// The same for people: `15`, `9.6`.
    pub(crate) fn release(&self) -> String {
        match (self.major() / 100, self.major() % 100) {
            (first @ 10.., _) => first.to_string(),
            (first, second) => format!("{first}.{second}"),
        }
    }

    /// As it is written down.
    pub(crate) fn database(&self, name: &str, client: &str) -> Database {
        Database {
            name: name.to_owned(),
            owner: self.owner.clone(),
            server: self.version.clone(),
            client: client.to_owned(),
            encoding: self.encoding.clone(),
            collate: self.collate.clone(),
            ctype: self.ctype.clone(),
        }
    }
}

/// The version that `pg_dump --version` prints: `15.18`.
pub(crate) fn client(stdout: &str) -> Option<&str> {
    stdout.split_whitespace().find(|word| word.starts_with(|letter: char| letter.is_ascii_digit()))
}

/// The same as [`About::major`] of a text like `15.18`, `9.6.24` or `17beta1`.
pub(crate) fn major(version: &str) -> Option<u32> {
    let mut numbers = version.split(|letter: char| !letter.is_ascii_digit()).map(str::parse::<u32>);
    match (numbers.next()?.ok()?, numbers.next()) {
        (first @ 0..10, Some(Ok(second))) => Some(first * 100 + second),
        (first, _) => Some(first * 100),
    }
}

/// Makes a database that sorts like the one that was dumped.
pub(crate) fn create(name: &str, like: &Database) -> String {
    format!(
        "create database {} template template0 encoding {} lc_collate {} lc_ctype {}",
        identifier(name),
        text(&like.encoding),
        text(&like.collate),
        text(&like.ctype)
    )
}

/// Takes a database away, whoever is connected to it.
pub(crate) fn drop(name: &str) -> Vec<String> {
    vec![end_others(name), format!("drop database if exists {}", identifier(name))]
}

/// Ends the connections of others to a database.
fn end_others(name: &str) -> String {
    format!(
        "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = {} and pid <> pg_backend_pid()",
        text(name)
    )
}

/// Lets nobody in any more, and ends who is in.
pub(crate) fn close(name: &str) -> Vec<String> {
    vec![format!("alter database {} with allow_connections false", identifier(name)), end_others(name)]
}

/// Lets everybody in again.
pub(crate) fn open(name: &str) -> Vec<String> {
    vec![format!("alter database {} with allow_connections true", identifier(name))]
}

/// Puts one database in the place of another, which stays under a name of its own: both or nothing.
pub(crate) fn swap(name: &str, new: &str, before: &str, owner: Option<&str>) -> Vec<String> {
    let alter = |name: &str, what: String| format!("alter database {} {what}", identifier(name));
    let owned = owner.map(|owner| alter(new, format!("owner to {}", identifier(owner))));
    let swap = [
        alter(name, format!("rename to {}", identifier(before))),
        alter(new, format!("rename to {}", identifier(name))),
        alter(before, "with allow_connections true".to_owned()),
    ];
    vec![owned.into_iter().chain(swap).collect::<Vec<_>>().join("; ")]
}

/// Tells what programs say of an error from the rows that they quote with it: these are for nobody's log.
#[derive(Debug, Default)]
pub(crate) struct Rows(AtomicBool);

impl Rows {
    /// Nothing of a row is in the next line.
    pub(crate) fn is_free(&self, line: &str) -> bool {
        let begins = |words: &[&str]| words.iter().any(|word| line.trim_start().starts_with(word));
        // A row may have ends of lines in it: it goes on until the program speaks itself.
        if begins(&["CONTEXT:", "DETAIL:", "Command was:"]) {
            self.0.store(true, Ordering::Relaxed);
        } else if begins(&["pg_restore:", "pg_dump:", "psql:", "HINT:"]) {
            self.0.store(false, Ordering::Relaxed);
        }
        !self.0.load(Ordering::Relaxed)
    }

    /// The lines without any.
    pub(crate) fn leave(text: &str) -> String {
        let rows = Rows::default();
        text.lines().filter(|line| rows.is_free(line)).collect::<Vec<_>>().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_left_out_of_what_is_said() {
        let said = "pg_restore: error: COPY failed for table \"t\": ERROR:  no\nDETAIL:  Failing row contains (1, x\ny).\n\
                    CONTEXT:  COPY t, line 1: \"1\tx\npg_restore: warning: 1";
        assert_eq!(
            Rows::leave(said),
            "pg_restore: error: COPY failed for table \"t\": ERROR:  no\npg_restore: warning: 1"
        );
    }

    #[test]
    fn versions_compare_by_what_counts() {
        assert_eq!(client("pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some("15.18"));
        assert_eq!(
            [major("15.18"), major("9.6.24"), major("17beta1"), major("x")],
            [Some(1500), Some(906), Some(1700), None]
        );
        let about = |number: &str| {
            About::read(format!(r#"["{number}","v","UTF8","C","C","o","u"]"#).as_bytes()).unwrap()
        };
        assert_eq!([about("150018").release(), about("90624").release()], ["15", "9.6"]);
    }

    #[test]
    fn names_and_texts_stay_what_they_are_in_statements() {
        assert_eq!(identifier("a\"b"), "\"a\"\"b\"");
        assert!(drop("it's")[0].contains("datname = 'it''s'"));
        assert_eq!(
            swap("shop", "new", "old", Some("app")),
            [
                "alter database \"new\" owner to \"app\"; alter database \"shop\" rename to \"old\"; alter database \"new\" rename to \"shop\"; alter database \"old\" with allow_connections true"
            ]
        );
    }
}
