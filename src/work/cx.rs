//! What a step works with: the world, the environment, what earlier steps found out, and its own limits.

use std::time::Duration;

use secrecy::SecretString;
use tokio::time::Instant;

use crate::config::Environment;
use crate::context::Ctx;
use crate::exec::{Channel, Cmd, Done, Io, OnLine, RunError};
use crate::failure::{Failure, Kind};
use crate::secrets;
use crate::toolbox;
use crate::ui::event::{Event, Level, ToolLine};
use crate::work::ear::{Ear, Listening};
use crate::work::heard::Heard;
use crate::work::{Facts, started};

/// What a step works with.
pub(crate) struct StepCx<'a> {
    /// The world.
    pub cx: &'a Ctx,
    /// The environment.
    pub env: &'a Environment,
    /// The step's name, for people.
    pub name: &'a str,
    /// What was given after `--`.
    pub extra: &'a [String],
    /// What earlier steps found out.
    pub facts: &'a mut Facts,
    /// Its place and its limits.
    pub frame: Frame,
}

/// The place of a step in its run, and its limits.
#[derive(Debug, Clone, Default)]
pub(crate) struct Frame {
    /// The verb or pipeline of the run.
    pub verb: String,
    /// The step's number, from 1.
    pub number: usize,
    /// Which try this is, from 1.
    pub attempt: u32,
    /// When this try must be over.
    pub limit: Option<Instant>,
    /// How long it may take, if there is a limit.
    pub timeout: Duration,
    /// Secrets it may see; all if none are named.
    pub secrets: Option<Vec<String>>,
    /// More variables for commands.
    pub vars: Vec<(String, String)>,
    /// It is described, not done.
    pub is_dry: bool,
    /// What its tools print is what the verb is run for.
    pub is_report: bool,
    /// What its tools said, when somebody wants to know.
    pub heard: Option<Heard>,
    /// What it says, when a value is taken of it.
    pub ear: Option<Ear>,
}

impl<'a> StepCx<'a> {
    /// A step that nothing limits.
    pub(crate) fn new(
        cx: &'a Ctx,
        env: &'a Environment,
        name: &'a str,
        extra: &'a [String],
        facts: &'a mut Facts,
    ) -> Self {
        StepCx { cx, env, name, extra, facts, frame: Frame::default() }
    }

    /// Tells an event of this environment.
    pub(crate) fn event(&self, event: Event) {
        self.cx.ui.event(Some(&self.env.name), event);
    }

    /// Tells a line of the tool.
    pub(crate) fn line(&self, level: Level, text: impl AsRef<str>) {
        self.cx.ui.line(Some(&self.env.name), self.name, level, text.as_ref());
    }

    /// Tells a line that another side said, as that of a program.
    pub(crate) fn say(&self, text: &str) {
        if let Some(heard) = &self.frame.heard {
            heard.push(text);
        }
        self.line(Level::Normal, text);
    }

    /// Tells a line of what the verb is run for.
    pub(crate) fn report(&self, text: impl AsRef<str>) {
        self.line(self.level(Channel::Out), text);
    }

    /// How much a line of the tool matters.
    pub(super) fn level(&self, channel: Channel) -> Level {
        if self.frame.is_report && channel == Channel::Out { Level::Report } else { Level::Normal }
    }

    /// Says what the running step is at.
    pub(crate) fn progress(&self, text: impl Into<String>) {
        self.event(Event::Progress { name: self.name.to_owned(), text: text.into() });
    }

    /// Runs a command to its end and shows its lines.
    pub(crate) async fn run(&self, cmd: &Cmd) -> Result<Done, Failure> {
        if cmd.io == Io::Raw {
            return self
                .run_with(cmd, &|text| self.line(Level::Normal, text))
                .await
                .map_err(|error| self.unanswered(error));
        }
        if let Some(ear) = self.frame.ear.as_ref().filter(|_| cmd.io == Io::Stream) {
            let listening = Listening::new(ear, &self.cx.masks);
            let line = |channel: Channel, text: &str| {
                if let Some(shown) = listening.line(channel, text) {
                    self.line(self.level(channel), shown);
                }
            };
            let done = self.run_channels(&cmd.clone().io(Io::Raw), &line).await;
            return done.map(|done| listening.over(done)).map_err(|error| self.unanswered(error));
        }
        let environment = Some(self.env.name.as_str());
        let line = |channel: Channel, text: &str| {
            let level = self.level(channel);
            self.cx.ui.masked_line(&ToolLine { environment, name: self.name, level, text });
        };
        self.run_channels(cmd, &line).await.map_err(|error| self.unanswered(error))
    }

    /// Runs a command of infractl's own to its end: its lines are for those who want details.
    pub(crate) async fn quietly(&self, cmd: &Cmd) -> Result<Done, RunError> {
        self.run_channels(cmd, &|_, text| self.line(Level::Detail, text)).await
    }

