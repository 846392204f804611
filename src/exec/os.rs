//! Runs real programs: starts, reads, waits, ends the whole group.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::Read as _;
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{env, io};

use rustix::process::Pid;
use secrecy::ExposeSecret as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin, ChildStdout};

use super::after_death::{Drain, Ender};
use super::group::{Guard, Target};
use super::output::{Pipes, Reader, Tail};
use super::watcher::Watcher;
use super::{
    Background, BoxFuture, Channel, Cmd, Done, Input, InputPart, Interrupts, Io, OnLine, RunError, Runner,
    Sink, Value, hangup,
};
use crate::disk;
use crate::platform;
use crate::redact::{Lines, Masks};

/// Tells an infractl below us that it is in a group we look after.
const GROUP: &str = "INFRACTL_GROUP";
/// How soon a signal that ended a program of our group is heard here.
const HEARD: Duration = Duration::from_millis(200);
/// How long a grandchild may hold the pipes after the program's end.
const DRAIN: Duration = Duration::from_secs(1);
/// `PATH` where the environment has none.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// Starts real programs. Needs a tokio runtime with I/O and time.
#[derive(Clone)]
pub struct OsRunner {
    vars: BTreeMap<OsString, OsString>,
    masks: Masks,
    interrupts: Interrupts,
    notice: Arc<dyn Fn(&str) + Send + Sync>,
    /// An infractl above us looks after our group: we make none of our own.
    is_nested: bool,
}

impl OsRunner {
    /// Programs get the environment `vars`; what they print is masked by `masks`; `notice` gets what the
    /// user is to know when they interrupt: lines without a full stop, not redacted.
    pub fn new(
        vars: BTreeMap<OsString, OsString>,
        masks: Masks,
        interrupts: Interrupts,
        notice: impl Fn(&str) + Send + Sync + 'static,
    ) -> Self {
        // The variable alone says little: a terminal opened by a program of ours has it too, but there each
        // job has a group that is not its session's.
        let is_nested = vars.contains_key(OsStr::new(GROUP)) && platform::is_of_session_leader();
        OsRunner { vars, masks, interrupts, notice: Arc::new(notice), is_nested }
    }

    /// As if an infractl above us looked after our group: for tests.
    #[cfg(test)]
    pub(super) fn nested(mut self, is_nested: bool) -> Self {
        self.is_nested = is_nested;
        self
    }

