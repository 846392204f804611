//! Waits until something answers: one language from port to certificate.

mod host;
mod command;
mod http;
mod script;
mod tcp;
mod way;
mod tls;
mod probed;
pub(crate) mod certificate;
mod dial;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use crate::config::Environment;
use crate::config::model::CommandTable;
use crate::config::step::{Until, Wait};
use crate::config::template::Rendered;
use crate::config::verbs::Effect;
use crate::exec::BoxFuture;
use crate::failure::{Failure, Kind};
use crate::text::{duration, plural};
use crate::ui::event::Level;
use crate::work::kind::{Mention, StepKind};
use crate::work::marked::marked;
use crate::work::schedule::{Next, Schedule, pause};
use crate::work::script::{Script, no_script};
use crate::work::values::Known;
use crate::work::{StepCx, relative};

pub(crate) use crate::net::answer::Answer;
pub(crate) use dial::Dial;
pub(crate) use host::{OnHost, What};
pub(crate) use http::Http;
pub(crate) use probed::Probed;
pub(crate) use tls::Tls;

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
    /// What do the machines of a host say?
    Host(OnHost),
}

impl StepKind for Wait {
    fn visit(&self, _: &Environment, see: &mut dyn FnMut(Mention<'_>)) {
        if let Some(host) = self.until.host() {
            see(Mention::Host(host));
        }
        let mut template = |one| see(Mention::Template(one));
        match &self.until {
            Until::Tcp { address } => template(&address.0),
            Until::Http { url, headers, address, .. } => {
                template(&url.0);
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
            Until::Ssh { .. } | Until::Ecs { .. } => {}
        }
    }

    fn effect(&self) -> Option<Effect> {
        Some(Effect::Reads)
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

/// Waits. The text says what answered, and at which try.
pub(crate) async fn run(step: &mut StepCx<'_>, wait: &Wait) -> Result<String, Failure> {
    let mut probe = probe(step, wait, &Known::of(step))?;
    let schedule = Schedule { attempts: wait.attempts, every: wait.every };
    let mut tries = schedule.begin(step.frame.limit);
    step.progress(format!("1/{}", wait.attempts));
    loop {
        let number = tries.start();
        let each = step.left().map_or(wait.each, |left| left.min(wait.each));
        let (last, mut next) = match once(step, &mut probe, each).await {
            Probed::Good(text) if number == 1 => return Ok(text),
            Probed::Good(text) => {
                let at = format!("at try {number} of {}", wait.attempts);
                return Ok(if text.is_empty() { at } else { format!("{text}, {at}") });
            }
            Probed::NotYet(last) | Probed::Unknown(last) => (last, tries.next()),
            Probed::Never(last) => (last, Next::Last),
        };
        if let Next::Pause(length) = next {
            let text = format!("{number}/{}, last: {}", wait.attempts, last.text);
            step.line(Level::Detail, text.clone());
            step.progress(text);
            if pause(length, &step.cx.interrupts).await {
                continue;
            }
            next = Next::Last;
        }
        if step.cx.interrupts.is_pressed() {
            return Err(step.interrupted(format!("stopped waiting for {}", probe.what(step))));
        }
        if let Probe::Host(host) = &probe {
            host.explain(step, wait.each).await;
        }
        return Err(verdict(&probe.what(step), wait, tries.so_far(), &last, next));
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
        Probed::Good(text) => Ok(Some(text)),
        Probed::NotYet(_) => Ok(None),
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
            Probe::Command(..) | Probe::Host(_) => std::future::pending().await,
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
        Until::Http { url, status, body, headers, redirects, address, ca } => {
            let mut rendered = Vec::new();
            for (name, template) in headers {
                let value: SecretString = match known.render(step, template)? {
                    Rendered::Plain(text) => text.into(),
                    Rendered::Secret(text) => text,
                };
                rendered.push((name.clone(), value));
            }
            Probe::Http(Http {
                url: known.argument(step, &url.0)?,
                status: status.clone(),
                body: body.clone(),
                headers: rendered,
                redirects: *redirects,
                dial: Dial::of(step, known, address.as_ref())?,
                ca: ca.clone(),
            })
        }
        Until::Tls { name, issuer, days_left, address, ca } => Probe::Tls(Tls {
            address: known.argument(step, &name.0)?,
            issuer: issuer.clone(),
            days_left: *days_left,
            dial: Dial::of(step, known, address.as_ref())?,
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
        Until::Ecs { .. } => {
            return Err(Failure::new(Kind::Bug, "a wait for ECS got through the plan"));
        }
    })
}

fn on_host(step: &StepCx<'_>, known: &Known, host: &str, what: What) -> Result<Probe, Failure> {
    let machines = crate::hosts::host::machines(step, known, host)?;
    Ok(Probe::Host(OnHost { machines, what, good: BTreeSet::new() }))
}

impl Probe {
    /// What is waited for, for people.
    fn what(&self, step: &StepCx<'_>) -> String {
        match self {
            Probe::Tcp(address) => format!("{address} to accept a connection"),
            Probe::Http(http) => format!("{} to answer {}", http.url, http.wanted()),
            Probe::Tls(tls) => format!("{} to show a good certificate", tls.address),
            Probe::File(path) => format!("{} to be there", relative(step, path)),
            Probe::Command(table, _) => format!("`{}` to end well", table.run.name()),
            Probe::Host(host) => host.what(),
        }
    }
}

/// What was tried, how often, the last answer, and what to check.
fn verdict(what: &str, wait: &Wait, (tries, took): (u32, Duration), last: &Answer, next: Next) -> Failure {
    let mut tried = format!("tried {} in {}", plural(tries as usize, "time"), duration(took));
    if tries > 1 {
        tried.push_str(&format!(", every {}", duration(wait.every)));
    }
    if next == Next::Late {
        tried.push_str(&format!(", of {} at most: the step's `timeout` was over", wait.attempts));
    }
    let failure = Failure::new(Kind::Failed, format!("{tried}; last answer: {}", last.text))
        .context(format!("waited in vain for {what}"));
    last.check.iter().fold(failure, |failure, check| failure.help(check.as_str()))
}

/// What a dry run says: the check as one would do it by hand, and how often.
pub(crate) fn describe(step: &StepCx<'_>, wait: &Wait) -> Result<Vec<String>, Failure> {
    let known = Known::shown(step, wait);
    let probe = probe(step, wait, &known)?;
    let mut lines = vec![format!(
        "# wait for {}: {}, every {}, {} each",
        probe.what(step),
        plural(wait.attempts as usize, "time"),
        duration(wait.every),
        duration(wait.each)
    )];
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
