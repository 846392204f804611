//! Values by name: read from somewhere when first used, or captured from what a step said.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Argument, CommandLine, FilePath, Http, LiveOrIdle, Method, OneOrMany, Pattern, RouteName, Status,
    ValuePath, Variables,
};
use crate::config::template::Template;

/// Where a value comes from: exactly one of `file`, `command`, `http`, `route`
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(extend("oneOf" = [
    { "required": ["file"] }, { "required": ["command"] }, { "required": ["http"] }, { "required": ["route"] }
]))]
pub(crate) struct ValueFrom {
    /// The text of this file, without one line end at its end
    ///
    /// Example: `file = "docker/gitlab/root_pat.txt"`
    pub file: Option<FilePath>,
    /// What this command prints on standard output, without one line end at its end; it sees the secrets that it names
    ///
    /// Example: `command = ["git", "rev-parse", "HEAD"]`
    pub command: Option<CommandLine>,
    /// What this address answers; 404 is that there is none
    ///
    /// Example: `http = "http://127.0.0.1:8200/v1/secret/data/db"`
    pub http: Option<Argument>,
    /// Header lines to send; may name secrets (`http`)
    #[schemars(example = serde_json::json!({"X-Vault-Token": "{{secret.VAULT_TOKEN}}"}))]
    #[serde(default)]
    pub headers: Variables,
    /// Certificates to trust besides those of the system, as a PEM file (`http`)
    #[schemars(example = &"certs/lab-ca.pem")]
    pub ca: Option<FilePath>,
    /// `{{` in `command` is text and begins no name
    #[serde(default)]
    pub raw: bool,
    /// Only this line, from 1
    #[schemars(example = 1)]
    #[schemars(range(min = 1))]
    pub line: Option<u32>,
    /// Only what this regular expression finds: its first group, or all of it; `^` and `$` are those of a line
    #[schemars(example = &"token: (.+)")]
    pub r#match: Option<Pattern>,
    /// Only this value of a JSON document; lists and maps as JSON
    ///
    /// Example: `json = ".data.data.password"`
    pub json: Option<ValuePath>,
    /// What counts when nothing is found there; without it that is a failure
    #[schemars(example = &"none")]
    pub default: Option<String>,
    /// Masked in everything that is shown, and refused in arguments
    #[serde(default)]
    pub secret: bool,
    /// Route of `[routes]`: `blue` or `green`, whichever is the `side`. It stays what it was before the run moved the traffic,
    /// also after a switch
    ///
    /// Example: `route = "api"`
    pub route: Option<RouteName>,
    /// Which side of the route (`route`)
    pub side: Option<LiveOrIdle>,
}

/// What is taken of what a step said: at most one of `line`, `match`, `json`, `header`, `log`, `file`; without one,
/// standard output as it is
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Capture {
    /// Only this line of standard output, from 1
    #[schemars(example = 1)]
    #[schemars(range(min = 1))]
    pub line: Option<u32>,
    /// What this regular expression finds in standard output: its first group, or all of it
    ///
    /// Example: `capture = { schema = { match = "schema version ([0-9]+)" } }`
    pub r#match: Option<Pattern>,
    /// This value of the JSON document on standard output; lists and maps as JSON
    ///
    /// Example: `capture = { job = { json = ".id" } }`
    pub json: Option<ValuePath>,
    /// This header line of the answer (`http`)
    #[schemars(example = &"Location")]
    pub header: Option<String>,
    /// What this regular expression finds in all that the step printed, errors included
    #[schemars(example = &"listening on (.+)")]
    pub log: Option<Pattern>,
    /// The text of this file, which the step writes
    ///
    /// Example: `capture = { token = { file = "lab/root_pat.txt", secret = true } }`
    pub file: Option<FilePath>,
    /// What counts when nothing is found, or the step is skipped; without it that is a failure
    #[schemars(example = &"none")]
    pub default: Option<String>,
    /// Masked in everything that is shown, kept nowhere, and refused in arguments. What the step prints is held back until
    /// it is known
    #[serde(default)]
    pub secret: bool,
}

impl ValueFrom {
    /// Every template in it.
    pub(crate) fn templates(&self) -> Vec<Template> {
        let table = self.command.clone().map(CommandLine::into_table);
        let command = table.iter().flat_map(|table| table.templates().into_iter().cloned());
        command
            .chain(self.http.iter().map(|url| url.0.clone()))
            .chain(self.headers.values().cloned())
            .collect()
    }

    /// The request that is sent for it.
    pub(crate) fn request(&self) -> Option<Http> {
        Some(Http {
            url: self.http.clone()?,
            method: Method::Get,
            headers: self.headers.clone(),
            json: None,
            body: None,
            form: None,
            status: None,
            already: Some(OneOrMany::One(Status { first: 404, last: 404 })),
            idempotent: None,
            redirects: false,
            each: None,
            ca: self.ca.clone(),
            address: None,
        })
    }
}
