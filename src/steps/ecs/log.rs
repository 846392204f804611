//! The logs of a task while it runs: all containers, nothing twice, nothing lost at the end.

use std::time::{Duration, Instant};

use super::following::{Following, OnLog};
use crate::net::aws::{LOGS, Wrong};
use crate::steps::aws::Reader;
use crate::text::{Tail, plain};
use crate::tools::aws::stream::{Cursor, Stream, streams};
use crate::work::StepCx;

/// How long the last lines are waited for.
const TAIL: Duration = Duration::from_secs(10);
/// After so long without a group or stream it is said once.
const PATIENCE: Duration = Duration::from_secs(30);
/// How many pages of one stream are read at once.
const PAGES: usize = 50;
/// Last lines that are kept for whoever explains a failure.
const KEPT: usize = 300;

/// The logs of one task.
pub(super) struct Logs {
    all: Vec<Source>,
    /// Lines have the name of their container before them.
    has_names: bool,
    /// Last lines, by the order they came in.
    pub tail: Tail<KEPT>,
    /// A line that `fails-on` names.
    pub bad: Option<String>,
    fails_on: Option<regex::Regex>,
    since: Instant,
    spoke: bool,
    is_told: bool,
}

/// The log of one container.
struct Source {
    stream: Stream,
    cursor: Cursor,
    reader: Reader,
    /// Why it could not be read the last time.
    wrong: Option<Wrong>,
}

impl Source {
    /// Its group or stream is not there: not yet, or never.
    fn is_missing(&self) -> bool {
        self.wrong.as_ref().is_some_and(|wrong| wrong.code() == "ResourceNotFoundException")
    }
}

impl Logs {
    pub(super) fn of(step: &StepCx<'_>, following: &Following<'_>, fails_on: Option<&str>) -> Logs {
        let (here, elsewhere) = streams(following.revision.definition(), following.task.id());
        for (container, driver) in &elsewhere {
            step.line(
                crate::ui::event::Level::Normal,
                format!("the log of `{container}` is not in CloudWatch, or its stream has no prefix: driver `{driver}`"),
            );
        }
        let has_names = here.len() > 1;
        let with_reader = |stream: Stream| {
            let region = stream.region.clone().unwrap_or_else(|| following.reader.region().to_owned());
            let reader = following.reader.in_region(&region);
            Source { stream, cursor: Cursor::default(), reader, wrong: None }
        };
        Logs {
            all: here.into_iter().map(with_reader).collect(),
            has_names,
            tail: Tail::default(),
            bad: None,
            fails_on: fails_on.and_then(|pattern| regex::Regex::new(pattern).ok()),
            since: Instant::now(),
            spoke: false,
            is_told: false,
        }
    }

    /// Reads what has come; whether anything was new.
    pub(super) async fn read(&mut self, step: &StepCx<'_>, line: OnLog<'_>) -> bool {
        let mut is_news = false;
        for Source { stream, cursor, reader, wrong } in &mut self.all {
            for _ in 0..PAGES {
                let body = cursor.question(stream);
                let answer = match reader.ask(step, &LOGS, "GetLogEvents", &body).await {
                    Ok(answer) => answer,
                    Err(why) => {
                        // A group or stream that is not there yet, a busy service: later.
                        tracing::debug!(?why, "no log");
                        *wrong = Some(why);
                        break;
                    }
                };
                *wrong = None;
                let (lines, is_more) = cursor.take(&answer);
                for text in lines {
                    is_news = true;
                    for text in text.lines() {
                        let text = plain(text);
                        if self.bad.is_none() && self.fails_on.as_ref().is_some_and(|bad| bad.is_match(&text))
                        {
                            self.bad = Some(text.clone().into_owned());
                        }
                        let shown = if self.has_names {
                            format!("{} | {text}", stream.container)
                        } else {
                            text.into_owned()
                        };
                        self.tail.push(&shown);
                        line(&shown);
                    }
                }
                if !is_more {
                    break;
                }
            }
        }
        self.spoke |= is_news;
        if !self.spoke && !self.is_told && self.since.elapsed() > PATIENCE {
            for Source { stream, wrong, .. } in &self.all {
                let Some(wrong) = wrong else { continue };
                let missing = format!("{}: {}", stream.name, wrong.code());
                step.say(&format!("no log yet ({missing}); it is looked for as long as the task runs"));
                self.is_told = true;
            }
        }
        is_news
    }

    /// Reads the rest of a task that is over: a service of logs is late.
    pub(super) async fn end(&mut self, step: &StepCx<'_>, line: OnLog<'_>, has_run: bool) {
        if self.all.is_empty() {
            return;
        }
        let since = Instant::now();
        let (mut quiet, wanted) = (0, if has_run { 2 } else { 1 });
        while quiet < wanted && since.elapsed() < TAIL {
            if self.read(step, line).await {
                quiet = 0;
            } else {
                quiet += 1;
            }
            // What never ran has no log. What ran has a stream, soon, and may have written nothing.
            let is_missing = self.all.iter().any(Source::is_missing);
            let is_late = is_missing || !self.spoke && since.elapsed() < TAIL / 3;
            if has_run && is_late {
                quiet = 0;
            }
            if quiet < wanted {
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        }
        self.all.iter_mut().for_each(|one| one.cursor.look_back());
        self.read(step, line).await;
        for Source { stream, wrong, .. } in self.all.iter_mut().filter(|_| has_run) {
            let Some(wrong) = wrong.take() else { continue };
            let failure =
                wrong.failure(&format!("the log of `{}` could not be read to its end", stream.container));
            step.cx
                .ui
                .warn(format!("{:#} (group `{}`, stream `{}`)", failure.error, stream.group, stream.name));
        }
    }
}
