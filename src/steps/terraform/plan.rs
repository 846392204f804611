//! A preview of terraform: its text or its JSON lines, and the digest of both.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use crate::exec::{Channel, Done};
use crate::failure::Failure;
use crate::steps::terraform::cost;
use crate::steps::terraform::diagnostics;
use crate::steps::terraform::progress::Progress;
use crate::steps::terraform::sealed::Out;
use crate::steps::terraform::words::said_already;
use crate::steps::terraform::{equip, failed};
use crate::tools::terraform::Root;
use crate::tools::terraform::digest::{Digest, PlanText};
use crate::tools::terraform::events::{self as events, Event as Told};
use crate::tools::terraform::flags;
use crate::tools::terraform::text::Diagnostics;
use crate::ui::event::Level;
use crate::work::StepCx;

/// A preview as text, and what it costs.
pub(crate) async fn plan(
    step: &mut StepCx<'_>,
    root: &Root,
    out: Option<&Path>,
    has_cost: bool,
    words: &[String],
) -> Result<String, Failure> {
    let mut out = Out::new(step, root, out, words)?;
    if has_cost {
        out = out.with_a_place()?;
    }
    let cmd = root.plan(out.private().as_deref());
    let cmd = said_already(equip(step, cmd)?).args(flags::without(words, "out"));
    for mock in &step.facts.foreign.mocks {
        let value = step.facts.foreign.get(mock).map(|output| output.value.to_string()).unwrap_or_default();
        step.report(format!("# mock: {mock} = {value}"));
    }
    let text = Mutex::new((PlanText::default(), Diagnostics::default()));
    let done = step
        .run_channels(&cmd, &|channel, line| {
            let (plan, found) = &mut *text.lock().unwrap_or_else(PoisonError::into_inner);
            plan.line(line);
            found.line(line);
            match channel {
                Channel::Out => step.report(line),
                Channel::Err => step.line(Level::Important, line),
            }
        })
        .await
        .map_err(|error| step.unanswered(error))?;
    let (plan, found) = text.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.finish().iter().for_each(|found| diagnostics::tell(step, found));
    let digest = plan.digest();
    judged(step, root, &done, digest, words)?;
    if let Some(plan) = out.private().filter(|_| has_cost) {
        cost::tell(step, root, &plan).await?;
    }
    out.keep(step)?;
    Ok(if done.code == 0 { "no changes".into() } else { digest.to_string() })
}

/// A preview as JSON lines on standard output.
pub(crate) async fn plan_json(
    step: &mut StepCx<'_>,
    root: &Root,
    out: Option<&Path>,
    words: &[String],
) -> Result<String, Failure> {
    let out = Out::new(step, root, out, words)?;
    let cmd = root.plan_json(out.private().as_deref());
    let cmd = said_already(equip(step, cmd)?).args(flags::without(words, "out"));
    let seen = Mutex::new(Progress::default());
    let done = step
        .run_with(&cmd, &|line| {
            let masked = step.cx.masks.mask(line);
            let _ = step.cx.ui.data(format!("{masked}\n").as_bytes());
            let told = events::parse(line);
            if let Told::Diagnostic(found) = &told {
                diagnostics::tell(step, found);
            }
            seen.lock().unwrap_or_else(PoisonError::into_inner).take(&told);
        })
        .await
        .map_err(|error| step.unanswered(error))?;
    let seen = seen.into_inner().unwrap_or_else(PoisonError::into_inner);
    let done = Done { tail: seen.errors(&done.tail), ..done };
    judged(step, root, &done, seen.digest(), words)?;
    out.keep(step)?;
    Ok(if done.code == 0 { "no changes".into() } else { seen.digest().to_string() })
}

/// What came of a plan, told.
pub(super) fn judged(
    step: &mut StepCx<'_>,
    root: &Root,
    done: &Done,
    digest: Digest,
    words: &[String],
) -> Result<(), Failure> {
    if done.interrupted {
        return Err(
            step.interrupted(format!("the plan of `{}` was stopped; nothing was changed", step.env.name))
        );
    }
    match done.code {
        0 => step.facts.digest = Some(Digest::default()),
        2 => step.facts.digest = Some(Digest { outputs: digest.outputs || digest.is_empty(), ..digest }),
        code => return Err(failed(step, root, "plan", code, &done.tail)),
    }
    if done.code == 2 && flags::asks(words, "detailed-exitcode") {
        step.facts.differences.push("there is something to change".to_owned());
    }
    diagnostics::counted(step, step.facts.digest.unwrap_or_default());
    Ok(())
}
