//! Calls of kubectl for a step, with what it says for all of them.

use crate::config::model::Kubernetes;
use crate::exec::Cmd;
use crate::failure::Failure;
use crate::steps::kubectl::kubectl;
use crate::work::StepCx;
use crate::work::values::Known;

/// The namespace of what names none itself, as arguments.
pub(super) fn namespace(
    step: &StepCx<'_>,
    known: &Known,
    kubernetes: &Kubernetes,
) -> Result<Vec<String>, Failure> {
    let Some(namespace) = &kubernetes.namespace else { return Ok(Vec::new()) };
    Ok(vec!["--namespace".to_owned(), known.argument(step, &namespace.0)?])
}

/// Puts there what it reads, or compares it: `verb` is `apply` or `diff`.
pub(super) fn server_side(
    step: &StepCx<'_>,
    known: &Known,
    kubernetes: &Kubernetes,
    verb: &str,
) -> Result<Cmd, Failure> {
    let mut cmd = kubectl(step)?.args([verb, "--server-side", "--field-manager=infractl"]);
    if kubernetes.force_conflicts {
        cmd = cmd.arg("--force-conflicts");
    }
    Ok(cmd.args(namespace(step, known, kubernetes)?))
}
