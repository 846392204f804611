//! Environments that apply only what somebody has looked at.

use super::{Step, What, refused};
use crate::config::Environment;
use crate::config::model::Review;
use crate::steps::Work;
use crate::steps::terraform::{Action as Terraform, How};

/// Refuses every step that would apply what nobody has looked at, where the environment wants that.
pub(super) fn unreviewed(env: &Environment, steps: &mut [Step]) {
    let Some(review) = env.terraform.as_ref().map(|terraform| terraform.review) else { return };
    for step in steps {
        match &mut step.what {
            What::Steps(inside) => unreviewed(env, inside),
            What::Work(Work::Terraform(Terraform::Apply { plan })) => {
                let how = plan.as_ref().map(|plan| plan.how);
                let flag = match (review, how) {
                    (Review::SavedPlan, None) => "--plan",
                    (Review::Verify, None | Some(How::Exactly)) => "--verify",
                    _ => continue,
                };
                let name = &env.name;
                let why =
                    format!("`{name}` applies only a plan that was reviewed: `review` in `[terraform]`");
                let help = format!(
                    "run `infractl plan {name} --out FILE`, have it reviewed, then `infractl apply {name} {flag} FILE`"
                );
                *step = refused(&step.name, &why, &help);
            }
            What::Work(_) => {}
        }
    }
}
