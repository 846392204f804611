//! How terraform is called for an environment, and what its end means.

use std::path::Path;

use crate::config::Environment;
use crate::config::environment::Terraform;
use crate::exec::{Cmd, Value};
use crate::failure::{Failure, Kind};
use crate::steps::terraform::given::Given;
use crate::text::{last_line, plain};
use crate::tools::kubernetes;
use crate::tools::terraform::Root;
use crate::tools::terraform::advice;
use crate::work::{StepCx, child, root_module, values};

/// The program to start: a path is meant from the project, not from the folder of the root module.
pub(crate) fn program(env: &Environment, terraform: &Terraform) -> String {
    match &terraform.program {
        path if path.contains('/') => env.root.join(path).to_string_lossy().into_owned(),
        name => name.clone(),
    }
}

/// Gives a call of terraform what the environment says a child gets: secrets, `TF_VAR_*`, and no variable of the user
/// that would break it.
pub(crate) fn equip(step: &StepCx<'_>, mut cmd: Cmd) -> Result<Cmd, Failure> {
    cmd.env.extend(Given::of(step)?.env);
    cmd = kubernetes::choose(cmd, step.env.cluster.as_ref());
    if let Some(terraform) = &step.env.terraform {
        cmd.env.insert("TF_WORKSPACE".into(), Value::Plain(values::argument(step, &terraform.workspace)?));
    }
    Ok(without_dangling(step, cmd))
}

/// The same for a command of the user's, which gets all of it by its environment.
pub(crate) fn equip_any(step: &StepCx<'_>, mut cmd: Cmd) -> Result<Cmd, Failure> {
    let given = Given::of(step)?;
    let module = root_module::of(step);
    let declared = &module.declared;
    for (name, value) in given.file {
        let text = declared.type_of(&name).text(&value);
        cmd.env.insert(format!("TF_VAR_{name}"), Value::Secret(text.into()));
    }
    cmd.env.extend(given.unfit);
    Ok(child::without_unfit(step, equip(step, cmd)?))
}

/// Hides variables of the user that name something which is not there: terraform complains about them at every call.
pub(crate) fn without_dangling(step: &StepCx<'_>, mut cmd: Cmd) -> Cmd {
    for name in ["TF_CLI_CONFIG_FILE", "TF_PLUGIN_CACHE_DIR"] {
        if step.cx.vars.get(name).is_some_and(|path| !Path::new(path).exists()) {
            cmd = cmd.unset(name);
        }
    }
    cmd
}

pub(crate) fn failed(step: &StepCx<'_>, root: &Root, verb: &str, code: i32, tail: &str) -> Failure {
    if let Some(signal) = code.checked_sub(128).filter(|signal| *signal > 0 && !tail.contains("Error: ")) {
        return Failure::new(
            Kind::Failed,
            format!("terraform {verb} of `{}` was ended by signal {signal}", step.env.name),
        )
        .help(format!(
            "run `infractl plan {}` to see what is left; if the state is locked, that says how to release it",
            step.env.name
        ))
        .help("look with `dmesg` whether the machine ran out of memory, if nobody else ended it");
    }
    let found = advice::explain(root, tail);
    let failure = Failure {
        error: anyhow::Error::msg(cause(tail))
            .context(format!("terraform {verb} of `{}` failed with exit code {code}", step.env.name)),
        help: found.help,
        ..Failure::new(found.kind.unwrap_or(Kind::Failed), "")
    };
    if tail.is_empty() {
        failure.help("run it again with `-v` to see everything terraform says")
    } else {
        failure
    }
}

/// The headline of the first error in what terraform said last.
fn cause(tail: &str) -> String {
    let clean = plain(tail);
    let headline = clean.lines().find_map(|line| line.split_once("Error: ").map(|(_, rest)| rest.trim()));
    match headline.unwrap_or_else(|| last_line(&clean)) {
        "" => "it said nothing".to_owned(),
        line => line.to_owned(),
    }
}
