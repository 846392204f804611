//! A runner that starts nothing: it answers from a script and remembers what it was asked.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::{
    Background, BoxFuture, Channel, Cmd, Done, Interrupts, Io, OnLine, RunError, Runner, output::Tail,
};
use crate::redact::{Lines, Masks};

/// What a program that is not run would have done.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    code: i32,
    out: String,
    err: String,
    ending: Ending,
}

#[derive(Debug, Clone, Copy, Default)]
enum Ending {
    #[default]
    Exits,
    IsMissing,
    TakesTooLong,
    IsInterrupted,
}

impl Answer {
    /// It ends with this exit code.
    pub fn code(code: i32) -> Self {
        Answer { code, ..Answer::default() }
    }

    /// It ends with 0 and this on standard output.
    pub fn out(text: impl Into<String>) -> Self {
        Answer::code(0).and_out(text)
    }

    /// It is not installed.
    pub fn missing() -> Self {
        Answer { ending: Ending::IsMissing, ..Answer::default() }
    }

    /// It prints this on standard output.
    #[must_use]
    pub fn and_out(mut self, text: impl Into<String>) -> Self {
        self.out = text.into();
        self
    }

    /// It prints this on standard error.
    #[must_use]
    pub fn and_err(mut self, text: impl Into<String>) -> Self {
        self.err = text.into();
        self
    }

    /// It is ended by its time limit.
    #[must_use]
    pub fn too_long(mut self) -> Self {
        self.ending = Ending::TakesTooLong;
        self
    }

    /// The user asks to stop while it runs.
    #[must_use]
    pub fn interrupted(mut self) -> Self {
        self.ending = Ending::IsInterrupted;
        self
    }
}

/// A runner for tests: answers by the words a command begins with and fails for what is not scripted.
pub struct FakeRunner {
    masks: Masks,
    interrupts: Interrupts,
    script: Mutex<Vec<Scripted>>,
    calls: Mutex<Vec<Cmd>>,
}

struct Scripted {
    words: Vec<String>,
    answer: Answer,
    /// Answers this call only.
    once: bool,
}

impl FakeRunner {
    /// Knows no command yet.
    pub fn new(masks: Masks, interrupts: Interrupts) -> Self {
        FakeRunner { masks, interrupts, script: Mutex::default(), calls: Mutex::default() }
    }

    /// Answers every command that begins with these words (program first). Of several that fit the longest
    /// answers, of those the first.
    #[must_use]
    pub fn on(self, words: &[&str], answer: Answer) -> Self {
        self.script(words, answer, false)
    }

    /// The same for one call; then the next that fits. Comes before those for every call.
    #[must_use]
    pub fn once(self, words: &[&str], answer: Answer) -> Self {
        self.script(words, answer, true)
    }

    /// Every command it was asked to run, in order: with variables by name, secrets masked.
    pub fn transcript(&self) -> Vec<String> {
        self.calls().iter().map(Cmd::to_string).collect()
    }

    /// Every command it was asked to run, in order.
    pub fn calls(&self) -> Vec<Cmd> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn script(self, words: &[&str], answer: Answer, once: bool) -> Self {
        let words = words.iter().map(ToString::to_string).collect();
        self.script.lock().unwrap_or_else(PoisonError::into_inner).push(Scripted { words, answer, once });
        self
    }

    fn answer(&self, cmd: &Cmd) -> Option<Answer> {
        let words: Vec<&String> = [&cmd.program].into_iter().chain(&cmd.args).collect();
        let mut script = self.script.lock().unwrap_or_else(PoisonError::into_inner);
        let fits =
            |s: &Scripted| s.words.len() <= words.len() && s.words.iter().zip(&words).all(|(a, b)| a == *b);
        let rank = |(at, s): &(usize, &Scripted)| (s.once, s.words.len(), usize::MAX - at);
        let at = script.iter().enumerate().filter(|(_, s)| fits(s)).max_by_key(rank)?.0;
        Some(if script[at].once { script.remove(at).answer } else { script[at].answer.clone() })
    }

    fn play(&self, cmd: &Cmd, line: OnLine<'_>) -> Result<Done, RunError> {
        let program = || cmd.program.clone();
        if self.interrupts.is_pressed() && !cmd.even_if_interrupted {
            return Err(RunError::Cancelled { program: program() });
        }
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).push(cmd.clone());
        let Some(answer) = self.answer(cmd) else {
            let source = std::io::Error::other(format!("the test has no answer for `{cmd}`"));
            return Err(RunError::Start { program: program(), source });
        };
        if let Ending::IsMissing = answer.ending {
            return Err(RunError::NotFound { program: program() });
        }
        let tail = Tail::default();
        let show = |channel, text: &str, raw: bool| {
            let mut lines = if raw { Lines::raw(&self.masks) } else { Lines::new(&self.masks) };
            let mut give = |text: &str| {
                if !raw {
                    tail.open().push(text);
                }
                line(channel, text);
            };
            lines.push(text.as_bytes(), &mut give);
            lines.finish(&mut give);
        };
        if matches!(cmd.io, Io::Stream | Io::Raw) {
            show(Channel::Out, &answer.out, cmd.io == Io::Raw);
        }
        if cmd.io != Io::Attach {
            show(Channel::Err, &answer.err, false);
        }
        match answer.ending {
            Ending::TakesTooLong => {
                let after = cmd.timeout.unwrap_or_default();
                return Err(RunError::TimedOut { program: program(), after, tail: tail.text() });
            }
            Ending::IsInterrupted => self.interrupts.press(super::Press::Int),
            Ending::Exits | Ending::IsMissing => {}
        }
        let stdout = if cmd.io == Io::Capture { answer.out.into_bytes() } else { Vec::new() };
        let interrupted = matches!(answer.ending, Ending::IsInterrupted);
        Ok(Done { code: answer.code, stdout, tail: tail.text(), interrupted, took: Duration::ZERO })
    }
}

impl Runner for FakeRunner {
    fn run<'a>(&'a self, cmd: &'a Cmd, line: OnLine<'a>) -> BoxFuture<'a, Result<Done, RunError>> {
        Box::pin(async move { self.play(cmd, line) })
    }

    fn keep(&self, cmd: &Cmd) -> Result<Background, RunError> {
        self.play(cmd, &|_, _| {}).map(|_| Background::default())
    }
}

impl fmt::Debug for FakeRunner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeRunner").field("transcript", &self.transcript()).finish_non_exhaustive()
    }
}
