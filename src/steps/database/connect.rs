//! Connections to a server, as its address says; one that is starting is asked again.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::Instant;
use tokio_postgres::{Client, Config};

use crate::failure::{Failure, Kind};
use crate::net::pg_tls::{self, Tls};
use crate::text::duration;
use crate::tools::postgres::Address;
use crate::tools::postgres::role::{Refusal, refusal};
use crate::ui::event::Level;
use crate::work::StepCx;
use crate::work::schedule::pause;

/// How long a server that is starting is asked, when the step has no limit.
const PATIENCE: Duration = Duration::from_secs(120);
const BETWEEN: Duration = Duration::from_secs(1);

/// A server, and who asks it.
pub(super) struct Server {
    config: Config,
    tls: Option<Tls>,
    until: Instant,
    /// For messages: without any login.
    pub(super) shown: String,
}

/// Why there is no connection.
pub(super) struct NoWay {
    pub(super) refusal: Refusal,
    pub(super) why: String,
}

impl Server {
    /// The one that an address names.
    pub(super) fn new(step: &StepCx<'_>, address: &Address) -> Result<Server, Failure> {
        let wrong = |what: &str| {
            Failure::new(Kind::Config, format!("the `url` of `{}` {what}", step.name))
                .help("mend the address")
        };
        let mut config = Config::new();
        let get = |variable: &str| address.get(variable);
        let hosts = get("PGHOST").unwrap_or("localhost");
        for host in hosts.split(',') {
            config.host(host);
        }
        for port in get("PGPORT").unwrap_or("5432").split(',') {
            config.port(port.parse().map_err(|_| wrong("has a port that is none"))?);
        }
        config.user(get("PGUSER").unwrap_or("postgres")).dbname(address.database());
        if let Some(password) = address.password() {
            config.password(password.expose_secret());
        }
        if let Some(options) = get("PGOPTIONS") {
            config.options(options);
        }
        config.application_name("infractl").connect_timeout(Duration::from_secs(10)).keepalives(true);
        let mode = get("PGSSLMODE").unwrap_or("prefer");
        if !pg_tls::MODES.contains(&mode) {
            return Err(wrong("has an `sslmode` that is none"));
        }
        let tls = Tls::of_mode(mode, get("PGSSLROOTCERT"), &mut config)?;
        let until = Instant::now() + step.left().unwrap_or(PATIENCE).min(PATIENCE);
        let shown = format!("{hosts}:{}", get("PGPORT").unwrap_or("5432"));
        Ok(Server { config, tls, until, shown })
    }

    /// A connection of the administrator, to the database of the address or to another one.
    pub(super) async fn admin(&self, step: &StepCx<'_>, database: Option<&str>) -> Result<Client, Failure> {
        let mut config = self.config.clone();
        if let Some(database) = database {
            config.dbname(database);
        }
        self.open(step, &config).await.map_err(|no_way| {
            let failure = Failure::new(Kind::Failed, no_way.why)
                .context(format!("PostgreSQL at {} does not let the administrator in", self.shown));
            match no_way.refusal {
                Refusal::Login => failure.help("check user and password in `url`"),
                Refusal::Starting => failure.help("give the step a longer `timeout`"),
                _ => {
                    failure.help("wait for the server before this step: `{ wait = { tcp = \"HOST:PORT\" } }`")
                }
            }
        })
    }

    /// Whether a role gets in with a password.
    pub(super) async fn try_login(
        &self,
        step: &StepCx<'_>,
        (role, password): (&str, &SecretString),
        database: Option<&str>,
    ) -> Result<(), NoWay> {
        let mut config = self.config.clone();
        config.user(role).password(password.expose_secret());
        if let Some(database) = database {
            config.dbname(database);
        }
        self.open(step, &config).await.map(drop)
    }

    async fn open(&self, step: &StepCx<'_>, config: &Config) -> Result<Client, NoWay> {
        loop {
            let error = match pg_tls::connect(config, self.tls.as_ref()).await {
                Ok(client) => return Ok(client),
                Err(error) => error,
            };
            let refusal = meaning(&error);
            let why = pg_tls::words(&error);
            if refusal != Refusal::Starting || Instant::now() + BETWEEN >= self.until {
                return Err(NoWay { refusal, why });
            }
            step.line(Level::Normal, format!("{why}: again in {}", duration(BETWEEN)));
            if !pause(BETWEEN, &step.cx.interrupts).await {
                return Err(NoWay { refusal, why });
            }
        }
    }
}

/// What an error means.
pub(super) fn meaning(error: &tokio_postgres::Error) -> Refusal {
    error.code().map_or(Refusal::Other, |code| refusal(code.code()))
}
