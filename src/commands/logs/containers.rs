//! Containers that are followed: one that is made anew or started again is read again, from where its log was told.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::stream::{FuturesUnordered, StreamExt as _};

use super::args::{LogsArgs, OnNamed};
use super::ended::judge;
use crate::exec::{Cmd, RunError};
use crate::failure::{Failure, Kind};
use crate::hosts::connection;
use crate::hosts::host::Machine;
use crate::steps::docker::compose_logs::words;
use crate::text::last_line;
use crate::tools::docker as tool;
use crate::tools::docker::told::Told;
use crate::tools::ssh::Login;
use crate::work::StepCx;
use crate::work::schedule::pause;

/// From one look for containers to the next, while fewer are read than there were.
const EVERY: Duration = Duration::from_secs(2);
/// The same when nothing has come for a minute.
const SLOWLY: Duration = Duration::from_secs(5);
const QUIET: Duration = Duration::from_secs(60);
/// How long a look may take.
const ASK: Duration = Duration::from_secs(60);

/// The containers of one name, task or service.
pub(super) struct Containers {
    name: String,
    /// Lists them, where they are.
    list: Cmd,
    at: Option<(Machine, Login)>,
    /// Those that were there at first.
    first: Vec<String>,
}

/// One of them.
struct One {
    id: String,
    /// How far back it begins; from its beginning if none.
    back: Option<Duration>,
    seen: Instant,
    told: Told,
}

impl One {
    /// From when on it is read now.
    fn since(&mut self) -> Option<String> {
        let back = self.back.map(|back| format!("{}s", (back + self.seen.elapsed()).as_secs()));
        self.told.again().map(str::to_owned).or(back)
    }
}

impl Containers {
    /// Those that `list` lists now.
    pub(super) async fn of(
        step: &mut StepCx<'_>,
        at: Option<&Machine>,
        name: &str,
        list: Cmd,
    ) -> Result<Containers, Failure> {
        let first = words(step, at, list.clone()).await?;
        if first.is_empty() {
            step.cx.ui.note(format!("`{name}` has no container yet; it is waited for"));
        }
        let list = list.timeout(Some(ASK));
        let (list, at) = match at {
            Some(machine) => {
                let login = connection::login(step, machine).await?;
                (connection::by(&login, list), Some((machine.clone(), login)))
            }
            None => (list, None),
        };
        Ok(Containers { name: name.to_owned(), list, at, first })
    }

    /// How many logs they are.
    pub(super) fn count(&self) -> usize {
        self.first.len().max(1)
    }

    /// Reads them until somebody stops it.
    pub(super) async fn read(
        &self,
        step: &StepCx<'_>,
        args: &LogsArgs,
        line: OnNamed<'_>,
    ) -> Result<(), Failure> {
        let (mut found, mut back) = (self.first.clone(), args.back());
        let mut read: Vec<(String, usize)> = Vec::new();
        let mut over: HashMap<String, One> = HashMap::new();
        let mut readings = FuturesUnordered::new();
        let mut news = Instant::now();
        loop {
            for id in std::mem::take(&mut found) {
                if read.iter().any(|(known, _)| *known == id) {
                    continue;
                }
                // What comes later is read from its beginning.
                let new = || One { id: id.clone(), back, seen: Instant::now(), told: Told::default() };
                let one = over.remove(&id).unwrap_or_else(new);
                let number =
                    (1..=read.len() + 1).find(|number| !read.iter().any(|(_, taken)| taken == number));
                let number = number.unwrap_or_default();
                readings.push(self.read_one(step, one, self.label(number), line));
                read.push((id, number));
            }
            back = None;
            let every = if news.elapsed() > QUIET { SLOWLY } else { EVERY };
            let ended = tokio::select! {
                Some((one, result)) = readings.next() => {
                    read.retain(|(id, _)| *id != one.id);
                    over.insert(one.id.clone(), one);
                    result
                }
                is_over = pause(every, &step.cx.interrupts), if read.len() < self.count() => match is_over {
                    true => self.look(step).await.map(|ids| { found = ids; false }),
                    false => Ok(false),
                }
            };
            if ended.is_err() || step.cx.interrupts.is_pressed() {
                while readings.next().await.is_some() {}
                return ended.map(drop);
            }
            if let Ok(true) = ended {
                news = Instant::now();
            }
        }
    }

    fn label(&self, number: usize) -> String {
        if self.count() > 1 { format!("{}-{number}", self.name) } else { self.name.clone() }
    }

    /// Reads one until it ends; whether there was anything new.
    async fn read_one(
        &self,
        step: &StepCx<'_>,
        mut one: One,
        label: String,
        line: OnNamed<'_>,
    ) -> (One, Result<bool, Failure>) {
        let since = one.since();
        let cmd = tool::follow(&one.id, since.as_deref());
        let cmd =
            self.at.as_ref().map_or_else(|| cmd.clone(), |(_, login)| connection::by(login, cmd.clone()));
        let told = Mutex::new((std::mem::take(&mut one.told), false));
        let hear = |_, text: &str| {
            let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(text) = told.0.take(text) {
                told.1 = true;
                line(&label, &text);
            }
        };
        let done = step.run_channels(&cmd, &hear).await;
        let (told, is_news) = told.into_inner().unwrap_or_else(PoisonError::into_inner);
        one.told = told;
        let result = match done {
            Err(RunError::Cancelled { .. }) => Ok(()),
            Err(error) => Err(step.unanswered(error)),
            Ok(done) if done.interrupted || tool::is_gone(&done.tail) => Ok(()),
            Ok(done) => judge(step, self.at.as_ref().map(|(machine, _)| machine), &done, &label),
        };
        (one, result.map(|()| is_news))
    }

    /// Which there are now. An engine that does not answer is a failure; without anything there is nothing yet.
    async fn look(&self, step: &StepCx<'_>) -> Result<Vec<String>, Failure> {
        let done = match step.quietly(&self.list).await {
            Err(RunError::Cancelled { .. }) => return Ok(Vec::new()),
            other => other.map_err(|error| step.unanswered(error))?,
        };
        if let Some((machine, _)) = &self.at
            && let Some(lost) = connection::lost(step, machine, &done)
        {
            return Err(lost);
        }
        if let Some((why, help)) = tool::engine_trouble(&done.tail).filter(|_| done.code != 0) {
            return Err(Failure::new(Kind::Failed, last_line(&done.tail)).context(why).help(help));
        }
        let text = if done.code == 0 { String::from_utf8_lossy(&done.stdout) } else { "".into() };
        Ok(text.split_whitespace().map(str::to_owned).collect())
    }
}
