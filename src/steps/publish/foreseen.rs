//! What a step would create or update, for dry runs: everything is only read.

use super::one::{differing, remote};
use super::wanted::{Target, Wanted};
use super::{api::Api, bench, content};
use crate::config::model::Publish;
use crate::failure::Failure;
use crate::steps::meet::meet;
use crate::text::plural;
use crate::work::StepCx;
use crate::work::needs::Needs;
use crate::work::values::Known;

/// What would become of each repository.
pub(crate) async fn foreseen(step: &mut StepCx<'_>, publish: &Publish) -> Result<Vec<String>, Failure> {
    let needs = Needs::of(step.env, publish, step.frame.secrets.as_deref());
    meet(step, &needs).await?;
    let wanted = Wanted::of(step, &Known::of(step), publish)?;
    let folder = bench(step)?;
    let step = &*step;
    let forge = wanted.forge(step).await?;
    let mut lines = Vec::new();
    for (at, target) in wanted.targets.iter().enumerate() {
        let own = folder.path().join(at.to_string());
        let line = match one(step, &wanted, forge.as_ref(), target, own).await {
            Ok(line) => line,
            Err(failure) => format!("would fail: {:#}", failure.error).replace('\n', " "),
        };
        lines.push(format!("{}: {line}", target.name));
    }
    Ok(lines)
}

async fn one(
    step: &StepCx<'_>,
    wanted: &Wanted,
    forge: Option<&Api<'_>>,
    target: &Target,
    own: std::path::PathBuf,
) -> Result<String, Failure> {
    let content = content::of(step, &target.folder, own, &wanted.allow).await?;
    let is_missing = match forge {
        Some(forge) => forge.find(&target.name).await?.is_none(),
        None => wanted.server.folder(&target.name).is_some_and(|place| !place.exists()),
    };
    if is_missing {
        return Ok(format!("would be created, with {}", plural(content.files, "file")));
    }
    let Some(head) = remote(step, wanted, &content, target, forge.is_some()).head().await? else {
        return Ok(format!("would get its first commit, with {}", plural(content.files, "file")));
    };
    if head.tree == content.tree {
        return Ok("unchanged".to_owned());
    }
    let files = differing(step, &content, &head).await?;
    let mut shown = files.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
    if files.len() > 5 {
        shown.push_str(", …");
    }
    Ok(format!("would be updated, {}: {shown}", plural(files.len(), "file")))
}
