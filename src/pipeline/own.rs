//! Pipelines of the project: what its files say, as steps. Pure.

use super::machines;
use super::plan;
use super::{OnFailure, Rules, Step, What, refused};
use crate::config::Environment;
use crate::config::step::{self as declared, Action, Until, Wait};
use crate::config::unready::{self, Unready};
use crate::config::verbs::Effect;
use crate::steps::Work;
use crate::steps::nothing::Refused;

/// The steps of a verb or pipeline by its name; `above` are those it is done by.
pub(super) fn named(env: &Environment, name: &str, above: &[&str]) -> Vec<Step> {
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
        return plan::built_in_named(env, name, &inside);
    };
    steps.iter().map(|step| declared(env, step, &inside)).collect()
}

fn declared(env: &Environment, step: &declared::Step, above: &[&str]) -> Step {
    let what = match &step.action {
        Action::Do(verb) => What::Steps(named(env, verb, above)),
        action => What::Work(work(env, action)),
    };
    let on_failure = match &step.on_failure {
        declared::OnFailure::Stop => OnFailure::Stop,
        declared::OnFailure::Continue => OnFailure::Continue,
        declared::OnFailure::Steps(steps) => {
            OnFailure::Steps(steps.iter().map(|step| declared(env, step, above)).collect())
        }
    };
    let wait = |wait: &Option<Wait>| wait.clone().map(|wait| Box::new(work(env, &Action::Wait(wait))));
    let rules = Rules {
        when: step.when.clone(),
        unless: wait(&step.unless),
        verify: wait(&step.verify),
        timeout: step.timeout,
        retry: step.retry.clone(),
        secrets: step.secrets.clone(),
        on_failure,
        effect: step.effect.map(Effect::from),
        is_declared: true,
    };
    let step = Step { name: step.name.clone(), what, rules };
    let effect = step.effect(&env.name);
    if step.rules.effect == Some(Effect::Reads) && effect > Effect::Reads {
        let why =
            format!("`{}` is said to read only (`effect = \"reads\"`), but it changes something", step.name);
        return refused(&step.name, &why, "leave `effect` out, or the step");
    }
    step
}

fn work(env: &Environment, action: &Action) -> Work {
    let unready = match action {
        Action::Wait(Wait { until: Until::Ecs { .. }, .. }) => later("wait ecs", "wait.ecs"),
        Action::Docker(docker) if docker.push.is_some() => later("docker push", "docker.push"),
        Action::Docker(docker) if docker.login.is_some() => later("docker login", "docker.login"),
        action => later(action.kind(), action.kind()),
    };
    match (unready, action, Work::declared(action)) {
        (Some(unready), ..) => unready,
        (None, Action::Ansible(playbook), _) => machines::playbook(env, playbook.clone()),
        (None, _, Some(work)) => work,
        (None, action, None) => Work::Refused(Refused {
            why: format!("no step does `{}`", action.kind()),
            help: "report this as a bug of infractl".to_owned(),
        }),
    }
}

fn later(kind: &str, shown: &str) -> Option<Work> {
    unready::word(kind, shown).map(|Unready { why, help }| Work::Refused(Refused { why, help }))
}
