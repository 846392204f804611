//! Which steps a verb has. Pure: nothing is touched.

pub(crate) use super::given::Given;
use super::reviewed::unreviewed;
pub use super::verb::Verb;
pub(crate) use super::verb::{Images, Playbooks};
use super::{Pipeline, Step, What, clusters, machines, own, refused};
use crate::config::Environment;
use crate::config::unready;
use crate::config::verbs::Effect;
use crate::steps::Work;
use crate::steps::bootstrap::Bootstrap;
use crate::steps::checks::Checks;
use crate::steps::clean::Clean;
use crate::steps::confirm::{Asks, Confirm};
use crate::steps::files::env_file::EnvFileStep;
use crate::steps::files::inventory::InventoryStep;
use crate::steps::forget::Forget;
use crate::steps::nothing::Nothing;
use crate::steps::prepare::Prepare;
use crate::steps::snapshot::Snapshot;
use crate::steps::terraform::Action as Terraform;
use crate::steps::terraform::{How, LookForDrift, Outputs, Reviewed};
use crate::work::needs::Needs;

/// The steps of a verb for an environment: those of the project's pipeline of that name, else the built-in ones.
pub fn pipeline(env: &Environment, verb: &Verb) -> Pipeline {
    let name = verb.name();
    let is_named = matches!(verb, Verb::Named { .. } | Verb::Playbooks { .. } | Verb::Images { .. });
    // These only read, for something that looks and writes nothing.
    let is_bare = matches!(verb, Verb::Genenv | Verb::Output | Verb::Tf { .. });
    let is_own = env.pipelines.contains_key(name) && !matches!(verb, Verb::Given { .. });
    let mut steps = if is_own || is_named {
        own::named(env, name, &[])
    } else if is_bare {
        built_in(env, verb)
    } else {
        own::around(env, name, built_in(env, verb), &[name])
    };
    if let Verb::Apply { plan: Some(plan) } = verb {
        with_plan(&mut steps, plan);
    }
    unreviewed(env, &mut steps);
    if !is_bare {
        steps = own::watched(env, name, steps);
    }
    match verb {
        Verb::Playbooks { part, .. } => part.limit(&mut steps),
        Verb::Images { part, .. } => part.limit(&mut steps),
        _ => {}
    }
    prepared(env, Pipeline { verb: name.to_owned(), environment: env.name.clone(), steps })
}

/// Gives a saved plan to the first step that applies one.
fn with_plan(steps: &mut [Step], given: &Reviewed) -> bool {
    steps.iter_mut().any(|step| match &mut step.what {
        What::Steps(inside) => with_plan(inside, given),
        What::Work(Work::Terraform(Terraform::Apply { plan })) => {
            *plan = Some(given.clone());
            true
        }
        What::Work(_) => false,
    })
}

/// Puts first what is opened and checked before any tool starts, if any step needs it.
pub(super) fn prepared(env: &Environment, mut pipeline: Pipeline) -> Pipeline {
    without_prepare(&mut pipeline.steps);
    let mut wanted = false;
    let keeps_plan = |work: &Work| matches!(work, Work::Terraform(action) if action.keeps_plan());
    let lasts = pipeline.leaves().iter().any(|leaf| keeps_plan(leaf.work));
    let may_mock = pipeline.effect() == Effect::Reads && !lasts;
    let mut prepare = Prepare { may_mock, ..Prepare::default() };
    for leaf in pipeline.leaves() {
        let needs = Needs::of(env, leaf.work.kind(), leaf.allowed);
        wanted |= needs.env_file
            || (needs.secrets
                && (needs.checks || !env.secrets.files.is_empty() || !env.secrets.from.is_empty()));
        prepare.env_file |= needs.env_file;
        prepare.foreign.extend(needs.foreign);
    }
    if wanted || !prepare.foreign.is_empty() {
        pipeline.steps.insert(0, Step::new("prepare", Work::Prepare(prepare)));
    }
    pipeline
}

fn without_prepare(steps: &mut Vec<Step>) {
    steps.retain(|step| !matches!(step.what, What::Work(Work::Prepare { .. })));
    for step in steps {
        if let What::Steps(inside) = &mut step.what {
            without_prepare(inside);
        }
    }
}

/// The same with questions: before the first step that changes something, unless only plans that destroy are asked
/// about, and before everything that terraform may destroy. What terraform would do is planned first.
pub(crate) fn asking(env: &Environment, mut pipeline: Pipeline, asks: Asks) -> Pipeline {
    let name = &env.name;
    let question = if asks == Asks::Name {
        format!("`{}` on the protected environment `{name}`", pipeline.verb)
    } else {
        format!("`{}` on `{name}`", pipeline.verb)
    };
    let mut next = asks;
    ask_before_changes(env, &mut pipeline.steps, &question, &mut next);
    pipeline
}