    async fn run_to_end(&self, cmd: &Cmd, line: OnLine<'_>) -> Result<Done, RunError> {
        let program = || cmd.program.clone();
        let fails = |source| RunError::Start { program: program(), source };
        // Before anything else: a press from here on is for this program.
        let mut seen = self.interrupts.watch();
        let before = seen.borrow_and_update().presses;
        if before > 0 && !cmd.even_if_interrupted {
            return Err(RunError::Cancelled { program: program() });
        }
        let _mute = (cmd.io == Io::Attach).then(|| self.interrupts.mute());

        let _running = self.interrupts.program();

        let started = Instant::now();
        let mut child = self.spawn(cmd, self.command(cmd)?)?;
        let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        let pid = pid.ok_or_else(|| fails(io::Error::other("it has no process id")))?;
        let target = if self.has_own_group(cmd) { Target::Group(pid) } else { Target::Process(pid) };
        let mut guard = Guard::new(target, cmd.grace.is_some());

        let pipes = (child.stdout.as_ref().map(AsFd::as_fd), child.stderr.as_ref().map(AsFd::as_fd));
        let drain = cmd.grace.is_none().then(|| Drain::of(pipes.0, pipes.1)).flatten();
        let is_told = platform::HAS_DEATH_SIGNAL || cmd.io == Io::Attach || drain.is_some();
        let ender = (!is_told).then(|| Ender::of(pid)).flatten();

        let tail = Tail::default();
        let mut stdout = Vec::new();
        let (shown, kept) = match cmd.io {
            Io::Capture => (None, child.stdout.take()),
            _ => (child.stdout.take(), None),
        };
        let no_tail = Tail::default();
        let (lines, out_tail) = match cmd.io {
            Io::Raw => (Lines::raw(&self.masks), &no_tail),
            _ => (Lines::new(&self.masks), &tail),
        };
        let mut out = Reader::new(shown, Channel::Out, lines, line, out_tail);
        let mut err = Reader::new(child.stderr.take(), Channel::Err, Lines::new(&self.masks), line, &tail);
        let stdin = child.stdin.take();
        let mut held = None;

        // In the group of an infractl above us the program got the signal when we did.
        let forwards = !(self.is_nested && cmd.io != Io::Attach);
        let mut watcher = Watcher::new(cmd, target, forwards, before, &*self.notice);
        let status = {
            let pipes = async {
                let feed = async { held = feed(stdin, &cmd.input).await };
                tokio::join!(out.read(), err.read(), keep(kept, cmd.sink.as_ref(), &mut stdout), feed);
            };
            tokio::pin!(pipes);
            let mut pipes = Pipes::new(pipes);
            let status = pipes.alongside(watcher.wait(&mut child, &mut seen)).await.map_err(fails)?;
            pipes.end_within(DRAIN).await;
            if target.has_left_overs() {
                pipes.alongside(watcher.sweep(&mut seen)).await;
                pipes.end_within(DRAIN / 10).await;
            }
            status
        };
        drop((held, drain, ender));
        guard.disarm();
        // A Ctrl-C that ended the program came to us too: let it be heard while it is not for us.
        if cmd.io == Io::Attach {
            tokio::task::yield_now().await;
            if matches!(code(status), 130 | 143) && seen.borrow().presses == before {
                let _ = tokio::time::timeout(HEARD, seen.changed()).await;
            }
            self.interrupts.theirs(seen.borrow().presses - before);
        }
        out.finish();
        err.finish();

        if watcher.timed_out() {
            let after = cmd.timeout.unwrap_or_default();
            return Err(RunError::TimedOut { program: program(), after, tail: tail.text() });
        }
        Ok(Done {
            code: code(status),
            stdout,
            tail: tail.text(),
            interrupted: seen.borrow().presses > before,
            took: started.elapsed(),
        })
    }

    fn has_own_group(&self, cmd: &Cmd) -> bool {
        cmd.io != Io::Attach && !self.is_nested
    }

    fn spawn(&self, cmd: &Cmd, mut command: Command) -> Result<Child, RunError> {
        command.stdin(match cmd.input {
            Input::Secret(_) | Input::Parts(_) | Input::Held(_) => Stdio::piped(),
            Input::Own => Stdio::inherit(),
            Input::None if cmd.io == Io::Attach => Stdio::inherit(),
            Input::None => Stdio::null(),
        });
        if cmd.io != Io::Attach {
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
            hangup::shield(&mut command, self.has_own_group(cmd), cmd.grace.is_some());
        }
        let fails = |source| RunError::Start { program: cmd.program.clone(), source };
        tokio::process::Command::from(command).spawn().map_err(fails)
    }

    fn command(&self, cmd: &Cmd) -> Result<Command, RunError> {
        let program = || cmd.program.clone();
        let fails = |source| RunError::Start { program: program(), source };
        let vars = self.environment(cmd);
        let mut dir = env::current_dir().map_err(fails)?;
        if let Some(wanted) = &cmd.dir {
            dir.push(wanted);
            if !dir.is_dir() {
                let reason = format!("its working directory `{}` does not exist", wanted.display());
                return Err(fails(io::Error::new(io::ErrorKind::NotFound, reason)));
            }
        }
        let path =
            find(&cmd.program, &vars, &dir).ok_or_else(|| RunError::NotFound { program: program() })?;

        #[expect(clippy::disallowed_methods, reason = "the one place that starts programs")]
        let mut command = Command::new(path);
        command.args(&cmd.args).env_clear().envs(vars).current_dir(dir);
        Ok(command)
    }

