//! What a step needs to know before it can be done: secrets, outputs. Pure.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use crate::config::Environment;
use crate::config::model::{AnsibleStep, CommandTable, Docker, Run};
use crate::config::step::Until;
use crate::config::template::{Name, Template};
use crate::failure::{Failure, Kind};
use crate::steps::{Work, prepare, terraform};
use crate::text::nearest;
use crate::work::templates::{inside, of_command};
use crate::work::{StepCx, templates};

/// Variables with outputs begin like this.
pub(crate) const OUTPUT_VARIABLE: &str = "INFRACTL_OUTPUT_";

/// What a step needs to know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Needs {
    /// The secret files are opened.
    pub secrets: bool,
    /// The outputs are read.
    pub outputs: bool,
    /// The environment file will be written.
    pub env_file: bool,
    /// Names of outputs in its templates.
    pub output_names: BTreeSet<String>,
    /// Names of secrets in its templates.
    pub secret_names: BTreeSet<String>,
}

impl Needs {
    /// Those of a step that may see these secrets (all if none are named).
    pub(crate) fn of(env: &Environment, work: &Work, allowed: Option<&[String]>) -> Needs {
        let mut needs = Needs::default();
        let sees_secrets = allowed.is_none_or(|names| !names.is_empty());
        for template in templates::of(work) {
            needs.take(env, template);
        }
        if let Work::Docker(docker) = work {
            needs.docker(env, docker);
        }
        match work {
            Work::Prepare { env_file } => {
                needs.secrets = true;
                needs.env_file = *env_file;
            }
            Work::Terraform(action) => needs.secrets = !matches!(action, terraform::Action::Fmt { .. }),
            Work::Outputs => needs.secrets = outputs_need_secrets(env),
            Work::EnvFile(crate::steps::files::env_file::Action::Write) => {
                needs.secrets = true;
                needs.env_file = true;
            }
            Work::Command(command) => {
                needs.secrets |= sees_secrets;
                needs.outputs |= mentions_outputs(command);
            }
            Work::Wait(wait) => {
                if let Until::Command { command, host: None, .. } = &wait.until {
                    needs.secrets |= sees_secrets;
                    needs.outputs |= mentions_outputs(command);
                }
            }
            Work::EnvFile(crate::steps::files::env_file::Action::Compare) => {
                needs.secrets = true;
                needs.outputs = true;
            }
            Work::Inventory(
                crate::steps::files::inventory::Action::Write
                | crate::steps::files::inventory::Action::Compare,
            ) => {
                needs.inventory(env);
            }
            Work::Ansible(declared) => {
                needs.secrets |= sees_secrets;
                needs.ansible(env, declared);
            }
            Work::Power(_) => {
                needs.secrets |= sees_secrets;
                for template in crate::steps::power::templates(env) {
                    needs.take(env, template);
                }
                for command in crate::steps::power::commands(env) {
                    needs.outputs |= mentions_outputs(&command);
                    for template in of_command(&command) {
                        needs.take(env, template);
                    }
                }
            }
            Work::Git(_) | Work::Compose(_) | Work::Docker(_) => {
                needs.secrets |= allowed.is_some_and(|names| !names.is_empty());
            }
            _ => {}
        }
        if let Some(host) = host_of(work) {
            needs.host(env, host);
        }
        needs.secrets |= needs.outputs && outputs_need_secrets(env);
        needs
    }

    /// How to reach a host, and the key to log in with.
    fn host(&mut self, env: &Environment, name: &str) {
        for template in crate::hosts::host::templates(env, name) {
            self.take(env, template);
        }
        let mut next = crate::hosts::host::settings(env, name);
        while let Some(host) = next {
            self.secrets |= host.identity.is_some();
            next = host.jump.as_ref().and_then(|jump| env.hosts.get(&jump.0));
        }
    }

    /// Those of logging in to a host.
    pub(crate) fn to_log_in(env: &Environment, name: &str) -> Needs {
        let mut needs = Needs::default();
        needs.host(env, name);
        needs.secrets |= needs.outputs && outputs_need_secrets(env);
        needs
    }

    /// What a container step names besides its templates.
    fn docker(&mut self, env: &Environment, docker: &Docker) {
        for template in crate::steps::docker::templates(&env.images, docker) {
            self.take(env, template);
        }
        let image = docker.build.as_ref().and_then(|name| env.images.get(&name.0));
        for secret in image.iter().flat_map(|image| &image.secrets) {
            self.secrets = true;
            self.secret_names.insert(secret.0.clone());
        }
    }

    /// Those of some templates.
    pub(crate) fn of_templates(env: &Environment, templates: &[&Template]) -> Needs {
        let mut needs = Needs::default();
        for template in templates {
            needs.take(env, template);
        }
        needs.secrets |= needs.outputs && outputs_need_secrets(env);
        needs
    }

