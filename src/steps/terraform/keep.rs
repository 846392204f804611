//! Plans for a question: the one that this run applies, and one that was saved before.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use crate::disk::PrivateDir;
use crate::exec::Done;
use crate::failure::Failure;
use crate::steps::terraform::plan::judged;
use crate::steps::terraform::progress::{Progress, show};
use crate::steps::terraform::words::said_already;
use crate::steps::terraform::{cost, sealed, shown};
use crate::steps::terraform::{equip, failed, root};
use crate::tools::terraform::planned::Planned;
use crate::tools::terraform::{Root, events, flags};
use crate::ui::event::Level;
use crate::work::{SavedPlan, StepCx};

/// Makes the plan that this run applies next: in a private place, in memory where the system has one.
pub(super) async fn keep(
    step: &mut StepCx<'_>,
    root: &Root,
    destroy: bool,
    words: &[String],
) -> Result<String, Failure> {
    let dir = PrivateDir::new()?;
    let file = dir.path().join("infractl.tfplan");
    let cmd = root.plan_json(Some(&file));
    let cmd = if destroy { cmd.arg("-destroy") } else { cmd };
    let cmd = said_already(equip(step, cmd)?).args(flags::for_plan(words));
    let seen = Mutex::new((Progress::default(), Planned::default()));
    let done = step
        .run_with(&cmd, &|line| {
            let told = events::parse(line);
            show(step, &told);
            let (progress, planned) = &mut *seen.lock().unwrap_or_else(PoisonError::into_inner);
            progress.take(&told);
            planned.take(&told);
        })
        .await
        .map_err(|error| step.unanswered(error))?;
    let (progress, planned) = seen.into_inner().unwrap_or_else(PoisonError::into_inner);
    let done = Done { tail: progress.errors(&done.tail), ..done };
    judged(step, root, &done, progress.digest(), words)?;
    let dearer = if destroy || done.code == 0 { None } else { cost::dearer(step, root, &file).await? };
    let planned = Planned { is_empty: done.code == 0, dearer, ..planned };
    let summary = if planned.is_empty { "no changes".into() } else { progress.digest().to_string() };
    step.facts.plan = Some(Arc::new(SavedPlan { file, dir: Some(dir), planned }));
    Ok(summary)
}

/// Looks at a plan that was saved.
pub(super) async fn look(step: &mut StepCx<'_>, root: &Root, file: &Path) -> Result<String, Failure> {
    let place = sealed::opened(step, root, file).await?;
    let planned = shown::read(step, root, &place, Planned::read).await?;
    let planned = Planned { dearer: cost::dearer(step, root, &place).await?, ..planned };
    let summary = planned.sum();
    step.facts.plan = Some(Arc::new(SavedPlan { file: place, dir: None, planned }));
    Ok(summary)
}

/// Shows the plan that is asked about as terraform shows it, then what it takes away, by address.
pub(crate) async fn tell(step: &mut StepCx<'_>, plan: &SavedPlan) -> Result<(), Failure> {
    let root = root(step)?;
    let done = step.run(&equip(step, root.show(&plan.file))?).await?;
    if done.code != 0 {
        return Err(failed(step, &root, "show", done.code, &done.tail));
    }
    for doomed in &plan.planned.doomed {
        step.line(Level::Important, format!("to {doomed}"));
    }
    if let Some(dearer) = &plan.planned.dearer {
        step.line(Level::Important, dearer);
    }
    Ok(())
}