fn ask_before_changes(env: &Environment, steps: &mut Vec<Step>, question: &str, next: &mut Asks) {
    let mut at = 0;
    while at < steps.len() {
        let step = &mut steps[at];
        at += 1;
        if step.effect(&env.name) < Effect::Changes || step.is_elsewhere(&env.name) {
            continue;
        }
        // What is tried again asks once.
        if let (What::Steps(inside), None) = (&mut step.what, &step.rules.retry) {
            ask_before_changes(env, inside, question, next);
            continue;
        }
        let preview = preview(step);
        if preview.is_none() && *next == Asks::Destroys {
            continue;
        }
        let asks = std::mem::replace(next, Asks::Destroys);
        let confirm = Work::Confirm(Confirm { question: question.to_owned(), asks });
        let new: Vec<Step> = preview.into_iter().chain([Step::new("confirm", confirm)]).collect();
        let count = new.len();
        steps.splice(at - 1..at - 1, new);
        at += count;
    }
}

/// What shows beforehand what a step of terraform would do.
fn preview(step: &Step) -> Option<Step> {
    let plan = |destroy| Terraform::Plan { out: None, json: false, keep: true, destroy, cost: false };
    let action = match &step.what {
        What::Work(Work::Terraform(Terraform::Apply { plan: None })) => plan(false),
        What::Work(Work::Terraform(Terraform::Apply { plan: Some(plan) })) => match plan.how {
            How::Exactly => Terraform::Look { plan: plan.file.clone() },
            How::Verified => Terraform::Verify { plan: plan.file.clone() },
        },
        What::Work(Work::Terraform(Terraform::Destroy)) => plan(true),
        _ => return None,
    };
    Some(Step::new("terraform plan", Work::Terraform(action)))
}

/// The plan that the first step of terraform would carry out, as a pipeline of its own.
pub(crate) fn preview_of(env: &Environment, pipeline: &Pipeline) -> Option<Pipeline> {
    let steps = pipeline.leaves().into_iter().map(|leaf| Step::new("", leaf.work.clone()));
    let plan = steps.into_iter().find_map(|step| preview(&step))?;
    let verb = pipeline.verb.clone();
    let mut made = prepared(env, Pipeline { verb, environment: env.name.clone(), steps: vec![plan] });
    // What the whole of it would stop at is found before anybody is asked.
    let checks = |step: &Step| matches!(&step.what, What::Work(Work::Prepare(prepare)) if prepare.env_file);
    if pipeline.steps.iter().any(checks) {
        if let Some(What::Work(Work::Prepare(prepare))) = made.steps.first_mut().map(|step| &mut step.what) {
            prepare.env_file = true;
        } else {
            let prepare = Prepare { env_file: true, ..Prepare::default() };
            made.steps.insert(0, Step::new("prepare", Work::Prepare(prepare)));
        }
    }
    Some(made)
}

/// The built-in steps of a verb by its name; `above` are the verbs it is done by, itself last.
pub(super) fn built_in_named(env: &Environment, name: &str, above: &[&str]) -> Vec<Step> {
    let group = |name: &str| Step::group(name, own::named(env, name, above));
    let verb = match name {
        "init" => Verb::Init,
        "bootstrap" => Verb::Bootstrap(Bootstrap::default()),
        "plan" => Verb::Plan { out: None, json: false, cost: false },
        "drift" => Verb::Drift(LookForDrift::default()),
        "apply" => Verb::Apply { plan: None },
        "destroy" => Verb::Destroy,
        "fmt" => Verb::Fmt { check: false },
        "validate" => Verb::Validate,
        "genenv" => Verb::Genenv,
        "up" => {
            return clusters::up(env, vec![group("init"), group("apply"), deploy_or_nothing(env, above)]);
        }
        "down" => return clusters::down(env, vec![group("destroy"), Step::new("clean", Work::Clean(Clean))]),
        "recreate" => return vec![group("down"), group("up")],
        "deploy" => return machines::deploy(env),
        "check" => return machines::check(env),
        "inventory" => return machines::inventory(env),
        "build" => return machines::build(env),
        "push" => return machines::push(env),
        "verify" => return machines::verify(env),
        "stop" => Verb::Stop { shelve: false },
        "start" => return machines::start(env),
        "state" => return machines::state(env),
        "promote" | "rollback" => return vec![machines::by_itself(name)],
        name => {
            return unready::word("verb", name)
                .map(|no| refused(name, &no.why, &no.help))
                .into_iter()
                .collect();
        }
    };
    let mut steps = built_in(env, &verb);
    if verb == Verb::Genenv {
        steps.push(Step::new("environment file", Work::EnvFile(EnvFileStep::Write)));
    }
    steps
}

