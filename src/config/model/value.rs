//! Values with a meaning: durations, templates, paths, names.

use std::path::PathBuf;
use std::time::Duration;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de};
use serde_json::Value as Json;

use crate::config::scope;
use crate::config::template::{Scope, Template, TemplateError};
use crate::config::wanted::Wanted;
use crate::text;
use crate::text::JsonPath;

/// A length of time as text: `90s`, `5m`, `1h30m`, `500ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period(pub Duration);

/// A path inside the project, made absolute; may name `{{environment}}`, `{{project}}` and `{{var.NAME}}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct FilePath(pub PathBuf);

/// Text that becomes a program's argument: a template that cannot name a secret.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Argument(pub Template);

/// Address of a host: a template that can name neither a secret nor a host.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Address(pub Template);

/// A regular expression, checked.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Pattern(pub String);

/// The way to a value in a JSON document, checked: `.a.b[0]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ValuePath(pub(crate) JsonPath);

/// A version such as `0.1` or `1.11.4`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(crate) struct VersionText(pub String);

/// A version or a range of them: `1.11.4`, `>= 1.10, < 1.12`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionRange(pub Wanted);

/// Address of an archive; may name `{{version}}`, `{{os}}` and `{{arch}}`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct DownloadUrl(pub String);

/// Name of an environment of this project.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(crate) struct EnvironmentName(pub String);

/// Name of a host of `[hosts]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct HostName(pub String);

/// Name of an image of `[images]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct ImageName(pub String);

/// Name of a task of `[tasks]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct TaskName(pub String);

/// Name of a snapshot of `[snapshots]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct SnapshotName(pub String);

/// Name of a route of `[routes]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct RouteName(pub String);

/// A key of the secret files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct SecretName(pub String);

/// Name of a variable of an environment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct VariableName(pub String);

/// A key of the secret files, or a text that names a secret or a value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SecretOrTemplate(pub Template);

/// Status codes of HTTP, first and last: `200`, `"200-299"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// The lowest.
    pub first: u16,
    /// The highest.
    pub last: u16,
}

impl Status {
    /// The range that text like `204` or `200-299` means.
    pub fn parse(text: &str) -> Option<Status> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let code = |text: &str| text.trim().parse().ok().filter(|code| (100..600).contains(code));
        let (first, last) = (code(first)?, code(last)?);
        (first <= last).then_some(Status { first, last })
    }

    /// Whether it holds this code.
    pub fn holds(self, code: u16) -> bool {
        (self.first..=self.last).contains(&code)
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.first, self.last) {
            (first, last) if first == last => write!(f, "{first}"),
            (first, last) => write!(f, "{first}-{last}"),
        }
    }
}

/// Any value of an output given by hand: its text, at any depth, is a template that may name secrets.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct StaticOutput(pub Json);

/// Any value for terraform or ansible: its text, at any depth, is a template.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct Input(pub Json);

/// Any value that becomes a program's argument: its text cannot name a secret.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct ArgumentInput(pub Json);

/// One text or a list of them.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged)] // as above
pub enum OneOrMany<T> {
    /// One.
    One(T),
    /// Several.
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    /// All of them, in order, where they are.
    pub(crate) fn as_slice(&self) -> &[T] {
        match self {
            OneOrMany::One(one) => std::slice::from_ref(one),
            OneOrMany::Many(many) => many,
        }
    }

    /// All of them, in order.
    pub(crate) fn into_vec(self) -> Vec<T> {
        match self {
            OneOrMany::One(one) => vec![one],
            OneOrMany::Many(many) => many,
        }
    }
}

impl Input {
    /// The value with its texts rendered, and whether it holds a secret.
    pub fn fill(&self, scope: &Scope<'_>) -> Result<(Json, bool), TemplateError> {
        scope::fill_json(&self.0, scope)
    }
}

impl StaticOutput {
    /// The value with its texts rendered, and whether it holds a secret.
    pub fn render(&self, scope: &Scope<'_>) -> Result<(Json, bool), TemplateError> {
        scope::fill_json(&self.0, scope)
    }
}

impl ArgumentInput {
    /// The value with its texts rendered; an error when it is sensitive.
    pub fn fill(&self, scope: &Scope<'_>) -> Result<Json, TemplateError> {
        match scope::fill_json(&self.0, scope)? {
            (value, false) => Ok(value),
            (_, true) => Err(TemplateError::Sensitive { template: self.0.to_string() }),
        }
    }
}

/// Variables of a child's environment: values may name secrets.
pub(crate) type Variables = IndexMap<String, Template>;

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = String::deserialize(deserializer)?;
        text::parse_duration(&written).map(Period).ok_or_else(|| de::Error::custom("not a duration"))
    }
}

impl<'de> Deserialize<'de> for ValuePath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = String::deserialize(deserializer)?;
        JsonPath::parse(&written).map(ValuePath).ok_or_else(|| de::Error::custom("not a way to a value"))
    }
}

impl<'de> Deserialize<'de> for VersionRange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = String::deserialize(deserializer)?;
        Wanted::parse(&written).map(VersionRange).ok_or_else(|| de::Error::custom("not a version"))
    }
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = String::deserialize(deserializer)?;
        Template::parse(&written).map_err(|malformed| de::Error::custom(malformed.message))
    }
}

impl<'de> Deserialize<'de> for SecretOrTemplate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = String::deserialize(deserializer)?;
        let text = if written.contains("{{") { written } else { format!("{{{{secret.{written}}}}}") };
        Template::parse(&text).map(SecretOrTemplate).map_err(|malformed| de::Error::custom(malformed.message))
    }
}

impl<'de> Deserialize<'de> for Status {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = match Json::deserialize(deserializer)? {
            Json::String(text) => text,
            other => other.to_string(),
        };
        Status::parse(&written).ok_or_else(|| de::Error::custom("not a status"))
    }
}
