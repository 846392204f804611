//! Waiting as meant: exactly one thing, how often, how far apart.

use std::path::PathBuf;
use std::time::Duration;

use indexmap::IndexMap;

use crate::config::model;
use crate::config::step::unchecked;
use crate::failure::Failure;

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
    /// It has to stay good for so long.
    pub hold: Duration,
    /// How many breaks of that there may be; any number if none.
    pub at_most: Option<u32>,
    /// Regular expressions for what cannot get well.
    pub fail_fast: Vec<String>,
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
        /// What is asked for.
        method: model::Method,
        /// Status that counts; 200 to 299 if empty.
        status: Vec<model::Status>,
        /// Regular expression that the answer matches.
        body: Option<String>,
        /// Values that the answer has, by their place in its JSON.
        json: IndexMap<String, model::Input>,
        /// Header lines to send; values may name secrets.
        headers: model::Variables,
        /// Follow redirects.
        redirects: bool,
        /// Where to connect instead of where DNS says.
        address: Option<model::Argument>,
        /// Certificates to trust besides those of the system.
        ca: Option<PathBuf>,
    },
    /// A certificate is valid.
    Tls {
        /// `name` or `name:port`.
        name: model::Argument,
        /// Text in the name of the issuer.
        issuer: Option<String>,
        /// Days it must still be valid.
        days_left: u32,
        /// Where to connect instead of where DNS says.
        address: Option<model::Argument>,
        /// Certificates to trust besides those of the system.
        ca: Option<PathBuf>,
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
    /// Objects of Kubernetes are as they should be.
    Object {
        /// What of them is looked at.
        aspect: Aspect,
        /// The object: `KIND/NAME`, or a kind.
        of: model::Argument,
        /// Its namespace.
        namespace: Option<model::Argument>,
        /// Labels of those that count.
        selector: Option<model::Argument>,
    },
}

/// What of an object is looked at.
#[derive(Debug, Clone, PartialEq)]
pub enum Aspect {
    /// It runs everywhere as it was last written.
    Rollout,
    /// It has ended well.
    Job,
    /// This condition has the status that is wanted.
    Condition(model::Argument),
}

impl Until {
    /// The host that is asked; none for this machine.
    pub fn host(&self) -> Option<&str> {
        match self {
            Until::Ssh { host } => Some(host),
            Until::File { host, .. } | Until::Command { host, .. } => host.as_deref(),
            _ => None,
        }
    }
}

/// How often and how far apart when the file is silent.
const ATTEMPTS: u32 = 30;
pub(super) const EVERY: Duration = Duration::from_secs(5);
const EACH: Duration = Duration::from_secs(10);
/// The same for objects of a cluster: a look costs little.
const LOOKS: u32 = 150;
const BETWEEN: Duration = Duration::from_secs(2);
/// How long a service of ECS has to stay steady: AWS also calls one so whose programs die after a moment.
const STEADY: Duration = Duration::from_secs(5);

impl Wait {
    /// The same as a question: tried once.
    pub(super) fn once(entry: model::Wait) -> Result<Wait, Failure> {
        Ok(Wait { attempts: 1, ..Wait::from_entry(entry, None, None)? })
    }

    /// The meaning of a wait as written; `attempts` and `every` may stand beside it.
    pub(super) fn from_entry(
        entry: model::Wait,
        attempts: Option<u32>,
        every: Option<model::Period>,
    ) -> Result<Wait, Failure> {
        let host = entry.host.map(|host| host.0);
        let body = entry.body.map(|pattern| pattern.0);
        let ca = entry.ca.map(|path| path.0);
        let address = entry.address;
        let until = if let Some(host) = entry.ssh {
            Until::Ssh { host: host.0 }
        } else if let Some(address) = entry.tcp {
            Until::Tcp { address }
        } else if let Some(url) = entry.http {
            let status = entry.status.map(model::OneOrMany::into_vec).unwrap_or_default();
            Until::Http {
                url,
                method: entry.method.unwrap_or_default(),
                status,
                body,
                json: entry.json,
                headers: entry.headers,
                redirects: entry.redirects,
                address,
                ca,
            }
        } else if let Some(name) = entry.tls {
            let days_left = entry.days_left.unwrap_or(0);
            Until::Tls { name, issuer: entry.issuer, days_left, address, ca }
        } else if let Some(path) = entry.file {
            Until::File { path, host }
        } else if let Some(command) = entry.command {
            Until::Command { command: command.into_table(), host, output: body }
        } else if let Some(name) = entry.ecs {
            Until::Ecs { name, cluster: entry.cluster, region: entry.region }
        } else if let Some((aspect, of)) = object(entry.rollout, entry.job, entry.condition.zip(entry.of)) {
            Until::Object { aspect, of, namespace: entry.namespace, selector: entry.selector }
        } else {
            return Err(unchecked("a wait without a kind"));
        };
        let usual = if matches!(until, Until::Ecs { .. }) { STEADY } else { Duration::ZERO };
        let hold = entry.hold.map_or(usual, |hold| hold.0);
        let (looks, between) =
            if matches!(until, Until::Object { .. }) { (LOOKS, BETWEEN) } else { (ATTEMPTS, EVERY) };
        Ok(Wait {
            until,
            attempts: entry.attempts.or(attempts).unwrap_or(looks),
            every: entry.every.or(every).map_or(between, |every| every.0),
            each: entry.each.map_or(EACH, |each| each.0),
            hold,
            at_most: entry.at_most,
            fail_fast: entry.fail_fast.into_iter().map(|pattern| pattern.0).collect(),
        })
    }
}

/// What of which object is looked at.
fn object(
    rollout: Option<model::Argument>,
    job: Option<model::Argument>,
    condition: Option<(model::Argument, model::Argument)>,
) -> Option<(Aspect, model::Argument)> {
    rollout
        .map(|of| (Aspect::Rollout, of))
        .or(job.map(|of| (Aspect::Job, of)))
        .or(condition.map(|(condition, of)| (Aspect::Condition(condition), of)))
}

impl Wait {
    /// What a step is called when the file gives it no name.
    pub(super) fn name(&self) -> String {
        let on = |host: &Option<String>| host.as_ref().map_or(String::new(), |host| format!(" on {host}"));
        match &self.until {
            Until::Ssh { host } => format!("wait ssh {host}"),
            Until::Tcp { address } => format!("wait tcp {}", address.0),
            Until::Http { url, .. } => format!("wait http {}", url.0),
            Until::Tls { name, .. } => format!("wait tls {}", name.0),
            Until::File { path, host } => format!("wait file {}{}", path.0, on(host)),
            Until::Command { command, host, .. } => format!("wait {}{}", command.run.name(), on(host)),
            Until::Ecs { name, .. } => format!("wait ecs {}", name.0),
            Until::Object { aspect: Aspect::Rollout, of, .. } => format!("wait rollout {}", of.0),
            Until::Object { aspect: Aspect::Job, of, .. } => format!("wait job {}", of.0),
            Until::Object { aspect: Aspect::Condition(name), of, .. } => format!("wait {} {}", name.0, of.0),
        }
    }
}
