//! A step as meant: exactly one kind, and what every kind may say.

use std::time::Duration;

use indexmap::IndexMap;

use crate::config::model::{self, OnFailureWord, StepEntry, StepOrLine};
use crate::config::template::{Name, Template};
use crate::config::verbs::Declared;
pub(crate) use crate::config::wait::Aspect;
use crate::config::wait::EVERY;
pub use crate::config::wait::Until;
pub(crate) use crate::config::wait::Wait;
use crate::failure::{Failure, Kind};

/// A step of a pipeline.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Shown, and given to `--from`, `--only` and `--skip`.
    pub name: String,
    /// Done only when all of this is true.
    pub when: Option<model::When>,
    /// Done only when this is not true already.
    pub unless: Option<Wait>,
    /// Waited for after it.
    pub verify: Option<Wait>,
    /// What is taken of what it said, by name.
    pub(crate) capture: IndexMap<String, model::Capture>,
    /// Ended when it takes longer.
    pub timeout: Option<Duration>,
    /// Tried again when it fails.
    pub retry: Option<Retry>,
    /// Secrets it may see; all when the file is silent.
    pub secrets: Option<Vec<String>>,
    /// What happens when it has failed.
    pub on_failure: OnFailure,
    /// What the project says that its commands do; none when it is silent.
    pub effect: Option<Declared>,
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
    /// Regular expressions, `transient` or `any`: tried again only for those; `transient` if empty.
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
    /// Another verb or pipeline; its steps, where they stand there with what this call gives them.
    Do(String, Option<Vec<Step>>),
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
    /// A request of HTTP.
    Http(model::Http),
    /// Objects of Kubernetes.
    Kubernetes(Box<model::Kubernetes>),
    /// An Application of Argo CD.
    ArgoCd(model::ArgoCd),
    /// Share traffic out.
    Traffic(model::TrafficStep),
    /// Show a page in front of everything, or take it away.
    Maintenance(model::OnOff),
    /// Make the cluster, delete it, or wait for it.
    Cluster(model::ClusterStep),
    /// Install, upgrade or remove a release of helm.
    Helm(model::Helm),
    /// Make a role and a database.
    Database(model::Database),
}

impl Action {
    /// The word that the kind has in a file, and a name for people: short, and different for most steps of a pipeline.
    fn words(&self) -> (&'static str, String) {
        match self {
            Action::Do(verb, _) => ("do", verb.clone()),
            Action::Command(command) => ("command", command.run.name()),
            Action::Wait(wait) => ("wait", wait.name()),
            Action::Copy(copy) => ("copy", copy.step_name()),
            Action::Remote(remote) => ("remote", remote.step_name()),
            Action::Compose(compose) => ("compose", compose.step_name()),
            Action::Ansible(ansible) => ("ansible", ansible.step_name()),
            Action::Docker(docker) => ("docker", docker.step_name()),
            Action::Ecs(ecs) => ("ecs", ecs.step_name()),
            Action::Snapshot(snapshot) => ("snapshot", snapshot.step_name()),
            Action::Publish(publish) => ("publish", publish.step_name()),
            Action::Git(git) => ("git", git.step_name()),
            Action::Http(http) => ("http", http.step_name()),
            Action::Kubernetes(kubernetes) => ("kubernetes", kubernetes.step_name()),
            Action::ArgoCd(argocd) => ("argocd", argocd.step_name()),
            Action::Traffic(traffic) => ("traffic", traffic.step_name()),
            Action::Maintenance(to) => ("maintenance", format!("maintenance {}", to.word())),
            Action::Cluster(to) => ("cluster", format!("cluster {}", to.word())),
            Action::Helm(helm) => ("helm", helm.step_name()),
            Action::Database(database) => ("database", database.step_name()),
        }
    }

    /// The word that the kind has in a file.
    pub(crate) fn kind(&self) -> &'static str {
        self.words().0
    }

    /// A name for people.
    pub fn name(&self) -> String {
        self.words().1
    }
}

/// How often a step is tried that may be tried again, when the file is silent.
const RETRIES: u32 = 3;

