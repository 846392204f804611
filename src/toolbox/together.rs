//! Downloads side by side, with one live line for all of them.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt as _};

use crate::context::Ctx;
use crate::failure::{Failure, Kind};
use crate::toolbox::download::Progress;
use crate::ui::event::{Event, Outcome};

/// So many at once.
const SIDE_BY_SIDE: usize = 4;
/// How often people see how far it is.
const TICK: Duration = Duration::from_millis(200);
/// How long what was begun may take to hear that it is to end.
const GRACE: Duration = Duration::from_secs(2);

/// A piece of work that blocks.
pub(crate) struct Job<T> {
    /// For people.
    pub name: String,
    /// Does it.
    pub work: Work<T>,
}

type Work<T> = Box<dyn FnOnce(&Progress) -> Result<T, Failure> + Send>;

/// Does all of them; the results come in the order of the jobs.
pub(crate) async fn all<T: Send + 'static>(
    cx: &Ctx,
    name: &str,
    jobs: Vec<Job<T>>,
) -> Result<Vec<Result<T, Failure>>, Failure> {
    let begun = Instant::now();
    let watched: Vec<(String, Arc<Progress>)> =
        jobs.iter().map(|job| (job.name.clone(), Arc::default())).collect();
    let started = jobs.into_iter().zip(&watched).enumerate().map(|(at, (job, (_, progress)))| {
        let progress = Arc::clone(progress);
        async move {
            let done = tokio::task::spawn_blocking(move || (job.work)(&progress)).await;
            (at, done.unwrap_or_else(|error| Err(Failure::new(Kind::Bug, error.to_string()))))
        }
    });
    let mut results: Vec<Option<Result<T, Failure>>> = watched.iter().map(|_| None).collect();
    cx.ui.event(None, Event::StepStarted { number: 1, name: name.to_owned() });
    let ended = |outcome| {
        let (name, summary, took) = (name.to_owned(), String::new(), begun.elapsed());
        cx.ui.event(None, Event::StepEnded { number: 1, name, outcome, summary, took });
    };
    let mut running = std::pin::pin!(stream::iter(started).buffer_unordered(SIDE_BY_SIDE));
    let mut clock = tokio::time::interval(TICK);
    let mut deadline = None;
    loop {
        tokio::select! {
            next = running.next() => match next {
                Some((at, result)) => results[at] = Some(result),
                None => break,
            },
            _ = clock.tick() => {
                let text = told(&watched);
                cx.ui.event(None, Event::Progress { name: name.to_owned(), text });
                cx.ui.tick();
            }
            () = cx.interrupts.pressed(), if deadline.is_none() => {
                for (_, progress) in &watched {
                    progress.stop.store(true, Ordering::Relaxed);
                }
                deadline = Some(Instant::now() + GRACE);
            }
        }
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            break;
        }
    }
    if let Some(kind) = cx.interrupts.seen().kind() {
        ended(Outcome::Interrupted);
        return Err(Failure::new(kind, "interrupted; what was whole is kept, nothing else"));
    }
    let results: Vec<Result<T, Failure>> = results.into_iter().flatten().collect();
    ended(if results.iter().any(Result::is_err) { Outcome::Failed } else { Outcome::Done });
    Ok(results)
}

/// How far those are that have begun.
fn told(watched: &[(String, Arc<Progress>)]) -> String {
    let texts = watched.iter().filter_map(|(name, progress)| {
        let (done, total) = (progress.done.load(Ordering::Relaxed), progress.total.load(Ordering::Relaxed));
        let mib = |bytes: u64| bytes.div_ceil(1024 * 1024);
        match (done, total) {
            (0, _) => None,
            (done, total) if total == done => None,
            (done, 0) => Some(format!("{name} {} MiB", mib(done))),
            (done, total) => Some(format!("{name} {} of {} MiB", mib(done), mib(total))),
        }
    });
    texts.collect::<Vec<_>>().join(", ")
}
