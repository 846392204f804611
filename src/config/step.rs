//! A step as meant: exactly one kind, and what every kind may say.

use std::time::Duration;

use crate::config::model::{self, OnFailureWord, StepEntry};
use crate::failure::{Failure, Kind};

/// A step of a pipeline.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Shown, and given to `--from`, `--only` and `--skip`.
    pub name: String,
    /// Done only when all of this is true.
    pub when: Option<model::When>,
    /// Ended when it takes longer.
    pub timeout: Option<Duration>,
    /// Tried again when it fails.
    pub retry: Option<Retry>,
    /// Secrets it may see; all if none are named.
    pub secrets: Option<Vec<String>>,
    /// What happens when it has failed.
    pub on_failure: OnFailure,
    /// What it does.
    pub action: Action,
}

/// When and how often a step is tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retry {
    /// How often it is tried, the first time included.
    pub attempts: u32,
    /// From the start of one try to the start of the next.
    pub every: Duration,
    /// Regular expressions: tried again only when a line of the output matches one; always if empty.
    pub on: Vec<String>,
}

/// What happens when a step has failed.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum OnFailure {
    /// The pipeline has failed.
    #[default]
    Stop,
    /// A warning, and on.
    Continue,
    /// These steps, then the pipeline has failed.
    Steps(Vec<Step>),
}

/// What a step does.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Another verb or pipeline.
    Do(String),
    /// A command on this machine.
    Command(model::CommandTable),
    /// Wait until something answers.
    Wait(Wait),
    /// Copy files to a host.
    Copy(model::Copy),
    /// A command on a host.
    Remote(model::Remote),
    /// `docker compose`, here or on a host.
    Compose(model::Compose),
    /// A playbook.
    Ansible(model::AnsibleStep),
    /// Build, push or run an image.
    Docker(model::Docker),
    /// A task or service of AWS ECS.
    Ecs(model::Ecs),
    /// Make, check, restore or thin out snapshots.
    Snapshot(model::SnapshotStep),
    /// Publish folders as git repositories.
    Publish(model::Publish),
    /// Tag, commit or push.
    Git(model::Git),
}

/// Wait until something answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Wait {
    /// What is waited for.
    pub until: Until,
    /// How often it is tried.
    pub attempts: u32,
    /// From the start of one try to the start of the next.
    pub every: Duration,
    /// How long one try may take.
    pub each: Duration,
}

/// What is waited for.
#[derive(Debug, Clone, PartialEq)]
pub enum Until {
    /// A login to this host works.
    Ssh {
        /// Host of `[hosts]`.
        host: String,
    },
    /// `host:port` accepts a connection.
    Tcp {
        /// `host:port`.
        address: model::Argument,
    },
    /// An address answers.
    Http {
        /// The address.
        url: model::Argument,
        /// Status that counts; 200 to 399 if empty.
        status: Vec<u16>,
        /// Regular expression that the answer matches.
        body: Option<String>,
        /// Header lines to send; values may name secrets.
        headers: model::Variables,
    },
    /// A certificate is valid.
    Tls {
        /// `name` or `name:port`.
        name: model::Argument,
        /// Text in the name of the issuer.
        issuer: Option<String>,
        /// Days it must still be valid.
        days_left: u32,
    },
    /// A file is there.
    File {
        /// Its path on the host.
        path: model::Argument,
        /// Host of `[hosts]`, or this machine.
        host: Option<String>,
    },
    /// A command ends with 0.
    Command {
        /// The command.
        command: model::CommandTable,
        /// Host of `[hosts]`, or this machine.
        host: Option<String>,
        /// Regular expression that its output matches.
        output: Option<String>,
    },
    /// A task of ECS has ended, or a service is steady.
    Ecs {
        /// Task of `[tasks]`, or name of a service.
        name: model::Argument,
        /// Cluster.
        cluster: Option<model::Argument>,
        /// Region.
        region: Option<model::Argument>,
    },
}

/// How often and how far apart a step is tried when the file is silent.
const ATTEMPTS: u32 = 30;
const RETRIES: u32 = 3;
const EVERY: Duration = Duration::from_secs(5);
const EACH: Duration = Duration::from_secs(10);

/// Verbs that a `do` step may name, besides pipelines of the project.
pub const DOABLE: [&str; 22] = [
    "apply", "bootstrap", "build", "check", "deploy", "destroy", "down", "drift", "fmt", "genenv", "init",
    "inventory", "plan", "promote", "push", "refresh", "release", "rollback", "start", "state", "stop", "up",
];

/// Verbs that no pipeline can replace.
pub const RESERVED: [&str; 20] = [
    "ci", "completions", "docs", "doctor", "env", "exec", "graph", "help", "history", "import", "logs", "new",
    "output", "pipeline", "run", "secrets", "snapshot", "ssh", "unlock", "validate",
];

/// The verbs that a verb does by itself when no pipeline replaces it.
pub fn built_in(verb: &str) -> &'static [&'static str] {
    match verb {
        "up" => &["init", "apply", "deploy"],
        "down" => &["destroy"],
        "refresh" => &["down", "up"],
        "apply" => &["genenv", "inventory"],
        _ => &[],
    }
}

