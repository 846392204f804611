//! The value of a template: where its names find theirs, and whether it may be shown.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use indexmap::IndexMap;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value as Json;

use crate::config::cluster::Cluster;
use crate::config::template::{Foreign, Name, Segment, Template};
use crate::failure::{Explain, Kind};
use crate::text;

/// A rendered template.
#[derive(Debug, Clone)]
pub enum Rendered {
    /// May be shown.
    Plain(String),
    /// Holds a secret or a sensitive output; `Debug` prints `[REDACTED]`.
    Secret(SecretString),
}

impl Rendered {
    /// Whether it holds a secret or a sensitive output.
    pub fn is_sensitive(&self) -> bool {
        matches!(self, Rendered::Secret(_))
    }
}

/// Where the names of a template find their values.
#[derive(Debug, Clone)]
pub struct Scope<'a> {
    /// Name of the environment.
    pub environment: &'a str,
    /// Name of the project.
    pub project: &'a str,
    /// Outputs as text (lists and maps as JSON), marked when sensitive.
    pub outputs: &'a IndexMap<String, Rendered>,
    /// Outputs of other environments, the same way.
    pub foreign: &'a IndexMap<Foreign, Rendered>,
    /// Decrypted secrets.
    pub secrets: &'a IndexMap<String, SecretString>,
    /// Values that are known by now, marked when secret.
    pub values: &'a IndexMap<String, Rendered>,
    /// Images by their digests, as far as they are built.
    pub images: &'a IndexMap<String, String>,
    /// The cluster of the environment.
    pub cluster: Option<&'a Cluster>,
    /// infractl's own environment.
    pub vars: &'a BTreeMap<OsString, OsString>,
    /// Addresses of the hosts of the environment.
    pub addresses: IndexMap<&'a str, &'a Template>,
    /// For a dry run, which opens nothing: a secret or an output that is not known stands for itself.
    pub is_dry: bool,
}

/// Why a template has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// No output of that name.
    #[error("no output `{name}`, named by `{template}`")]
    Output {
        /// The output.
        name: String,
        /// The template as written.
        template: String,
        /// Outputs that exist.
        known: Vec<String>,
    },
    /// An output of another environment that was not read.
    #[error("`{foreign}` is not known here, named by `{template}`")]
    Foreign {
        /// The output.
        foreign: Foreign,
        /// The template as written.
        template: String,
    },
    /// No secret of that name.
    #[error("no secret `{name}`, named by `{template}`")]
    Secret {
        /// The secret.
        name: String,
        /// The template as written.
        template: String,
        /// Secrets that exist.
        known: Vec<String>,
    },
    /// No value of that name is known by now.
    #[error("`{name}` is not known, named by `{template}`")]
    Value {
        /// The value.
        name: String,
        /// The template as written.
        template: String,
    },
    /// The image was not built for this environment.
    #[error("the image `{name}` is not built yet, named by `{template}`")]
    Image {
        /// The image.
        name: String,
        /// The template as written.
        template: String,
        /// The environment.
        environment: String,
    },
    /// The variable is not set, or is not text.
    #[error("variable `{name}` is not set, named by `{template}`")]
    Var {
        /// The variable.
        name: String,
        /// The template as written.
        template: String,
    },
    /// No host of that name.
    #[error("no host `{name}`, named by `{template}`")]
    Host {
        /// The host.
        name: String,
        /// The template as written.
        template: String,
        /// Hosts that exist.
        known: Vec<String>,
    },
    /// There is no cluster, or it has no registry.
    #[error("there is no `{name}`, named by `{template}`")]
    Cluster {
        /// What is named.
        name: String,
        /// The template as written.
        template: String,
    },
    /// The value would be seen in the list of processes.
    #[error("`{template}` is sensitive and cannot be an argument of a program")]
    Sensitive {
        /// The template as written.
        template: String,
    },
}

impl Explain for TemplateError {
    fn kind(&self) -> Kind {
        match self {
            TemplateError::Secret { .. } => Kind::Secrets,
            TemplateError::Output { .. }
            | TemplateError::Foreign { .. }
            | TemplateError::Value { .. }
            | TemplateError::Image { .. } => Kind::Failed,
            _ => Kind::Config,
        }
    }

    fn help(&self) -> Vec<String> {
        let nearest = |name: &str, known: &[String], what: &str| match text::nearest(name, known) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => format!("declare it: there is no {what} yet"),
            None => format!("use one of {}", text::list(known, "or")),
        };
        vec![match self {
            TemplateError::Output { name, known, .. } => nearest(name, known, "output"),
            TemplateError::Secret { name, known, .. } => nearest(name, known, "secret"),
            TemplateError::Host { name, known, .. } => nearest(name, known, "host"),
            TemplateError::Foreign { foreign, .. } => {
                format!("run `infractl apply {}` first", foreign.environment)
            }
            TemplateError::Value { .. } => {
                "look at the step that captures it: it was skipped; `default` says what counts then"
                    .to_owned()
            }
            TemplateError::Image { environment, .. } => format!("run `infractl build {environment}`"),
            TemplateError::Var { name, .. } => format!("set it: `export {name}=…`"),
            TemplateError::Cluster { .. } => "declare it in `[cluster]`".to_owned(),
            TemplateError::Sensitive { .. } => {
                "pass it by a variable of the environment, by standard input or by a file of mode 0600"
                    .to_owned()
            }
        }]
    }
}

