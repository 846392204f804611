//! Databases of PostgreSQL: dumped, and restored into a new one to see that it works.

use std::time::Instant;

use secrecy::ExposeSecret as _;

use super::entry::{Checked, Entry, damaged};
use super::sealing::Sealing;
use super::way::{Via, Way, cleaning, rendered};
use crate::config::model::SnapshotCheck;
use crate::config::template::Template;
use crate::exec::{Cmd, Done, InputPart, Io};
use crate::failure::{Failure, Kind};
use crate::snapshots::{Database, Manifest, Verified, name};
use crate::text::{duration, last_line, plain};
use crate::tools::postgres::{self as tool, About, Address};
use crate::ui::event::Level;
use crate::work::{StepCx, values};

/// The database that is there on every server.
pub(super) const ALWAYS: &str = "postgres";

/// A server, and the way to programs that work with it.
pub(super) struct Server {
    address: Address,
    way: Way,
}

impl Server {
    /// That of an address.
    pub(super) fn of(
        step: &StepCx<'_>,
        entry: &Entry<'_>,
        url: &Template,
        key: &str,
    ) -> Result<Server, Failure> {
        let (url, is_secret) = rendered(step, url)?;
        let address = Address::parse(&url, is_secret).map_err(|why| {
            let keys = ["snapshots", entry.name, key];
            let help = vec!["write it as `postgres://USER:PASSWORD@HOST:PORT/DATABASE`".to_owned()];
            Failure::problems(Kind::Config, vec![step.env.document.problem_at(&keys, why, help)])
        })?;
        if let Some(password) = address.password() {
            values::mask(step, "the password of the database", password.expose_secret());
        }
        Ok(Server { address, way: Way::of(step, Via::of(entry.source.via.as_deref()))? })
    }

    /// That of `url`.
    pub(super) fn own(step: &StepCx<'_>, entry: &Entry<'_>) -> Result<Server, Failure> {
        match &entry.source.url {
            Some(url) => Server::of(step, entry, url, "url"),
            None => Err(Failure::new(Kind::Config, format!("`[snapshots.{}]` has no `url`", entry.name))),
        }
    }

    pub(super) fn to(&self, database: &str) -> Server {
        Server { address: self.address.to(database), way: self.way.clone() }
    }

    pub(super) fn database(&self) -> &str {
        self.address.database()
    }

    async fn run(&self, step: &mut StepCx<'_>, cmd: Cmd) -> Result<Done, Failure> {
        let cmd = self.way.lead(step, cmd).await?;
        step.quietly(&cmd).await.map_err(|error| step.unanswered(error))
    }

    /// What statements give.
    pub(super) async fn ask(&self, step: &mut StepCx<'_>, statements: &[String]) -> Result<String, Failure> {
        let done = self.run(step, self.address.ask(statements)).await?;
        self.way.judge(step, &done)?;
        Ok(String::from_utf8_lossy(&done.stdout).trim().to_owned())
    }

    /// The same, whatever has happened before: for what has to be taken back.
    pub(super) async fn take_back(
        &self,
        step: &mut StepCx<'_>,
        statements: &[String],
    ) -> Result<String, Failure> {
        let limit = step.frame.limit.take();
        let cmd = self.way.lead(step, self.address.ask(statements)).await;
        step.frame.limit = limit;
        let done = cleaning(step, cmd?).await?;
        if done.code == 0 {
            return Ok(String::from_utf8_lossy(&done.stdout).trim().to_owned());
        }
        Err(Failure::new(Kind::Failed, last_line(&plain(&done.tail))))
    }

    async fn about(&self, step: &mut StepCx<'_>) -> Result<About, Failure> {
        let done = self.run(step, self.address.ask(&[tool::ABOUT.to_owned()])).await?;
        self.way.judge(step, &done).map_err(|failure| {
            failure.help(format!("look whether the server lets `psql` in, {}", self.way.place()))
        })?;
        About::read(&done.stdout).ok_or_else(|| {
            Failure::new(Kind::Failed, "the server does not say what it is in a way that is understood")
        })
    }

    /// The version of `pg_dump`; one that is older than the server is refused: it could not read all of it.
    async fn client(&self, step: &mut StepCx<'_>, about: &About) -> Result<String, Failure> {
        let done = self.run(step, Cmd::new("pg_dump").arg("--version").io(Io::Capture)).await?;
        self.way.judge(step, &done)?;
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        let client = tool::client(&said).unwrap_or_default().to_owned();
        if tool::major(&client).is_none_or(|major| major < about.major()) {
            let server = &about.version;
            let message = format!(
                "`pg_dump` {} has version {client}, and the server {server}: an older one cannot dump it",
                self.way.place()
            );
            return Err(Failure::new(Kind::Tool, message)
                .help(format!("install the client of PostgreSQL {}", about.release()))
                .help(format!("or use another: `via = \"image:postgres:{}\"`, `via = \"docker:CONTAINER\"`, `via = \"ssh:HOST\"`", about.release())));
        }
        Ok(client)
    }

