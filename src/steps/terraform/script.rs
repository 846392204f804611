//! terraform as lines of bash.

use std::path::Path;

use super::given::Given;
use super::{Action, How, Reviewed, root};
use crate::disk;
use crate::exec::Cmd;
use crate::failure::{Failure, Kind};
use crate::secrets::sealed;
use crate::work::marked::marked_text;
use crate::work::script::Script;
use crate::work::{StepCx, values};

/// The commands, in order.
pub(super) fn lines(step: &StepCx<'_>, action: &Action, script: &mut Script) -> Result<Vec<String>, Failure> {
    let mut root = root(step)?;
    // Values that no variable carries come by standard input: they are on no disk and in no argument.
    let takes_values = matches!(action, Action::Plan { .. } | Action::Apply { plan: None } | Action::Destroy);
    let values = if takes_values { values(step)? } else { String::new() };
    if !values.is_empty() {
        root.values = Some("/dev/stdin".into());
    }
    let mut extra = step.extra;
    let cmd = match action {
        Action::Init => root.init(&values::backend(step)?),
        // Only shown before a question; the script asks all the same.
        Action::Plan { keep: true, destroy, .. } => {
            let cmd = root.plan(None);
            if *destroy { cmd.arg("-destroy") } else { cmd }
        }
        Action::Plan { out, .. } => root.plan(out.as_deref()),
        Action::Drift(_) => root.plan(None).arg("-refresh-only"),
        Action::Look { plan } => root.show(plan),
        Action::Apply { plan: Some(Reviewed { file, how: How::Exactly }) } if !is_sealed(file) => {
            root.apply_plan(file, std::mem::take(&mut extra))
        }
        Action::Verify { .. } | Action::Apply { plan: Some(_) } => {
            return Err(Failure::new(
                Kind::Usage,
                "a script without infractl can neither open nor verify a plan",
            )
            .help("leave `--print` out, or the plan"));
        }
        Action::Apply { plan: None } => root.apply(),
        Action::Destroy => root.destroy(),
        Action::Any { words } => root.any(words),
        Action::Validate => root.validate(),
        Action::Fmt { check } => root.fmt(*check),
    };
    let mut all = Vec::new();
    if !matches!(action, Action::Init | Action::Fmt { .. }) {
        all.push(tool(script, step, root.init(&values::backend(step)?)));
    }
    all.push(tool(script, step, cmd.input(values.into()).args(extra.iter().cloned())));
    Ok(all)
}

fn values(step: &StepCx<'_>) -> Result<String, Failure> {
    let vars = step.env.terraform.iter().flat_map(|terraform| terraform.vars.values());
    let names: Vec<String> = vars.map(|input| input.0.to_string()).collect();
    Ok(Given::of_script(step, &marked_text(&names.join("\n")))?.lines())
}

/// It has to be opened first.
fn is_sealed(file: &Path) -> bool {
    disk::read(file).is_ok_and(|bytes| sealed::is_sealed(&bytes))
}

/// A tool for people instead of for infractl.
fn tool(script: &mut Script, step: &StepCx<'_>, mut cmd: Cmd) -> String {
    cmd.args.retain(|arg| arg != "-json" && arg != "-detailed-exitcode");
    script.command(step, &cmd)
}
