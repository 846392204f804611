//! An apply or a destroy, with its progress.

use std::sync::{Mutex, PoisonError};

use crate::disk;
use crate::exec::Cmd;
use crate::failure::{Failure, Kind};
use crate::steps::terraform::progress::{Progress, show};
use crate::steps::terraform::words::said_already;
use crate::steps::terraform::{How, Reviewed, diagnostics, read, sealed};
use crate::steps::terraform::{equip, failed};
use crate::tools::terraform::digest::Digest;
use crate::tools::terraform::{self as tool, Root};
use crate::tools::terraform::{events, flags};
use crate::ui::event::Level;
use crate::work::StepCx;

/// Applies a saved plan, the one kept by this run, or whatever is needed.
pub(crate) async fn apply(
    step: &mut StepCx<'_>,
    root: &Root,
    plan: Option<&Reviewed>,
    words: &[String],
) -> Result<String, Failure> {
    let plan = match plan {
        // The one that was made anew is kept.
        None | Some(Reviewed { how: How::Verified, .. }) => None,
        Some(Reviewed { file, .. }) if !file.is_file() => {
            return Err(Failure::new(Kind::Usage, format!("there is no plan `{}`", file.display()))
                .help(format!("run `infractl plan {} --out {}`", step.env.name, file.display())));
        }
        Some(Reviewed { file, how: How::Exactly }) => Some(sealed::opened(step, root, file).await?),
    };
    let cmd = match (&plan, &step.facts.plan) {
        (Some(file), _) => root.apply_plan(file, words),
        (None, Some(kept)) if kept.planned.is_empty => {
            nothing_unsaved(step, root).await?;
            step.facts.plan = None;
            return Ok("no changes".to_owned());
        }
        (None, Some(kept)) => root.apply_plan(&kept.file, &flags::for_saved_plan(words)),
        (None, None) => root.apply().args(words.iter().cloned()),
    };
    change(step, root, cmd, "apply").await
}

/// Destroys what the plan kept by this run says, or everything; then looks at what is left.
pub(crate) async fn destroy(step: &mut StepCx<'_>, root: &Root, words: &[String]) -> Result<String, Failure> {
    let cmd = match &step.facts.plan {
        Some(kept) => root.apply_plan(&kept.file, &flags::for_saved_plan(words)),
        None => root.destroy().args(words.iter().cloned()),
    };
    let summary = change(step, root, cmd, "destroy").await?;
    step.facts.left = read::state(step, root).await?.resources();
    match step.facts.left.as_slice() {
        [] => Ok(summary),
        left => {
            let some = left.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
            let more = if left.len() > SHOWN { ", …" } else { "" };
            step.line(Level::Normal, format!("left: {some}{more}"));
            Ok(format!("{summary}, {} left", crate::text::plural(left.len(), "resource")))
        }
    }
}

/// So many of the resources that are left are named.
const SHOWN: usize = 20;

/// An apply or a destroy, with its progress.
pub(crate) async fn change(
    step: &mut StepCx<'_>,
    root: &Root,
    cmd: Cmd,
    verb: &str,
) -> Result<String, Failure> {
    nothing_unsaved(step, root).await?;
    let cmd = said_already(equip(step, cmd)?);
    let progress = Mutex::new(Progress::default());
    let done = step
        .run_with(&cmd, &|line| {
            let told = events::parse(line);
            show(step, &told);
            let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
            progress.take(&told);
            if let Some(text) = progress.text() {
                step.progress(text);
            }
        })
        .await
        .map_err(|error| step.unanswered(error))?;
    let progress = progress.into_inner().unwrap_or_else(PoisonError::into_inner);
    // The outputs of before are no longer those of the state, and a plan is good for one time only.
    step.facts.outputs = None;
    step.facts.plan = None;
    if done.interrupted {
        return Err(stopped(step, verb, &progress));
    }
    if done.code != 0 {
        let tail = progress.errors(&done.tail);
        return Err(failed(step, root, verb, done.code, &tail));
    }
    let digest = progress.digest();
    step.facts.digest = Some(digest);
    diagnostics::counted(step, digest);
    Ok(if digest == Digest::default() { "no changes".into() } else { digest.to_string() })
}

/// A state that could not be saved lies beside the root module. Another change now would fork it: what it alone knows
/// would be lost.
async fn nothing_unsaved(step: &mut StepCx<'_>, root: &Root) -> Result<(), Failure> {
    let file = root.dir.join("errored.tfstate");
    if !file.is_file() {
        return Ok(());
    }
    let kept = tool::parse_state(&disk::read(&file)?).unwrap_or_default();
    let pulled = step.run(&equip(step, root.state_pull())?).await?;
    let saved = tool::parse_state(&pulled.stdout).unwrap_or_default();
    if pulled.code == 0
        && !kept.lineage.is_empty()
        && kept.lineage == saved.lineage
        && kept.serial <= saved.serial
    {
        step.line(
            Level::Normal,
            format!("{} is in the state: it may go", crate::work::relative(step, &file)),
        );
        return Ok(());
    }
    let shown = crate::work::relative(step, &file);
    Err(Failure::new(Kind::Failed, format!("`{shown}` holds a state that was never saved; nothing was done"))
        .help(format!("run `{} state push errored.tfstate`, then `rm {shown}`", root.by_hand()))
        .help("remove the file without that only if what it knows of is nowhere any more"))
}

/// How an interrupted run ended is read from what terraform told, never from its exit code.
fn stopped(step: &StepCx<'_>, verb: &str, progress: &Progress) -> Failure {
    let name = &step.env.name;
    if progress.finished {
        return step
            .interrupted(format!("terraform finished the {verb} of `{name}` before it stopped"))
            .help(format!("run `infractl genenv {name}`: the environment file was not written again"));
    }
    let done = match progress.planned {
        0 => format!("{} done", crate::text::plural(progress.done, "resource")),
        planned => format!("{} of {planned} resources done", progress.done),
    };
    step.interrupted(format!("the {verb} of `{name}` was stopped: {done}"))
        .help(format!("run `infractl plan {name}` to see what is left; the environment file is as it was"))
}
