//! Text with `{{…}}`: a name and nothing else, no conditions, no loops.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::ops::Range;

use indexmap::IndexMap;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value as Json;

use crate::config::model::Host;
use crate::failure::{Explain, Kind};
use crate::text;

/// A name between `{{` and `}}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Name {
    /// `environment`
    Environment,
    /// `project`
    Project,
    /// `output.NAME`: an output of the root module, or of `[outputs]`.
    Output(String),
    /// `secret.NAME`: a key of the secret files.
    Secret(String),
    /// `var.NAME`: a variable of infractl's own environment.
    Var(String),
    /// `host.NAME.address`: the address of a host of `[hosts]`.
    HostAddress(String),
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Name::Environment => write!(f, "environment"),
            Name::Project => write!(f, "project"),
            Name::Output(name) => write!(f, "output.{name}"),
            Name::Secret(name) => write!(f, "secret.{name}"),
            Name::Var(name) => write!(f, "var.{name}"),
            Name::HostAddress(name) => write!(f, "host.{name}.address"),
        }
    }
}

/// What is wrong with a template as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// Bytes of the text that are wrong.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Name(Name, Range<usize>),
}

/// Text with names between `{{` and `}}`; `{{{{` stands for a literal `{{`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Template {
    source: String,
    parts: Vec<Part>,
}

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
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// Name of the environment.
    pub environment: &'a str,
    /// Name of the project.
    pub project: &'a str,
    /// Outputs as text (lists and maps as JSON), marked when sensitive.
    pub outputs: &'a IndexMap<String, Rendered>,
    /// Decrypted secrets.
    pub secrets: &'a IndexMap<String, SecretString>,
    /// infractl's own environment.
    pub vars: &'a BTreeMap<OsString, OsString>,
    /// Hosts of the environment.
    pub hosts: &'a IndexMap<String, Host>,
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
            TemplateError::Output { .. } => Kind::Failed,
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
            TemplateError::Var { name, .. } => format!("set it: `export {name}=…`"),
            TemplateError::Sensitive { .. } => {
                "pass it by a variable of the environment, by standard input or by a file of mode 0600".to_owned()
            }
        }]
    }
}

impl Template {
    /// Reads a template.
    pub fn parse(source: &str) -> Result<Template, Malformed> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut at = 0;
        while let Some(found) = source[at..].find("{{") {
            let open = at + found;
            plain.push_str(&source[at..open]);
            if source[open + 2..].starts_with("{{") {
                plain.push_str("{{");
                at = open + 4;
                continue;
            }
            let Some(length) = source[open + 2..].find("}}") else {
                return Err(Malformed {
                    span: open..source.len(),
                    message: "`{{` without `}}`".to_owned(),
                    help: "close it with `}}`, or write `{{{{` for a literal `{{`".to_owned(),
                });
            };
            let close = open + 2 + length;
            let inner = &source[open + 2..close];
            let start = open + 2 + (inner.len() - inner.trim_start().len());
            let span = start..start + inner.trim().len();
            let name = name(inner.trim())
                .map_err(|(message, help)| Malformed {
                    span: if span.is_empty() { open..close + 2 } else { span.clone() },
                    message,
                    help,
                })?;
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain)));
            }
            parts.push(Part::Name(name, span));
            at = close + 2;
        }
        plain.push_str(&source[at..]);
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Template { source: source.to_owned(), parts })
    }

    /// A template that is this text, whatever it holds.
    pub fn literal(text: impl Into<String>) -> Template {
        let text = text.into();
        Template { source: text.replace("{{", "{{{{"), parts: vec![Part::Text(text)] }
    }

    /// The text as written.
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// The names in it, in order.
    pub fn names(&self) -> impl Iterator<Item = &Name> {
        self.spans().map(|(name, _)| name)
    }

    /// The names in it with their place in the text as written.
    pub(crate) fn spans(&self) -> impl Iterator<Item = (&Name, Range<usize>)> {
        self.parts.iter().filter_map(|part| match part {
            Part::Name(name, span) => Some((name, span.clone())),
            Part::Text(_) => None,
        })
    }

    /// The value, marked when it holds a secret or a sensitive output.
    pub fn render(&self, scope: &Scope<'_>) -> Result<Rendered, TemplateError> {
        let mut out = String::new();
        let mut sensitive = false;
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Name(name, _) => match self.value(name, scope)? {
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
            Name::Output(name) => scope.outputs.get(name).cloned().ok_or_else(|| TemplateError::Output {
                name: name.clone(),
                template: template(),
                known: scope.outputs.keys().cloned().collect(),
            }),
            Name::Secret(name) => match scope.secrets.get(name) {
                Some(secret) => Ok(Rendered::Secret(secret.clone())),
                None => Err(TemplateError::Secret {
                    name: name.clone(),
                    template: template(),
                    known: scope.secrets.keys().cloned().collect(),
                }),
            },
            Name::Var(name) => match scope.vars.get(OsStr::new(name)).and_then(|value| value.to_str()) {
                Some(value) => Ok(Rendered::Plain(value.to_owned())),
                None => Err(TemplateError::Var { name: name.clone(), template: template() }),
            },
            // The address of a host cannot name a host (checked when it is read), so this ends.
            Name::HostAddress(name) => match scope.hosts.get(name) {
                Some(host) => host.address.0.render(scope),
                None => Err(TemplateError::Host {
                    name: name.clone(),
                    template: template(),
                    known: scope.hosts.keys().cloned().collect(),
                }),
            },
        }
    }
}

