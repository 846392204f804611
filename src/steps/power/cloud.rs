//! The providers that infractl knows: how each is asked, and what it answers.

use std::path::Path;
use std::time::Duration;

use crate::exec::Cmd;
use crate::failure::{Failure, Kind};
use crate::text::nearest;
use crate::tools::aws::power as aws;
use crate::tools::docker::power::{self as docker, Container};
use crate::tools::power::{Billed, Found, Goal};
use crate::tools::{azure, openstack};
use crate::work::{StepCx, child};

/// How often the provider is asked where the machines are.
pub(super) const EVERY: Duration = Duration::from_secs(2);
/// One answer takes no longer.
const ANSWER: Duration = Duration::from_secs(120);

/// Who is asked, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cloud {
    Openstack,
    /// In this region.
    Ec2(Option<String>),
    /// In this region.
    Rds(Option<String>),
    /// In this resource group.
    Azure(Option<String>),
    /// With this Compose project: its name or its folder.
    Docker(Option<String>),
}

/// What the provider has.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) all: Vec<Found>,
    /// Ids of those that belong to the project of the configuration.
    pub(super) own: Vec<String>,
    /// Names of all projects.
    projects: Vec<String>,
}

impl Cloud {
    pub(super) fn list(&self) -> Cmd {
        match self {
            Cloud::Openstack => openstack::list_servers(),
            Cloud::Ec2(region) => aws::list_instances(region.as_deref()),
            Cloud::Rds(region) => aws::list_databases(region.as_deref()),
            Cloud::Azure(group) => azure::list_machines(group.as_deref()),
            Cloud::Docker(_) => docker::list_containers(),
        }
    }

    fn read(&self, root: &Path, stdout: &[u8]) -> Result<Seen, String> {
        let all = match self {
            Cloud::Openstack => openstack::parse_servers(stdout)?,
            Cloud::Ec2(_) => aws::parse_instances(stdout)?,
            Cloud::Rds(_) => aws::parse_databases(stdout)?,
            Cloud::Azure(_) => azure::parse_machines(stdout)?,
            Cloud::Docker(project) => {
                return Ok(of_project(docker::parse_containers(stdout)?, root, project.as_deref()));
            }
        };
        Ok(Seen { all, ..Seen::default() })
    }

    fn explain(&self, tail: &str) -> Option<Failure> {
        match self {
            Cloud::Openstack => openstack::explain(tail),
            Cloud::Ec2(_) | Cloud::Rds(_) => aws::explain(tail),
            Cloud::Azure(_) => azure::explain(tail),
            Cloud::Docker(_) => docker::explain(tail),
        }
    }

    /// The calls that bring these to the goal, each with the places of those it is about. They go by the name of the
    /// configuration: it may be an id where two have one name.
    pub(super) fn orders(&self, goal: Goal, found: &[(&str, &Found)]) -> Vec<(Cmd, Vec<usize>)> {
        let mut groups: Vec<(String, Vec<usize>)> = Vec::new();
        for (at, (_, one)) in found.iter().enumerate() {
            let key = match self {
                Cloud::Openstack => openstack::word(goal, &one.status).to_owned(),
                Cloud::Docker(_) => one.status.contains("(Paused)").to_string(),
                Cloud::Rds(_) => one.id.clone(),
                Cloud::Ec2(_) | Cloud::Azure(_) => String::new(),
            };
            match groups.iter_mut().find(|(known, _)| *known == key) {
                Some((_, group)) => group.push(at),
                None => groups.push((key, vec![at])),
            }
        }
        let cmd = |group: &[usize]| {
            let first = found[group[0]].1;
            let names = group.iter().map(|at| found[*at].0);
            let ids = group.iter().map(|at| found[*at].1.id.as_str());
            match self {
                Cloud::Openstack => openstack::ask(openstack::word(goal, &first.status), names),
                Cloud::Ec2(region) => aws::ask_instances(region.as_deref(), goal, ids),
                Cloud::Rds(region) => aws::ask_database(region.as_deref(), goal, &first.name),
                Cloud::Azure(_) => azure::ask(goal, ids),
                Cloud::Docker(_) => docker::ask(goal, &first.status, names),
            }
        };
        groups.into_iter().map(|(_, group)| (cmd(&group), group)).collect()
    }