impl Template {
    /// The value, marked when it holds a secret or a sensitive output.
    pub fn render(&self, scope: &Scope<'_>) -> Result<Rendered, TemplateError> {
        let mut out = String::new();
        let mut sensitive = false;
        for part in &self.parts {
            match part {
                Segment::Text(text) => out.push_str(text),
                Segment::Name(name, _) => match self.value(name, scope)? {
                    Rendered::Plain(text) => out.push_str(&text),
                    Rendered::Secret(text) => {
                        sensitive = true;
                        out.push_str(text.expose_secret());
                    }
                },
            }
        }
        Ok(if sensitive { Rendered::Secret(out.into()) } else { Rendered::Plain(out) })
    }

    /// The value as an argument of a program: an error when it is sensitive.
    pub fn argument(&self, scope: &Scope<'_>) -> Result<String, TemplateError> {
        match self.render(scope)? {
            Rendered::Plain(text) => Ok(text),
            Rendered::Secret(_) => Err(TemplateError::Sensitive { template: self.source.clone() }),
        }
    }

    fn value(&self, name: &Name, scope: &Scope<'_>) -> Result<Rendered, TemplateError> {
        let template = || self.source.clone();
        match name {
            Name::Environment => Ok(Rendered::Plain(scope.environment.to_owned())),
            Name::Project => Ok(Rendered::Plain(scope.project.to_owned())),
            Name::Output(name) => match scope.outputs.get(name) {
                Some(output) => Ok(output.clone()),
                None if scope.is_dry => Ok(Rendered::Plain(format!("{{{{output.{name}}}}}"))),
                None => Err(TemplateError::Output {
                    name: name.clone(),
                    template: template(),
                    known: scope.outputs.keys().cloned().collect(),
                }),
            },
            Name::Secret(name) => match scope.secrets.get(name) {
                Some(secret) => Ok(Rendered::Secret(secret.clone())),
                None if scope.is_dry => Ok(Rendered::Secret("***".into())),
                None => Err(TemplateError::Secret {
                    name: name.clone(),
                    template: template(),
                    known: scope.secrets.keys().cloned().collect(),
                }),
            },
            Name::Value(name) => match scope.values.get(name) {
                Some(value) => Ok(value.clone()),
                None if scope.is_dry => Ok(Rendered::Plain(shown_value(name))),
                None => Err(TemplateError::Value { name: name.clone(), template: template() }),
            },
            Name::Image(image) => match scope.images.get(image) {
                Some(reference) => Ok(Rendered::Plain(reference.clone())),
                None if scope.is_dry => Ok(Rendered::Plain(format!("{{{{{name}}}}}"))),
                None => Err(TemplateError::Image {
                    name: image.clone(),
                    template: template(),
                    environment: scope.environment.to_owned(),
                }),
            },
            Name::Cluster(of) => match scope.cluster.and_then(|cluster| cluster.value(of)) {
                Some(value) => Ok(Rendered::Plain(value)),
                None => Err(TemplateError::Cluster { name: name.to_string(), template: template() }),
            },
            // Filled in where the pipeline is called; nothing else is ever run.
            Name::With(name) => Ok(Rendered::Plain(format!("{{{{with.{name}}}}}"))),
            Name::Var(name) => match scope.vars.get(OsStr::new(name)).and_then(|value| value.to_str()) {
                Some(value) => Ok(Rendered::Plain(value.to_owned())),
                None => Err(TemplateError::Var { name: name.clone(), template: template() }),
            },
            Name::Foreign(foreign) => match scope.foreign.get(foreign) {
                Some(output) => Ok(output.clone()),
                None if scope.is_dry => Ok(Rendered::Plain(format!("{{{{{foreign}}}}}"))),
                None => Err(TemplateError::Foreign { foreign: foreign.clone(), template: template() }),
            },
            // The address of a host cannot name a host (checked when it is read), so this ends.
            Name::HostAddress(name) => match scope.addresses.get(name.as_str()) {
                Some(address) => address.render(scope),
                None => Err(TemplateError::Host {
                    name: name.clone(),
                    template: template(),
                    known: scope.addresses.keys().map(|name| (*name).to_owned()).collect(),
                }),
            },
        }
    }
}

/// What stands in a dry run for a value that nobody has read.
pub(crate) fn shown_value(name: &str) -> String {
    format!("<value {name}>")
}

/// A JSON value with its texts rendered, and whether one of them was sensitive.
pub(crate) fn fill_json(value: &Json, scope: &Scope<'_>) -> Result<(Json, bool), TemplateError> {
    let mut sensitive = false;
    Ok((filled(value, scope, &mut sensitive)?, sensitive))
}

