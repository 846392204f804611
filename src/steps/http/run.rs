//! Sends a request, again where that does no harm.

use super::verdict::{Try, Verdict, Wanted, judge};
use super::{EACH, ask, never, request};
use crate::config::model::Http;
use crate::failure::{Failure, Kind};
use crate::net::http::{Reply, Request, Trouble};
use crate::ui::event::Level;
use crate::work::StepCx;
use crate::work::schedule::pause;
use crate::work::values::Known;

/// How many lines of an answer that was not wanted are shown.
const LINES: usize = 5;

/// Sends it, and says in a few words what came of it.
pub(super) async fn run(step: &mut StepCx<'_>, http: &Http) -> Result<String, Failure> {
    let (summary, reply) = answered(step, http).await?;
    if let Some(ear) = &step.frame.ear {
        let headers = reply.headers.iter();
        let headers = headers.map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        });
        ear.answer(headers.collect(), reply.text().into_owned());
    }
    Ok(summary)
}

/// The answer that was wanted, with what it means in a few words.
pub(crate) async fn answered(step: &StepCx<'_>, http: &Http) -> Result<(String, Reply), Failure> {
    let request = request(step, &Known::of(step), http)?;
    let wanted = Wanted::of(http);
    let each = http.each.map_or(EACH, |each| each.0);
    let stopped = || step.interrupted(format!("`{}` of `{}` was stopped", step.name, step.env.name));
    for number in 1.. {
        let Some(result) = ask(step, &request, each).await else { return Err(stopped()) };
        let this = Try { number, is_repeatable: http.is_repeatable() };
        match judge(&wanted, this, &result, (step.cx.now)()) {
            Verdict::Done(text) => {
                let Ok(reply) = result else { break };
                return Ok((if number == 1 { text } else { format!("{text}, at try {number}") }, reply));
            }
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
    let asked = format!("{} {}{times}", request.method, request.url);
    let heading = if step.name.starts_with("http ") {
        format!("`{}` asked {asked}", step.env.name)
    } else {
        format!("`{}` of `{}` asked {asked}", step.name, step.env.name)
    };
    step.line(Level::Detail, format!("{} {}: {why}", request.method, request.url));
    check.iter().fold(failure.context(heading), |failure, line| failure.help(line.as_str()))
}
