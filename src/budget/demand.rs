//! What an environment needs with a scenario: the sum of what is said of it and of its components. Pure.

use std::iter::Sum;

use schemars::JsonSchema;
use serde::Serialize;

use crate::config::Environment;
use crate::config::chosen::{Chosen, Up};
use crate::config::model::Demand;
use crate::text::size;

/// What somebody needs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Share<T> {
    /// The environment, a component, or a scenario.
    pub who: String,
    /// How much.
    pub much: T,
}

/// What an environment needs with a scenario: shares in order, which add up.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Needed {
    /// Bytes.
    pub memory: Vec<Share<u64>>,
    /// Processors.
    pub cpu: Vec<Share<f64>>,
    /// Bytes.
    pub disk: Vec<Share<u64>>,
    /// Each once, with who listens there.
    pub ports: Vec<Share<u16>>,
    /// Graphics processors.
    pub gpu: Vec<Share<u32>>,
    /// Many files are watched.
    pub inotify: bool,
}

/// The sums of what is needed.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Sums {
    /// Bytes.
    memory: u64,
    /// Processors.
    cpu: f64,
    /// Bytes.
    disk: u64,
    /// Ports of TCP.
    ports: Vec<u16>,
    /// Graphics processors.
    gpu: u32,
    /// Many files are watched.
    inotify: bool,
}

/// All shares together.
pub(crate) fn total<T: Copy + Sum>(shares: &[Share<T>]) -> T {
    shares.iter().map(|share| share.much).sum()
}

impl Needed {
    /// What an environment needs with this scenario, or with none.
    pub(crate) fn of(env: &Environment, chosen: Option<&Chosen>) -> Needed {
        let said = Said { env, chosen };
        let mut ports: Vec<Share<u16>> = Vec::new();
        for (who, demand) in said.all() {
            for port in &demand.ports {
                if !ports.iter().any(|known| known.much == port.0) {
                    ports.push(Share { who: who.to_owned(), much: port.0 });
                }
            }
        }
        Needed {
            memory: said.shares(|demand| demand.memory.map(|size| size.0)),
            cpu: said.shares(|demand| demand.cpu),
            disk: said.shares(|demand| demand.disk.map(|size| size.0)),
            gpu: said.shares(|demand| demand.gpu),
            ports,
            inotify: said.all().any(|(_, demand)| demand.inotify == Some(true)),
        }
    }

    /// Nothing is said of it.
    pub(crate) fn is_nothing(&self) -> bool {
        *self == Needed::default()
    }

    /// What is kept of it while it is up.
    pub(crate) fn up(&self, chosen: Option<&Chosen>) -> Up {
        Up {
            scenarios: chosen.map(|chosen| chosen.names.clone()).unwrap_or_default(),
            memory: total(&self.memory),
            disk: total(&self.disk),
            ports: self.ports.iter().map(|port| port.much).collect(),
            is_stopped: false,
        }
    }

    /// The sums, for people; empty when nothing is needed.
    pub(crate) fn shown(&self) -> String {
        let mut words = Vec::new();
        let size = |shares: &[Share<u64>], what: &str| {
            (!shares.is_empty()).then(|| format!("{} {what}", size::shown(total(shares))))
        };
        words.extend(size(&self.memory, "memory"));
        words.extend((!self.cpu.is_empty()).then(|| format!("{} CPU", total(&self.cpu))));
        words.extend(size(&self.disk, "disk"));
        words.extend((!self.gpu.is_empty()).then(|| format!("{} GPU", total(&self.gpu))));
        let ports: Vec<String> = self.ports.iter().map(|port| port.much.to_string()).collect();
        words.extend((!ports.is_empty()).then(|| format!("ports {}", ports.join(" "))));
        words.extend(self.inotify.then(|| "inotify".to_owned()));
        words.join(", ")
    }

    /// The sums, for programs.
    pub(crate) fn sums(&self) -> Sums {
        Sums {
            memory: total(&self.memory),
            cpu: total(&self.cpu),
            disk: total(&self.disk),
            ports: self.ports.iter().map(|port| port.much).collect(),
            gpu: total(&self.gpu),
            inotify: self.inotify,
        }
    }
}

/// What the files say.
struct Said<'a> {
    env: &'a Environment,
    chosen: Option<&'a Chosen>,
}

impl<'a> Said<'a> {
    fn components(&self) -> impl Iterator<Item = (&'a str, &'a Demand)> {
        let names = self.chosen.map(|chosen| chosen.components.as_slice()).unwrap_or_default();
        let env = self.env;
        names.iter().filter_map(|name| Some((name.as_str(), env.components.get(name)?.needs.as_ref()?)))
    }

