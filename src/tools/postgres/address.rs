//! How the programs of PostgreSQL are told where a database is.
//!
//! An address becomes variables that they all read (`PGHOST`, `PGPASSWORD`, …), so that nothing of it is an argument.

use std::collections::BTreeMap;

use secrecy::SecretString;

use crate::exec::{Cmd, Io};
use crate::text::percent_decoded;

/// Where a database is, as variables.
#[derive(Debug, Clone, Default)]
pub(crate) struct Address {
    vars: BTreeMap<&'static str, String>,
    password: Option<SecretString>,
    /// All of it came of a secret.
    is_secret: bool,
}

/// Parameters of an address, and the variables that mean the same.
const PARAMETERS: [(&str, &str); 18] = [
    ("host", "PGHOST"),
    ("hostaddr", "PGHOSTADDR"),
    ("port", "PGPORT"),
    ("user", "PGUSER"),
    ("dbname", "PGDATABASE"),
    ("sslmode", "PGSSLMODE"),
    ("sslrootcert", "PGSSLROOTCERT"),
    ("sslcert", "PGSSLCERT"),
    ("sslkey", "PGSSLKEY"),
    ("sslcrl", "PGSSLCRL"),
    ("sslsni", "PGSSLSNI"),
    ("channel_binding", "PGCHANNELBINDING"),
    ("gssencmode", "PGGSSENCMODE"),
    ("krbsrvname", "PGKRBSRVNAME"),
    ("options", "PGOPTIONS"),
    ("connect_timeout", "PGCONNECT_TIMEOUT"),
    ("client_encoding", "PGCLIENTENCODING"),
    ("target_session_attrs", "PGTARGETSESSIONATTRS"),
];

/// Variables of whoever runs infractl that would lead elsewhere.
const ELSEWHERE: [&str; 9] = [
    "PGHOST",
    "PGHOSTADDR",
    "PGPORT",
    "PGUSER",
    "PGDATABASE",
    "PGPASSWORD",
    "PGSERVICE",
    "PGOPTIONS",
    "PGTARGETSESSIONATTRS",
];

/// Parameters that only drivers know: an address of an application may have them.
const OF_DRIVERS: [&str; 12] = [
    "schema",
    "connection_limit",
    "pool_timeout",
    "pool_size",
    "max_overflow",
    "pgbouncer",
    "socket_timeout",
    "statement_cache_size",
    "application_name",
    "fallback_application_name",
    "keepalives",
    "keepalives_idle",
];

impl Address {
    /// Reads `postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=…`. The error says what is wrong, and no value.
    pub(crate) fn parse(url: &str, is_secret: bool) -> Result<Address, String> {
        let (scheme, rest) = url.trim().split_once("://").ok_or("it is no address: write `postgres://…`")?;
        let base = scheme.split('+').next().unwrap_or_default();
        if !["postgres", "postgresql"].contains(&base) {
            return Err(
                "it is no address of PostgreSQL: it begins with another word than `postgres://`".to_owned()
            );
        }
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        // A password may hold what should have been written as `%40`.
        let (login, place) =
            rest.rsplit_once('@').map_or((None, rest), |(login, place)| (Some(login), place));
        let (servers, database) = place.split_once('/').unwrap_or((place, ""));
        let mut address = Address { is_secret, ..Address::default() };
        if let Some(login) = login {
            let (user, password) =
                login.split_once(':').map_or((login, None), |(user, word)| (user, Some(word)));
            address.set("user", user)?;
            address.password =
                password.map(decoded).transpose()?.filter(|text| !text.is_empty()).map(Into::into);
        }
        let servers: Vec<(&str, &str)> = servers.split(',').map(host_and_port).collect();
        let joined = |all: Vec<&str>| all.join(",");
        if servers.iter().any(|(host, _)| !host.is_empty()) {
            address.set("host", &joined(servers.iter().map(|(host, _)| *host).collect()))?;
        }
        if servers.iter().any(|(_, port)| !port.is_empty()) {
            address.set("port", &joined(servers.iter().map(|(_, port)| *port).collect()))?;
        }
        address.set("dbname", database.trim_end_matches('/'))?;
        for (name, value) in query.split('&').filter_map(|part| part.split_once('=')) {
            match name {
                "password" => address.password = Some(decoded(value)?.into()),
                name if OF_DRIVERS.contains(&name) => {}
                name => address.set(name, value)?,
            }
        }
        if !address.vars.contains_key("PGDATABASE") {
            return Err("it names no database: write it at the end, `…/NAME`".to_owned());
        }
        Ok(address)
    }

    fn set(&mut self, parameter: &str, value: &str) -> Result<(), String> {
        let known = PARAMETERS.iter().find(|(name, _)| *name == parameter);
        let (_, variable) = known.ok_or("it has a parameter that PostgreSQL does not know")?;
        if !value.is_empty() {
            self.vars.insert(variable, decoded(value)?);
        }
        Ok(())
    }

    /// The name of the database.
    pub(crate) fn database(&self) -> &str {
        self.vars.get("PGDATABASE").map(String::as_str).unwrap_or_default()
    }

