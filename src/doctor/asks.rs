//! What an environment asks for: the programs and hosts of all its verbs and pipelines. Pure.

use std::collections::BTreeSet;

use crate::config::Environment;
use crate::config::verbs;
use crate::pipeline::plan::{self, Verb};
use crate::toolbox::check::started;
use crate::tools;
use crate::work::kind::Mention;

/// What an environment asks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Asks {
    /// Programs that steps start, by name or path.
    pub programs: BTreeSet<String>,
    /// Names of hosts.
    pub hosts: BTreeSet<String>,
}

impl Asks {
    /// Those of this environment.
    pub(crate) fn of(env: &Environment) -> Asks {
        let mut asks = Asks::default();
        let own = env.pipelines.keys().cloned();
        for name in verbs::built_in().map(str::to_owned).chain(own) {
            for leaf in plan::pipeline(env, &Verb::named(&name)).leaves() {
                leaf.work.kind().visit(env, &mut |mention| match mention {
                    Mention::Starts(start) => asks.start(env, start),
                    Mention::Host(name) => asks.host(env, name),
                    _ => {}
                });
            }
        }
        asks
    }

    /// Whether a program is started.
    pub(crate) fn program(&self, name: &str) -> bool {
        self.programs.contains(name)
    }

    fn start(&mut self, env: &Environment, start: &str) {
        // A line of shell may start anything; what is known is looked for in it.
        let known = tools::ALL.iter().map(|tool| tool.name).chain(env.tools.keys().map(String::as_str));
        self.programs.extend(known.filter(|name| started(start, name).is_some()).map(str::to_owned));
        let is_name = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
        if !start.is_empty() && start.chars().all(is_name) {
            self.programs.insert(start.to_owned());
        }
    }

    fn host(&mut self, env: &Environment, name: &str) {
        if env.host(name).is_some() {
            self.hosts.insert(name.to_owned());
            self.programs.insert("ssh".to_owned());
        }
    }
}
