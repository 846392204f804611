//! What the machine has that an environment would run on: docker's, when an engine answers and the environment works with
//! docker, else this one. Only what somebody needs is looked at.

use std::path::Path;
use std::time::Duration;

use indexmap::IndexMap;

use super::demand::Needed;
use super::linux::{self, Limit};
use super::macos;
use super::ports;
use crate::config::Environment;
use crate::context::Ctx;
use crate::exec::{Cmd, RunError};
use crate::tools::docker::engine::{self, Engine, Published};
use crate::tools::nvidia;

/// A program that has not answered by then is not waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a machine has. None is what nobody tells.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Machine {
    /// Which one it is, for people.
    pub name: String,
    /// How it gets more memory and processors; empty when there is nothing special about it.
    pub advice: String,
    /// Memory.
    pub memory: Option<Memory>,
    /// Processors.
    pub cpu: Option<f64>,
    /// Bytes that are free at the place that counts, then at others.
    pub disk: Vec<(String, u64)>,
    /// Who is at the ports.
    pub ports: IndexMap<u16, At>,
    /// Graphics processors.
    pub gpu: Option<u32>,
    /// How many may watch files, and how many files.
    pub inotify: Option<(u64, u64)>,
}

/// Memory of a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Memory {
    /// What can be had now; all of it where nobody tells how much of it is used.
    pub there: u64,
    /// All of it, or the limit on us.
    pub all: u64,
    /// It is a limit on us, and not the machine's end.
    pub is_limit: bool,
}

/// Who is at a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum At {
    /// Nobody.
    Nobody,
    /// Something of this environment.
    Ours(String),
    /// Somebody else.
    Other(String),
    /// Nobody tells.
    Unknown,
}

/// Looks at it. `root` is where `proc` and `sys` are.
pub(crate) async fn look(
    cx: &Ctx,
    env: &Environment,
    needed: &Needed,
    works_with_docker: bool,
    root: &Path,
) -> Machine {
    let engine = if works_with_docker { engine_of(cx).await } else { None };
    let kernel = linux::kernel(root).unwrap_or_default();
    // A virtual machine has another kernel, or less memory.
    let is_here = engine.as_ref().is_none_or(|engine| {
        let own = linux::memory(root).unwrap_or(0);
        engine.kernel == kernel && engine.memory.abs_diff(own) < own / 50
    });
    Machine {
        name: match &engine {
            Some(engine) if !is_here => format!("docker's machine ({})", engine.system),
            _ => "this machine".to_owned(),
        },
        advice: advice(engine.as_ref().filter(|_| !is_here), &kernel),
        memory: match &engine {
            _ if needed.memory.is_empty() => None,
            Some(engine) if !is_here => {
                Some(Memory { there: engine.memory, all: engine.memory, is_limit: false })
            }
            // Limits on us are none on its containers.
            Some(_) => memory(cx, root, None).await,
            None => memory(cx, root, linux::memory_limit(root)).await,
        },
        cpu: match &engine {
            _ if needed.cpu.is_empty() => None,
            Some(engine) => Some(f64::from(engine.cpus)).filter(|count| *count > 0.0),
            None => processors(root),
        },
        disk: if needed.disk.is_empty() { Vec::new() } else { disk(env, engine.as_ref(), is_here) },
        ports: at(cx, env, needed, works_with_docker, root).await,
        gpu: if needed.gpu.is_empty() { None } else { graphics(cx, root).await },
        inotify: linux::inotify(root).filter(|_| needed.inotify),
    }
}

/// What a program answers; none when it does not, or is not there.
async fn answer(cx: &Ctx, cmd: Cmd) -> Option<Vec<u8>> {
    let done = cx.runner.run(&cmd.timeout(Some(PATIENCE)), &|_, _| ()).await.ok()?;
    (done.code == 0 && !done.interrupted).then_some(done.stdout)
}

async fn engine_of(cx: &Ctx) -> Option<Engine> {
    engine::parse(&answer(cx, engine::info()).await?)
}

async fn memory(cx: &Ctx, root: &Path, limit: Option<Limit>) -> Option<Memory> {
    let (there, all) = match linux::available(root).zip(linux::memory(root)) {
        Some(told) => told,
        None => (
            macos::available(&answer(cx, macos::pages()).await?)?,
            macos::memory(&answer(cx, macos::memory_size()).await?)?,
        ),
    };
    Some(tightest(there, all, limit))
}

fn tightest(there: u64, all: u64, limit: Option<Limit>) -> Memory {
    match limit.filter(|limit| limit.left < there) {
        Some(limit) => Memory { there: limit.left, all: limit.most, is_limit: true },
        None => Memory { there, all, is_limit: false },
    }
}

fn processors(root: &Path) -> Option<f64> {
    let parallel = || std::thread::available_parallelism().ok().map(std::num::NonZero::get);
    let allowed = linux::allowed(root).or_else(|| u32::try_from(parallel()?).ok()).map(f64::from)?;
    Some(linux::cpu_limit(root).map_or(allowed, |limit| limit.min(allowed)))
}

