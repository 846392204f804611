//! terraform for a dry run.

use std::path::Path;

use super::{Action, How, Reviewed, any, equip, given, init, module, root, state, words};
use crate::exec::Cmd;
use crate::failure::Failure;
use crate::tools::terraform::{flags, subcommand};
use crate::work::{StepCx, shown_in};

/// The commands a step would run, in order.
pub(super) fn commands(step: &mut StepCx<'_>, action: &Action) -> Result<Vec<String>, Failure> {
    let mut root = root(step)?;
    if action.evaluates() {
        module::check(step)?;
    }
    root.values = (!given::wanted(step, action)?.is_empty()).then(|| "PRIVATE.tfvars.json".into());
    let words = action.command().map(|command| words::words(step, command)).transpose()?.unwrap_or_default();
    let mut lines = Vec::new();
    let mut push = |cmd: Cmd, words: Vec<String>| -> Result<(), Failure> {
        lines.push(shown_in(&equip(step, cmd)?.args(words)));
        Ok(())
    };
    match action {
        Action::Fmt { check } => {
            return Ok(vec![shown_in(&root.fmt(*check).args(step.extra.iter().cloned()))]);
        }
        Action::Any { words } => {
            let asked = subcommand::find(words);
            let mut all = if asked.needs_init { init::describe(step, &root, false)? } else { Vec::new() };
            all.push(shown_in(&any::command(step, &root, asked, words)?));
            return Ok(all);
        }
        Action::Init => {}
        Action::Plan { json: true, out, .. } => push(root.plan_json(out.as_deref()), words)?,
        Action::Plan { keep: false, cost: true, .. } => {
            let private = Path::new("PRIVATE.tfplan");
            push(root.plan(Some(private)), words)?;
            push(root.show_json(private), Vec::new())?;
        }
        Action::Plan { out, keep: false, .. } => push(root.plan(out.as_deref()), words)?,
        Action::Plan { destroy, .. } => {
            let cmd = root.plan_json(Some(Path::new("PRIVATE.tfplan")));
            push(if *destroy { cmd.arg("-destroy") } else { cmd }, flags::for_plan(&words))?;
        }
        Action::Drift(_) => {
            let cmd = root.plan_json(Some(Path::new("PRIVATE.tfplan"))).arg("-refresh-only");
            push(cmd, flags::for_plan(&words))?;
        }
        Action::Look { plan } => push(root.show_json(plan), words)?,
        Action::Verify { plan } => {
            push(root.show_json(plan), Vec::new())?;
            push(root.plan_json(Some(Path::new("PRIVATE.tfplan"))), flags::for_plan(&words))?;
        }
        Action::Apply { plan: Some(Reviewed { file, how: How::Exactly }) } => {
            push(root.apply_plan(file, &words), Vec::new())?;
        }
        Action::Apply { plan: Some(Reviewed { file, how: How::Verified }) } => {
            push(root.show_json(file), Vec::new())?;
            let private = Path::new("PRIVATE.tfplan");
            push(root.plan_json(Some(private)), flags::for_plan(&words))?;
            push(root.apply_plan(private, &flags::for_saved_plan(&words)), Vec::new())?;
        }
        Action::Apply { plan: None } => push(root.apply(), words)?,
        Action::Destroy => push(root.destroy(), words)?,
        Action::Validate => push(root.validate(), words)?,
    }
    let mut all: Vec<String> = init::describe(step, &root, *action == Action::Init)?;
    all.extend(lines);
    Ok(all)
}

/// The commands that read the outputs.
pub(super) fn outputs(step: &mut StepCx<'_>) -> Result<Vec<String>, Failure> {
    if step.env.terraform.is_none() {
        return Ok(vec!["# outputs: those of `[outputs]`".into()]);
    }
    let root = root(step)?;
    if let Some(place) = state::shown(step, &root)? {
        return Ok(vec![format!("# outputs: read from the state ({place})")]);
    }
    let mut lines = init::describe(step, &root, false)?;
    lines.push(shown_in(&equip(step, root.state_pull())?));
    Ok(lines)
}
