//! A request of HTTP.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Argument, FilePath, Input, OneOrMany, Period, Status, Variables};
use crate::config::template::Template;

/// A request of HTTP
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Http {
    /// The address; it cannot name a secret
    ///
    /// Example: `url = "{{output.vault}}/v1/secret/data/db"`
    pub url: Argument,
    /// What is asked for; GET and HEAD only look
    ///
    /// Default: `GET`
    #[serde(default)]
    pub method: Method,
    /// Header lines to send; may name secrets
    ///
    /// Example: `headers = { Authorization = "Bearer {{secret.TOKEN}}" }`
    #[serde(default)]
    pub headers: Variables,
    /// Any value to send as JSON; its texts may name secrets
    ///
    /// Example: `json = { data = { password = "{{secret.DB_PASSWORD}}" } }`
    pub json: Option<Input>,
    /// Text to send as it is; may name secrets
    #[schemars(example = &"on")]
    pub body: Option<Template>,
    /// Fields to send as those of a form; may name secrets
    #[schemars(example = serde_json::json!({"grant_type": "client_credentials"}))]
    pub form: Option<IndexMap<String, Template>>,
    /// Status that counts as done: a number, a range such as `"200-399"`, or a list of them
    ///
    /// Default: 200 to 299
    #[schemars(example = ["200-399"])]
    pub status: Option<OneOrMany<Status>>,
    /// Status that says that it was done already
    ///
    /// Example: `already = 409`
    pub already: Option<OneOrMany<Status>>,
    /// Sending it twice does what sending it once does, so that it may be repeated
    ///
    /// Default: `true` for GET, HEAD, OPTIONS, PUT and DELETE, `false` for POST and PATCH
    pub idempotent: Option<bool>,
    /// Follow redirects; to another server nothing goes along that was sent to this one
    #[serde(default)]
    pub redirects: bool,
    /// How long one request may take
    ///
    /// Default: `30s`
    pub each: Option<Period>,
    /// Certificates to trust besides those of the system, as a PEM file
    ///
    /// Example: `ca = "certs/lab-ca.pem"`
    pub ca: Option<FilePath>,
    /// Where to connect, whatever DNS says of the name yet
    #[schemars(example = &"{{host.backend.address}}")]
    pub address: Option<Argument>,
}

/// What is asked for
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// Look
    #[default]
    Get,
    /// Look, and leave the answer's text out
    Head,
    /// Ask what may be done
    Options,
    /// Do or make something, each time anew
    Post,
    /// Put something there, in the place of what is there
    Put,
    /// Change a part of something
    Patch,
    /// Remove something
    Delete,
}

impl Method {
    /// As it is sent.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Head => "HEAD",
            Method::Options => "OPTIONS",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        }
    }

    /// It only looks.
    pub(crate) fn looks(self) -> bool {
        matches!(self, Method::Get | Method::Head | Method::Options)
    }

    /// Twice is as good as once.
    pub(crate) fn is_repeatable(self) -> bool {
        self.looks() || matches!(self, Method::Put | Method::Delete)
    }
}

impl Http {
    /// What a step is called when the file gives it no name.
    pub(crate) fn step_name(&self) -> String {
        format!("http {} {}", self.method.word(), self.url.0)
    }

    /// It may be sent again when nobody knows what became of it.
    pub(crate) fn is_repeatable(&self) -> bool {
        self.idempotent.unwrap_or_else(|| self.method.is_repeatable())
    }
}
