//! Pipelines of the project: what its files say, as steps. Pure.

use super::machines;
use super::plan::{self, Asks};
use super::{OnFailure, Rules, Step, What};
use crate::config::Environment;
use crate::config::step::{self as declared, Action};
use crate::steps::{Work, wait};

/// The steps of a verb or pipeline by its name; `above` are those it is done by.
pub(super) fn named(env: &Environment, name: &str, asks: Asks, above: &[&str]) -> Vec<Step> {
    if above.contains(&name) {
        let way = above.iter().skip_while(|known| **known != name).chain([&name]);
        let way = way.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" -> ");
        return vec![refused(
            name,
            &format!("`{name}` would do itself without end: {way}"),
            "remove one of these steps",
        )];
    }
    let inside: Vec<&str> = above.iter().copied().chain([name]).collect();
    let Some(steps) = env.pipelines.get(name) else {
        return plan::built_in_named(env, name, asks, &inside);
    };
    let mut all = Vec::new();
    if asks.guards(name) {
        all.push(plan::confirm(env, name));
    }
    all.extend(steps.iter().map(|step| declared(env, step, asks, &inside)));
    all
}

fn declared(env: &Environment, step: &declared::Step, asks: Asks, above: &[&str]) -> Step {
    let what = match &step.action {
        Action::Do(verb) => What::Steps(named(env, verb, asks, above)),
        action => What::Work(work(env, action)),
    };
    let on_failure = match &step.on_failure {
        declared::OnFailure::Stop => OnFailure::Stop,
        declared::OnFailure::Continue => OnFailure::Continue,
        declared::OnFailure::Steps(steps) => {
            OnFailure::Steps(steps.iter().map(|step| declared(env, step, asks, above)).collect())
        }
    };
    let rules = Rules {
        when: step.when.clone(),
        timeout: step.timeout,
        retry: step.retry.clone(),
        secrets: step.secrets.clone(),
        on_failure,
        is_declared: true,
    };
    Step { name: step.name.clone(), what, rules }
}

fn work(env: &Environment, action: &Action) -> Work {
    match action {
        Action::Command(command) => Work::Command(command.clone()),
        Action::Wait(wanted) => match wait::refusal(wanted) {
            Some((why, help)) => Work::Refused { why, help },
            None => Work::Wait(wanted.clone()),
        },
        Action::Copy(copy) => Work::Copy(copy.clone()),
        Action::Remote(remote) => Work::Remote(remote.clone()),
        Action::Compose(compose) => Work::Compose(compose.clone()),
        Action::Ansible(playbook) => machines::playbook(env, playbook.clone()),
        Action::Docker(docker) => Work::Docker(docker.clone()),
        Action::Git(git) => Work::Git(git.clone()),
        other => later(other.kind()),
    }
}

fn later(kind: &str) -> Work {
    Work::Refused {
        why: format!("a step `{kind}` is not in this version of infractl yet"),
        help: "use `command` until then, or leave the step out with `--skip`".to_owned(),
    }
}

/// A step that says why it cannot be done.
pub(super) fn refused(name: &str, why: &str, help: &str) -> Step {
    Step::new(name, Work::Refused { why: why.to_owned(), help: help.to_owned() })
}