/// What `up` does last.
fn deploy_or_nothing(env: &Environment, above: &[&str]) -> Step {
    if env.pipelines.contains_key("deploy") || env.ansible.is_some() {
        return Step::group("deploy", own::named(env, "deploy", above));
    }
    Step::new("deploy", Work::Nothing(Nothing("nothing to deploy: there is no pipeline `deploy`".into())))
}

fn built_in(env: &Environment, verb: &Verb) -> Vec<Step> {
    let has_root = env.terraform.is_some();
    let prepare = |env_file| Step::new("prepare", Work::Prepare(Prepare { env_file, ..Prepare::default() }));
    let terraform = |name: &str, action| Step::new(name, Work::Terraform(action));
    let outputs = || Step::new("outputs", Work::Outputs(Outputs));
    let write = || Step::new("environment file", Work::EnvFile(EnvFileStep::Write));
    let inventory = |action| env.inventory.is_some().then(|| Step::new("inventory", Work::Inventory(action)));
    let nothing = |to: &str| {
        let why = format!("no root module: nothing to {to}");
        vec![Step::new(verb.name(), Work::Nothing(Nothing(why)))]
    };
    match verb {
        Verb::Init if !has_root => nothing("initialise"),
        Verb::Plan { .. } if !has_root => nothing("plan"),
        Verb::Drift(_) if !has_root => nothing("look at"),
        Verb::Fmt { .. } if !has_root => nothing("format"),
        Verb::Init => vec![prepare(false), terraform("terraform init", Terraform::Init)],
        Verb::Drift(look) => {
            let look = terraform("terraform plan -refresh-only", Terraform::Drift(look.clone()));
            vec![prepare(false), own::alarmed(env, look)]
        }
        Verb::Plan { out, json, cost } => {
            let (out, json, cost) = (out.clone(), *json, *cost);
            let action = Terraform::Plan { out, json, keep: false, destroy: false, cost };
            vec![prepare(false), terraform("terraform plan", action)]
        }
        Verb::Apply { .. } if !has_root => {
            [prepare(true), outputs(), write()].into_iter().chain(inventory(InventoryStep::Write)).collect()
        }
        Verb::Apply { plan } => {
            let apply = terraform("terraform apply", Terraform::Apply { plan: plan.clone() });
            let files = [outputs(), write()].into_iter().chain(inventory(InventoryStep::Write));
            [prepare(true), apply].into_iter().chain(files).collect()
        }
        Verb::Destroy => {
            let mut steps = vec![prepare(false)];
            if has_root {
                steps.push(terraform("terraform destroy", Terraform::Destroy));
            }
            steps.push(Step::new("environment file", Work::EnvFile(EnvFileStep::Remove)));
            steps.extend(inventory(InventoryStep::Remove));
            if !env.hosts.is_empty() {
                steps.push(Step::new("host keys", Work::Forget(Forget)));
            }
            steps
        }
        Verb::Bootstrap(_) if !has_root => {
            vec![Step::new("bucket", Work::Nothing(Nothing("no root module: no state to keep".into())))]
        }
        Verb::Bootstrap(wish) => vec![prepare(false), Step::new("bucket", Work::Bootstrap(wish.clone()))],
        Verb::Tf { words } => {
            let name: Vec<&str> = words.iter().take(2).map(String::as_str).collect();
            let action = Terraform::Any { words: words.clone() };
            vec![terraform(&format!("terraform {}", name.join(" ")), action)]
        }
        Verb::Snapshot(all) => {
            let step = |one: &Snapshot| Step::new(&one.step.step_name(), Work::Snapshot(one.clone()));
            all.iter().map(step).collect()
        }
        Verb::Traffic(traffic) => {
            vec![Step::new(&format!("traffic {}", traffic.step.route.0), Work::Traffic(traffic.clone()))]
        }
        Verb::Maintenance(page) => vec![Step::new("maintenance", Work::Maintenance(*page))],
        Verb::Stop { shelve } => machines::stop(env, *shelve),
        Verb::Validate => {
            let root = has_root.then(|| terraform("terraform validate", Terraform::Validate));
            let checks = (!env.checks.is_empty()).then(|| Step::new("checks", Work::Checks(Checks)));
            root.into_iter().chain(checks).collect()
        }
        Verb::Fmt { check } => vec![terraform("terraform fmt", Terraform::Fmt { check: *check })],
        Verb::Output if !has_root => vec![outputs()],
        Verb::Output | Verb::Genenv => vec![prepare(false), outputs()],
        Verb::Given { given, .. } => given.steps(own::named(env, "deploy", &[])),
        Verb::Playbooks { name, .. } | Verb::Images { name, .. } | Verb::Named { name } => {
            own::named(env, name, &[])
        }
    }
}