    /// The inventory, the keys to log in with, the variables of the playbook.
    fn ansible(&mut self, env: &Environment, declared: &AnsibleStep) {
        self.inventory(env);
        for name in env.hosts.keys() {
            self.host(env, name);
        }
        for input in declared.vars.values() {
            for template in inside(&input.0) {
                self.take(env, &template);
            }
        }
        let Some(settings) = &env.ansible else { return };
        self.secrets |= settings.vault_password.is_some();
        for input in settings.vars.values() {
            for template in inside(&input.0) {
                self.take(env, &template);
            }
        }
        for template in settings.env.values().chain(&settings.user) {
            self.take(env, template);
        }
    }

    /// How to reach the hosts, and all variables of the inventory. A secret in them is refused, so none is opened.
    fn inventory(&mut self, env: &Environment) {
        let groups =
            env.inventory.iter().flat_map(|inventory| inventory.groups.values().map(|group| &group.vars));
        let hosts = env.hosts.values().map(|host| &host.vars);
        let everybody = env.inventory.iter().map(|inventory| &inventory.vars);
        let inputs: Vec<Template> = groups
            .chain(hosts)
            .chain(everybody)
            .flat_map(IndexMap::values)
            .flat_map(|input| inside(&input.0))
            .collect();
        let mut named = Needs::default();
        for name in env.hosts.keys() {
            for template in crate::hosts::host::templates(env, name) {
                named.take(env, template);
            }
        }
        for template in &inputs {
            named.take(env, template);
        }
        self.outputs |= named.outputs;
        self.output_names.extend(named.output_names);
    }

    /// Those of something that looks at outputs.
    pub(crate) fn outputs(env: &Environment) -> Needs {
        Needs { outputs: true, secrets: outputs_need_secrets(env), ..Needs::default() }
    }

    fn take(&mut self, env: &Environment, template: &Template) {
        for name in template.names() {
            match name {
                Name::Output(name) => {
                    self.outputs = true;
                    self.output_names.insert(name.clone());
                }
                Name::Secret(name) => {
                    self.secrets = true;
                    self.secret_names.insert(name.clone());
                }
                Name::HostAddress(host) => {
                    if let Some(host) = env.hosts.get(host) {
                        self.take(env, &host.address.0);
                    }
                }
                Name::Environment | Name::Project | Name::Var(_) => {}
            }
        }
    }
}

/// The backend of the state may want secrets; outputs by hand may name some.
fn outputs_need_secrets(env: &Environment) -> bool {
    env.terraform.is_some() || env.outputs.values().any(|output| output.0.to_string().contains("secret."))
}

/// The host that a step is about.
fn host_of(work: &Work) -> Option<&str> {
    match work {
        Work::Remote(remote) => Some(&remote.host.0),
        Work::Copy(copy) => copy.host.as_ref().map(|host| host.0.as_str()),
        Work::Compose(compose) => compose.host.as_ref().map(|host| host.0.as_str()),
        Work::Wait(wait) => wait.until.host(),
        _ => None,
    }
}

/// A line of shell that reads a variable with an output.
fn mentions_outputs(command: &CommandTable) -> bool {
    match &command.run {
        Run::Shell(line) => line.0.as_str().contains(OUTPUT_VARIABLE),
        Run::Argv(words) => words.iter().any(|word| word.0.as_str().contains(OUTPUT_VARIABLE)),
    }
}

/// Opens and reads what the step needs and no earlier step has.
pub(crate) async fn meet(step: &mut StepCx<'_>, needs: &Needs) -> Result<(), Failure> {
    if needs.secrets {
        prepare::open_secrets(step).await?;
        named_secrets_exist(step)?;
    }
    if needs.outputs && step.facts.outputs.is_none() {
        // infractl's own call: what the step may see does not limit it.
        let limited = step.frame.secrets.take();
        let read = crate::steps::terraform::read::outputs(step).await;
        step.frame.secrets = limited;
        read?;
    }
    Ok(())
}

/// A name in `secrets` that no file has is a mistake, not a step without that secret.
fn named_secrets_exist(step: &StepCx<'_>) -> Result<(), Failure> {
    let Some(all) = &step.facts.secrets else { return Ok(()) };
    let Some(name) = step.frame.secrets.iter().flatten().find(|name| all.get(name).is_none()) else {
        return Ok(());
    };
    let failure =
        Failure::new(Kind::Secrets, format!("there is no secret `{name}`, which `{}` may see", step.name));
    Err(match nearest(name, all.iter().map(|(name, _)| name)) {
        Some(near) => failure.help(format!("did you mean `{near}`?")),
        None => failure.help(format!("run `infractl secrets set {} {name}`", step.env.name)),
    })
}