impl Step {
    /// A step of this kind that says nothing more.
    pub fn new(name: impl Into<String>, action: Action) -> Step {
        Step {
            name: name.into(),
            when: None,
            unless: None,
            verify: None,
            capture: IndexMap::new(),
            timeout: None,
            retry: None,
            secrets: None,
            on_failure: OnFailure::Stop,
            effect: None,
            action,
        }
    }

    /// The meaning of a step as written, which `config/check.rs` has found good.
    pub(crate) fn from_entry(entry: StepEntry) -> Result<Step, Failure> {
        let action = action(&entry)?;
        let name = entry.name.unwrap_or_else(|| match given(&entry.with) {
            Some(first) => format!("{} {first}", action.name()),
            None => action.name(),
        });
        let retry = entry.retry.map(|retry| Retry {
            attempts: retry.attempts.unwrap_or(RETRIES),
            every: retry.every.map_or(EVERY, |every| every.0),
            on: retry.on.into_iter().map(|pattern| pattern.0).collect(),
        });
        let on_failure = match entry.on_failure {
            None | Some(model::OnFailure::Word(OnFailureWord::Stop)) => OnFailure::Stop,
            Some(model::OnFailure::Word(OnFailureWord::Continue)) => OnFailure::Continue,
            Some(model::OnFailure::Steps(steps)) => {
                OnFailure::Steps(Step::from_entries(steps.into_iter().map(StepOrLine::into_step).collect())?)
            }
        };
        Ok(Step {
            name,
            when: entry.when,
            unless: entry.unless.map(Wait::once).transpose()?,
            verify: entry.verify.map(|wait| Wait::from_entry(wait, None, None)).transpose()?,
            capture: entry.capture,
            timeout: entry.timeout.map(|timeout| timeout.0),
            retry,
            secrets: entry.secrets.map(|names| names.into_iter().map(|name| name.0).collect()),
            on_failure,
            effect: entry.effect,
            action,
        })
    }

    /// The meaning of a pipeline as written; two steps of the same name get numbers.
    pub(crate) fn from_entries(entries: Vec<StepEntry>) -> Result<Vec<Step>, Failure> {
        let mut steps: Vec<Step> = Vec::new();
        for entry in entries {
            let mut step = Step::from_entry(entry)?;
            let (name, mut number) = (step.name.clone(), 1);
            while steps.iter().any(|other| other.name == step.name) {
                number += 1;
                step.name = format!("{name} {number}");
            }
            steps.push(step);
        }
        Ok(steps)
    }
}

/// What tells one call of a pipeline from another, for people: the first short text that it gives.
fn given(with: &IndexMap<String, Template>) -> Option<&str> {
    let is_known = |template: &&Template| {
        template.names().all(|name| matches!(name, Name::Environment | Name::Project | Name::Scenario))
    };
    let is_short = |text: &&str| !text.is_empty() && text.len() <= 40 && !text.contains('\n');
    with.values().filter(is_known).map(Template::as_str).find(is_short)
}

fn action(entry: &StepEntry) -> Result<Action, Failure> {
    let entry = entry.clone();
    let wait = (entry.attempts, entry.every);
    let called = entry.called.map(|steps| Step::from_entries(steps.into_steps())).transpose()?;
    None.or(entry.r#do.map(|verb| Ok(Action::Do(verb, called))))
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
        .or(entry.http.map(|http| Ok(Action::Http(http))))
        .or(entry.kubernetes.map(|kubernetes| Ok(Action::Kubernetes(Box::new(kubernetes)))))
        .or(entry.argocd.map(|argocd| Ok(Action::ArgoCd(argocd))))
        .or(entry.traffic.map(|traffic| Ok(Action::Traffic(traffic))))
        .or(entry.maintenance.map(|to| Ok(Action::Maintenance(to))))
        .or(entry.cluster.map(|to| Ok(Action::Cluster(to))))
        .or(entry.helm.map(|helm| Ok(Action::Helm(helm))))
        .or(entry.database.map(|database| Ok(Action::Database(database))))
        .unwrap_or_else(|| Err(unchecked("a step without a kind")))
}

/// Something the checks should have refused got through them.
pub(crate) fn unchecked(what: &str) -> Failure {
    Failure::new(Kind::Bug, format!("{what} got through the checks of the configuration"))
}
