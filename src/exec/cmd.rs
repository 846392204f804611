//! A program and its arguments as plain data: nothing runs until a `Runner` gets it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use super::{Container, Sink, Supply};

/// The value of a variable in a child's environment.
#[derive(Debug, Clone)]
pub enum Value {
    /// May be shown.
    Plain(String),
    /// Never shown; `Debug` prints `[REDACTED]`.
    Secret(SecretString),
}

impl Value {
    /// The text, which may be one that is never shown.
    pub(crate) fn text(&self) -> &str {
        match self {
            Value::Plain(text) => text,
            Value::Secret(text) => text.expose_secret(),
        }
    }
}

/// What the program reads on its standard input.
#[derive(Debug, Clone, Default)]
pub enum Input {
    /// Nothing: closed.
    #[default]
    None,
    /// What infractl itself was given on its standard input.
    Own,
    /// These bytes, then end of file. Always treated as secret.
    Secret(SecretString),
    /// All of these in order, then end of file. Always treated as secret.
    Parts(Arc<[InputPart]>),
    /// These bytes; the end of file comes only when the program has ended, or when we do. Always treated as secret.
    Held(SecretString),
}

/// A piece of what a program reads.
pub enum InputPart {
    /// These bytes.
    Bytes(Vec<u8>),
    /// So many bytes of a file; what is short of them ends the input.
    File(PathBuf, u64),
    /// What comes piece by piece, to its end.
    Supply(Supply),
}

impl fmt::Debug for InputPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InputPart::Bytes(bytes) => write!(f, "{} bytes", bytes.len()),
            InputPart::File(path, bytes) => write!(f, "{bytes} bytes of {}", path.display()),
            InputPart::Supply(_) => f.write_str("a stream"),
        }
    }
}

/// What happens with the program's output and the terminal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Io {
    /// Shown line by line, redacted; own process group, no terminal.
    #[default]
    Stream,
    /// As `Stream`, but the lines of standard output come as they are, not redacted, and are not in the tail: for
    /// a caller that reads a machine-readable stream and shows what it means through `Ui`, which masks. Lines of more
    /// than 16 MiB come in pieces, and these are redacted.
    Raw,
    /// Standard output kept for the caller as it is, not shown; standard error shown as in `Stream`;
    /// own process group.
    Capture,
    /// The program owns the terminal: our process group, we ignore Ctrl-C meanwhile, nothing is redacted.
    Attach,
}

/// What the user is told when they interrupt the program (`docs/design/signals.md`). Each is a line without
/// a full stop; empty ones are replaced by a general sentence.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stopping {
    /// First time: what is waited for ("terraform saves its state and releases its lock").
    pub waits_for: String,
    /// Second time: what would be lost by insisting ("the state may miss what was just created").
    pub loses: String,
    /// Third time, after it was killed: what may be left and how to clean up ("the lock stays: `...`").
    pub after_kill: String,
}

/// A program and its arguments: plain data.
#[derive(Debug, Clone)]
pub struct Cmd {
    /// Name looked up on `PATH`, or a path.
    pub program: String,
    /// Arguments; never a secret.
    pub args: Vec<String>,
    /// Variables set on top of the environment infractl was started with.
    pub env: BTreeMap<String, Value>,
    /// Variables of infractl's own environment that the program must not see; `X*` stands for all that begin with `X`.
    pub unset: BTreeSet<String>,
    /// Working directory; infractl's own if none.
    pub dir: Option<PathBuf>,
    /// Standard input.
    pub input: Input,
    /// Output and terminal.
    pub io: Io,
    /// How long the program may go on after it was asked to end because of `timeout` or an error elsewhere;
    /// `None` waits for ever (terraform: killing it can lose state). Ctrl-C has its own rules
    /// (`docs/design/signals.md`).
    pub grace: Option<Duration>,
    /// Asked to end when it takes longer than this.
    pub timeout: Option<Duration>,
    /// What the user is told when they interrupt it.
    pub stopping: Stopping,
    /// Starts also when the user has already asked to stop: for commands that clean up.
    pub even_if_interrupted: bool,
    /// Gets standard output in the place of the caller, with [`Io::Capture`].
    pub(crate) sink: Option<Sink>,
    /// It runs in this container: whoever starts or shows it asks `work::container` for the line that does so.
    pub(crate) container: Option<Arc<Container>>,
}

