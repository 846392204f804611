//! Asks the program of a cloud.

use std::time::Duration;

use crate::exec::Cmd;
use crate::failure::{Failure, Kind};
use crate::snapshots::away::Thing;
use crate::text::last_line;
use crate::tools::aws::MANNERS;
use crate::tools::snapshots::Cloud;
use crate::work::{StepCx, child};

/// One answer takes no longer.
pub(super) const ANSWER: Duration = Duration::from_secs(120);

/// What the program printed, or its last words when it failed.
pub(super) async fn call(step: &StepCx<'_>, mut cmd: Cmd) -> Result<Result<Vec<u8>, String>, Failure> {
    if cmd.program == "aws" {
        for (name, value) in MANNERS {
            let is_said = step.cx.vars.get(name).is_some() && name.starts_with("AWS_M");
            if !is_said && !cmd.env.contains_key(name) {
                cmd = cmd.env(name, value);
            }
        }
    }
    child::answer(step, cmd, ANSWER).await
}

/// Why it failed, and what to do.
pub(super) fn failed(cloud: &dyn Cloud, tail: &str, of: &str, what: &str) -> Failure {
    let known = cloud.explain(tail);
    let failure = known.unwrap_or_else(|| {
        let why = last_line(tail);
        Failure::new(Kind::Failed, if why.is_empty() { "its program says nothing" } else { why })
    });
    let failure = failure.context(what.to_owned());
    cloud.advice(of, tail).into_iter().fold(failure, Failure::help)
}

/// It answers in another form than is known.
pub(super) fn unknown(step: &StepCx<'_>, why: &str) -> Failure {
    Failure::new(Kind::Failed, why.to_owned())
        .context(format!("the cloud of `{}` answers something unknown", step.env.name))
        .help("use a newer version of its program")
}

/// The first that it names.
pub(super) fn only(step: &StepCx<'_>, read: Result<Vec<Thing>, String>) -> Result<Thing, Failure> {
    let first = read.and_then(|all| all.into_iter().next().ok_or_else(|| "it names nothing".to_owned()));
    first
        .and_then(|thing| if thing.id.is_empty() { Err("it has no id".to_owned()) } else { Ok(thing) })
        .map_err(|why| unknown(step, &why))
}