    /// Restores a copy into a database that is there and empty.
    pub(super) async fn fill(
        &self,
        step: &mut StepCx<'_>,
        entry: &Entry<'_>,
        manifest: &Manifest,
        has_owners: bool,
    ) -> Result<(), Failure> {
        let supply = entry.opened(step, manifest).await?;
        step.progress(format!("restoring into {}", self.database()));
        let cmd = self.address.restore(has_owners).parts(vec![InputPart::Supply(supply.clone())]);
        let cmd = self.way.lead(step, cmd).await?;
        let rows = tool::Rows::default();
        let line = |_, text: &str| {
            if rows.is_free(text) {
                step.line(Level::Detail, text);
            }
        };
        let done = step.run_channels(&cmd, &line).await.map_err(|error| step.unanswered(error))?;
        let done = Done { tail: tool::Rows::leave(&done.tail), ..done };
        if !done.interrupted
            && let Err(error) = supply.check()
        {
            return Err(damaged(manifest, &format!("it cannot be decrypted to its end: {error}")));
        }
        self.way.judge(step, &done).map_err(|failure| match has_owners && done.tail.contains("role \"") {
            true => failure
                .help("pass `--no-owner` to leave owners and grants out, if a role is not there any more"),
            false => failure,
        })
    }
}

/// Dumps it.
pub(super) async fn create(step: &mut StepCx<'_>, entry: &Entry<'_>) -> Result<Manifest, Failure> {
    let server = Server::own(step, entry)?;
    let about = server.about(step).await?;
    let client = server.client(step, &about).await?;
    let mut manifest = entry.begin(step)?;
    let place = entry.shelf.file(&format!("{}.dump.age", manifest.name));
    let sealing = Sealing::begin(step, &place)?;
    step.progress(format!("dumping {}", server.database()));
    let cmd = server.way.lead(step, server.address.dump().into_sink(sealing.sink())).await?;
    let done = step.run(&cmd).await?;
    manifest.stored = Some(sealing.settle(step, &done, b"PGDMP", |done| server.way.judge(step, done))?);
    manifest.database = Some(about.database(server.database(), &client));
    entry.shelf.keep(&manifest)?;
    Ok(manifest)
}

/// Restores a copy into a new database, asks that, and takes it away again, however it went.
pub(super) async fn verify(
    step: &mut StepCx<'_>,
    entry: &Entry<'_>,
    manifest: &Manifest,
) -> Result<Checked, Failure> {
    let check = entry.source.verify.as_ref().and_then(|verify| verify.check()).cloned().unwrap_or_default();
    let server = match &check.into {
        Some(url) => Server::of(step, entry, url, "verify")?,
        None => Server::own(step, entry)?,
    };
    let always = server.to(ALWAYS);
    sweep(step, &always).await?;
    let now = (step.cx.now)();
    let scratch = name::scratch(now);
    always.ask(step, &[tool::create(&scratch, like(manifest)?)]).await?;
    let begun = Instant::now();
    let looked = Box::pin(look(step, entry, manifest, &server.to(&scratch), &check)).await;
    let dropped = always.take_back(step, &tool::drop(&scratch)).await;
    let seconds = begun.elapsed().as_secs_f64();
    let stays = |failure: Failure| failure.help(format!("remove it: `drop database {scratch}`"));
    let bad = |failure: Failure| match failure.kind {
        Kind::Failed if !step.cx.interrupts.is_pressed() => Ok(Checked::Bad(failure)),
        _ => Err(failure),
    };
    match (looked, dropped) {
        (Ok(how), Ok(_)) => Ok(Checked::Good(Verified { at: now, how, seconds })),
        (Err(failure), Ok(_)) => bad(failure),
        (Err(failure), Err(_)) => bad(stays(failure)),
        (Ok(_), Err(failure)) => {
            Err(stays(failure.context(format!("the copy is good, but `{scratch}` could not be removed"))))
        }
    }
}

async fn look(
    step: &mut StepCx<'_>,
    entry: &Entry<'_>,
    manifest: &Manifest,
    scratch: &Server,
    check: &SnapshotCheck,
) -> Result<String, Failure> {
    let begun = Instant::now();
    scratch.fill(step, entry, manifest, false).await?;
    let mut said = format!("restored within {}", duration(begun.elapsed()));
    let Some(query) = &check.query else { return Ok(said) };
    let answer = scratch.ask(step, std::slice::from_ref(query)).await?;
    let shown = plain(crate::text::cut(answer.lines().next().unwrap_or_default(), 200)).into_owned();
    if let Some(least) = check.at_least {
        let number: Option<f64> = shown.parse().ok();
        #[expect(clippy::cast_precision_loss, reason = "a count that is that large is large enough")]
        if number.is_none_or(|number| number < least as f64) {
            return Err(damaged(
                manifest,
                &format!("the query says `{shown}`, and at least {least} is expected"),
            ));
        }
    }
    said.push_str(&format!(", the query says {shown}"));
    Ok(said)
}

/// Takes away what checks have left that were killed more than a day ago.
async fn sweep(step: &mut StepCx<'_>, always: &Server) -> Result<(), Failure> {
    let old = (step.cx.now)() - jiff::SignedDuration::from_hours(24);
    let wanted = format!(
        "select datname from pg_database where datname like '{}%'",
        name::SCRATCH.replace('_', "\\_")
    );
    for left in always.ask(step, &[wanted]).await?.lines() {
        let stamp = left.strip_prefix(name::SCRATCH).and_then(|rest| rest.split('_').next());
        if stamp.and_then(name::time_of).is_some_and(|time| time < old) {
            step.cx.ui.warn(format!("`{left}` was left by a check that was killed: it is removed"));
            always.ask(step, &tool::drop(left)).await?;
        }
    }
    Ok(())
}

pub(super) fn like(manifest: &Manifest) -> Result<&Database, Failure> {
    manifest.database.as_ref().ok_or_else(|| damaged(manifest, "it does not say which database is in it"))
}
