//! What ansible is given: the variables of a playbook, how each host is reached, the vault password.

use indexmap::IndexMap;
use secrecy::ExposeSecret as _;

use crate::config::environment;
use crate::config::model::{AnsibleStep, Input};
use crate::failure::{Failure, Kind};
use crate::files::ansible_value::{Value, Variables};
use crate::files::inventory as file;
use crate::hosts::connection;
use crate::hosts::host::{self, Machine};
use crate::work::StepCx;
use crate::work::typed;
use crate::work::values::Known;

/// Options of ssh for each host, which no file of the user's has.
const SSH_ARGS: &str = "infractl_ssh_args";

/// The file of variables, with secrets in clear: those of the project, and how each host is reached.
pub(crate) async fn variables(
    step: &mut StepCx<'_>,
    settings: &environment::Ansible,
    declared: &AnsibleStep,
    known: &Known,
) -> Result<String, Failure> {
    let mut vars = Variables::new();
    let machines = host::all(step, known)?;
    let mut args = IndexMap::new();
    for machine in &machines {
        args.insert(machine.name.clone(), Value::text(ssh_args(step, machine).await?));
    }
    if !args.is_empty() {
        vars.insert(SSH_ARGS.to_owned(), Value::Map(args));
        let text = format!("{{{{ {SSH_ARGS}[inventory_hostname] | default('') }}}}");
        vars.insert("ansible_ssh_common_args".to_owned(), Value::Text { text, is_template: true });
    }
    if let Some(user) = &settings.user {
        vars.insert("ansible_user".to_owned(), Value::text(known.argument(step, user)?));
    }
    let own: Vec<(&String, &Input)> = settings.vars.iter().chain(&declared.vars).collect();
    for (name, input) in own {
        if !file::is_variable(name) {
            return Err(Failure::new(
                Kind::Config,
                format!("`{name}` in `vars` cannot be the name of a variable of ansible"),
            )
            .help("use letters, digits and `_`, no digit first, and no word of Python"));
        }
        vars.insert(name.clone(), typed::typed(step, known, &input.0)?.value);
    }
    // ansible wants a dictionary, and nothing at all is none.
    let mut text = String::from(if vars.is_empty() { "--- {}\n" } else { "---\n" });
    for (name, value) in &vars {
        let value = value.yaml().map_err(|unfit| Failure::new(Kind::Config, format!("`{name}`: {unfit}")))?;
        text.push_str(&format!("{}: {value}\n", file::yaml_key(name)));
    }
    Ok(text)
}

/// Which keys are offered, which host keys are trusted, the way there; then what the host's own variables add.
async fn ssh_args(step: &mut StepCx<'_>, machine: &Machine) -> Result<String, Failure> {
    let options = connection::options(step, machine).await?;
    let mut words: Vec<String> = options.iter().map(|word| crate::work::script::literal(word)).collect();
    if let Some(own) = machine.vars.get("ansible_ssh_common_args").and_then(|input| input.0.as_str()) {
        words.push(own.to_owned());
    }
    Ok(words.join(" "))
}

pub(crate) fn vault_password(
    step: &StepCx<'_>,
    settings: &environment::Ansible,
) -> Result<Option<String>, Failure> {
    let Some(name) = &settings.vault_password else { return Ok(None) };
    // infractl's own call: what the step may see does not limit it.
    match step.facts.secrets.as_ref().and_then(|secrets| secrets.get(name)) {
        Some(password) => Ok(Some(password.expose_secret().to_owned())),
        None => Err(Failure::new(Kind::Secrets, format!("there is no secret `{name}`, the vault password"))
            .help(format!("run `infractl secrets set {} {name}`", step.env.name))),
    }
}
