//! Whether the cluster can be used: waited for, with what is missing on the line that is alive, and with the reasons when it
//! takes too long.

use std::time::Duration;

use serde_json::Value as Json;
use tokio::time::Instant;

use super::ask::asked;
use super::{kubeconfig, make};
use crate::config::cluster::Cluster;
use crate::config::model::ClusterKind;
use crate::exec::Cmd;
use crate::failure::{Failure, Kind};
use crate::text::{self, duration, plain, plural};
use crate::tools::clusters::ready as tool;
use crate::work::StepCx;
use crate::work::schedule::pause;

/// From one look to the next.
const LOOK: Duration = Duration::from_secs(1);

/// Waits for one that is there.
pub(super) async fn wait(step: &StepCx<'_>, cluster: &Cluster) -> Result<String, Failure> {
    kubeconfig::there(step, cluster).await?;
    let usable = usable(step, cluster, true).await?;
    Ok(format!("`{}`: {usable}", cluster.context))
}

/// Waits until its API answers.
pub(super) async fn api(step: &StepCx<'_>, cluster: &Cluster) -> Result<(), Failure> {
    until(step, cluster, Wanted::Api).await.map(drop)
}

/// Waits until it can be used; without a network, its machines and what answers for names are not waited for.
pub(super) async fn usable(
    step: &StepCx<'_>,
    cluster: &Cluster,
    has_network: bool,
) -> Result<String, Failure> {
    until(step, cluster, if has_network { Wanted::All } else { Wanted::Account }).await
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Api,
    Account,
    All,
}

async fn until(step: &StepCx<'_>, cluster: &Cluster, wanted: Wanted) -> Result<String, Failure> {
    let patience = make::patience(cluster);
    let own = Instant::now() + patience;
    let limit = step.frame.limit.map_or(own, |limit| limit.min(own));
    loop {
        let missing = match look(step, cluster, wanted).await? {
            Ok(usable) => return Ok(usable),
            Err(missing) => missing,
        };
        step.progress(format!("waiting for `{}`: {missing}", cluster.context));
        if Instant::now() + LOOK >= limit {
            return Err(too_late(step, cluster, &missing, patience).await);
        }
        if !pause(LOOK, &step.cx.interrupts).await {
            return Err(step.interrupted(format!("stopped waiting for `{}`", cluster.context)));
        }
    }
}

/// What it has, or what is missing.
async fn look(
    step: &StepCx<'_>,
    cluster: &Cluster,
    wanted: Wanted,
) -> Result<Result<String, String>, Failure> {
    if let Err(tail) = asked(step, tool::api(cluster)).await? {
        refused(cluster, &tail)?;
        return Ok(Err(silent(&tail)));
    }
    if wanted == Wanted::Api {
        return Ok(Ok(String::new()));
    }
    let mut missing: Vec<String> = Vec::new();
    let mut machines = None;
    if wanted == Wanted::All {
        match json(step, tool::machines(cluster)).await? {
            Ok(all) => {
                machines = all["items"].as_array().map(Vec::len);
                missing.extend(tool::of_machines(&all));
            }
            Err(why) => {
                refused(cluster, &why)?;
                missing.push(why);
            }
        }
    }
    match json(step, tool::account(cluster)).await? {
        Ok(all) => missing.extend(tool::of_account(&all)),
        Err(why) => missing.push(why),
    }
    if wanted == Wanted::All {
        let is_left_out = cluster.section.disable.iter().any(|part| part == "coredns");
        let is_wanted = cluster.kind != ClusterKind::Existing && !is_left_out;
        match json(step, tool::names(cluster)).await? {
            Ok(all) => missing.extend(tool::of_names(&all, is_wanted)),
            Err(why) => missing.push(why),
        }
    }
    if !missing.is_empty() {
        return Ok(Err(missing.join(", ")));
    }
    Ok(Ok(match machines {
        Some(machines) => format!("{} ready", plural(machines, "machine")),
        None => "its API answers; its machines wait for a network".to_owned(),
    }))
}

async fn json(step: &StepCx<'_>, cmd: Cmd) -> Result<Result<Json, String>, Failure> {
    Ok(match asked(step, cmd).await? {
        Ok(printed) => serde_json::from_slice(&printed).map_err(|_| "kubectl printed no JSON".to_owned()),
        Err(tail) => Err(silent(&tail)),
    })
}

/// Whoever may not look will not be allowed to by waiting; while a cluster is made, that may still come.
fn refused(cluster: &Cluster, said: &str) -> Result<(), Failure> {
    if cluster.kind == ClusterKind::Existing && said.contains("(Forbidden)") {
        let said = plain(said);
        let line = text::last_line(&said);
        let line = line.find("Error from server").map_or(line, |at| line[at..].trim_end_matches(')'));
        let text = format!("who `{}` is may not see it: {line}", cluster.context);
        return Err(Failure::new(Kind::Failed, text).help("name the context of somebody who may list nodes"));
    }
    Ok(())
}

fn silent(tail: &str) -> String {
    match text::last_line(&plain(tail)) {
        "" => "its API does not answer".to_owned(),
        line => format!("its API does not answer ({line})"),
    }
}

/// It took too long: what is missing, why, and what happened last.
async fn too_late(step: &StepCx<'_>, cluster: &Cluster, missing: &str, patience: Duration) -> Failure {
    let mut lines = Vec::new();
    // Nothing of this is asked when the time of the step itself is over: the run has to end.
    if step.left().is_none_or(|left| !left.is_zero()) {
        if let Ok(Ok(pods)) = json(step, tool::pods(cluster)).await {
            lines.extend(tool::reasons(&pods));
        }
        if let Ok(Ok(events)) = json(step, tool::events(cluster)).await {
            lines.extend(tool::last_events(&events));
        }
    }
    for line in &lines {
        step.say(line);
    }
    let text = format!("`{}` cannot be used after {}: {missing}", cluster.context, duration(patience));
    let mut failure = Failure::new(Kind::Failed, text);
    if let Some(line) = lines.first() {
        failure = failure.help(format!("look at this first: {line}"));
    }
    failure.help("give it longer, if it was on its way: `wait` of `[cluster]`")
}
