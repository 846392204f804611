//! What a step would change, for dry runs and checks: the release that is there, compared with the one that would be.

use super::call::Call;
use super::run;
use crate::config::model::Helm;
use crate::failure::Failure;
use crate::steps::meet::meet;
use crate::work::StepCx;
use crate::work::needs::Needs;
use crate::work::values::Known;

/// How the release would change, for a dry run.
pub(crate) async fn foreseen(step: &mut StepCx<'_>, helm: &Helm) -> Result<Vec<String>, Failure> {
    let needs = Needs::of(step.env, helm, None);
    // A dry run starts no terraform.
    meet(step, &Needs { outputs: needs.outputs && step.env.terraform.is_none(), ..needs }).await?;
    if helm.uninstall.is_some() {
        let known = Known::of(step);
        let call = Call::new(step, helm, &known)?;
        let there = call.status(step).await?;
        let name = &call.release;
        return Ok(vec![match there {
            Some(there) => format!("the release `{name}` is there, revision {}", there.revision),
            None => format!("there is no release `{name}`"),
        }]);
    }
    let lines = differences(step, helm).await?;
    Ok(if lines.is_empty() { vec!["already there: nothing would change".to_owned()] } else { lines })
}

/// The differences between the release that is there and the one that would be.
pub(super) async fn differences(step: &mut StepCx<'_>, helm: &Helm) -> Result<Vec<String>, Failure> {
    let known = Known::of(step);
    let mut call = Call::new(step, helm, &known)?;
    let wanted = call.wanted(step, helm, &known)?;
    call.major(step, helm).await?;
    let Some(there) = call.status(step).await? else {
        return Ok(vec![format!("the release `{}` is not there", call.release)]);
    };
    if there.status != "deployed" {
        return Ok(vec![format!("the release `{}` is `{}`", call.release, there.status)]);
    }
    if helm.login {
        call.log_in(step, &known).await?;
    }
    run::differences(step, &call, &wanted, &there).await
}
