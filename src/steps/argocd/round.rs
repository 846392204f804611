//! One look after the other at an Application and at all that it makes, and what is done about it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value as Json;
use tokio::time::Instant;

use crate::config::model::ArgoWait;
use crate::failure::{Failure, Kind};
use crate::steps::kubectl::{Unseen, json, kubectl, try_look};
use crate::text::plural;
use crate::tools::kubernetes::application::{Application, Row};
use crate::tools::kubernetes::argocd::{Next, Watched, Wish, refresh_patch, sync_patch, table};
use crate::tools::kubernetes::refusals::Refusal;
use crate::work::StepCx;

/// So long an Application may be named and not be there before the one that names it is asked to look again.
const MISSING: Duration = Duration::from_secs(10);
/// The kind, as kubectl takes it whatever other kinds there are.
const KIND: &str = "applications.argoproj.io";

/// Namespace and name of an Application.
pub(super) type Id = (String, String);

/// What is watched, and what was seen of it.
pub(super) struct Round {
    /// The first of them.
    pub(super) root: Id,
    /// What is wanted of them.
    pub(super) wish: Wish,
    prune: bool,
    has_children: bool,
    watched: BTreeMap<Id, Watched>,
    rows: Vec<Row>,
    told: Vec<String>,
}

/// Why a look did not go on.
pub(super) enum Ended {
    /// One of them will not get there.
    Failed(String),
    /// The API said nothing.
    Unseen(Unseen),
}

impl Round {
    /// Nothing was seen yet.
    pub(super) fn new(root: Id, wish: Wish, prune: bool, has_children: bool) -> Round {
        let (watched, rows, told) = (BTreeMap::new(), Vec::new(), Vec::new());
        Round { root, wish, prune, has_children, watched, rows, told }
    }

    /// Looks at all of them and does what comes next; none when all are as wanted, else what is waited for.
    pub(super) async fn look(&mut self, step: &StepCx<'_>) -> Result<Option<String>, Ended> {
        let mut lists: BTreeMap<String, Vec<Json>> = BTreeMap::new();
        let (mut queue, mut at) = (vec![(self.root.clone(), None::<Id>)], 0);
        let (mut rows, mut waits): (Vec<Row>, Vec<String>) = (Vec::new(), Vec::new());
        let mut again = Vec::new();
        let mut failed = None;
        while let Some((id, parent)) = queue.get(at).cloned() {
            at += 1;
            if !lists.contains_key(&id.0) {
                lists.insert(id.0.clone(), list(step, &id.0).await.map_err(Ended::Unseen)?);
            }
            let found = lists.get(&id.0).into_iter().flatten().find(|one| Application(one).name() == id.1);
            let now = Instant::now();
            let Some(found) = found else {
                let missing = self.watched.entry(id.clone()).or_default().absent(now);
                let text = "it is not there yet".to_owned();
                rows.push(Row { app: id.1.clone(), message: text.clone(), ..Row::default() });
                waits.push(format!("{}: {text}", id.1));
                again.extend(parent.filter(|_| missing >= MISSING));
                continue;
            };
            let app = Application(found);
            let wish = self.wish_for(&id);
            let watched = self.watched.entry(id.clone()).or_default();
            let next = watched.look(app, &wish, false, now);
            // Before that, what it makes may be what it made yesterday.
            if self.has_children && watched.is_settled() {
                for child in app.children() {
                    if !queue.iter().any(|(known, _)| *known == child) {
                        queue.push((child, Some(id.clone())));
                    }
                }
            }
            let message = match &next {
                Next::Done => String::new(),
                Next::Wait(text) | Next::Failed(text) => text.clone(),
                Next::Refresh => self.said_before(&id.1),
                Next::Sync(_) => "a synchronisation is started".to_owned(),
            };
            self.tell(step, &id, app, &message);
            if next != Next::Done {
                waits.push(format!("{}: {message}", id.1));
            }
            rows.push(app.row(message.clone()));
            if matches!(next, Next::Failed(_)) {
                failed.get_or_insert_with(|| format!("{}: {message}", id.1));
            }
            self.act(step, &id, next, &wish).await?;
        }
        // Those that a tree names no more are gone, and that is well; those that it may change are asked anew.
        self.watched.retain(|id, _| queue.iter().any(|(known, _)| known == id));
        self.rows = rows;
        if let Some(text) = failed {
            return Err(Ended::Failed(text));
        }
        for id in again {
            let found = lists.get(&id.0).into_iter().flatten().find(|one| Application(one).name() == id.1);
            let Some(found) = found else { continue };
            let wish = self.wish_for(&id);
            let next = self.watched.entry(id.clone()).or_default().look(
                Application(found),
                &wish,
                true,
                Instant::now(),
            );
            self.act(step, &id, next, &wish).await?;
        }
        let left = waits.len();
        Ok(waits.into_iter().next().map(|first| match left {
            1 => first,
            _ => format!("{left} of {}, first {first}", self.rows.len()),
        }))
    }

