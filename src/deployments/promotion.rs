//! Whether what runs in one environment may go to the next. Pure.

use std::time::Duration;

use indexmap::IndexMap;
use jiff::Timestamp;

use super::{Deployment, Standing};
use crate::config::model::{Need, Promotion};
use crate::history::State;
use crate::text;

/// What runs there, if it is whole.
pub(crate) fn what_runs<'a>(standing: &'a Standing, from: &str) -> Result<&'a Deployment, String> {
    let Some(last) = standing.last() else {
        return Err(format!("nothing was deployed to `{from}` yet, as far as its records tell"));
    };
    let how = match last.outcome {
        State::Done => None,
        State::Running => Some("has no end: it goes on, or was killed".to_owned()),
        outcome => Some(outcome.word().to_owned()),
    };
    match how {
        Some(how) => Err(format!("the last deployment to `{from}` ({}) {how}", last.name)),
        None if last.dirty => Err(format!("`{from}` runs files that are in no commit ({})", last.name)),
        None => Ok(last),
    }
}

/// What is missing before it may go on, in words.
pub(crate) fn missing(
    deployment: &Deployment,
    rules: Option<&Promotion>,
    from: &str,
    now: Timestamp,
) -> Vec<String> {
    let Some(rules) = rules else { return Vec::new() };
    let mut missing = Vec::new();
    let name = &deployment.name;
    for need in &rules.needs {
        match need {
            Need::Verify if deployment.verified.is_none() => {
                missing.push(format!("{name} is not verified in `{from}`: run `infractl verify {from}`"));
            }
            Need::Snapshot if deployment.snapshot.is_none() => {
                missing.push(format!("the deployment of {name} to `{from}` made no snapshot"));
            }
            Need::Verify | Need::Snapshot => {}
        }
    }
    let since = deployment.ended.unwrap_or(deployment.began);
    let age = Duration::try_from(now.duration_since(since)).unwrap_or_default();
    if let Some(wanted) = rules.age.map(|age| age.0).filter(|wanted| age < *wanted) {
        let left = text::duration(wanted.saturating_sub(age));
        missing.push(format!("{name} must run in `{from}` for {}: {left} are left", text::duration(wanted)));
    }
    missing
}

/// The images that differ, wherever their registries are: name, there, here.
pub(crate) fn differing<'a>(
    there: &'a IndexMap<String, String>,
    here: &'a IndexMap<String, String>,
) -> Vec<(&'a str, &'a str, Option<&'a str>)> {
    let other = |name: &String| here.get(name).map(|reference| digest(reference));
    let all = there.iter().map(|(name, reference)| (name.as_str(), digest(reference), other(name)));
    all.filter(|(_, there, here)| Some(*there) != *here).collect()
}

fn digest(reference: &str) -> &str {
    reference.rsplit_once('@').map_or(reference, |(_, digest)| digest)
}
