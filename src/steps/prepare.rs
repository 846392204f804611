//! Opens the secrets and checks what can be checked before any tool starts.

use crate::failure::Failure;
use crate::secrets;
use crate::steps::files::{env_place, inventory};
use crate::text::plural;
use crate::work::StepCx;

/// Opens the secrets of the environment; with `writes_env_file` also asks whether that file may be written.
pub(crate) async fn run(step: &mut StepCx<'_>, writes_env_file: bool) -> Result<String, Failure> {
    let mut found = Vec::new();
    open_secrets(step).await?;
    let secrets = step.facts.secrets.as_ref();
    if let Some(secrets) = secrets.filter(|secrets| !secrets.is_empty()) {
        found.push(format!("{} from {}", plural(secrets.len(), "secret"), plural(secrets.files(), "file")));
    }
    if writes_env_file {
        env_place::check(step).await?;
        if step.env.inventory.is_some() {
            inventory::check_place(step)?;
        }
    }
    tell_about_variables(step);
    Ok(found.join(", "))
}

/// Decrypts once per run. Everything that is printed from now on is masked.
pub(crate) async fn open_secrets(step: &mut StepCx<'_>) -> Result<(), Failure> {
    if step.facts.secrets.is_some() {
        return Ok(());
    }
    let opened =
        secrets::open(step.cx.runner.as_ref(), &step.cx.vars.0, step.env, step.cx.ui.mode.no_input).await?;
    for (name, value) in opened.iter() {
        crate::work::values::mask(step, name, secrecy::ExposeSecret::expose_secret(value));
    }
    step.facts.secrets = Some(opened);
    Ok(())
}

/// Variables of the user's own environment that change what terraform does, said once.
fn tell_about_variables(step: &StepCx<'_>) {
    if step.env.terraform.is_none() {
        return;
    }
    if let Some(file) = step.cx.vars.get("TF_CLI_CONFIG_FILE")
        && !std::path::Path::new(file).exists()
    {
        step.cx.ui.warn(format!(
            "TF_CLI_CONFIG_FILE names `{file}`, which does not exist: terraform is started without it"
        ));
    }
    if let Some(args) = step.cx.vars.get("TF_CLI_ARGS").filter(|args| !args.is_empty()) {
        step.cx.ui.warn(format!("TF_CLI_ARGS is set and goes to every plan, apply and destroy: {args}"));
    }
}

/// What a dry run says of it.
pub(crate) fn describe(step: &StepCx<'_>) -> Vec<String> {
    let files = &step.env.secrets.files;
    files.iter().map(|file| format!("# open {}", crate::work::relative(step, file))).collect()
}