/// The text of a value: its own text rendered, everything else as JSON whose text is rendered.
pub(crate) fn render_json(value: &Json, scope: &Scope<'_>) -> Result<Rendered, TemplateError> {
    let mut sensitive = false;
    let text = match filled(value, scope, &mut sensitive)? {
        Json::String(text) => text,
        other => other.to_string(),
    };
    Ok(if sensitive { Rendered::Secret(text.into()) } else { Rendered::Plain(text) })
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
            entries.map(|(key, value)| Ok((key.clone(), filled(value, scope, sensitive)?))).collect::<Result<Json, _>>()?
        }
        other => other.clone(),
    })
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

const KINDS: [&str; 6] = ["environment", "project", "output", "secret", "var", "host"];

fn name(text: &str) -> Result<Name, (String, String)> {
    let (kind, rest) = text.split_once('.').map_or((text, None), |(kind, rest)| (kind, Some(rest)));
    let literal = "write `{{{{` for a literal `{{`";
    let one = |form: &str| match rest {
        Some(rest) if is_name(rest) => Ok(rest.to_owned()),
        _ => Err((format!("`{text}` is not a name"), format!("write `{{{{{form}}}}}`"))),
    };
    match (kind, rest) {
        ("environment", None) => Ok(Name::Environment),
        ("project", None) => Ok(Name::Project),
        ("environment" | "project", Some(_)) => {
            Err((format!("`{text}` is not a name"), format!("write `{{{{{kind}}}}}`")))
        }
        ("output", _) => one("output.NAME").map(Name::Output),
        ("secret", _) => one("secret.NAME").map(Name::Secret),
        ("var", _) => one("var.NAME").map(Name::Var),
        ("host", Some(rest)) if rest.strip_suffix(".address").is_some_and(is_name) => {
            Ok(Name::HostAddress(rest.trim_end_matches(".address").to_owned()))
        }
        ("host", _) => one("host.NAME.address")
            .and(Err((format!("`{text}` is not a name"), "write `{{host.NAME.address}}`".to_owned()))),
        _ => Err((
            format!("unknown name `{text}` in a template"),
            match text::nearest(kind, KINDS) {
                Some(near) => format!("did you mean `{near}`? Or {literal}"),
                None => format!(
                    "use `environment`, `project`, `output.NAME`, `secret.NAME`, `var.NAME` or `host.NAME.address`, or {literal}"
                ),
            },
        )),
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-')
}
