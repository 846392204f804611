//! Which steps a verb has. Pure: nothing is touched.

pub(super) use super::verb::Asks;
pub use super::verb::Verb;
pub(crate) use super::verb::{BUILT_IN, GUARDED, Playbooks};
use super::{Pipeline, Step, What, machines, own};
use crate::config::Environment;
use crate::steps::Work;
use crate::steps::files::env_file::Action as EnvFile;
use crate::steps::files::inventory::Action as Inventory;
use crate::steps::terraform::Action as Terraform;
use crate::work::needs::Needs;
use crate::work::when;

/// Whether it does anything that a protected environment guards.
pub(crate) fn is_guarded(env: &Environment, verb: &Verb) -> bool {
    fn any(steps: &[Step]) -> bool {
        steps.iter().any(|step| match &step.what {
            What::Work(Work::Confirm { .. }) => true,
            What::Work(_) => false,
            What::Steps(steps) => any(steps),
        })
    }
    let name = verb.name();
    GUARDED.contains(&name) || any(&own::named(env, name, Asks(true), &[]))
}

/// The steps of a verb for an environment: those of the project's pipeline of that name, else the built-in ones.
pub fn pipeline(env: &Environment, verb: &Verb) -> Pipeline {
    let name = verb.name();
    let is_named = matches!(verb, Verb::Named { .. } | Verb::Playbooks { .. });
    let mut steps = if env.pipelines.contains_key(name) || is_named {
        own::named(env, name, verb.asks(), &[])
    } else {
        built_in(env, verb)
    };
    if let Verb::Playbooks { part, .. } = verb {
        part.limit(&mut steps);
    }
    prepared(env, Pipeline { verb: name.to_owned(), steps })
}

/// Puts first what is opened and checked before any tool starts, if any step needs it.
pub(super) fn prepared(env: &Environment, mut pipeline: Pipeline) -> Pipeline {
    let (mut wanted, mut env_file) = (false, false);
    for (work, allowed) in pipeline.leaves() {
        let needs = Needs::of(env, work, allowed);
        let is_tool =
            matches!(work, Work::Terraform(_) | Work::Prepare { .. } | Work::Outputs | Work::EnvFile(_));
        wanted |= needs.env_file || (needs.secrets && (is_tool || !env.secrets.files.is_empty()));
        env_file |= needs.env_file;
    }
    without_prepare(&mut pipeline.steps);
    // What belongs to another environment needs nothing.
    let is_here =
        |step: &Step| step.rules.when.as_ref().is_none_or(|when| when::elsewhere(&env.name, when).is_none());
    if wanted && pipeline.steps.iter().any(is_here) {
        pipeline.steps.insert(0, Step::new("prepare", Work::Prepare { env_file }));
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

pub(super) fn confirm(env: &Environment, verb: &str) -> Step {
    let question = format!("`{verb}` on the protected environment `{}`", env.name);
    Step::new("confirm", Work::Confirm { question })
}

/// The built-in steps of a verb by its name; `above` are the verbs it is done by, itself last.
pub(super) fn built_in_named(env: &Environment, name: &str, asks: Asks, above: &[&str]) -> Vec<Step> {
    let group = |name: &str| Step::group(name, own::named(env, name, asks, above));
    let verb = match name {
        "init" if env.terraform.is_none() => {
            return vec![Step::new("init", Work::Nothing("no root module: nothing to initialise".into()))];
        }
        "init" => Verb::Init,
        "plan" => Verb::Plan { out: None, json: false },
        "apply" => Verb::Apply { plan: None, ask: asks.0 },
        "destroy" => Verb::Destroy { ask: asks.0 },
        "fmt" => Verb::Fmt { check: false },
        "validate" => Verb::Validate,
        "genenv" => Verb::Genenv,
        "up" => return vec![group("init"), group("apply"), machines::deploy_or_nothing(env, asks, above)],
        "down" => return vec![group("destroy"), Step::new("clean", Work::Clean)],
        "refresh" => return vec![group("down"), group("up")],
        "deploy" => return machines::deploy(env),
        "check" => return machines::check(env),
        "inventory" => return machines::inventory(env),
        "build" => return machines::build(env),
        "stop" => Verb::Stop { shelve: false, ask: asks.0 },
        "start" => return machines::start(env),
        "state" => return machines::state(env),
        name => {
            let why = format!("`{name}` is not in this version of infractl yet");
            return vec![own::refused(name, &why, &format!("write your own: `[pipelines] {name} = [ … ]`"))];
        }
    };
    let mut steps = built_in(env, &verb);
    if verb == Verb::Genenv {
        steps.push(Step::new("environment file", Work::EnvFile(EnvFile::Write)));
    }
    steps
}

fn built_in(env: &Environment, verb: &Verb) -> Vec<Step> {
    let has_root = env.terraform.is_some();
    let prepare = |env_file| Step::new("prepare", Work::Prepare { env_file });
    let terraform = |name: &str, action| Step::new(name, Work::Terraform(action));
    let plan = |destroy| Terraform::Plan { out: None, json: false, keep: true, destroy };
    let outputs = || Step::new("outputs", Work::Outputs);
    let write = || Step::new("environment file", Work::EnvFile(EnvFile::Write));
    let inventory = |action| env.inventory.is_some().then(|| Step::new("inventory", Work::Inventory(action)));
    match verb {
        Verb::Init => vec![prepare(false), terraform("terraform init", Terraform::Init)],
        Verb::Plan { out, json } => {
            let action = Terraform::Plan { out: out.clone(), json: *json, keep: false, destroy: false };
            vec![prepare(false), terraform("terraform plan", action)]
        }
        Verb::Apply { .. } if !has_root => {
            [prepare(true), outputs(), write()].into_iter().chain(inventory(Inventory::Write)).collect()
        }
        Verb::Apply { plan: saved, ask } => {
            let mut steps = vec![prepare(true)];
            if *ask {
                if saved.is_none() {
                    steps.push(terraform("terraform plan", plan(false)));
                }
                steps.push(confirm(env, "apply"));
            }
            steps.push(terraform("terraform apply", Terraform::Apply { plan: saved.clone() }));
            steps.extend([outputs(), write()]);
            steps.extend(inventory(Inventory::Write));
            steps
        }
        Verb::Destroy { ask } => {
            let mut steps = vec![prepare(false)];
            if *ask {
                if has_root {
                    steps.push(terraform("terraform plan", plan(true)));
                }
                steps.push(confirm(env, "destroy"));
            }
            if has_root {
                steps.push(terraform("terraform destroy", Terraform::Destroy));
            }
            steps.push(Step::new("environment file", Work::EnvFile(EnvFile::Remove)));
            steps.extend(inventory(Inventory::Remove));
            if !env.hosts.is_empty() {
                steps.push(Step::new("host keys", Work::Forget));
            }
            steps
        }
        Verb::Stop { shelve, ask } => {
            ask.then(|| confirm(env, "stop")).into_iter().chain(machines::stop(env, *shelve)).collect()
        }
        Verb::Validate if !has_root => vec![],
        Verb::Validate => vec![prepare(false), terraform("terraform validate", Terraform::Validate)],
        Verb::Fmt { check } => vec![terraform("terraform fmt", Terraform::Fmt { check: *check })],
        Verb::Output if !has_root => vec![outputs()],
        Verb::Output | Verb::Genenv => vec![prepare(false), outputs()],
        Verb::Playbooks { name, ask, .. } | Verb::Named { name, ask } => {
            own::named(env, name, Asks(*ask), &[])
        }
    }
}
