//! The environment of a program that a step starts, and what its end means.

use std::path::Path;
use std::time::Duration;

use super::StepCx;
use super::root_module;
use super::values::{self, Known, text};
use crate::exec::{Cmd, Done, Value};
use crate::failure::{Failure, Kind};
use crate::text::{last_line, plain};
use crate::tools::kubernetes;

/// Variables with outputs begin like this.
pub(crate) const OUTPUT_VARIABLE: &str = "INFRACTL_OUTPUT_";

/// What is longer does not become a variable: no program could be started with it.
pub(crate) const LONGEST: usize = 100_000;

/// No variable of a program's environment can have this value.
pub(crate) fn is_unfit(value: &str) -> bool {
    value.len() > LONGEST || value.contains('\0')
}

/// Leaves out variables that no program could be started with, and says so.
pub(crate) fn without_unfit(step: &StepCx<'_>, mut cmd: Cmd) -> Cmd {
    let unfit: Vec<String> =
        cmd.env.iter().filter(|(_, value)| is_unfit(value.text())).map(|(name, _)| name.clone()).collect();
    for name in unfit {
        cmd.env.remove(&name);
        // Nor does the user's own of that name count.
        cmd.unset.insert(name.clone());
        step.cx.ui.warn(format!(
            "`{name}` is too long for a variable, or holds a NUL: `{}` starts without it",
            cmd.program
        ));
    }
    cmd
}

/// Success, or why not.
pub(crate) fn judge(step: &StepCx<'_>, done: &Done) -> Result<(), Failure> {
    if done.interrupted {
        return Err(step.interrupted(format!("`{}` of `{}` was stopped", step.name, step.env.name)));
    }
    if done.code == 0 {
        return Ok(());
    }
    let heading = format!("`{}` of `{}` ended with exit code {}", step.name, step.env.name, done.code);
    Err(match last_line(&plain(&done.tail)) {
        "" => Failure::new(Kind::Failed, heading),
        last => Failure::new(Kind::Failed, last).context(heading),
    })
}

/// What a program of a cloud printed, or its last words when it failed. It sees the secrets that the step may see; ended by
/// the user is a failure.
pub(crate) async fn answer(
    step: &StepCx<'_>,
    cmd: Cmd,
    limit: Duration,
) -> Result<Result<Vec<u8>, String>, Failure> {
    let mut cmd = cmd.timeout(Some(limit));
    for (name, value) in step.secret_variables() {
        cmd = cmd.secret(name, value);
    }
    let done = step.quietly(&cmd).await.map_err(|error| step.unanswered(error))?;
    if done.interrupted {
        return Err(step.interrupted(format!("`{}` of `{}` was stopped", step.name, step.env.name)));
    }
    Ok(if done.code == 0 { Ok(done.stdout) } else { Err(done.tail) })
}

/// The environment of a command: secrets it may see, variables of `[terraform]`, outputs, where it runs.
pub(crate) fn equip(step: &StepCx<'_>, mut cmd: Cmd, known: &Known) -> Cmd {
    let declared = &root_module::of(step).declared;
    for (name, value) in step.secret_variables() {
        let value = root_module::exact(declared, &name, Value::Secret(value));
        cmd.env.insert(name, value);
    }
    if let Some(terraform) = &step.env.terraform {
        // What names a secret that the step may not see, or an output that is not there, is left out.
        let scope = known.scope(step);
        for (name, input) in &terraform.vars {
            cmd.env.extend(values::terraform_var(&scope, declared, name, input));
        }
        for (name, template) in &terraform.env {
            if let Ok(rendered) = template.render(&scope) {
                let value = root_module::exact(declared, name, values::input_value(rendered));
                cmd.env.insert(name.clone(), value);
            }
        }
        if let Ok(workspace) = terraform.workspace.argument(&scope) {
            cmd.env.insert("TF_WORKSPACE".into(), Value::Plain(workspace));
        }
    }
    for (name, output) in step.facts.outputs.iter().flatten() {
        let value = text(&output.value);
        if is_unfit(&value) {
            continue;
        }
        match (output.sensitive, &step.frame.secrets) {
            (false, _) => {
                cmd.env.insert(output_variable(name), Value::Plain(value));
            }
            (true, None) => {
                cmd.env.insert(output_variable(name), Value::Secret(value.into()));
            }
            (true, Some(_)) => {}
        }
    }
    for (name, value) in variables(step) {
        cmd.env.insert(name, Value::Plain(value));
    }
    without_unfit(step, kubernetes::choose(cmd, step.env.cluster.as_ref()))
}

/// `INFRACTL_OUTPUT_BACKEND_IP` for `backend_ip`.
pub(crate) fn output_variable(output: &str) -> String {
    format!("{OUTPUT_VARIABLE}{}", crate::text::upper_snake(output))
}

/// Tells an infractl that a step starts what it is started by.
pub(crate) const WITHIN: &str = "INFRACTL_WITHIN";

/// What runs above, innermost last: `dev/up:dev/deploy`.
fn within(above: Option<&str>, environment: &str, verb: &str) -> String {
    let own = format!("{environment}/{verb}");
    match above {
        Some(above) if !above.is_empty() => format!("{above}:{own}"),
        _ => own,
    }
}

/// Whether a run on this environment is above us.
pub(crate) fn is_on(above: Option<&str>, environment: &str) -> bool {
    let names = |known: &str| known.rsplit_once('/').is_some_and(|(name, _)| name == environment);
    above.is_some_and(|above| above.split(':').any(names))
}

/// Whether this verb on this environment already runs above us.
pub(crate) fn is_within(above: Option<&str>, environment: &str, verb: &str) -> bool {
    let own = format!("{environment}/{verb}");
    above.is_some_and(|above| above.split(':').any(|known| known == own))
}

/// Where a command runs, as variables of its environment.
pub(crate) fn variables(step: &StepCx<'_>) -> Vec<(String, String)> {
    let frame = &step.frame;
    let root: &Path = &step.env.root;
    let mut all = vec![
        ("INFRACTL_ENVIRONMENT".to_owned(), step.env.name.clone()),
        // An infractl that the command starts works on the same environment and project.
        ("INFRACTL_ENV".to_owned(), step.env.name.clone()),
        ("INFRACTL_DIR".to_owned(), root.to_string_lossy().into_owned()),
        ("INFRACTL_PROJECT".to_owned(), step.env.project.clone()),
        ("INFRACTL_VERB".to_owned(), frame.verb.clone()),
        ("INFRACTL_STEP".to_owned(), step.name.to_owned()),
        ("INFRACTL_STEP_NUMBER".to_owned(), frame.number.to_string()),
        ("INFRACTL_ATTEMPT".to_owned(), frame.attempt.max(1).to_string()),
        ("INFRACTL_ENV_FILE".to_owned(), step.env.env_file.path.to_string_lossy().into_owned()),
    ];
    all.push((WITHIN.to_owned(), within(step.cx.vars.get(WITHIN), &step.env.name, &frame.verb)));
    all.extend(frame.vars.iter().cloned());
    all
}
