//! What AWS says of a task that is over, as far as it tells why. Pure.

use serde_json::Value as Json;

use super::log::Log;

/// What is known of a task that is over, or that was refused.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stopped {
    pub(crate) region: String,
    pub(crate) cluster: String,
    /// Its id.
    pub(crate) task: String,
    /// Family and revision.
    pub(crate) definition: String,
    /// The service that it belonged to.
    pub(crate) service: String,
    pub(crate) code: String,
    pub(crate) reason: String,
    pub(crate) containers: Vec<Container>,
    /// Kind, status and details of network interfaces and the like.
    pub(crate) attachments: Vec<Attachment>,
    /// What happened when.
    pub(crate) times: Vec<(&'static str, String)>,
    /// Names of its execution role and of its task role.
    pub(crate) roles: (String, String),
    /// The last lines of its log.
    pub(crate) lines: Vec<String>,
}

/// One of its containers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Container {
    pub(crate) name: String,
    pub(crate) image: String,
    pub(crate) exit: Option<i64>,
    pub(crate) reason: String,
    pub(crate) is_essential: bool,
    /// Its log, if that is in CloudWatch.
    pub(crate) log: Option<Log>,
}

/// A network interface, or the like.
#[derive(Debug, Clone, Default)]
pub(crate) struct Attachment {
    pub(crate) kind: String,
    pub(crate) status: String,
    pub(crate) details: Vec<(String, String)>,
}

const TIMES: [&str; 6] =
    ["createdAt", "pullStartedAt", "pullStoppedAt", "startedAt", "stoppingAt", "stoppedAt"];

fn text<'a>(value: &'a Json, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn list<'a>(value: &'a Json, key: &str) -> impl Iterator<Item = &'a Json> + use<'a> {
    value[key].as_array().into_iter().flatten()
}

/// The last part of an ARN.
fn last(arn: &str) -> String {
    arn.rsplit('/').next().unwrap_or(arn).to_owned()
}

impl Stopped {
    /// A task as `DescribeTasks` has it, its definition as `DescribeTaskDefinition` has it or null, and its last lines.
    pub(crate) fn of(task: &Json, definition: &Json, lines: &[String]) -> Stopped {
        let arn = text(task, "taskArn");
        let defined =
            |name: &str| list(definition, "containerDefinitions").find(|one| text(one, "name") == name);
        let container = |one: &Json| {
            let name = text(one, "name");
            let own = defined(name).unwrap_or(&Json::Null);
            let image = [text(one, "image"), text(own, "image")].into_iter().find(|text| !text.is_empty());
            Container {
                name: name.to_owned(),
                image: image.unwrap_or_default().to_owned(),
                exit: one["exitCode"].as_i64(),
                reason: one_line(text(one, "reason")),
                is_essential: own["essential"].as_bool().unwrap_or(true),
                log: Log::all(definition).find(|log| log.container == name && log.is_here()),
            }
        };
        let attachment = |one: &Json| Attachment {
            kind: text(one, "type").to_owned(),
            status: text(one, "status").to_owned(),
            details: list(one, "details")
                .map(|detail| (text(detail, "name").to_owned(), text(detail, "value").to_owned()))
                .collect(),
        };
        let time = |name: &'static str| match &task[name] {
            Json::String(text) => Some((name, text.clone())),
            Json::Number(number) => {
                let since = jiff::SignedDuration::try_from_secs_f64(number.as_f64()?.trunc()).ok()?;
                Some((name, jiff::Timestamp::from_duration(since).ok()?.to_string()))
            }
            _ => None,
        };
        let role = |name: &str| last(text(definition, name));
        Stopped {
            region: arn.split(':').nth(3).unwrap_or_default().to_owned(),
            cluster: last(text(task, "clusterArn")),
            task: last(arn),
            definition: last(text(task, "taskDefinitionArn")),
            service: text(task, "group").strip_prefix("service:").unwrap_or_default().to_owned(),
            code: text(task, "stopCode").to_owned(),
            reason: one_line(text(task, "stoppedReason")),
            containers: list(task, "containers").map(container).collect(),
            attachments: list(task, "attachments").map(attachment).collect(),
            times: TIMES.into_iter().filter_map(time).collect(),
            roles: (role("executionRoleArn"), role("taskRoleArn")),
            lines: lines.to_vec(),
        }
    }

    /// A task that AWS did not even begin, in its words: the `failures` of `RunTask`, or its error.
    pub(crate) fn refused(region: &str, cluster: &str, words: &str) -> Stopped {
        Stopped {
            region: region.to_owned(),
            cluster: last(cluster),
            reason: one_line(words),
            ..Stopped::default()
        }
    }

    /// Why it is over, in the words of AWS: of its containers first, they say more.
    pub(crate) fn reasons(&self) -> Vec<String> {
        let of_containers = self.containers.iter().filter(|one| !one.reason.is_empty());
        let mut all: Vec<String> = of_containers.map(|one| format!("{}: {}", one.name, one.reason)).collect();
        if !self.reason.is_empty() && !self.containers.iter().any(|one| one.reason == self.reason) {
            all.push(self.reason.clone());
        }
        all
    }

    /// The exit code that tells most: of an essential container that failed, else of any, else of the first.
    pub(crate) fn exit(&self) -> Option<i64> {
        self.failed().and_then(|one| one.exit)
    }

    /// The container that tells most. What AWS ended with the others did not fail.
    pub(crate) fn failed(&self) -> Option<&Container> {
        let is_bad = |one: &&Container| one.exit.is_some_and(|code| code != 0);
        let is_ended = |one: &Container| matches!(one.exit, Some(137 | 143));
        let all = || self.containers.iter().filter(is_bad);
        all()
            .find(|one| one.is_essential && !is_ended(one))
            .or_else(|| all().find(|one| one.is_essential))
            .or_else(|| all().next())
            .or_else(|| self.containers.iter().find(|one| one.is_essential && one.exit.is_some()))
    }

    /// A detail of what it was attached to.
    pub(crate) fn detail(&self, name: &str) -> Option<&str> {
        let mut details = self.attachments.iter().flat_map(|one| &one.details);
        details.find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// All that was seen, word by word.
    pub(crate) fn evidence(&self) -> Vec<String> {
        let mut all = self.reasons();
        for one in self.containers.iter().filter(|one| one.is_essential) {
            match one.exit {
                Some(code) => all.push(format!("{}: exit code {code}", one.name)),
                None => all.push(format!("{}: no exit code, it never ended by itself", one.name)),
            }
        }
        if !self.code.is_empty() {
            all.push(format!("stop code {}", self.code));
        }
        let is_odd =
            |one: &&Attachment| !["", "ATTACHED", "DETACHED", "DELETED"].contains(&one.status.as_str());
        all.extend(self.attachments.iter().filter(is_odd).map(|one| format!("{}: {}", one.kind, one.status)));
        if self.reason.is_empty() && self.containers.iter().all(|one| one.reason.is_empty()) {
            all.extend(self.times.iter().map(|(name, time)| format!("{name} {time}")));
        }
        all
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
