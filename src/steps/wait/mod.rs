//! Waits until something answers: one language from port to certificate.

mod tries;
mod host;
mod command;
mod http;
mod json;
mod script;
mod ecs;
mod kubernetes;
mod evidence;
mod tcp;
mod tls;
mod probed;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use crate::config::Environment;
use crate::config::model::CommandTable;
use crate::config::model::Input;
use crate::config::step::{Aspect, Until, Wait};
use crate::config::template::Template;
use crate::config::verbs::Effect;
use crate::exec::BoxFuture;
use crate::failure::{Failure, Kind};
use crate::text::{duration, plural};
use crate::work::kind::{Mention, StepKind};
use crate::work::marked::marked;
use crate::work::script::{Script, no_script};
use crate::work::values::{Known, no_value};
use crate::work::{StepCx, relative};

pub(crate) use crate::net::answer::Answer;
pub(crate) use host::{OnHost, What};
pub(crate) use http::Http;
pub(crate) use probed::Probed;
pub(crate) use tls::Tls;
pub(crate) use tries::run;

/// What is asked, with everything rendered.
#[derive(Debug)]
pub(crate) enum Probe {
    /// Does it accept a connection?
    Tcp(String),
    /// Does it answer as it should?
    Http(Http),
    /// Is its certificate good?
    Tls(Tls),
    /// Is it there, on this machine?
    File(PathBuf),
    /// Does it end with 0, and with this text?
    Command(Box<CommandTable>, Option<String>),
    /// Has a task of ECS ended, or is a service steady?
    Ecs(Box<ecs::Ecs>),
    /// Are objects of Kubernetes as they should be?
    Object(Box<kubernetes::Objects>),
    /// What do the machines of a host say?
    Host(OnHost),
}

impl StepKind for Wait {
    fn visit(&self, env: &Environment, see: &mut dyn FnMut(Mention<'_>)) {
        if let Some(host) = self.until.host() {
            see(Mention::Host(host));
        }
        let mut template = |one: &Template| see(Mention::Template(one));
        match &self.until {
            Until::Tcp { address } => template(&address.0),
            Until::Http { url, headers, address, json, .. } => {
                template(&url.0);
                json.values().flat_map(|value| Template::inside(&value.0)).for_each(|one| template(&one));
                headers.values().chain(address.iter().map(|at| &at.0)).for_each(template);
            }
            Until::Tls { name, address, .. } => {
                template(&name.0);
                if let Some(at) = address {
                    template(&at.0);
                }
            }
            Until::File { path, .. } => template(&path.0),
            Until::Command { command, host: Some(_), .. } => {
                command.templates().into_iter().for_each(template);
            }
            Until::Command { command, host: None, .. } => {
                super::command::visit(command, see);
                see(Mention::Program);
            }
            Until::Ecs { name, cluster, region } => {
                [Some(name), cluster.as_ref(), region.as_ref()].into_iter().flatten().for_each(|one| {
                    see(Mention::Public(&one.0));
                });
                ecs::visit(env, name, see);
                // Who asks AWS may be among the secrets.
                see(Mention::Program);
            }
            Until::Object { aspect, of, namespace, selector } => {
                let condition = if let Aspect::Condition(name) = aspect { Some(name) } else { None };
                let all = [Some(of), namespace.as_ref(), selector.as_ref(), condition];
                all.into_iter().flatten().for_each(|one| template(&one.0));
                // The log that is shown in the end may hold secrets: they have to be known to be hidden.
                see(Mention::Program);
                see(Mention::Starts("kubectl"));
            }
            Until::Ssh { .. } => {}
        }
    }

    fn effect(&self) -> Option<Effect> {
        match &self.until {
            Until::Http { method, .. } if !method.looks() => Some(Effect::Changes),
            _ => Some(Effect::Reads),
        }
    }

    fn run<'a>(&'a self, step: &'a mut StepCx<'_>) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(run(step, self))
    }

    fn describe(&self, step: &mut StepCx<'_>) -> Result<Vec<String>, Failure> {
        describe(step, self)
    }

    fn script(&self, step: &StepCx<'_>, script: &mut Script) -> Result<Vec<String>, Failure> {
        if self.until.host().is_some() {
            return Err(no_script(step));
        }
        script.wait(step, self, &marked(step, self))
    }
}

/// Whether it is true now: what answered, none when it is not. An error when that cannot be told.
pub(crate) async fn holds(step: &mut StepCx<'_>, wait: &Wait) -> Result<Option<String>, Failure> {
    let mut probe = probe(step, wait, &Known::of(step))?;
    let each = step.left().map_or(wait.each, |left| left.min(wait.each));
    let found = once(step, &mut probe, each).await;
    if step.cx.interrupts.is_pressed() {
        return Err(step.interrupted(format!("stopped asking {}", probe.what(step))));
    }
    match found {
        Probed::Good(text) | Probed::Done(text) => Ok(Some(text)),
        Probed::NotYet(_) => Ok(None),
        Probed::Never(_) if matches!(&probe, Probe::Object(objects) if objects.is_hopeless()) => Ok(None),
        Probed::Unknown(last) | Probed::Never(last) => {
            let what =
                format!("it cannot be told whether there is something to do (`unless`): {}", last.text);
            let failure = Failure::new(Kind::Failed, what).context(format!("asked {}", probe.what(step)));
            Err(last.check.iter().fold(failure, |failure, check| failure.help(check.as_str())))
        }
    }
}

