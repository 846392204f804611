//! What a step needs to know before it can be done: secrets, outputs. Pure.

use std::collections::BTreeSet;

use super::kind::{Mention, StepKind};
use crate::config::Environment;
use crate::config::model::{RouteKind, ValueFrom};
use crate::config::template::{Foreign, Name, Template};

/// What a step needs to know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Needs {
    /// The secret files are opened.
    pub secrets: bool,
    /// The outputs are read.
    pub outputs: bool,
    /// The environment file will be written.
    pub env_file: bool,
    /// It works with terraform or its files: what can be checked is checked before it, even where no file of secrets is.
    pub checks: bool,
    /// Names of outputs in its templates.
    pub output_names: BTreeSet<String>,
    /// Names of secrets in its templates.
    pub secret_names: BTreeSet<String>,
    /// Outputs of other environments in its templates.
    pub foreign: BTreeSet<Foreign>,
    /// Names of values in its templates, and in those of these values.
    pub value_names: BTreeSet<String>,
    /// Names of images in its templates.
    pub image_names: BTreeSet<String>,
}

impl Needs {
    /// Those of a step that may see these secrets (all if none are named).
    pub(crate) fn of(env: &Environment, kind: &dyn StepKind, allowed: Option<&[String]>) -> Needs {
        let mut needs = Needs::default();
        kind.visit(env, &mut |mention| needs.see(env, mention, allowed));
        needs.whole(env)
    }

    /// Those of these values.
    pub(crate) fn of_values(env: &Environment, names: &[String]) -> Needs {
        let mut needs = Needs::default();
        for name in names {
            needs.value(env, name);
        }
        needs.whole(env)
    }

    /// Those of reading a value.
    pub(crate) fn of_source(env: &Environment, source: &ValueFrom) -> Needs {
        let mut needs = Needs::default();
        needs.source(env, source);
        needs.whole(env)
    }

    /// Those of logging in to a host.
    pub(crate) fn to_log_in(env: &Environment, name: &str) -> Needs {
        let mut needs = Needs::default();
        needs.host(env, name);
        needs.whole(env)
    }

    /// Those of some templates.
    pub(crate) fn of_templates(env: &Environment, templates: &[&Template]) -> Needs {
        let mut needs = Needs::default();
        for template in templates {
            needs.take(env, template);
        }
        needs.whole(env)
    }

    /// Those of something that looks at outputs.
    pub(crate) fn outputs(env: &Environment) -> Needs {
        Needs { outputs: true, ..Needs::default() }.whole(env)
    }

    /// Those of what names outputs of other environments in this part of the configuration.
    pub(crate) fn foreign(env: &Environment, section: &[&str]) -> Needs {
        let named = env.document.foreign_below(section).into_iter();
        Needs { foreign: named.map(|named| named.foreign).collect(), ..Needs::default() }
    }

    fn whole(mut self, env: &Environment) -> Needs {
        self.secrets |= self.outputs && outputs_need_secrets(env);
        self
    }

    fn see(&mut self, env: &Environment, mention: Mention<'_>, allowed: Option<&[String]>) {
        match mention {
            Mention::Template(template) => self.take(env, template),
            Mention::Public(template) => {
                let mut named = Needs::default();
                named.take(env, template);
                self.outputs |= named.outputs;
                self.output_names.extend(named.output_names);
                self.value_names.extend(named.value_names);
                self.image_names.extend(named.image_names);
                self.foreign.extend(named.foreign);
            }
            Mention::Foreign(section) => {
                self.foreign.extend(Needs::foreign(env, section).foreign);
            }
            Mention::Secret(name) => {
                self.secrets = true;
                self.secret_names.insert(name.to_owned());
            }
            Mention::Value(name) => self.value(env, name),
            Mention::Image(name) => drop(self.image_names.insert(name.to_owned())),
            Mention::Host(name) => self.host(env, name),
            Mention::Outputs => self.outputs = true,
            Mention::State => {
                let wanted = outputs_need_secrets(env);
                self.secrets |= wanted;
                self.checks |= wanted;
            }
            Mention::SecretFiles => {
                self.secrets = true;
                self.checks = true;
            }
            Mention::Program => self.secrets |= allowed.is_none_or(|names| !names.is_empty()),
            Mention::Sparing => self.secrets |= allowed.is_some_and(|names| !names.is_empty()),
            Mention::EnvFile => self.env_file = true,
            Mention::File(_) | Mention::Starts(_) => {}
        }
    }

    /// How to reach a host, and the key to log in with.
    fn host(&mut self, env: &Environment, name: &str) {
        for template in env.host_templates(name) {
            self.take(env, template);
        }
        let mut next = env.host(name);
        while let Some(host) = next {
            self.secrets |= host.identity.is_some();
            next = host.jump.as_ref().and_then(|jump| env.hosts.get(&jump.0));
        }
    }

    /// A value, and what has to be known to read it.
    fn value(&mut self, env: &Environment, name: &str) {
        if self.value_names.insert(name.to_owned())
            && let Some(source) = env.values.get(name)
        {
            self.source(env, source);
        }
    }

    fn source(&mut self, env: &Environment, source: &ValueFrom) {
        for template in source.templates() {
            self.take(env, &template);
        }
        if let Some(route) = source.route.as_ref().and_then(|route| env.routes.get(&route.0)) {
            for template in route.templates() {
                self.take(env, &template);
            }
            // Who asks AWS may be among the secrets, and a command sees them.
            self.secrets |= route.kind != RouteKind::Caddy;
        }
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
                Name::Foreign(foreign) => {
                    self.foreign.insert(foreign.clone());
                }
                Name::Value(name) => self.value(env, name),
                Name::Image(name) => drop(self.image_names.insert(name.clone())),
                Name::Environment | Name::Project | Name::Var(_) | Name::With(_) | Name::Cluster(_) => {}
            }
        }
    }
}

/// The backend of the state may want secrets; outputs by hand may name some.
fn outputs_need_secrets(env: &Environment) -> bool {
    env.terraform.is_some() || env.outputs.values().any(|output| output.0.to_string().contains("secret."))
}
