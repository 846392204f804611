//! A new plan against one that was reviewed: does it mean the same?

use std::path::Path;

use super::{keep, sealed, shown};
use crate::failure::{Failure, Kind};
use crate::text::plural;
use crate::tools::terraform::Root;
use crate::tools::terraform::meaning::Meaning;
use crate::ui::event::Level;
use crate::work::{StepCx, relative, values};

/// What a variable was given that holds a secret now was one then, and may be another.
fn mask_old(step: &StepCx<'_>, reviewed: &Meaning, fresh: &Meaning) {
    let is_secret = |text: &String| *step.cx.masks.mask(text) != **text;
    let secret: Vec<&str> = (fresh.variables())
        .filter(|(_, value)| values::texts(value).iter().any(is_secret))
        .map(|(name, _)| name)
        .collect();
    for (name, value) in reviewed.variables().filter(|(name, _)| secret.contains(name)) {
        for text in values::texts(value) {
            values::mask(step, name, &text);
        }
    }
}

/// Plans anew and keeps that plan for the apply of this run, if it means what the reviewed one does.
pub(super) async fn verify(
    step: &mut StepCx<'_>,
    root: &Root,
    file: &Path,
    words: &[String],
) -> Result<String, Failure> {
    let place = sealed::opened(step, root, file).await?;
    let reviewed = shown::read(step, root, &place, Meaning::read).await?;
    let summary = keep::keep(step, root, false, words).await?;
    let Some(kept) = step.facts.plan.as_ref().map(std::sync::Arc::clone) else { return Ok(summary) };
    let fresh = shown::read(step, root, &kept.file, Meaning::read).await?;
    mask_old(step, &reviewed, &fresh);
    let differences = reviewed.differences(&fresh);
    if differences.is_empty() {
        return Ok(format!("{summary}, as reviewed"));
    }
    step.facts.plan = None;
    for line in &differences {
        step.line(Level::Important, line);
    }
    let (name, shown) = (&step.env.name, relative(step, file));
    let what = format!(
        "a plan of `{name}` is not what `{shown}` says: {}; nothing was done",
        plural(differences.len(), "difference")
    );
    Err(Failure::new(Kind::Difference, what)
        .help(format!("run `infractl plan {name} --out {shown}`, and have that reviewed")))
}