    fn scenarios(&self) -> impl Iterator<Item = (&'a str, &'a Demand)> {
        let names = self.chosen.map(|chosen| chosen.all.as_slice()).unwrap_or_default();
        let env = self.env;
        names.iter().filter_map(|name| Some((name.as_str(), env.scenarios.get(name)?.needs.as_ref()?)))
    }

    /// Everything that is said, by whom.
    fn all(&self) -> impl Iterator<Item = (&'a str, &'a Demand)> {
        let own = [(self.env.name.as_str(), &self.env.needs)];
        own.into_iter().chain(self.components()).chain(self.scenarios())
    }

    /// What the environment needs in any case, and on top of it what the scenario says of itself, else the sum of its
    /// components: that is no less than what a scenario says that is part of it.
    fn shares<T: Copy + PartialOrd + Sum>(&self, get: impl Fn(&Demand) -> Option<T>) -> Vec<Share<T>> {
        let share = |(who, demand): (&str, &Demand)| Some(Share { who: who.to_owned(), much: get(demand)? });
        let own = share((self.env.name.as_str(), &self.env.needs));
        let written: Vec<Share<T>> = self.scenarios().filter_map(share).collect();
        let is_own = |who: &str| {
            self.chosen.is_some_and(|chosen| matches!(chosen.names.as_slice(), [name] if name == who))
        };
        let components: Vec<Share<T>> = self.components().filter_map(share).collect();
        let above = if let Some(own) = written.iter().find(|share| is_own(&share.who)) {
            vec![own.clone()]
        } else {
            let sum = total(&components);
            let most = written.into_iter().fold(None, |most: Option<Share<T>>, share| match most {
                Some(most) if most.much >= share.much => Some(most),
                _ => Some(share),
            });
            match most.filter(|most| components.is_empty() || most.much > sum) {
                Some(most) => vec![most],
                None => components,
            }
        };
        own.into_iter().chain(above).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Project;
    use crate::config::scenarios::Asked;

    const LAB: &str = r#"
        [needs]
        memory = "8GiB"
        ports = [8081]
        [scenarios]
        default = "etl"
        etl = { components = ["minio", "airflow"] }
        serve = { include = ["etl"], components = ["trino"], needs = { memory = "10GiB" } }
        genai = { include = ["etl"], components = ["mcp"], needs = { gpu = 1 } }
        most = { include = ["serve", "genai"] }
        [components]
        minio = { needs = { memory = "1GiB", disk = "20GiB", ports = ["9000", 8081] } }
        airflow = { needs = { memory = "2GiB", cpu = 1.5 } }
        trino = { needs = { memory = "6GiB", cpu = 2, inotify = true } }
    "#;

    #[expect(clippy::disallowed_methods, reason = "a fixture needs no atomic write")]
    fn needed(names: &[&str]) -> Needed {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("environments/lab");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("environment.toml"), LAB).unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let project = Project::find(dir.path(), None).unwrap();
        let env = project.environment_in("lab", Asked::Named(&names)).unwrap();
        Needed::of(&env, env.scenario.as_ref())
    }

    #[test]
    fn components_add_up_on_top_of_the_environment() {
        let etl = needed(&["etl"]);
        assert_eq!(etl.shown(), "11 GiB memory, 1.5 CPU, 20 GiB disk, ports 8081 9000");
        let who: Vec<&str> = etl.memory.iter().map(|share| share.who.as_str()).collect();
        assert_eq!(who, ["lab", "minio", "airflow"]);
    }

    #[test]
    fn what_a_scenario_says_of_itself_counts_in_place_of_the_sum() {
        let serve = needed(&["serve"]);
        assert_eq!(serve.shown(), "18 GiB memory, 3.5 CPU, 20 GiB disk, ports 8081 9000, inotify");
        assert_eq!(needed(&["genai"]).shown(), "11 GiB memory, 1.5 CPU, 20 GiB disk, 1 GPU, ports 8081 9000");
    }

    #[test]
    fn a_scenario_that_is_part_of_another_needs_no_less_there() {
        // 9 GiB of components, and `serve` says 10.
        let most = needed(&["most"]);
        assert_eq!((total(&most.memory), total(&most.gpu)), (18 << 30, 1));
        assert_eq!(total(&needed(&["serve", "genai"]).memory), 18 << 30);
    }

    #[test]
    fn what_is_kept_is_what_it_adds_up_to() {
        let up = needed(&["etl"]).up(None);
        assert_eq!((up.memory, up.disk, up.ports.as_slice()), (11 << 30, 20 << 30, &[8081, 9000][..]));
    }
}
