//! What a plan costs, by the prices of the project.

use std::path::Path;

use crate::failure::{Failure, Kind};
use crate::steps::terraform::shown;
use crate::tools::terraform::Root;
use crate::tools::terraform::cost::Costs;
use crate::ui::event::Event;
use crate::work::StepCx;

/// Tells what a plan costs.
pub(super) async fn tell(step: &mut StepCx<'_>, root: &Root, plan: &Path) -> Result<(), Failure> {
    let Some(costs) = of(step, root, plan).await? else {
        return Err(Failure::new(
            Kind::Usage,
            format!("`{}` has no prices: there is no `[cost]`", step.env.name),
        ));
    };
    for line in costs.table().lines() {
        step.report(line);
    }
    let cost = costs.json(|address| step.cx.masks.mask(address).into_owned());
    step.event(Event::Cost { name: step.name.to_owned(), cost });
    Ok(())
}

/// Why somebody has to be asked about what a plan costs; none if nobody has to.
pub(super) async fn dearer(step: &StepCx<'_>, root: &Root, plan: &Path) -> Result<Option<String>, Failure> {
    let Some(limit) = step.env.safety.cost_increase else { return Ok(None) };
    Ok(of(step, root, plan).await?.and_then(|costs| costs.is_dearer(limit.0)))
}

/// What it costs; none without prices.
async fn of(step: &StepCx<'_>, root: &Root, plan: &Path) -> Result<Option<Costs>, Failure> {
    let Some(cost) = &step.env.cost else { return Ok(None) };
    shown::read(step, root, plan, |shown| Costs::read(shown, cost)).await.map(Some)
}