    /// What was last said of it, which is why it is asked to look again.
    fn said_before(&self, name: &str) -> String {
        let row = self.rows.iter().find(|row| row.app == name && !row.message.is_empty());
        row.map_or_else(|| "it is asked to look again".to_owned(), |row| row.message.clone())
    }

    /// The commit is that of the root.
    fn wish_for(&self, id: &Id) -> Wish {
        let revision = self.wish.revision.clone().filter(|_| *id == self.root);
        Wish { revision, ..self.wish.clone() }
    }

    async fn act(&self, step: &StepCx<'_>, id: &Id, next: Next, wish: &Wish) -> Result<(), Ended> {
        let patch = match next {
            Next::Refresh => refresh_patch(wish.refresh),
            Next::Sync(version) => sync_patch(wish, self.prune, &version),
            Next::Wait(_) | Next::Done | Next::Failed(_) => return Ok(()),
        };
        let words = ["patch", KIND, &id.1, "--namespace", &id.0, "--type", "merge", "--patch"];
        let cmd = match kubectl(step) {
            Ok(cmd) => cmd.args(words).arg(patch.to_string()),
            Err(failure) => {
                return Err(Ended::Unseen(Unseen::new(failure)));
            }
        };
        match try_look(step, &cmd).await {
            Ok(_) => Ok(()),
            // Somebody was faster, or it is gone: the next look tells.
            Err(unseen) if matches!(unseen.refusal, Some(Refusal::Modified | Refusal::NotFound)) => Ok(()),
            Err(unseen) => Err(Ended::Unseen(unseen)),
        }
    }

    /// What somebody has to know while it is waited for, once.
    fn tell(&mut self, step: &StepCx<'_>, id: &Id, app: Application<'_>, message: &str) {
        let is_worth =
            app.health() == "Suspended" || message.contains("Error:") || message.contains("Degraded");
        let line = format!("{}: {message}", id.1);
        if is_worth && !message.is_empty() && !self.told.contains(&line) {
            step.say(&line);
            self.told.push(line);
        }
    }

    pub(super) fn shown(&self, step: &StepCx<'_>) {
        for line in table(&self.rows) {
            step.say(&line);
        }
    }

    pub(super) fn summary(&self) -> String {
        let word = match self.wish.wait {
            ArgoWait::Healthy => "healthy",
            ArgoWait::Synced => "synchronised",
            ArgoWait::None => "asked",
        };
        let at = self.rows.first().map_or("", |row| row.revision.as_str());
        let at = if at.is_empty() { String::new() } else { format!(" at {at}") };
        match self.rows.len() {
            0 | 1 => format!("{word}{at}"),
            count => format!("{} {word}{at}", plural(count, "application")),
        }
    }

    pub(super) fn failure(&self, text: &str) -> Failure {
        let (namespace, name) = &self.root;
        let failure =
            Failure::new(Kind::Failed, text).context(format!("`{name}` of Argo CD did not get there"));
        let failure = failure.help(format!("look at it: `kubectl describe {KIND} {name} -n {namespace}`"));
        if text.contains("Error:") && self.rows.iter().any(|row| row.message.contains("Error:")) {
            return failure.help(
                "check the repository as pods see it: its address, and its Secret with the label argocd.argoproj.io/secret-type",
            );
        }
        failure
    }
}

/// All Applications of a namespace.
async fn list(step: &StepCx<'_>, namespace: &str) -> Result<Vec<Json>, Unseen> {
    let cmd = kubectl(step).map_err(Unseen::new)?.args(["get", KIND, "-o", "json", "--namespace", namespace]);
    let done = try_look(step, &cmd).await?;
    let found = json(&done).map_err(Unseen::new)?.unwrap_or_default();
    Ok(found["items"].as_array().cloned().unwrap_or_default())
}
