//! Pipelines of the project: what its files say, as steps. Pure.

use super::machines;
use super::plan;
use super::{OnFailure, Rules, Step, What, refused};
use crate::config::Environment;
use crate::config::node::Node;
use crate::config::step::{self as declared, Action, Wait};
use crate::config::verbs::{self, Effect};
use crate::steps::Work;
use crate::steps::nothing::Refused;
use crate::work::when;

/// The steps of a verb or pipeline by its name; `above` are those it is done by.
///
/// In the pipeline that replaces a verb, a step that does this verb is the built-in one.
pub(super) fn named(env: &Environment, name: &str, above: &[&str]) -> Vec<Step> {
    if above.last() == Some(&name) && env.pipelines.contains_key(name) && is_built_in(name) {
        return plan::built_in_named(env, name, above);
    }
    if above.contains(&name) {
        let way = above.iter().skip_while(|known| **known != name).chain([&name]);
        let way = way.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" -> ");
        return vec![refused(
            name,
            &format!("`{name}` would do itself without end: {way}"),
            "remove one of these steps",
        )];
    }
    if let Some(needed) = env.document.parameter_of(name).filter(|_| env.pipelines.contains_key(name)) {
        let why = format!("`{name}` needs `{{{{with.{needed}}}}}`: only a step `do` can call it");
        let help = format!("write a step `{{ do = \"{name}\", with = {{ {needed} = \"…\" }} }}`");
        return vec![refused(name, &why, &help)];
    }
    let inside: Vec<&str> = above.iter().copied().chain([name]).collect();
    let steps = match env.pipelines.get(name) {
        Some(steps) => several(env, steps, env.document.steps(&["pipelines", name]), &inside),
        None => plan::built_in_named(env, name, &inside),
    };
    around(env, name, steps, &inside)
}

/// The steps of a verb or pipeline between those before and after it; `above` are those it is done by, itself last.
pub(super) fn around(env: &Environment, name: &str, steps: Vec<Step>, above: &[&str]) -> Vec<Step> {
    let hook = |key: String| {
        let declared = env.hooks.get(&key)?;
        let inside: Vec<&str> = above.iter().copied().chain([key.as_str()]).collect();
        Some(Step::group(&key, several(env, declared, env.document.steps(&["hooks", &key]), &inside)))
    };
    let (before, after) = (hook(format!("before-{name}")), hook(format!("after-{name}")));
    before.into_iter().chain(steps).chain(after).collect()
}

/// The steps of a run with what is done when one of them fails.
pub(super) fn watched(env: &Environment, verb: &str, steps: Vec<Step>) -> Vec<Step> {
    let Some(declared) = env.hooks.get(ON_FAILURE).filter(|_| !steps.is_empty()) else { return steps };
    let on_failure =
        OnFailure::Steps(several(env, declared, env.document.steps(&["hooks", ON_FAILURE]), &[ON_FAILURE]));
    let rules = Rules { on_failure, ..Rules::default() };
    vec![Step { name: verb.to_owned(), what: What::Steps(steps), rules }]
}

const ON_FAILURE: &str = "on-failure";
const ON_DRIFT: &str = "on-drift";

/// A look for drift, with what is done when there is some.
pub(super) fn alarmed(env: &Environment, look: Step) -> Step {
    let Some(declared) = env.hooks.get(ON_DRIFT) else { return look };
    let steps = several(env, declared, env.document.steps(&["hooks", ON_DRIFT]), &[ON_DRIFT]);
    let rules = Rules { on_failure: OnFailure::Steps(steps), is_for_difference: true, ..look.rules };
    Step { rules, ..look }
}

fn is_built_in(name: &str) -> bool {
    verbs::find(name).is_some_and(verbs::Verb::is_built_in)
}

/// `nodes` are the same steps as they stand in the files.
fn several(env: &Environment, steps: &[declared::Step], nodes: &[Node], above: &[&str]) -> Vec<Step> {
    steps.iter().enumerate().map(|(at, step)| declared(env, step, nodes.get(at), above)).collect()
}

fn declared(env: &Environment, step: &declared::Step, node: Option<&Node>, above: &[&str]) -> Step {
    let what = match &step.action {
        Action::Do(verb, None) => What::Steps(called(env, node, named(env, verb, above))),
        Action::Do(verb, Some(steps)) => {
            let inside: Vec<&str> = above.iter().copied().chain([verb.as_str()]).collect();
            let steps = several(env, steps, env.document.steps(&["pipelines", verb]), &inside);
            let mut steps = called(env, node, around(env, verb, steps, &inside));
            belong_to(&mut steps, &step.name);
            What::Steps(steps)
        }
        action => What::Work(work(env, node, action.kind(), action)),
    };
    let on_failure = match &step.on_failure {
        declared::OnFailure::Stop => OnFailure::Stop,
        declared::OnFailure::Continue => OnFailure::Continue,
        declared::OnFailure::Steps(steps) => {
            let nodes = node.and_then(|node| node.get("on-failure")).map_or(&[][..], Node::list);
            OnFailure::Steps(several(env, steps, nodes, above))
        }
    };
    let wait = |key: &str, wait: &Option<Wait>| {
        wait.clone().map(|wait| Box::new(work(env, node, key, &Action::Wait(wait))))
    };
    let rules = Rules {
        when: step.when.clone(),
        unless: wait("unless", &step.unless),
        verify: wait("verify", &step.verify),
        capture: step.capture.clone(),
        timeout: step.timeout,
        retry: step.retry.clone(),
        secrets: step.secrets.clone(),
        on_failure,
        is_for_difference: false,
        effect: step.effect.map(Effect::from),
        is_declared: true,
        left_out: step.when.as_ref().and_then(|when| when::not_in(env.scenario.as_ref(), when)),
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

/// Tells by their names which call steps belong to: a pipeline may be called several times.
fn belong_to(steps: &mut [Step], call: &str) {
    for step in steps {
        step.name = format!("{call}: {}", step.name);
        if let OnFailure::Steps(steps) = &mut step.rules.on_failure {
            belong_to(steps, call);
        }
        if let What::Steps(steps) = &mut step.what {
            belong_to(steps, call);
        }
    }
}

/// What a `do` step is; what cannot be done is said where it stands.
fn called(env: &Environment, node: Option<&Node>, mut steps: Vec<Step>) -> Vec<Step> {
    for step in &mut steps {
        if let What::Work(Work::Refused(refused)) = &mut step.what
            && refused.problem.is_none()
            && node.is_some()
        {
            refused.problem = env.document.key_problem(node, &["do"], &refused.why, &refused.help);
        }
    }
    steps
}

/// `key` is what it is called in `node`.
fn work(env: &Environment, node: Option<&Node>, key: &str, action: &Action) -> Work {
    let unready = match action {
        Action::Docker(docker) if env.registry.is_none() => docker.needs_registry().map(|word| {
            let (why, help) = machines::no_registry(env);
            let problem =
                node.and_then(|node| env.document.key_problem(Some(node), &[key, word], &why, &help));
            Work::Refused(Refused { why, help, problem })
        }),
        _ => None,
    };
    match (unready, action, Work::declared(action)) {
        (Some(unready), ..) => unready,
        (None, Action::Ansible(playbook), _) => machines::playbook(env, playbook.clone()),
        (None, _, Some(work)) => work,
        (None, action, None) => Work::Refused(Refused {
            why: format!("no step does `{}`", action.kind()),
            help: "report this as a bug of infractl".to_owned(),
            problem: None,
        }),
    }
}
