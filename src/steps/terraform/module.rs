//! Whether a root module declares all that the environment asks of it.

use crate::config::mentions::Mention;
use crate::failure::{Failure, Kind, Problem};
use crate::text::nearest;
use crate::work::StepCx;
use crate::work::root_module;

/// An error that shows everything the environment asks of its root module and that is not declared there.
pub(super) fn check(step: &StepCx<'_>) -> Result<(), Failure> {
    let declared = &root_module::of(step).declared;
    if declared.is_partial {
        return Ok(()); // terraform knows better what is wrong with it
    }
    let document = &step.env.document;
    let sections = ["env-file", "hosts", "inventory"].into_iter().flat_map(|name| document.outputs_of(name));
    let expected = step.facts.expects.iter().filter_map(|name| document.first_output(name));
    let mut outputs: Vec<Mention> = Vec::new();
    for mention in sections.chain(expected).filter(|mention| !declared.outputs.contains(&mention.name)) {
        if !outputs.contains(&mention) {
            outputs.push(mention);
        }
    }
    let mut variables = document.keys_of(&["terraform", "vars"]);
    variables.retain(|mention| !declared.variables.contains_key(&mention.name));
    let problems: Vec<Problem> = (variables.iter())
        .map(|mention| problem(step, mention, "variable", declared.variables.keys().collect()))
        .chain(
            outputs.iter().map(|mention| problem(step, mention, "output", declared.outputs.iter().collect())),
        )
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(Failure::problems(Kind::Config, problems)) }
}

fn problem(step: &StepCx<'_>, mention: &Mention, what: &str, known: Vec<&String>) -> Problem {
    let name = &mention.name;
    let help = match nearest(name, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("add `{what} \"{name}\"` to the root module, or remove the name here"),
    };
    step.env.document.problem(mention, format!("the root module declares no {what} `{name}`"), vec![help])
}