/// One try, ended at once when the user asks to stop.
async fn once(step: &mut StepCx<'_>, probe: &mut Probe, each: Duration) -> Probed {
    // What the runner starts it ends itself: never dropped half-way.
    match probe {
        Probe::Command(table, output) => return command::probe(step, table, output.as_deref(), each).await,
        Probe::Host(host) => return host.probe(step, each).await,
        Probe::Ecs(ecs) => return ecs.probe(step).await,
        Probe::Object(objects) => return objects.probe(step).await,
        _ => {}
    }
    let work = async {
        match probe {
            Probe::Tcp(address) => tcp::probe(address, each).await,
            Probe::Http(http) => http.probe(each, (step.cx.now)()).await,
            Probe::Tls(tls) => tls.probe(each, (step.cx.now)()).await,
            Probe::File(path) if path.exists() => Probed::Good(format!("{} is there", relative(step, path))),
            Probe::File(path) => {
                let check = "check that the step before makes it, and where".to_owned();
                Probed::NotYet(Answer::new(format!("there is no {}", relative(step, path)), check))
            }
            Probe::Command(..) | Probe::Ecs(_) | Probe::Object(_) | Probe::Host(_) => {
                std::future::pending().await
            }
        }
    };
    tokio::select! {
        answer = work => answer,
        () = step.cx.interrupts.pressed() => Probed::NotYet(Answer::new("stopped", "wait again")),
    }
}

fn probe(step: &StepCx<'_>, wait: &Wait, known: &Known) -> Result<Probe, Failure> {
    Ok(match &wait.until {
        Until::Tcp { address } => Probe::Tcp(known.argument(step, &address.0)?),
        Until::Http { url, method, status, body, json, headers, redirects, address, ca } => {
            Probe::Http(Http {
                url: known.argument(step, &url.0)?,
                method: *method,
                status: status.clone(),
                body: body.clone(),
                json: json
                    .iter()
                    .map(|(path, value)| wanted(step, known, path, value))
                    .collect::<Result<_, _>>()?,
                headers: super::http::headers(step, known, headers)?,
                redirects: *redirects,
                dial: super::http::dial(step, known, address.as_ref())?,
                ca: ca.clone(),
            })
        }
        Until::Tls { name, issuer, days_left, address, ca } => Probe::Tls(Tls {
            address: known.argument(step, &name.0)?,
            issuer: issuer.clone(),
            days_left: *days_left,
            dial: super::http::dial(step, known, address.as_ref())?,
            ca: ca.clone(),
        }),
        Until::File { path, host: None } => Probe::File(step.env.root.join(known.argument(step, &path.0)?)),
        Until::Command { command, host: None, output } => {
            Probe::Command(Box::new(command.clone()), output.clone())
        }
        Until::Ssh { host } => on_host(step, known, host, What::Login)?,
        Until::File { path, host: Some(host) } => {
            on_host(step, known, host, What::File(known.argument(step, &path.0)?))?
        }
        Until::Command { command, host: Some(host), output } => {
            on_host(step, known, host, What::Command(Box::new(command.clone()), output.clone()))?
        }
        Until::Ecs { name, cluster, region } => {
            Probe::Ecs(Box::new(ecs::Ecs::of(step, known, name, cluster.as_ref(), region.as_ref())?))
        }
        Until::Object { aspect, of, namespace, selector } => {
            let words = [namespace.as_ref(), selector.as_ref()];
            Probe::Object(Box::new(kubernetes::Objects::of(step, known, aspect, of, words)?))
        }
    })
}

fn wanted(step: &StepCx<'_>, known: &Known, path: &str, value: &Input) -> Result<json::Wanted, Failure> {
    let (value, is_secret) = value.fill(&known.scope(step)).map_err(|error| no_value(step, error))?;
    Ok(json::Wanted { path: path.to_owned(), value, is_secret })
}

fn on_host(step: &StepCx<'_>, known: &Known, host: &str, what: What) -> Result<Probe, Failure> {
    let machines = crate::hosts::host::machines(step, known, host)?;
    Ok(Probe::Host(OnHost { machines, what, good: BTreeSet::new() }))
}

impl Probe {
    /// What was good once is asked again.
    fn ask_again(&mut self) {
        if let Probe::Host(host) = self {
            host.good.clear();
        }
    }

    /// What is waited for, for people.
    fn what(&self, step: &StepCx<'_>) -> String {
        match self {
            Probe::Tcp(address) => format!("{address} to accept a connection"),
            Probe::Http(http) => {
                let json = http.json.iter().map(|wanted| format!(", `{}` as wanted", wanted.path));
                format!("{} to answer {}{}", http.url, http.wanted(), json.collect::<String>())
            }
            Probe::Tls(tls) => format!("{} to show a good certificate", tls.address),
            Probe::File(path) => format!("{} to be there", relative(step, path)),
            Probe::Command(table, _) => format!("`{}` to end well", table.run.name()),
            Probe::Ecs(ecs) => ecs.what(),
            Probe::Object(objects) => objects.what(),
            Probe::Host(host) => host.what(),
        }
    }
}

/// What a dry run says: the check as one would do it by hand, and how often.
pub(crate) fn describe(step: &StepCx<'_>, wait: &Wait) -> Result<Vec<String>, Failure> {
    let known = Known::shown(step, wait);
    let probe = probe(step, wait, &known)?;
    let mut line = format!(
        "# wait for {}: {}, every {}, {} each",
        probe.what(step),
        plural(wait.attempts as usize, "time"),
        duration(wait.every),
        duration(wait.each)
    );
    let ends = matches!(&probe, Probe::Ecs(ecs) if ecs.ends());
    if !wait.hold.is_zero() && !ends {
        line.push_str(&format!(", good for {} without a break", duration(wait.hold)));
    }
    let mut lines = vec![line];
    if let Probe::Command(table, _) = &probe {
        lines.extend(super::command::describe(step, table)?);
    }
    if let Probe::Host(host) = &probe {
        lines.extend(host.describe(step, &known)?);
    }
    Ok(lines)
}

#[cfg(test)]
mod tests;