    /// Its calls come back only when it is done.
    pub(super) fn is_done_at_once(&self) -> bool {
        matches!(self, Cloud::Docker(_))
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Cloud::Openstack => "openstack",
            Cloud::Ec2(_) | Cloud::Rds(_) => "aws",
            Cloud::Azure(_) => "azure",
            Cloud::Docker(_) => "docker",
        }
    }

    /// Where to look when a machine does not do what it was asked.
    pub(super) fn look_at(&self, name: &str) -> String {
        let name = shell_words::quote(name);
        match self {
            Cloud::Openstack => {
                format!(
                    "look at what happened: `openstack server event list {name}`, `openstack server show {name}`"
                )
            }
            Cloud::Ec2(_) => "look at it: `aws ec2 describe-instances`, `StateReason`".to_owned(),
            Cloud::Rds(_) => {
                format!(
                    "look at what happened: `aws rds describe-events --source-type db-instance --source-identifier {name}`"
                )
            }
            Cloud::Azure(_) => format!("look at it: `az vm get-instance-view --name {name}`"),
            Cloud::Docker(_) => {
                format!("look at it: `docker logs --tail 50 {name}`, `docker inspect {name}`")
            }
        }
    }

    /// What being off costs.
    pub(super) fn cost(&self, environment: &str, found: &[&Found]) -> Option<String> {
        let all = |billed| found.iter().all(|one| one.billed == billed);
        let running = found.iter().filter(|one| one.billed == Billed::Yes).count();
        let which =
            if running == found.len() { String::new() } else { format!("{running} of {} ", found.len()) };
        let text = if all(Billed::No) {
            return None;
        } else if all(Billed::Disk) {
            match self {
                Cloud::Openstack => "only the snapshot is billed now".to_owned(),
                Cloud::Rds(_) => {
                    "only storage and backups are billed now; AWS starts a database again by itself after 7 days".to_owned()
                }
                _ => "only disks and fixed addresses are billed now".to_owned(),
            }
        } else {
            match self {
                Cloud::Openstack => format!(
                    "{which}still billed as if running: `infractl stop {environment} --shelve` gives machines back, and only \
                     their snapshot is billed"
                ),
                Cloud::Azure(_) => {
                    "still billed as if running: leave `mode` out of `[power]`, and they are deallocated"
                        .to_owned()
                }
                _ => "still billed".to_owned(),
            }
        };
        Some(text)
    }

    /// One look at everything it has.
    pub(super) async fn look(&self, step: &StepCx<'_>) -> Result<Seen, Failure> {
        let done = self.call(step, self.list()).await?;
        if let Err(tail) = done {
            return Err(self.broken(step, &tail));
        }
        let stdout = done.unwrap_or_default();
        self.read(&step.env.root, &stdout).map_err(|why| {
            Failure::new(Kind::Failed, why)
                .context(format!(
                    "`{}` of `{}` answers something unknown",
                    self.list().program,
                    step.env.name
                ))
                .help("use a newer version of it")
        })
    }

    /// What it printed, or its last words when it failed. Ended by the user: a failure.
    pub(super) async fn call(&self, step: &StepCx<'_>, cmd: Cmd) -> Result<Result<Vec<u8>, String>, Failure> {
        child::answer(step, cmd, ANSWER).await
    }

    /// Why no call of this kind will work.
    pub(super) fn broken(&self, step: &StepCx<'_>, tail: &str) -> Failure {
        self.explain(tail).unwrap_or_else(|| {
            let why = match crate::text::last_line(tail) {
                "" => "it says nothing",
                last => last,
            };
            Failure::new(Kind::Failed, why).context(format!(
                "`{}` cannot tell the state of `{}`",
                self.list().program,
                step.env.name
            ))
        })
    }

    /// Why one machine was refused.
    pub(super) fn reason<'a>(&self, tail: &'a str) -> &'a str {
        match self {
            Cloud::Openstack => openstack::reason(tail),
            _ => crate::text::last_line(tail),
        }
    }

    /// Whether an error is about more than the machines it was asked about.
    pub(super) fn is_general(&self, tail: &str) -> Option<Failure> {
        self.explain(tail)
    }

    /// The project of the configuration, when the engine has no container of it.
    pub(super) fn missing_project(&self, seen: &Seen) -> Option<Failure> {
        let Cloud::Docker(Some(project)) = self else { return None };
        if !seen.own.is_empty() {
            return None;
        }
        let failure =
            Failure::new(Kind::Failed, format!("docker has no container of the Compose project `{project}`"));
        Some(match nearest(project, &seen.projects) {
            Some(near) => failure.help(format!("did you mean `{near}`?")),
            None => failure.help("bring it up first, or correct `project` of `[power]`"),
        })
    }
}

/// Containers of a Compose project: by its name, or by its folder when it has a `/`.
fn of_project(all: Vec<Container>, root: &Path, project: Option<&str>) -> Seen {
    let mut seen = Seen::default();
    let dir = project.filter(|project| project.contains('/') || *project == ".").map(|dir| {
        let dir = root.join(dir);
        dir.canonicalize().unwrap_or(dir).to_string_lossy().into_owned()
    });
    for container in all {
        let is_own = match (&dir, project) {
            (Some(dir), _) => container.dir.as_ref() == Some(dir),
            (None, Some(name)) => container.project.as_deref() == Some(name),
            (None, None) => false,
        };
        if is_own {
            seen.own.push(container.found.id.clone());
        }
        if let Some(name) = container.project.filter(|name| !seen.projects.contains(name)) {
            seen.projects.push(name);
        }
        seen.all.push(container.found);
    }
    seen
}
