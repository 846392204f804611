//! Outputs of other environments: each read from the state of its environment, with the backend and the credentials of
//! that one, and never by an apply. Mocks stand in for what is not there yet, where nothing is changed.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde_json::Value as Json;

use crate::config::template::Foreign;
use crate::config::{Environment, Project};
use crate::failure::{Failure, Kind, Problem};
use crate::steps::opened;
use crate::steps::terraform::read;
use crate::text::{list, nearest, plural};
use crate::tools::terraform::Output;
use crate::work::needs::Needs;
use crate::work::{Facts, Frame, StepCx, root_module};

/// Reads what no earlier step has, each environment once per run. The text says what was read.
pub(crate) async fn read(
    step: &mut StepCx<'_>,
    wanted: &BTreeSet<Foreign>,
    may_mock: bool,
) -> Result<Vec<String>, Failure> {
    let wanted: Vec<&Foreign> =
        wanted.iter().filter(|foreign| step.facts.foreign.get(foreign).is_none()).collect();
    let environments: BTreeSet<&String> = wanted.iter().map(|foreign| &foreign.environment).collect();
    if environments.is_empty() {
        return Ok(Vec::new());
    }
    let root = &step.env.root;
    let project = Project::find(root, Some(root))?.with_vars(step.cx.vars.0.clone());
    let (mut found, mut mocked, mut absent) = (Vec::new(), Vec::new(), Vec::new());
    for name in environments {
        let env = project.environment(name)?;
        let wanted: Vec<&Foreign> =
            wanted.iter().copied().filter(|foreign| foreign.environment == *name).collect();
        let mut outputs = of(step, &env, &wanted).await?;
        for foreign in &wanted {
            if outputs.contains_key(&foreign.output) {
                continue;
            }
            let Some(value) = mock(step.env, foreign).filter(|_| may_mock) else {
                absent.push(*foreign);
                continue;
            };
            outputs.insert(foreign.output.clone(), Output { value: value.clone(), sensitive: false });
            step.facts.foreign.mocks.insert((*foreign).clone());
            mocked.push(foreign.to_string());
        }
        found.push(format!("{} of {name}", plural(wanted.len(), "output")));
        step.facts.foreign.outputs.insert(name.clone(), outputs);
    }
    if !absent.is_empty() {
        return Err(none_yet(step.env, &absent, may_mock));
    }
    if !mocked.is_empty() {
        let stand = if mocked.len() == 1 { "a mock stands" } else { "mocks stand" };
        step.cx.ui.warn(format!("{stand} in for {}: there is no such output yet", list(&mocked, "and")));
    }
    Ok(found)
}

/// All outputs of an environment, as far as there are any yet. Those that it will never have are errors.
async fn of(
    step: &StepCx<'_>,
    env: &Environment,
    wanted: &[&Foreign],
) -> Result<IndexMap<String, Output>, Failure> {
    let mut facts = Facts::default();
    let mut there = StepCx::new(step.cx, env, step.name, &[], &mut facts);
    let Frame { limit, timeout, .. } = step.frame;
    there.frame = Frame { limit, timeout, ..Frame::default() };
    let unknown = wanted.iter().filter_map(|foreign| {
        let help = unknown(&there, &foreign.output)?;
        let message = format!("`{}` has no output `{}`", foreign.environment, foreign.output);
        Some(step.env.document.foreign_problem(foreign, message, vec![help]))
    });
    let unknown: Vec<Problem> = unknown.collect();
    if !unknown.is_empty() {
        return Err(Failure::problems(Kind::Config, unknown));
    }
    if Needs::outputs(env).secrets {
        opened::secrets(&mut there).await?;
    }
    Box::pin(read::outputs(&mut there)).await.map_err(|failure| {
        let message =
            format!("the outputs of `{}` could not be read, which `{}` names", env.name, step.env.name);
        failure.context(message)
    })?;
    Ok(facts.outputs.unwrap_or_default())
}

/// What to do about an output that neither the root module nor `[outputs]` declares.
fn unknown(there: &StepCx<'_>, output: &str) -> Option<String> {
    let module = root_module::of(there);
    let declared: Vec<&String> = match there.env.terraform {
        Some(_) if module.declared.is_partial => return None,
        Some(_) => module.declared.outputs.iter().collect(),
        None => there.env.outputs.keys().collect(),
    };
    if declared.iter().any(|name| *name == output) {
        return None;
    }
    let of = &there.env.name;
    Some(match nearest(output, declared) {
        Some(near) => format!("did you mean `{near}`?"),
        None if there.env.terraform.is_some() => {
            format!("add `output \"{output}\"` to the root module of `{of}`, or remove the name here")
        }
        None => format!("add it to `[outputs]` of `{of}`, or remove the name here"),
    })
}

/// What stands in for an output that is not there yet.
fn mock<'a>(env: &'a Environment, foreign: &Foreign) -> Option<&'a Json> {
    env.mocks.get(&foreign.environment)?.get(&foreign.output)
}

/// Outputs that are not there, and that nothing stands in for.
fn none_yet(env: &Environment, absent: &[&Foreign], may_mock: bool) -> Failure {
    let has_mocks = absent.iter().all(|foreign| mock(env, foreign).is_some());
    let problem = |foreign: &&Foreign| {
        let Foreign { environment, output } = foreign;
        let mut message = format!("`{environment}` has no output `{output}` yet");
        if mock(env, foreign).is_some() {
            message.push_str(", and its mock is good for a look only");
        }
        env.document.foreign_problem(foreign, message, Vec::new())
    };
    let kind = if has_mocks { Kind::Usage } else { Kind::Failed };
    let failure = Failure::problems(kind, absent.iter().map(problem).collect());
    let environments: BTreeSet<&str> = absent.iter().map(|foreign| foreign.environment.as_str()).collect();
    let apply = environments.iter().map(|name| format!("`infractl apply {name}`"));
    let failure = failure.help(format!("run {} first", apply.collect::<Vec<_>>().join(" and ")));
    match absent {
        [Foreign { environment, output }, ..] if may_mock => {
            failure.help(format!("or plan with a mock: `mocks.{environment}.{output} = …`"))
        }
        _ => failure,
    }
}

/// What a dry run says of it.
pub(crate) fn describe(step: &StepCx<'_>, wanted: &BTreeSet<Foreign>, may_mock: bool) -> Vec<String> {
    let line = |foreign: &Foreign| {
        let until = match mock(step.env, foreign).filter(|_| may_mock) {
            Some(value) => format!(", and as long as there is none the mock {value}"),
            None => String::new(),
        };
        format!("# {foreign}: read from the state of {}{until}", foreign.environment)
    };
    wanted.iter().map(line).collect()
}
