//! Waiting: one language from machine to certificate.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Argument, CommandLine, FilePath, HostName, Input, Method, OneOrMany, Pattern, Period, Status};
use crate::config::template::Template;

/// Wait until something answers: exactly one of `ssh`, `tcp`, `http`, `tls`, `file`, `command`, `ecs`, `rollout`, `job`,
/// `condition`
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(extend("oneOf" = [
    { "required": ["ssh"] }, { "required": ["tcp"] }, { "required": ["http"] }, { "required": ["tls"] },
    { "required": ["file"] }, { "required": ["command"] }, { "required": ["ecs"] },
    { "required": ["rollout"] }, { "required": ["job"] }, { "required": ["condition"] }
]))]
pub(crate) struct Wait {
    /// A login to this host works
    #[schemars(example = &"backend")]
    pub ssh: Option<HostName>,
    /// This `host:port` accepts a connection
    ///
    /// Example: `{ tcp = "{{output.postgres_host}}:5432" }`
    pub tcp: Option<Argument>,
    /// This address answers
    ///
    /// Example: `{ http = "https://{{output.fqdn}}/health", status = 200, body = "ok" }`
    pub http: Option<Argument>,
    /// This `name` or `name:port` shows a certificate that is valid for it
    ///
    /// Example: `{ tls = "{{output.fqdn}}", issuer = "Let's Encrypt", days-left = 7 }`
    pub tls: Option<Argument>,
    /// This file is there, on `host` or on this machine
    #[schemars(example = &"/var/lib/cloud/instance/boot-finished")]
    pub file: Option<Argument>,
    /// This command ends with 0, on `host` or on this machine
    #[schemars(example = &"pg_isready")]
    pub command: Option<CommandLine>,
    /// This task of `[tasks]` has ended, or this service is steady
    #[schemars(example = &"forecast-etl")]
    pub ecs: Option<Argument>,
    /// This Deployment, StatefulSet or DaemonSet of `[cluster]` runs everywhere as it was last written, as `KIND/NAME`; a
    /// name alone is a Deployment
    ///
    /// Example: `{ rollout = "deployment/web", namespace = "shop" }`
    pub rollout: Option<Argument>,
    /// This Job of `[cluster]` has ended well; one that has failed ends the wait
    ///
    /// Example: `{ job = "migrate", namespace = "shop" }`
    pub job: Option<Argument>,
    /// This condition of an object of `[cluster]` is true, or has another status: `NAME=STATUS`
    ///
    /// Example: `{ condition = "Ready", of = "certificate/web", namespace = "shop" }`, `{ condition = "Ready", of = "nodes" }`
    pub condition: Option<Argument>,
    /// The object, as `KIND/NAME`; a kind alone stands for all of it, at least one (`condition`)
    #[schemars(example = &"certificate/web")]
    pub of: Option<Argument>,
    /// Labels of those that count, as kubectl takes them (`condition`)
    ///
    /// Example: `{ condition = "Ready", of = "pods", selector = "app=web", namespace = "shop" }`
    pub selector: Option<Argument>,
    /// Namespace of the object (`rollout`, `job`, `condition`)
    ///
    /// Default: `default`
    pub namespace: Option<Argument>,
    /// Host that is asked (`file`, `command`); without it this machine
    #[schemars(example = &"backend")]
    pub host: Option<HostName>,
    /// Status that counts (`http`): a number, a range such as `"200-399"`, or a list of them
    ///
    /// Default: 200 to 299
    #[schemars(example = serde_json::json!([200, 204]))]
    pub status: Option<OneOrMany<Status>>,
    /// What is asked for (`http`): GET and HEAD only look, what changes something is done at each try
    ///
    /// Default: `GET`
    pub method: Option<Method>,
    /// Values that the answer must have, by their place in its JSON (`http`)
    ///
    /// Example: `{ http = "http://127.0.0.1:3000/api/health", json = { ".database" = "ok" } }`
    #[serde(default)]
    #[schemars(extend("propertyNames" = { "format": "json-path" }))]
    pub json: IndexMap<String, Input>,
    /// Regular expression that the answer must match (`http`), or the output (`command`)
    #[schemars(example = &"\"status\": *\"ok\"")]
    pub body: Option<Pattern>,
    /// Header lines to send (`http`)
    #[schemars(example = serde_json::json!({"Accept": "application/json"}))]
    #[serde(default)]
    pub headers: IndexMap<String, Template>,
    /// Follow redirects (`http`); without it a redirect is the answer
    #[serde(default)]
    pub redirects: bool,
    /// Certificates to trust besides those of the system, as a PEM file (`http`, `tls`)
    ///
    /// Example: `ca = "certs/lab-ca.pem"`
    pub ca: Option<FilePath>,
    /// Where to connect, whatever DNS says of the name yet (`http`, `tls`)
    ///
    /// Example: `{ tls = "app.example.com", address = "{{host.backend.address}}" }`
    pub address: Option<Argument>,
    /// Text in the name of the issuer (`tls`)
    #[schemars(example = &"Let's Encrypt")]
    pub issuer: Option<String>,
    /// Days the certificate must still be valid (`tls`)
    #[schemars(example = 7)]
    pub days_left: Option<u32>,
    /// Cluster (`ecs`)
    #[schemars(example = &"{{environment}}-cluster")]
    pub cluster: Option<Argument>,
    /// Region (`ecs`)
    #[schemars(example = &"eu-west-3")]
    pub region: Option<Argument>,
    /// It has to stay good for so long without a break; after a break the time begins anew
    ///
    /// Default: `5s` for a service (`ecs`), none for everything else
    ///
    /// Example: `{ http = "https://{{output.fqdn}}/health", hold = "5m", every = "10s", at-most = 2 }`
    pub hold: Option<Period>,
    /// How many breaks of `hold` there may be; one more ends the wait at once
    ///
    /// Default: as many as `attempts` allows
    #[schemars(example = 2)]
    pub at_most: Option<u32>,
    /// Regular expressions for what cannot get well: the wait ends at once when the other side says so
    ///
    /// Example: `fail-fast = ["FATAL", "CrashLoopBackOff"]`
    #[serde(default)]
    pub fail_fast: Vec<Pattern>,
    /// How long one try may take
    ///
    /// Default: `10s`
    pub each: Option<Period>,
    /// How often it may be tried and found not good; may stand beside `wait` as well
    ///
    /// Default: `30`; `150` for what is in a cluster (`rollout`, `job`, `condition`)
    #[schemars(example = 15)]
    #[schemars(range(min = 1))]
    pub attempts: Option<u32>,
    /// From the start of one try to the start of the next; may stand beside `wait` as well
    ///
    /// Default: `5s`; `2s` for what is in a cluster (`rollout`, `job`, `condition`)
    #[schemars(example = &"10s")]
    pub every: Option<Period>,
}