    /// Runs a command to its end; `line` gets its lines.
    pub(crate) async fn run_with(
        &self,
        cmd: &Cmd,
        line: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<Done, RunError> {
        let hear = |channel: Channel, text: &str| {
            if let Some(ear) = &self.frame.ear {
                ear.hear(channel, text);
            }
            line(text);
        };
        self.run_channels(cmd, &hear).await
    }

    /// The same; `line` also hears where the program printed them.
    pub(crate) async fn run_channels(&self, cmd: &Cmd, line: OnLine<'_>) -> Result<Done, RunError> {
        let limited;
        let cmd = match self.left() {
            Some(left) if left.is_zero() => {
                return Err(RunError::NoTime { program: cmd.program.clone() });
            }
            Some(left) => {
                let timeout = cmd.timeout.map_or(left, |own| own.min(left));
                limited = cmd.clone().timeout(Some(timeout));
                &limited
            }
            None => cmd,
        };
        let started = match &cmd.container {
            Some(wanted) => {
                let says = |text: String| self.progress(text);
                Some(Box::pin(started::start(self.cx, &says, cmd, wanted)).await?)
            }
            None => None,
        };
        let cmd = started.as_ref().map_or(cmd, |started| &started.cmd);
        self.line(Level::Detail, format!("$ {cmd}"));
        let with_path;
        let cmd = match self.path().filter(|_| !cmd.env.contains_key("PATH")) {
            Some(path) => {
                with_path = cmd.clone().env("PATH", path);
                &with_path
            }
            None => cmd,
        };
        let hear = |channel: Channel, text: &str| {
            if let Some(heard) = &self.frame.heard {
                heard.push(text);
            }
            line(channel, text);
        };
        let argv: Vec<String> = std::iter::once(&cmd.program).chain(&cmd.args).cloned().collect();
        self.begun(argv);
        let begun = Instant::now();
        // What is alive on the terminal is not drawn over a program that owns it.
        let _given = (cmd.io == Io::Attach).then(|| self.cx.ui.give_terminal());
        let result = self.cx.runner.run(cmd, &hear).await;
        self.over(result.as_ref().ok().map(|done| done.code), begun.elapsed());
        match &started {
            Some(container) => Box::pin(started::ended(self.cx, container, result)).await,
            None => result,
        }
    }

    /// A program begins, or something that counts as one.
    pub(crate) fn begun(&self, argv: Vec<String>) {
        if let Some(heard) = &self.frame.heard {
            heard.begin(&argv);
        }
        self.event(Event::CommandStarted { name: self.name.to_owned(), argv });
    }

    /// It is over.
    pub(crate) fn over(&self, code: Option<i32>, took: Duration) {
        if let Some(heard) = &self.frame.heard {
            heard.end(code);
        }
        self.event(Event::CommandEnded { name: self.name.to_owned(), code, took });
    }

    /// The PATH with the programs that the environment asks for; none where it is as it was.
    fn path(&self) -> Option<&str> {
        let look = || toolbox::path::with_tools(self.env, &self.cx.vars);
        self.facts.path.get_or_init(look).as_deref()
    }

    /// What it means for the step that a program gave no answer.
    pub(crate) fn unanswered(&self, error: RunError) -> Failure {
        match &error {
            RunError::NotFound { program } => {
                let install = crate::tools::install_help(program);
                install.into_iter().fold(Failure::from(error), Failure::help)
            }
            RunError::Cancelled { .. } => self.interrupted(error.to_string()),
            RunError::NoTime { .. } => StepCx::too_late(error.to_string()),
            RunError::TimedOut { .. } if self.left().is_some_and(|left| left.is_zero()) => {
                let limit = crate::text::duration(self.frame.timeout);
                StepCx::too_late(format!("`{}` took longer than {limit} and was ended", self.name))
            }
            _ => error.into(),
        }
    }

    /// What is left of the time limit.
    pub(crate) fn left(&self) -> Option<Duration> {
        self.frame.limit.map(|limit| limit.saturating_duration_since(Instant::now()))
    }

    /// Lets signals and the time limit be heard, in long work of our own.
    pub(crate) async fn go_on(&self) -> Result<(), Failure> {
        tokio::task::yield_now().await;
        if self.cx.interrupts.is_pressed() {
            return Err(self.interrupted(format!("`{}` was stopped", self.name)));
        }
        match self.left() {
            Some(left) if left.is_zero() => {
                let limit = crate::text::duration(self.frame.timeout);
                Err(StepCx::too_late(format!("`{}` took longer than {limit} and was ended", self.name)))
            }
            _ => Ok(()),
        }
    }

    /// The failure of a step whose time is over.
    pub(crate) fn too_late(text: impl Into<String>) -> Failure {
        Failure::new(Kind::Failed, text).help("give the step a longer `timeout`, if that was expected")
    }

    /// The failure of a run that the user ended.
    pub(crate) fn interrupted(&self, text: impl Into<String>) -> Failure {
        self.cx.interrupts.failure(text)
    }

    /// The secrets that the step may see.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = (&str, &SecretString)> {
        let all = self.facts.secrets.iter().flat_map(secrets::Secrets::iter);
        all.filter(|(name, _)| self.may_see(name))
    }

    /// The same as variables of a program.
    pub(crate) fn secret_variables(&self) -> Vec<(String, SecretString)> {
        let Some(secrets) = &self.facts.secrets else { return Vec::new() };
        let mut all: Vec<(String, SecretString)> =
            secrets.child_variables().into_iter().map(|(name, value)| (name, value.clone())).collect();
        if let Some(names) = &self.frame.secrets {
            let seen: Vec<String> = names.iter().flat_map(|name| secrets::variables_of(name)).collect();
            all.retain(|(name, _)| seen.contains(name));
        }
        all
    }

    fn may_see(&self, name: &str) -> bool {
        self.frame.secrets.as_ref().is_none_or(|names| names.iter().any(|known| known == name))
    }
}