impl Cmd {
    /// A command without arguments that streams its output.
    pub fn new(program: impl Into<String>) -> Self {
        Cmd {
            program: program.into(),
            args: Vec::new(),
            env: BTreeMap::new(),
            unset: BTreeSet::new(),
            dir: None,
            input: Input::None,
            io: Io::Stream,
            grace: Some(Duration::from_secs(10)),
            timeout: None,
            stopping: Stopping::default(),
            even_if_interrupted: false,
            sink: None,
            container: None,
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<S: Into<String>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets a variable that may be shown.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.insert(name.into(), Value::Plain(value.into()));
        self
    }

    /// Sets a variable that is never shown.
    #[must_use]
    pub fn secret(mut self, name: impl Into<String>, value: SecretString) -> Self {
        self.env.insert(name.into(), Value::Secret(value));
        self
    }

    /// Hides a variable of our own environment from the program.
    #[must_use]
    pub fn unset(mut self, name: impl Into<String>) -> Self {
        self.unset.insert(name.into());
        self
    }

    /// Whether a variable of our own environment is hidden from the program.
    pub(crate) fn hides(&self, name: &str) -> bool {
        let begins = |all: &String| all.strip_suffix('*').is_some_and(|begin| name.starts_with(begin));
        self.unset.contains(name) || self.unset.iter().any(begins)
    }

    /// Sets the working directory.
    #[must_use]
    pub fn dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.dir = Some(dir.into());
        self
    }

    /// Sets what the program reads on standard input.
    #[must_use]
    pub fn input(mut self, text: SecretString) -> Self {
        self.input = Input::Secret(text);
        self
    }

    /// Sets what the program reads on standard input.
    #[must_use]
    pub(crate) fn reads(mut self, input: Input) -> Self {
        self.input = input;
        self
    }

    /// Sets what the program reads on standard input: these, in order.
    #[must_use]
    pub fn parts(mut self, parts: Vec<InputPart>) -> Self {
        self.input = Input::Parts(parts.into());
        self
    }

    /// Keeps its standard input open as long as it runs, after this text.
    #[must_use]
    pub fn held(mut self, text: SecretString) -> Self {
        self.input = Input::Held(text);
        self
    }

    /// Sets what happens with output and terminal.
    #[must_use]
    pub fn io(mut self, io: Io) -> Self {
        self.io = io;
        self
    }

    /// Sets how long the program may take to end; `None` waits for ever.
    #[must_use]
    pub fn grace(mut self, grace: Option<Duration>) -> Self {
        self.grace = grace;
        self
    }

    /// Sets how long the program may take.
    #[must_use]
    pub fn timeout(mut self, timeout: Option<Duration>) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets what the user is told when they interrupt it.
    #[must_use]
    pub fn stopping(mut self, stopping: Stopping) -> Self {
        self.stopping = stopping;
        self
    }

    /// Gives its standard output to this, as it is.
    #[must_use]
    pub(crate) fn into_sink(mut self, sink: Sink) -> Self {
        self.io = Io::Capture;
        self.sink = Some(sink);
        self
    }

    /// Lets it run in a container.
    #[must_use]
    pub(crate) fn within(mut self, container: Option<&Arc<Container>>) -> Self {
        self.container = container.cloned();
        self
    }

    /// Lets it start also after the user has asked to stop: for commands that clean up.
    #[must_use]
    pub fn even_if_interrupted(mut self) -> Self {
        self.even_if_interrupted = true;
        self
    }
}

/// The command as one would type it: variables of the command first (secrets as `NAME=***`), words quoted
/// for a shell. Safe to show.
impl fmt::Display for Cmd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.env {
            match value {
                Value::Plain(text) => write!(f, "{name}={} ", shell_words::quote(text))?,
                Value::Secret(_) => write!(f, "{name}=*** ")?,
            }
        }
        write!(f, "{}", shell_words::quote(&self.program))?;
        for arg in &self.args {
            write!(f, " {}", shell_words::quote(arg))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_shows_its_words_but_no_secret() {
        let cmd = Cmd::new("terraform")
            .args(["plan", "-var", "a b"])
            .env("TF_IN_AUTOMATION", "1")
            .secret("TF_VAR_password", "CANARY-cmd-1".to_string().into());
        assert_eq!(cmd.to_string(), "TF_IN_AUTOMATION=1 TF_VAR_password=*** terraform plan -var 'a b'");
        assert!(!format!("{cmd:?}").contains("CANARY"));
    }
}