impl Step {
    /// A step of this kind that says nothing more.
    pub fn new(name: impl Into<String>, action: Action) -> Step {
        Step {
            name: name.into(),
            when: None,
            timeout: None,
            retry: None,
            secrets: None,
            on_failure: OnFailure::Stop,
            action,
        }
    }

    /// The meaning of a step as written, which `config/check.rs` has found good.
    pub(crate) fn from_entry(entry: StepEntry) -> Result<Step, Failure> {
        let action = action(&entry)?;
        let name = entry.name.unwrap_or_else(|| action.name());
        let retry = entry.retry.map(|retry| Retry {
            attempts: retry.attempts.unwrap_or(RETRIES),
            every: retry.every.map_or(EVERY, |every| every.0),
            on: retry.on.into_iter().map(|pattern| pattern.0).collect(),
        });
        let on_failure = match entry.on_failure {
            None | Some(model::OnFailure::Word(OnFailureWord::Stop)) => OnFailure::Stop,
            Some(model::OnFailure::Word(OnFailureWord::Continue)) => OnFailure::Continue,
            Some(model::OnFailure::Steps(steps)) => OnFailure::Steps(Step::from_entries(steps)?),
        };
        Ok(Step {
            name,
            when: entry.when,
            timeout: entry.timeout.map(|timeout| timeout.0),
            retry,
            secrets: entry.secrets.map(|names| names.into_iter().map(|name| name.0).collect()),
            on_failure,
            action,
        })
    }

    /// The meaning of a pipeline as written; two steps of the same name get numbers.
    pub(crate) fn from_entries(entries: Vec<StepEntry>) -> Result<Vec<Step>, Failure> {
        let mut steps: Vec<Step> = Vec::new();
        for entry in entries {
            let mut step = Step::from_entry(entry)?;
            let same = |name: &str| steps.iter().any(|step| step.name == name);
            let number = (2..).find(|number| !same(&format!("{} {number}", step.name)));
            if let Some(number) = number.filter(|_| same(&step.name)) {
                step.name = format!("{} {number}", step.name);
            }
            steps.push(step);
        }
        Ok(steps)
    }
}

fn action(entry: &StepEntry) -> Result<Action, Failure> {
    let entry = entry.clone();
    let wait = (entry.attempts, entry.every);
    None.or(entry.r#do.map(|verb| Ok(Action::Do(verb))))
        .or(entry.command.map(|line| Ok(Action::Command(line.into_table()))))
        .or(entry.wait.map(|entry| Wait::from_entry(entry, wait.0, wait.1).map(Action::Wait)))
        .or(entry.copy.map(|copy| Ok(Action::Copy(copy))))
        .or(entry.remote.map(|remote| Ok(Action::Remote(remote))))
        .or(entry.compose.map(|compose| Ok(Action::Compose(compose))))
        .or(entry.ansible.map(|ansible| Ok(Action::Ansible(ansible))))
        .or(entry.docker.map(|docker| Ok(Action::Docker(docker))))
        .or(entry.ecs.map(|ecs| Ok(Action::Ecs(ecs))))
        .or(entry.snapshot.map(|snapshot| Ok(Action::Snapshot(snapshot))))
        .or(entry.publish.map(|publish| Ok(Action::Publish(publish))))
        .or(entry.git.map(|git| Ok(Action::Git(git))))
        .unwrap_or_else(|| Err(unchecked("a step without a kind")))
}

impl Wait {
    fn from_entry(
        entry: model::Wait,
        attempts: Option<u32>,
        every: Option<model::Period>,
    ) -> Result<Wait, Failure> {
        let host = entry.host.map(|host| host.0);
        let body = entry.body.map(|pattern| pattern.0);
        let until = if let Some(host) = entry.ssh {
            Until::Ssh { host: host.0 }
        } else if let Some(address) = entry.tcp {
            Until::Tcp { address }
        } else if let Some(url) = entry.http {
            let status = entry.status.map(model::OneOrMany::into_vec).unwrap_or_default();
            Until::Http { url, status, body, headers: entry.headers }
        } else if let Some(name) = entry.tls {
            Until::Tls { name, issuer: entry.issuer, days_left: entry.days_left.unwrap_or(0) }
        } else if let Some(path) = entry.file {
            Until::File { path, host }
        } else if let Some(command) = entry.command {
            Until::Command { command: command.into_table(), host, output: body }
        } else if let Some(name) = entry.ecs {
            Until::Ecs { name, cluster: entry.cluster, region: entry.region }
        } else {
            return Err(unchecked("a wait without a kind"));
        };
        Ok(Wait {
            until,
            attempts: entry.attempts.or(attempts).unwrap_or(ATTEMPTS),
            every: entry.every.or(every).map_or(EVERY, |every| every.0),
            each: entry.each.map_or(EACH, |each| each.0),
        })
    }
}

/// Something the checks should have refused got through them.
pub(crate) fn unchecked(what: &str) -> Failure {
    Failure::new(Kind::Bug, format!("{what} got through the checks of the configuration"))
}
