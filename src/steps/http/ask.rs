//! Sends a request, again where that does no harm.

use std::time::{Duration, Instant};

use super::verdict::{Try, Verdict, Wanted, judge};
use super::{EACH, never, request};
use crate::config::model::Http;
use crate::failure::{Failure, Kind};
use crate::net::http::{Reply, Request, Trouble, send};
use crate::ui::event::{Event, Level};
use crate::work::StepCx;
use crate::work::schedule::pause;
use crate::work::values::Known;

/// How many lines of an answer that was not wanted are shown.
const LINES: usize = 5;

/// Asks once; none when the user asks to stop. The history knows of it as of a program `http`, whose exit code is the
/// status.
pub(crate) async fn ask(
    step: &StepCx<'_>,
    request: &Request,
    each: Duration,
) -> Option<Result<Reply, Trouble>> {
    let name = || step.name.to_owned();
    let argv = vec!["http".to_owned(), request.method.to_owned(), request.url.clone()];
    step.event(Event::CommandStarted { name: name(), argv });
    let started = Instant::now();
    let each = step.left().map_or(each, |left| left.min(each));
    let result = tokio::select! {
        result = send(request.clone(), each, (step.cx.now)()) => Some(result),
        () = step.cx.interrupts.pressed() => None,
    };
    let code = result.as_ref().and_then(|result| result.as_ref().ok()).map(|reply| i32::from(reply.status));
    step.event(Event::CommandEnded { name: name(), code, took: started.elapsed() });
    result
}

/// Sends it, and says in a few words what came of it.
pub(super) async fn run(step: &mut StepCx<'_>, http: &Http) -> Result<String, Failure> {
    let request = request(step, &Known::of(step), http)?;
    let wanted = Wanted::of(http);
    let each = http.each.map_or(EACH, |each| each.0);
    let stopped = || step.interrupted(format!("`{}` of `{}` was stopped", step.name, step.env.name));
    for number in 1.. {
        let Some(result) = ask(step, &request, each).await else { return Err(stopped()) };
        let this = Try { number, is_repeatable: http.is_repeatable() };
        match judge(&wanted, this, &result, (step.cx.now)()) {
            Verdict::Done(text) if number == 1 => return Ok(text),
            Verdict::Done(text) => return Ok(format!("{text}, at try {number}")),
            Verdict::Again(length, why) if step.left().is_none_or(|left| length < left) => {
                step.say(&format!("{why}: once more in {}", crate::text::duration(length)));
                if !pause(length, &step.cx.interrupts).await {
                    return Err(stopped());
                }
            }
            Verdict::Again(_, why) => return Err(failed(step, &request, number, &result, &why, &[])),
            Verdict::Failed { why, check } => {
                return Err(failed(step, &request, number, &result, &why, &check));
            }
        }
    }
    Err(Failure::new(Kind::Bug, "a request was sent without end"))
}

fn failed(
    step: &StepCx<'_>,
    request: &Request,
    tries: u32,
    result: &Result<Reply, Trouble>,
    why: &str,
    check: &[String],
) -> Failure {
    if let Ok(reply) = result {
        reply.first_lines(LINES).iter().for_each(|line| step.say(line));
    }
    let is_wrong = result.as_ref().is_err_and(|trouble| trouble.answer.is_final && !trouble.was_sent);
    let failure = if is_wrong { never(why) } else { Failure::new(Kind::Failed, why) };
    let times = if tries > 1 { format!(" {tries} times") } else { String::new() };
    let heading =
        format!("`{}` of `{}` asked {} {}{times}", step.name, step.env.name, request.method, request.url);
    step.line(Level::Detail, format!("{} {}: {why}", request.method, request.url));
    check.iter().fold(failure.context(heading), |failure, line| failure.help(line.as_str()))
}
