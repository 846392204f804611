//! Does every machine of a host take a login, have a file, end a command well? All are asked at once.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use regex::Regex;

use super::{Answer, Probed, StepCx};
use crate::config::model::CommandTable;
use crate::exec::{Cmd, Io, RunError};
use crate::failure::Failure;
use crate::hosts::connection::{self, Fault, by};
use crate::hosts::host::Machine;
use crate::hosts::login;
use crate::steps::remote;
use crate::text::duration;
use crate::tools::ssh::Login;
use crate::tools::ssh::remote_shell::{quote_path, script};
use crate::ui::event::Level;
use crate::work::values::Known;

/// What cloud-init writes about its work.
const LOG: &str = "/var/log/cloud-init-output.log";
/// How many lines of it are shown, and of how many machines.
const LINES: usize = 20;
const MACHINES: usize = 3;

/// What is asked of machines.
#[derive(Debug)]
pub(crate) struct OnHost {
    /// The machines of the host.
    pub machines: Vec<Machine>,
    /// What.
    pub what: What,
    /// Those that were good once.
    pub good: BTreeSet<String>,
}

/// What is asked.
#[derive(Debug)]
pub(crate) enum What {
    /// Does a login run a command?
    Login,
    /// Is it there?
    File(String),
    /// Does it end with 0, and with this text?
    Command(Box<CommandTable>, Option<String>),
}

impl OnHost {
    /// What is waited for, for people.
    pub(super) fn what(&self) -> String {
        let names: Vec<&str> = self.machines.iter().map(|machine| machine.name.as_str()).collect();
        let names = crate::text::list(names, "and");
        match &self.what {
            What::Login => format!("{names} to take a login"),
            What::File(path) => format!("{path} to be there on {names}"),
            What::Command(table, _) => format!("`{}` to end well on {names}", table.run.name()),
        }
    }

    /// One try of all that were not good yet.
    pub(super) async fn probe(&mut self, step: &mut StepCx<'_>, each: Duration) -> Probed {
        let asked: Vec<Machine> =
            self.machines.iter().filter(|machine| !self.good.contains(&machine.name)).cloned().collect();
        let answers = match self.ask(step, &asked, each).await {
            Ok(answers) => answers,
            Err(failure) => return super::command::never(&failure),
        };
        let mut waiting = Vec::new();
        // That nobody can log in is all that is asked of a login.
        let mut not_yet: fn(Answer) -> Probed = Probed::NotYet;
        for (machine, answer) in asked.iter().zip(answers) {
            match answer {
                Probed::Good(_) | Probed::Done(_) => {
                    self.good.insert(machine.name.clone());
                }
                Probed::NotYet(answer) => waiting.push(named(machine, answer)),
                Probed::Unknown(answer) => {
                    if !matches!(self.what, What::Login) {
                        not_yet = Probed::Unknown;
                    }
                    waiting.push(named(machine, answer));
                }
                Probed::Never(answer) => return Probed::Never(named(machine, answer)),
            }
        }
        let more = waiting.len().saturating_sub(1);
        match waiting.into_iter().next() {
            None => Probed::Good(String::new()),
            Some(answer) if more == 0 => not_yet(answer),
            Some(mut answer) => {
                answer.text.push_str(&format!(" (and {more} more)"));
                not_yet(answer)
            }
        }
    }

    async fn ask(
        &self,
        step: &mut StepCx<'_>,
        machines: &[Machine],
        each: Duration,
    ) -> Result<Vec<Probed>, Failure> {
        if matches!(self.what, What::Login) {
            // A connection from before a restart says nothing.
            for machine in machines {
                connection::close(step, machine).await?;
            }
        }
        let opened = connection::try_open(step, machines, Some(each)).await?;
        let shared = &*step;
        let answers = machines.iter().zip(opened).map(async |(machine, (login, result))| match result {
            Err(Fault { machine: at, trouble }) => {
                let text = if at.name == machine.name {
                    trouble.text()
                } else {
                    format!("{} on the way: {}", at.name, trouble.text())
                };
                let answer =
                    Answer { check: trouble.help(&shared.env.name, &at.name), ..Answer::new(text, "") };
                if trouble.is_final() { Probed::Never(answer) } else { Probed::Unknown(answer) }
            }
            Ok(()) => self.look(shared, machine, &login, each).await,
        });
        let answers = join_all(answers).await;
        for (machine, answer) in machines.iter().zip(&answers) {
            // It may hang for good: the next try opens another.
            if matches!(answer, Probed::Unknown(answer) if answer.text.starts_with(SILENT)) {
                connection::close(step, machine).await?;
            }
        }
        Ok(answers)
    }