fn filled(value: &Json, scope: &Scope<'_>, sensitive: &mut bool) -> Result<Json, TemplateError> {
    Ok(match value {
        Json::String(text) => match Template::parse(text) {
            Ok(template) => match template.render(scope)? {
                Rendered::Plain(text) => text.into(),
                Rendered::Secret(text) => {
                    *sensitive = true;
                    text.expose_secret().into()
                }
            },
            // What is malformed was refused when the file was read.
            Err(_) => text.as_str().into(),
        },
        Json::Array(items) => {
            items.iter().map(|item| filled(item, scope, sensitive)).collect::<Result<Json, _>>()?
        }
        Json::Object(entries) => {
            let entries = entries.iter();
            entries
                .map(|(key, value)| Ok((key.clone(), filled(value, scope, sensitive)?)))
                .collect::<Result<Json, _>>()?
        }
        other => other.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(text: &str) -> Result<Rendered, TemplateError> {
        let outputs = IndexMap::from([
            ("ip".to_owned(), Rendered::Plain("10.0.0.1".to_owned())),
            ("password".to_owned(), Rendered::Secret("CANARY-1".into())),
        ]);
        let foreign = |output: &str| Foreign { environment: "shared".into(), output: output.into() };
        let foreign = IndexMap::from([
            (foreign("vpc"), Rendered::Plain("vpc-1".to_owned())),
            (foreign("key"), Rendered::Secret("CANARY-3".into())),
        ]);
        let secrets = IndexMap::from([("TOKEN".to_owned(), SecretString::from("CANARY-2"))]);
        let values = IndexMap::from([("token".to_owned(), Rendered::Secret("CANARY-3".into()))]);
        let images = IndexMap::from([("etl".to_owned(), "registry.example/etl@sha256:0a1b".to_owned())]);
        let vars = BTreeMap::from([("SHA".into(), "1f2c".into())]);
        let address = Template::parse("{{output.ip}}").unwrap();
        let addresses = IndexMap::from([("web", &address)]);
        let scope = Scope {
            environment: "dev",
            project: "shop",
            outputs: &outputs,
            foreign: &foreign,
            secrets: &secrets,
            values: &values,
            images: &images,
            cluster: None,
            vars: &vars,
            addresses,
            is_dry: false,
        };
        let template = Template::parse(text).unwrap();
        let argument = template.argument(&scope);
        let value = template.render(&scope);
        if let Ok(value) = &value {
            assert_eq!(value.is_sensitive(), argument.is_err());
        }
        value
    }

    fn plain(text: &str) -> String {
        match rendered(text).unwrap() {
            Rendered::Plain(text) => text,
            secret @ Rendered::Secret(_) => panic!("{secret:?}"),
        }
    }

    fn why(text: &str) -> String {
        let error = rendered(text).unwrap_err();
        format!("{error}; {}", error.help().join("; "))
    }

    #[test]
    fn names_find_their_values() {
        assert_eq!(plain("{{project}}-{{ environment }}"), "shop-dev");
        assert_eq!(plain("{{host.web.address}}:{{var.SHA}}"), "10.0.0.1:1f2c");
        assert_eq!(plain("{{{{{{environment}}"), "{{dev");
        assert_eq!(plain("{{image.etl}}"), "registry.example/etl@sha256:0a1b");
        assert_eq!(plain("{{env.shared.output.vpc}}/{{environment}}"), "vpc-1/dev");
    }

    #[test]
    fn a_value_with_a_secret_or_a_sensitive_output_is_a_secret() {
        for text in
            ["a {{secret.TOKEN}}", "{{output.password}}", "{{env.shared.output.key}}", "{{value.token}}"]
        {
            let value = rendered(text).unwrap();
            assert!(value.is_sensitive());
            assert!(!format!("{value:?}").contains("CANARY"));
        }
    }

    #[test]
    fn a_name_without_a_value_is_said_with_the_nearest() {
        insta::assert_snapshot!(
            ["{{env.shared.output.x}}", "{{output.ipp}}", "{{secret.TOKN}}", "{{var.NOPE}}", "{{host.wbe.address}}", "{{output.zone}}", "{{value.x}}", "{{image.api}}"]
                .map(why)
                .join("\n"),
            @r#"
            `env.shared.output.x` is not known here, named by `{{env.shared.output.x}}`; run `infractl apply shared` first
            no output `ipp`, named by `{{output.ipp}}`; did you mean `ip`?
            no secret `TOKN`, named by `{{secret.TOKN}}`; did you mean `TOKEN`?
            variable `NOPE` is not set, named by `{{var.NOPE}}`; set it: `export NOPE=…`
            no host `wbe`, named by `{{host.wbe.address}}`; did you mean `web`?
            no output `zone`, named by `{{output.zone}}`; use one of `ip` or `password`
            `x` is not known, named by `{{value.x}}`; look at the step that captures it: it was skipped; `default` says what counts then
            the image `api` is not built yet, named by `{{image.api}}`; run `infractl build dev`
            "#
        );
        assert_eq!(rendered("{{secret.X}}").unwrap_err().kind().code(), 65);
    }
}
