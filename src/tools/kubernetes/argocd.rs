//! Argo CD as its Application says: what to do next, and whether it is there. No verdict older than what was asked counts.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value as Json, json};
use tokio::time::Instant;

use super::application::{Application, Row};
use crate::config::model::{ArgoWait, Refresh};

/// What is wanted of an Application.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wish {
    /// How it looks again.
    pub refresh: Refresh,
    /// A synchronisation is started where one is needed.
    pub sync: bool,
    /// What is waited for.
    pub wait: ArgoWait,
    /// Commit that it has to be at.
    pub revision: Option<String>,
    /// What tells our operation from those of others.
    pub mark: String,
}

/// What comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Next {
    /// Ask it to look again.
    Refresh,
    /// Start a synchronisation of what has this version.
    Sync(String),
    /// Wait: a few words.
    Wait(String),
    /// It is as wanted.
    Done,
    /// It will not get there by itself.
    Failed(String),
}

/// How long it may be unhealthy before that counts: new things are so for a moment.
const GRACE: Duration = Duration::from_secs(30);
/// After so long it is asked to look again.
const AGAIN: Duration = Duration::from_secs(15);
/// How often an error is seen, each time after another look, before it counts.
const TIMES: u32 = 3;
/// From one of these looks to the next.
const APART: Duration = Duration::from_secs(2);

/// What was seen of an Application so far.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    /// When it looked last before it was asked to; none until it is asked.
    #[expect(clippy::option_option, reason = "not asked yet, has never looked, has looked then")]
    before: Option<Option<Timestamp>>,
    /// What it says is younger than what was asked.
    is_fresh: bool,
    asked: Option<Instant>,
    bad_since: Option<Instant>,
    /// The errors in a row that count.
    errors: Option<Errors>,
    is_settled: bool,
}

#[derive(Debug, Clone, Copy)]
struct Errors {
    times: u32,
    /// When it had looked, and when we did, as the last of them was counted.
    reconciled: Option<Timestamp>,
    counted: Instant,
}

impl Watched {
    /// Another look at it. With `again` it is asked to look again even when all is well.
    pub(crate) fn look(&mut self, app: Application<'_>, wish: &Wish, again: bool, now: Instant) -> Next {
        self.is_settled = false;
        if wish.refresh == Refresh::None {
            self.is_fresh = true;
        }
        if !self.is_fresh {
            let Some(before) = self.before else {
                self.before = Some(app.reconciled());
                return self.refresh(now);
            };
            // The mark goes, and the time changes, when it has looked.
            if app.is_refreshing() {
                return Next::Wait("Argo CD has not looked again yet".to_owned());
            }
            if app.reconciled() == before {
                let text = "what it says is older than what was asked".to_owned();
                return self.refresh_or(Duration::from_secs(4), app, wish, now, text);
            }
            self.is_fresh = true;
        }
        match self.judge(app, wish, now) {
            Next::Done if again => {
                self.refresh_or(AGAIN, app, wish, now, "it names what is not there".to_owned())
            }
            Next::Wait(text) => self.refresh_or(AGAIN, app, wish, now, text),
            next => next,
        }
    }

    fn refresh(&mut self, now: Instant) -> Next {
        self.asked = Some(now);
        Next::Refresh
    }

    /// Asks it to look again when that is long ago.
    fn refresh_or(
        &mut self,
        after: Duration,
        app: Application<'_>,
        wish: &Wish,
        now: Instant,
        text: String,
    ) -> Next {
        let is_due = self.asked.is_none_or(|asked| now.duration_since(asked) >= after);
        if is_due && wish.refresh != Refresh::None && !app.is_refreshing() {
            return self.refresh(now);
        }
        Next::Wait(text)
    }

