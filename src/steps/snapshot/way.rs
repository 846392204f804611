//! Where the programs run that dump and restore: on this machine, on a host, in a container.

use std::collections::BTreeSet;

use secrecy::ExposeSecret as _;

use crate::config::template::{Rendered, Template};
use crate::exec::{Cmd, Done};
use crate::failure::{Failure, Kind};
use crate::hosts::connection;
use crate::hosts::host::{self, Machine};
use crate::work::values::Known;
use crate::work::{StepCx, child};

/// As it is written: `local`, `ssh:HOST`, `docker:CONTAINER`, `image:IMAGE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Via<'a> {
    Local,
    Host(&'a str),
    Container(&'a str),
    Image(&'a str),
}

impl<'a> Via<'a> {
    /// What the project says, which `config/rules/snapshots.rs` has found good.
    pub(super) fn of(written: Option<&'a str>) -> Via<'a> {
        match written.and_then(|text| text.split_once(':')) {
            Some(("ssh", host)) => Via::Host(host),
            Some(("docker", container)) => Via::Container(container),
            Some(("image", image)) => Via::Image(image),
            _ => Via::Local,
        }
    }

    /// A line for `--dry-run`.
    pub(super) fn shown(self, line: &str) -> String {
        match self {
            Via::Local => line.to_owned(),
            Via::Host(host) => format!("ssh {host} {line}"),
            Via::Container(container) => format!("docker exec --interactive {container} {line}"),
            Via::Image(image) => format!("docker run --rm --interactive --network host {image} {line}"),
        }
    }
}

/// The way to them, open.
#[derive(Debug, Clone)]
pub(super) enum Way {
    Here,
    /// By these words of docker, and in this container or image.
    Docker(Vec<&'static str>, String),
    Machine(Box<Machine>),
}

impl Way {
    /// Finds the machine, if it is one.
    pub(super) fn of(step: &StepCx<'_>, via: Via<'_>) -> Result<Way, Failure> {
        Ok(match via {
            Via::Local => Way::Here,
            Via::Container(name) => Way::Docker(vec!["exec", "--interactive"], name.to_owned()),
            Via::Image(image) => {
                Way::Docker(vec!["run", "--rm", "--interactive", "--network", "host"], image.to_owned())
            }
            Via::Host(name) => match host::machines(step, &Known::of(step), name)?.as_slice() {
                [machine] => Way::Machine(Box::new(machine.clone())),
                all => {
                    let message = format!("`{name}` has {} machines, and a database is on one", all.len());
                    return Err(Failure::new(Kind::Config, message)
                        .help(format!("name one of them: `via = \"ssh:{name}-1\"`")));
                }
            },
        })
    }

    /// A command of this machine, changed so that it runs there.
    pub(super) async fn lead(&self, step: &mut StepCx<'_>, cmd: Cmd) -> Result<Cmd, Failure> {
        Ok(match self {
            Way::Here => cmd,
            Way::Machine(machine) => {
                connection::on(step, machine, Cmd { unset: BTreeSet::new(), ..cmd }).await?
            }
            Way::Docker(words, place) => {
                // Names only: docker hands on what they hold.
                let names = cmd.env.keys().flat_map(|name| ["--env".to_owned(), name.clone()]);
                let mut args: Vec<String> =
                    words.iter().map(|word| (*word).to_owned()).chain(names).collect();
                args.extend([place.clone(), cmd.program.clone()]);
                args.extend(cmd.args.iter().cloned());
                Cmd { program: "docker".to_owned(), args, ..cmd }
            }
        })
    }

    /// Success, or why not.
    pub(super) fn judge(&self, step: &StepCx<'_>, done: &Done) -> Result<(), Failure> {
        match self {
            Way::Machine(machine) => connection::judge(step, machine, done),
            Way::Here | Way::Docker(..) => child::judge(step, done),
        }
    }

    /// For people: `on db`, or nothing for this machine.
    pub(super) fn place(&self) -> String {
        match self {
            Way::Here => "on this machine".to_owned(),
            Way::Docker(words, place) if words[0] == "exec" => format!("in the container `{place}`"),
            Way::Docker(_, place) => format!("in the image `{place}`"),
            Way::Machine(machine) => format!("on `{}`", machine.name),
        }
    }
}

/// Runs what takes back what was begun: also after an interrupt, and when the time of the step is over.
pub(super) async fn cleaning(step: &mut StepCx<'_>, cmd: Cmd) -> Result<Done, Failure> {
    let limit = step.frame.limit.take();
    let done = step.quietly(&cmd.even_if_interrupted()).await.map_err(|error| step.unanswered(error));
    step.frame.limit = limit;
    done
}

/// The text of a template, and whether there is a secret in it.
pub(super) fn rendered(step: &StepCx<'_>, template: &Template) -> Result<(String, bool), Failure> {
    Ok(match Known::of(step).render(step, template)? {
        Rendered::Plain(text) => (text, false),
        Rendered::Secret(text) => (text.expose_secret().to_owned(), true),
    })
}
