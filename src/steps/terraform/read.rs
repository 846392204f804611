//! What terraform says without changing anything: validate, fmt, outputs.

use indexmap::IndexMap;

use crate::failure::{Failure, Kind};
use crate::steps::terraform::init;
use crate::steps::terraform::init::Wish;
use crate::steps::terraform::known;
use crate::steps::terraform::progress::show;
use crate::steps::terraform::state;
use crate::steps::terraform::{Action, equip, failed, root, without_dangling};
use crate::tools::terraform::advice;
use crate::tools::terraform::events::{self as events, Event as Told};
use crate::tools::terraform::{self as tool, Output, Root, State};
use crate::work::{StepCx, values};

/// Checks the root module.
pub(crate) async fn validate(step: &mut StepCx<'_>, root: &Root) -> Result<String, Failure> {
    let done = step.run(&equip(step, root.validate())?).await?;
    let found = events::parse_validate(&done.stdout).unwrap_or_default();
    for diagnostic in &found {
        show(step, &Told::Diagnostic(diagnostic.clone()));
    }
    if done.code == 0 {
        return Ok(String::new());
    }
    let text: String = found.iter().map(|found| found.text() + "\n").collect();
    Err(failed(step, root, "validate", done.code, &(text + &done.tail)))
}

/// Formats its files, or says which differ.
pub(crate) async fn fmt(step: &mut StepCx<'_>, root: &Root, action: &Action) -> Result<String, Failure> {
    let check = matches!(action, Action::Fmt { check: true });
    let done = step.run(&without_dangling(step, root.fmt(check)).args(step.extra.iter().cloned())).await?;
    match done.code {
        0 => Ok(String::new()),
        3 => Err(Failure::new(Kind::Difference, format!("files of `{}` are not formatted", step.env.name))
            .help(format!("run `infractl fmt {}`", step.env.name))),
        code => Err(failed(step, root, "fmt", code, &done.tail)),
    }
}

/// Reads outputs and serial into the facts: from the state, or those given by hand.
pub(crate) async fn outputs(step: &mut StepCx<'_>) -> Result<String, Failure> {
    if step.env.terraform.is_none() {
        step.facts.outputs = Some(by_hand(step)?);
        return Ok(crate::text::plural(step.env.outputs.len(), "output"));
    }
    let root = root(step)?;
    let count = state(step, &root).await?.outputs.len();
    Ok(crate::text::plural(count, "output"))
}

/// Reads the state; outputs and serial are facts from then on.
pub(super) async fn state(step: &mut StepCx<'_>, root: &Root) -> Result<State, Failure> {
    let state = match state::directly(step, root).await? {
        Some(state) => state,
        None => pulled(step, root).await?,
    };
    known::sensitive(step, state.outputs.iter());
    step.facts.serial = state.serial;
    step.facts.outputs = Some(state.outputs.clone());
    Ok(state)
}

/// The same by terraform.
async fn pulled(step: &mut StepCx<'_>, root: &Root) -> Result<State, Failure> {
    init::run(step, root, Wish::IfNeeded).await?;
    let mut done = step.run(&equip(step, root.state_pull())?).await?;
    if done.code != 0 && !step.facts.initialised && advice::needs_init(&done.tail) {
        init::run(step, root, Wish::Again).await?;
        done = step.run(&equip(step, root.state_pull())?).await?;
    }
    if done.interrupted {
        return Err(step.interrupted(format!("stopped while the outputs of `{}` were read", step.env.name)));
    }
    if done.code != 0 {
        return Err(failed(step, root, "state pull", done.code, &done.tail));
    }
    tool::parse_state(&done.stdout).map_err(|error| {
        // The text around the error is the state: never shown.
        Failure::new(
            Kind::Failed,
            format!("terraform's state could not be read: {:?} error", error.classify()),
        )
    })
}

fn by_hand(step: &StepCx<'_>) -> Result<IndexMap<String, Output>, Failure> {
    let known = values::Known::of(step);
    let given = step.env.outputs.iter();
    given
        .map(|(name, given)| {
            let (value, sensitive) = given.render(&known.scope(step))?;
            Ok((name.clone(), Output { value, sensitive }))
        })
        .collect()
}
