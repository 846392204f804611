//! An Application of Argo CD, as the API has it: what it says, and nothing decided.

use jiff::Timestamp;
use serde_json::Value as Json;

use super::argocd::short;

/// An Application.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Application<'j>(pub(crate) &'j Json);

/// What is wrong with how it is written, or with its repository.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// In its own words.
    pub text: String,
    /// It does not get well by itself.
    pub is_lasting: bool,
}

/// One line of the table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Row {
    /// Its name.
    pub app: String,
    /// Whether it is synchronised.
    pub sync: String,
    /// Whether it is healthy.
    pub health: String,
    /// The commit it is at.
    pub revision: String,
    /// What is to be said besides.
    pub message: String,
}

impl Row {
    /// Its cells in order.
    pub(super) fn cells(&self) -> [String; 5] {
        [&self.app, &self.sync, &self.health, &self.revision, &self.message].map(Clone::clone)
    }
}

/// Texts of errors that no waiting mends.
const LASTING: [&str; 12] = [
    "authentication",
    "authorization",
    "unauthorized",
    "permission denied",
    "x509",
    "not found",
    "does not exist",
    "unable to resolve",
    "no such host",
    "unknown revision",
    "not permitted",
    "invalid",
];

impl<'j> Application<'j> {
    fn text(self, pointer: &str) -> &'j str {
        self.0.pointer(pointer).and_then(Json::as_str).unwrap_or_default()
    }

    fn time(self, pointer: &str) -> Option<Timestamp> {
        self.text(pointer).parse().ok()
    }

    fn list(self, pointer: &str) -> impl Iterator<Item = &'j Json> + use<'j> {
        self.0.pointer(pointer).and_then(Json::as_array).into_iter().flatten()
    }

    /// Its name.
    pub(crate) fn name(self) -> &'j str {
        self.text("/metadata/name")
    }

    /// Its namespace.
    pub(crate) fn namespace(self) -> &'j str {
        self.text("/metadata/namespace")
    }

    /// Its version in the API.
    pub(crate) fn version(self) -> &'j str {
        self.text("/metadata/resourceVersion")
    }

    /// It was asked to look again, and has not yet.
    pub(crate) fn is_refreshing(self) -> bool {
        self.0.pointer("/metadata/annotations/argocd.argoproj.io~1refresh").is_some()
    }

    /// When it looked last.
    pub(crate) fn reconciled(self) -> Option<Timestamp> {
        self.time("/status/reconciledAt")
    }

    /// When its last operation ended.
    pub(crate) fn finished(self) -> Option<Timestamp> {
        self.time("/status/operationState/finishedAt")
    }

    /// `Synced`, `OutOfSync` or `Unknown`.
    pub(crate) fn sync(self) -> &'j str {
        match self.text("/status/sync/status") {
            "" => "Unknown",
            status => status,
        }
    }

    /// `Healthy`, `Progressing`, `Degraded`, `Suspended`, `Missing` or `Unknown`.
    pub(crate) fn health(self) -> &'j str {
        match self.text("/status/health/status") {
            "" => "Unknown",
            status => status,
        }
    }

    fn revisions(self) -> impl Iterator<Item = &'j str> + use<'j> {
        let one = self.0.pointer("/status/sync/revision");
        one.into_iter().chain(self.list("/status/sync/revisions")).filter_map(Json::as_str)
    }

    /// The commit it is at, short.
    pub(crate) fn revision(self) -> String {
        self.revisions().filter(|one| !one.is_empty()).map(short).collect::<Vec<_>>().join(" ")
    }

    /// It is at this commit; the beginning of one is enough.
    pub(crate) fn is_at(self, wanted: &str) -> bool {
        let is_it = |one: &str| {
            one.eq_ignore_ascii_case(wanted)
                || (wanted.len() >= 7 && one.to_lowercase().starts_with(&wanted.to_lowercase()))
        };
        self.revisions().any(is_it)
    }

    /// It synchronises by itself.
    pub(crate) fn is_automated(self) -> bool {
        let automated =
            self.0.pointer("/spec/syncPolicy/automated").filter(|automated| automated.is_object());
        automated.is_some_and(|automated| automated.get("enabled") != Some(&Json::Bool(false)))
    }

    fn phase(self) -> &'j str {
        self.text("/status/operationState/phase")
    }

    /// An operation is asked for, or under way.
    pub(crate) fn is_running(self) -> bool {
        self.0.get("operation").is_some_and(|operation| !operation.is_null())
            || matches!(self.phase(), "Running" | "Terminating")
    }

    /// The last operation has failed.
    pub(crate) fn has_failed(self) -> bool {
        matches!(self.phase(), "Failed" | "Error")
    }

    /// The last operation is the one with this mark.
    pub(crate) fn is_marked(self, mark: &str) -> bool {
        self.list("/status/operationState/operation/info")
            .any(|info| info["name"] == "infractl" && info["value"] == mark)
    }

    /// What its last operation does, or why it failed.
    pub(crate) fn operation_words(self) -> String {
        let message = self.text("/status/operationState/message");
        if self.has_failed() && !self.is_running() {
            let failed = self.list("/status/operationState/syncResult/resources").find(|one| {
                one["status"] == "SyncFailed" || one["hookPhase"] == "Failed" || one["hookPhase"] == "Error"
            });
            let of = failed.map_or(String::new(), |one| {
                let text = |name: &str| one.get(name).and_then(Json::as_str).unwrap_or_default();
                format!("; {} {}: {}", text("kind"), text("name"), text("message"))
            });
            return format!("its synchronisation has failed: {message}{of}");
        }
        let by = match self.text("/status/operationState/operation/initiatedBy/username") {
            "" => String::new(),
            name => format!(" by {name}"),
        };
        let since = match self.text("/status/operationState/startedAt") {
            since if !since.is_empty() && self.phase() != "Succeeded" => format!(", since {since}"),
            _ => String::new(),
        };
        let message = if message.is_empty() || self.phase() == "Succeeded" {
            String::new()
        } else {
            format!(": {message}")
        };
        format!("a synchronisation{by} is under way{since}{message}")
    }

    /// There is something to synchronise, or the last time went wrong.
    pub(crate) fn needs_sync(self, revision: Option<&str>) -> bool {
        self.sync() != "Synced" || self.has_failed() || revision.is_some_and(|wanted| !self.is_at(wanted))
    }

    /// Why it is as healthy as it is: the first of its resources that is not.
    pub(crate) fn health_words(self) -> String {
        let sick = self.list("/status/resources").find_map(|one| {
            let health = one.pointer("/health/status").and_then(Json::as_str)?;
            let text = |name: &str| one.get(name).and_then(Json::as_str).unwrap_or_default();
            let message = one.pointer("/health/message").and_then(Json::as_str).unwrap_or_default();
            let message = if message.is_empty() { String::new() } else { format!(": {message}") };
            (health != "Healthy")
                .then(|| format!(" ({} {} is {health}{message})", text("kind"), text("name")))
        });
        let own = match self.text("/status/health/message") {
            "" => String::new(),
            own => format!(": {own}"),
        };
        format!("it is {}{}", self.health(), sick.unwrap_or(own))
    }

    /// What is wrong with how it is written, or with its repository.
    pub(crate) fn error(self) -> Option<Wrong> {
        let text =
            |one: &Json, name: &str| one.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
        let one = self.list("/status/conditions").find(|one| text(one, "type").ends_with("Error"))?;
        let (kind, message) = (text(one, "type"), text(one, "message"));
        // Of a synchronisation that is judged by itself.
        if kind == "SyncError" {
            return None;
        }
        let small = message.to_lowercase();
        let is_lasting = kind == "InvalidSpecError" || LASTING.iter().any(|words| small.contains(words));
        Some(Wrong { text: format!("{kind}: {message}"), is_lasting })
    }

    /// The Applications that it makes: namespace and name.
    pub(crate) fn children(self) -> Vec<(String, String)> {
        let is_one = |one: &&Json| one["kind"] == "Application" && one["group"] == "argoproj.io";
        let name = |one: &'j Json| {
            let namespace =
                one.get("namespace").and_then(Json::as_str).filter(|namespace| !namespace.is_empty());
            Some((namespace.unwrap_or(self.namespace()).to_owned(), one.get("name")?.as_str()?.to_owned()))
        };
        self.list("/status/resources").filter(is_one).filter_map(name).collect()
    }

    /// Its line of the table.
    pub(crate) fn row(self, message: String) -> Row {
        Row {
            app: self.name().to_owned(),
            sync: self.sync().to_owned(),
            health: self.health().to_owned(),
            revision: self.revision(),
            message,
        }
    }
}