    fn environment(&self, cmd: &Cmd) -> BTreeMap<OsString, OsString> {
        let mut vars = self.vars.clone();
        vars.retain(|name, _| name.to_str().is_none_or(|name| !cmd.hides(name)));
        // Not for a program that owns the terminal: a shell there makes groups that we do not look after.
        if cmd.io != Io::Attach {
            vars.insert(GROUP.into(), "1".into());
        }
        for (name, value) in &cmd.env {
            let value = match value {
                Value::Plain(text) => text,
                Value::Secret(secret) => secret.expose_secret(),
            };
            vars.insert(name.into(), value.into());
        }
        vars
    }
}

impl Runner for OsRunner {
    fn run<'a>(&'a self, cmd: &'a Cmd, line: OnLine<'a>) -> BoxFuture<'a, Result<Done, RunError>> {
        Box::pin(self.run_to_end(cmd, line))
    }

    fn keep(&self, cmd: &Cmd) -> Result<Background, RunError> {
        let mut command = self.command(cmd)?;
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        // Also below another infractl: what ends the group of a run must not end it before its time.
        hangup::shield(&mut command, true, false);
        let fails = |source| RunError::Start { program: cmd.program.clone(), source };
        tokio::process::Command::from(command).spawn().map(Background::new).map_err(fails)
    }
}

/// Where the program is: looked up as its own shell would.
fn find(program: &str, vars: &BTreeMap<OsString, OsString>, dir: &Path) -> Option<PathBuf> {
    let path = vars.get(OsStr::new("PATH")).map_or(OsStr::new(PATH), OsString::as_os_str);
    let path = env::join_paths(env::split_paths(path).map(|entry| dir.join(entry))).ok()?;
    which::which_in(program, Some(path), dir).ok()
}

/// Keeps the output as it is.
async fn keep(pipe: Option<ChildStdout>, sink: Option<&Sink>, kept: &mut Vec<u8>) {
    let Some(mut pipe) = pipe else { return };
    if let Some(sink) = sink {
        let mut buffer = vec![0; 128 * 1024];
        // A sink that takes no more closes the pipe: the program ends of it.
        while let Ok(count) = pipe.read(&mut buffer).await
            && sink.take(&buffer[..count])
        {}
        return;
    }
    loop {
        kept.reserve(8 * 1024);
        if !matches!(pipe.read_buf(kept).await, Ok(1..)) {
            break;
        }
    }
}

/// Gives the program its input, which it need not read; the pipe comes back when it is to stay open.
async fn feed(pipe: Option<ChildStdin>, input: &Input) -> Option<ChildStdin> {
    let mut pipe = pipe?;
    let fed = match input {
        Input::None | Input::Own => Ok(()),
        Input::Secret(text) | Input::Held(text) => pipe.write_all(text.expose_secret().as_bytes()).await,
        Input::Parts(parts) => feed_parts(&mut pipe, parts).await,
    };
    if let Err(error) = fed {
        tracing::debug!(%error, "the program did not get all of its input");
    }
    matches!(input, Input::Held(_)).then_some(pipe)
}

async fn feed_parts(pipe: &mut ChildStdin, parts: &[InputPart]) -> io::Result<()> {
    for part in parts {
        match part {
            InputPart::Bytes(bytes) => pipe.write_all(bytes).await?,
            InputPart::Supply(supply) => {
                let mut buffer = vec![0; 128 * 1024];
                while let count @ 1.. = supply.give(&mut buffer)? {
                    pipe.write_all(&buffer[..count]).await?;
                }
            }
            InputPart::File(path, length) => {
                let mut file = disk::open_file(path).map_err(|error| error.source)?;
                let mut buffer = vec![0; 128 * 1024];
                let mut left = *length;
                while left > 0 {
                    let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
                    file.read_exact(&mut buffer[..wanted])?;
                    pipe.write_all(&buffer[..wanted]).await?;
                    left -= wanted as u64;
                }
            }
        }
    }
    Ok(())
}

/// The exit code as a shell gives it.
fn code(status: ExitStatus) -> i32 {
    status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1)
}