    fn judge(&mut self, app: Application<'_>, wish: &Wish, now: Instant) -> Next {
        if let Some(error) = app.error() {
            let is_another = |last: Errors| match wish.refresh {
                Refresh::None => now.duration_since(last.counted) >= APART,
                _ => app.reconciled() != last.reconciled,
            };
            let another = |times| Errors { times, reconciled: app.reconciled(), counted: now };
            let errors = match self.errors {
                None => another(1),
                Some(last) if is_another(last) => another(last.times + 1),
                Some(last) => last,
            };
            self.errors = Some(errors);
            if error.is_lasting && errors.times >= TIMES {
                return Next::Failed(error.text);
            }
            return self.refresh_or(APART, app, wish, now, error.text);
        }
        self.errors = None;
        if app.is_running() {
            return Next::Wait(app.operation_words());
        }
        let is_ours = app.is_marked(&wish.mark);
        if app.has_failed() && (is_ours || app.is_automated()) {
            return self.bad(app.operation_words(), if is_ours { Duration::ZERO } else { GRACE }, now);
        }
        if wish.sync && !is_ours && !app.is_automated() && app.needs_sync(wish.revision.as_deref()) {
            return Next::Sync(app.version().to_owned());
        }
        if wish.wait == ArgoWait::None {
            self.is_settled = true;
            return Next::Done;
        }
        if let Some(wanted) = wish.revision.as_deref().filter(|wanted| !app.is_at(wanted)) {
            return Next::Wait(format!("it is at {}, not at {}", app.revision(), short(wanted)));
        }
        if app.sync() != "Synced" {
            let by_itself = wish.sync || app.is_automated();
            let hint = if by_itself { "" } else { "; nothing synchronises it: `sync = true` does" };
            return Next::Wait(format!("it is {}{hint}", app.sync()));
        }
        if app.has_failed() {
            return self.bad(app.operation_words(), GRACE, now);
        }
        self.is_settled = true;
        if wish.wait == ArgoWait::Synced {
            return Next::Done;
        }
        if app.reconciled() < app.finished() {
            return Next::Wait("its health is older than its last synchronisation".to_owned());
        }
        match app.health() {
            "Healthy" => {
                self.bad_since = None;
                Next::Done
            }
            "Degraded" | "Missing" => self.bad(app.health_words(), GRACE, now),
            _ => {
                self.bad_since = None;
                Next::Wait(app.health_words())
            }
        }
    }

    /// At the last look it was synchronised: what it makes is what it will be.
    pub(crate) fn is_settled(&self) -> bool {
        self.is_settled
    }

    /// It is bad; whether that counts already.
    fn bad(&mut self, text: String, grace: Duration, now: Instant) -> Next {
        let since = *self.bad_since.get_or_insert(now);
        if now.duration_since(since) >= grace { Next::Failed(text) } else { Next::Wait(text) }
    }

    /// It is not there.
    pub(crate) fn absent(&mut self, now: Instant) -> Duration {
        *self = Watched { bad_since: Some(*self.bad_since.get_or_insert(now)), ..Watched::default() };
        now.duration_since(self.bad_since.unwrap_or(now))
    }
}

/// The beginning of a commit, as people read it.
pub(crate) fn short(revision: &str) -> &str {
    let is_commit = revision.len() >= 40 && revision.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_commit { &revision[..7] } else { revision }
}

/// The patch that asks it to look again.
pub(crate) fn refresh_patch(refresh: Refresh) -> Json {
    let word = if refresh == Refresh::Hard { "hard" } else { "normal" };
    json!({ "metadata": { "annotations": { "argocd.argoproj.io/refresh": word } } })
}

/// The patch that starts a synchronisation, of what has this version and nothing else.
pub(crate) fn sync_patch(wish: &Wish, prune: bool, version: &str) -> Json {
    let mut sync = json!({ "syncStrategy": { "hook": {} } });
    if prune {
        sync["prune"] = json!(true);
    }
    if let Some(revision) = &wish.revision {
        sync["revision"] = json!(revision);
    }
    json!({
        "metadata": { "resourceVersion": version },
        "operation": {
            "initiatedBy": { "username": "infractl" },
            "info": [{ "name": "infractl", "value": wish.mark }],
            "sync": sync
        }
    })
}

/// All of them as a table.
pub(crate) fn table(rows: &[Row]) -> Vec<String> {
    let head = ["app", "sync", "health", "revision", "message"].map(str::to_owned);
    let lines: Vec<[String; 5]> = std::iter::once(head).chain(rows.iter().map(Row::cells)).collect();
    let width =
        |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default();
    let widths = [width(0), width(1), width(2), width(3)];
    let line = |cells: &[String; 5]| {
        let padded = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}  "));
        format!("{}{}", padded.collect::<String>(), cells[4]).trim_end().to_owned()
    };
    lines.iter().map(line).collect()
}

#[cfg(test)]
#[path = "argocd_tests.rs"]
mod tests;