/// Where docker keeps what it has counts for what works with docker; where that is not seen, nobody tells.
fn disk(env: &Environment, engine: Option<&Engine>, is_here: bool) -> Vec<(String, u64)> {
    let docker = engine.filter(|_| is_here).map(|engine| Path::new(&engine.root));
    let places = match (engine, docker) {
        (Some(_), None) => return Vec::new(),
        (_, docker) => docker.into_iter().chain([env.root.as_path()]),
    };
    let free = |place: &Path| {
        let (left, is_full) = crate::disk::space(place).ok()?;
        Some((place.display().to_string(), if is_full { 0 } else { left }))
    };
    places.filter_map(free).collect()
}

async fn at(
    cx: &Ctx,
    env: &Environment,
    needed: &Needed,
    works_with_docker: bool,
    root: &Path,
) -> IndexMap<u16, At> {
    let wanted: Vec<u16> = needed.ports.iter().map(|share| share.much).collect();
    let host = cx.vars.get("DOCKER_HOST").unwrap_or_default();
    let is_far = works_with_docker && ["ssh://", "tcp://"].iter().any(|way| host.starts_with(way));
    let taken: IndexMap<u16, Option<bool>> =
        wanted.iter().map(|port| (*port, if is_far { None } else { ports::is_taken(root, *port) })).collect();
    let asks = !wanted.is_empty() && (works_with_docker || taken.values().any(|taken| *taken == Some(true)));
    let containers = match asks {
        true => answer(cx, engine::publishing(&wanted)).await.map(|said| engine::published(&said)),
        false => None,
    };
    let containers = containers.unwrap_or_default();
    let who = |port: u16, taken: Option<bool>| {
        let holds = |one: &&Published| one.ports.iter().any(|(first, last)| (*first..=*last).contains(&port));
        if let Some(container) = containers.iter().find(holds) {
            let name = format!("the container `{}`", container.name);
            return if is_ours(env, container) { At::Ours(name) } else { At::Other(name) };
        }
        match taken {
            Some(true) => At::Other(
                ports::holder(root, port)
                    .unwrap_or_else(|| "a program of somebody else, whose name only root is told".to_owned()),
            ),
            Some(false) => At::Nobody,
            None => At::Unknown,
        }
    };
    taken.into_iter().map(|(port, taken)| (port, who(port, taken))).collect()
}

/// It is of a compose project in a folder of ours, or a node of our cluster.
fn is_ours(env: &Environment, container: &Published) -> bool {
    let in_project = !container.folder.is_empty() && Path::new(&container.folder).starts_with(&env.root);
    in_project || env.cluster.as_ref().is_some_and(|cluster| cluster.name == container.cluster)
}

async fn graphics(cx: &Ctx, root: &Path) -> Option<u32> {
    for program in ["nvidia-smi", nvidia::OF_WINDOWS] {
        match cx.runner.run(&nvidia::list(program).timeout(Some(PATIENCE)), &|_, _| ()).await {
            Ok(done) if done.code == 0 => return Some(nvidia::count(&done.stdout)),
            Err(RunError::NotFound { .. }) => {}
            // It is there, and reaches no driver.
            Ok(done) if !done.interrupted => return Some(0),
            Ok(_) | Err(_) => return None,
        }
    }
    // What is on the bus may have a driver or not.
    linux::graphics(root).filter(|count| *count == 0)
}

/// How a machine that is no real one gets more.
fn advice(engine: Option<&Engine>, kernel: &str) -> String {
    let is_windows = kernel.to_ascii_lowercase().contains("microsoft");
    let windows = "give WSL more: `memory=` and `processors=` under `[wsl2]` in `.wslconfig` of your Windows home, \
                   then `wsl --shutdown`";
    match engine {
        Some(engine) if engine.system.contains("Docker Desktop") && !is_windows => {
            "give the machine of Docker Desktop more: Settings, Resources".to_owned()
        }
        _ if is_windows => windows.to_owned(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_that_are_no_real_ones_are_named() {
        let desktop = Engine { system: "Docker Desktop".to_owned(), ..Engine::default() };
        assert!(advice(Some(&desktop), "6.1.0").contains("Settings, Resources"));
        for engine in [None, Some(&desktop)] {
            let text = advice(engine, "5.15.153.1-microsoft-standard-WSL2");
            assert!(text.contains(".wslconfig") && text.contains("wsl --shutdown"), "{text}");
        }
        assert_eq!(advice(None, "6.1.0-18-amd64"), "");
    }

    #[test]
    fn a_limit_counts_where_it_is_tighter_than_the_machine() {
        let of = |left, most| tightest(800, 1000, Some(Limit { left, most }));
        assert_eq!(of(100, 200), Memory { there: 100, all: 200, is_limit: true });
        assert_eq!(of(900, 950), Memory { there: 800, all: 1000, is_limit: false });
    }
}