    /// What a machine says over its open connection.
    async fn look(&self, step: &StepCx<'_>, machine: &Machine, login: &Login, each: Duration) -> Probed {
        let (cmd, check) = match self.command(step, &Known::of(step)) {
            Ok(cmd) => (cmd, format!("log in and look: `infractl ssh {} {}`", step.env.name, machine.name)),
            Err(failure) => return super::command::never(&failure),
        };
        let cmd = by(login, cmd.io(Io::Capture)).timeout(Some(each));
        let done = match step.quietly(&cmd).await {
            Ok(done) => done,
            Err(RunError::TimedOut { .. }) => {
                return Probed::Unknown(Answer::new(format!("{SILENT} within {}", duration(each)), check));
            }
            Err(error) => return super::command::never(&step.unanswered(error)),
        };
        if let Some(failure) = connection::lost(step, machine, &done) {
            return Probed::Unknown(Answer::new(format!("{:#}", failure.error), check));
        }
        let said = String::from_utf8_lossy(&done.stdout);
        let words = super::command::last_words(step, &done, &said);
        let all = format!("{said}\n{}", done.tail);
        let not_yet =
            |text: String, check: String| Probed::NotYet(Answer { said: all, ..Answer::new(text, check) });
        match (&self.what, done.code) {
            (What::File(path), 1) => Probed::NotYet(Answer::new(format!("there is no {path}{words}"), check)),
            (What::Command(_, Some(pattern)), 0) if Regex::new(pattern).is_ok_and(|p| !p.is_match(&said)) => {
                not_yet(format!("its output does not match `{pattern}`{words}"), check)
            }
            (What::Login, _) if !said.contains(RUNS) => Probed::NotYet(Answer::new(
                format!("a login works, a command does not run there (exit code {}){words}", done.code),
                format!("log in as a user who may run commands: `user` of `[hosts]`; {check}"),
            )),
            (_, 0) => Probed::Good(String::new()),
            (_, code) => not_yet(format!("exit code {code}{words}"), check),
        }
    }

    /// What is run there to find out.
    fn command(&self, step: &StepCx<'_>, known: &Known) -> Result<Cmd, Failure> {
        Ok(match &self.what {
            // A sum, because a server that runs nothing may answer with the line that it got.
            What::Login => Cmd::new("sh").args(["-c", "echo infractl-$((41 + 1))"]),
            What::File(path) => test_e(path),
            What::Command(table, _) => remote::of_table(step, table, known)?,
        })
    }

    /// The checks as one would do them by hand.
    pub(super) fn describe(&self, step: &StepCx<'_>, known: &Known) -> Result<Vec<String>, Failure> {
        let cmd = self.command(step, known)?;
        let line = |machine: &Machine| by(&login::shown(step.env, machine), cmd.clone()).to_string();
        Ok(self.machines.iter().map(line).collect())
    }

    /// Shows what may explain why a file is not there: the end of cloud-init's log.
    pub(super) async fn explain(&self, step: &mut StepCx<'_>, each: Duration) {
        if !matches!(self.what, What::File(_)) {
            return;
        }
        let missing = self.machines.iter().filter(|machine| !self.good.contains(&machine.name));
        for machine in missing.take(MACHINES) {
            let line = format!(
                "[ -e {LOG} ] && {{ tail -n {LINES} {LOG} 2>/dev/null || sudo -n tail -n {LINES} {LOG}; }}"
            );
            let machines = std::slice::from_ref(machine);
            let Ok(opened) = connection::try_open(step, machines, Some(each)).await else { continue };
            let Some((login, Ok(()))) = opened.into_iter().next() else { continue };
            let cmd = login.run(script(&line)).io(Io::Capture).timeout(Some(each));
            let Ok(done) = step.quietly(&cmd).await else { continue };
            let text = String::from_utf8_lossy(&done.stdout).into_owned();
            if text.trim().is_empty() {
                continue;
            }
            step.line(Level::Normal, format!("the end of {LOG} on {}:", machine.name));
            for line in text.lines() {
                step.line(Level::Normal, step.cx.masks.mask(line));
            }
        }
    }
}

/// What a login says when a command runs.
const RUNS: &str = "infractl-42";

/// An answer that begins so is that of a machine that hangs.
const SILENT: &str = "no answer";

fn test_e(path: &str) -> Cmd {
    Cmd::new("sh").args(["-c", &format!("test -e {}", quote_path(path))])
}

fn named(machine: &Machine, answer: Answer) -> Answer {
    Answer { text: format!("{}: {}", machine.name, answer.text), ..answer }
}