    /// A part of it, by the variable that means it.
    pub(crate) fn get(&self, variable: &str) -> Option<&str> {
        self.vars.get(variable).map(String::as_str)
    }

    /// The password, which is to be masked: alone it is no secret of a file.
    pub(crate) fn password(&self) -> Option<&SecretString> {
        self.password.as_ref()
    }

    /// Another database of the same server.
    pub(crate) fn to(&self, database: &str) -> Address {
        let mut address = self.clone();
        address.vars.insert("PGDATABASE", database.to_owned());
        address
    }

    /// A program that works with it.
    fn program(&self, name: &str) -> Cmd {
        let mut cmd = ELSEWHERE.iter().fold(Cmd::new(name), |cmd, variable| cmd.unset(*variable));
        for (name, value) in &self.vars {
            cmd = match self.is_secret {
                true => cmd.secret(*name, value.clone().into()),
                false => cmd.env(*name, value),
            };
        }
        match &self.password {
            Some(password) => cmd.secret("PGPASSWORD", password.clone()),
            None => cmd,
        }
    }

    /// Writes all of the database to standard output.
    pub(crate) fn dump(&self) -> Cmd {
        self.program("pg_dump").args(["--format=custom", "--no-password"])
    }

    /// Restores what comes on standard input, all of it or nothing.
    pub(crate) fn restore(&self, has_owners: bool) -> Cmd {
        let owners: &[&str] = if has_owners { &[] } else { &["--no-owner", "--no-acl"] };
        // Without `--dbname` it would print what it should do. The name itself is among the variables.
        self.program("pg_restore")
            .args(["--no-password", "--single-transaction", "--exit-on-error"])
            .args(owners.iter().copied())
            .arg("--dbname=application_name=infractl")
    }

    /// Does these statements one after the other, and prints what they give.
    pub(crate) fn ask(&self, statements: &[String]) -> Cmd {
        let flags = [
            "--no-psqlrc",
            "--no-password",
            "--quiet",
            "--tuples-only",
            "--no-align",
            "--set=ON_ERROR_STOP=1",
        ];
        let each = statements.iter().map(|statement| format!("--command={statement}"));
        self.program("psql").args(flags).args(each).io(Io::Capture)
    }
}

fn decoded(text: &str) -> Result<String, String> {
    let text = String::from_utf8(percent_decoded(text)).map_err(|_| "a part of it is not UTF-8")?;
    match text.contains(['\0', '\n', '\r']) {
        true => Err("a part of it has a line break or a NUL".to_owned()),
        false => Ok(text),
    }
}

/// `[::1]:5432`, `db:5432`, `db`.
fn host_and_port(place: &str) -> (&str, &str) {
    match place.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, rest)) => (host, rest.trim_start_matches(':')),
        None => place.split_once(':').unwrap_or((place, "")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_an_address_is_an_argument() {
        let url = "postgresql+asyncpg://us%40er:p%40ss w0rd@[::1]:5433/shop?sslmode=require&schema=public";
        let address = Address::parse(url, true).unwrap();
        let cmd = address.dump();
        assert_eq!(
            cmd.to_string(),
            "PGDATABASE=*** PGHOST=*** PGPASSWORD=*** PGPORT=*** PGSSLMODE=*** PGUSER=*** pg_dump '--format=custom' --no-password"
        );
        let value = |name: &str| cmd.env[name].text().to_owned();
        assert_eq!(
            [value("PGUSER"), value("PGPASSWORD"), value("PGHOST"), value("PGPORT")],
            ["us@er", "p@ss w0rd", "::1", "5433"]
        );
        assert_eq!(address.database(), "shop");
        let plain = Address::parse("postgres://db/shop", false).unwrap().to("other").restore(false);
        assert!(
            plain
                .to_string()
                .starts_with("PGDATABASE=other PGHOST=db pg_restore --no-password --single-transaction")
        );
        assert!(plain.unset.contains("PGHOSTADDR") && plain.unset.contains("PGSERVICE"));
        assert!(!format!("{address:?}").contains("p@ss"));
    }

    #[test]
    fn several_servers_and_no_login_are_understood() {
        let address =
            Address::parse("postgres://a:1,b:2/x?user=u&password=p&connect_timeout=3", false).unwrap();
        let cmd = address.dump();
        assert_eq!((cmd.env["PGHOST"].text(), cmd.env["PGPORT"].text()), ("a,b", "1,2"));
        assert_eq!((cmd.env["PGUSER"].text(), cmd.env["PGPASSWORD"].text()), ("u", "p"));
        assert_eq!(
            Address::parse("postgres:///x?host=/var/run", false).unwrap().dump().env["PGHOST"].text(),
            "/var/run"
        );
    }

    #[test]
    fn what_is_wrong_is_said_without_a_value() {
        for url in [
            "CANARY",
            "mysql://CANARY@h/d",
            "postgres://CANARY@h",
            "postgres://h/d?CANARY=x",
            "postgres://h/%FFCANARY",
            "postgres://u:CANARY%0A@h/d",
        ] {
            let said = Address::parse(url, true).unwrap_err();
            assert!(!said.contains("CANARY"), "{said}");
        }
    }
}
