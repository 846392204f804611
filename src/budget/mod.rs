//! What an environment takes of a machine: what its scenario needs, what is there, and what is too little.

pub(crate) mod verdict;
mod machine;
mod ports;
mod linux;
mod macos;
pub(crate) mod demand;

use std::path::Path;

use self::demand::Needed;
use self::verdict::{Level, Line};
use crate::config::Environment;
use crate::config::chosen::Up;
use crate::context::Ctx;
use crate::failure::{Failure, Kind};
use crate::toolbox::check::started;

/// Programs that run what they start on docker's machine.
const ON_DOCKER: [&str; 3] = ["docker", "k3d", "kind"];

/// What was looked at, and where.
#[derive(Debug)]
pub(crate) struct Looked {
    /// The machine, for people.
    pub machine: String,
    /// Something of it is up, and takes its part already.
    pub is_up: bool,
    /// One for each thing that is needed.
    pub lines: Vec<Line>,
}

/// Looks at what the scenario of an environment needs; none when it needs nothing. `starts` are the programs and lines of
/// shell that are started for it.
pub(crate) async fn look(cx: &Ctx, env: &Environment, starts: &[String]) -> Option<Looked> {
    let needed = Needed::of(env, env.scenario.as_ref());
    if needed.is_nothing() {
        return None;
    }
    let on_docker =
        starts.iter().any(|start| ON_DOCKER.iter().any(|program| started(start, program).is_some()));
    let machine = Box::pin(machine::look(cx, env, &needed, on_docker, Path::new("/"))).await;
    let up = Up::read(&env.home, &env.name).filter(|up| !up.is_stopped);
    Some(Looked {
        is_up: up.is_some(),
        lines: verdict::lines(&needed, up.as_ref(), &machine),
        machine: machine.name,
    })
}

impl Looked {
    /// What is too little.
    pub(crate) fn short(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|line| line.level == Level::Short)
    }

    /// Everything that is too little as one failure; none when there is enough of everything.
    pub(crate) fn failure(&self, environment: &str) -> Option<Failure> {
        let texts: Vec<&str> = self.short().map(|line| line.text.as_str()).collect();
        if texts.is_empty() {
            return None;
        }
        let mut message = format!("`{environment}` needs more than {} has:", self.machine);
        for text in texts {
            message.push('\n');
            message.push_str(text);
        }
        let mut helps: Vec<&str> = self.short().map(|line| line.help.as_str()).collect();
        helps.dedup();
        let failure = helps
            .into_iter()
            .filter(|help| !help.is_empty())
            .fold(Failure::new(Kind::Tool, message), Failure::help);
        Some(
            failure
                .help("free it, choose a smaller scenario, or pass `--ignore-needs` to go on all the same")
                .help("read `infractl help scenarios`, on what is looked at"),
        )
    }
}
