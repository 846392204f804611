//! What a step says, kept for what is captured of it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::exec::{Channel, Done};
use crate::redact::Masks;
use crate::text::Tail;

/// More bytes of what a step says are not searched.
const MOST: usize = 16 * 1024 * 1024;

/// What a step says, kept until the values are taken of it. Clones share it.
#[derive(Clone)]
pub(crate) struct Ear {
    /// A secret is among what is taken: nothing is shown before it is known.
    pub holds_back: bool,
    said: Arc<Mutex<Said>>,
}

/// Counts only.
impl std::fmt::Debug for Ear {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ear").field("bytes", &self.open().bytes).finish()
    }
}

/// What was said.
#[derive(Default)]
pub(crate) struct Said {
    /// In order, as it was printed, without line ends.
    pub lines: Vec<(Channel, String)>,
    /// Header lines of an answer, names in lower case.
    pub headers: Vec<(String, String)>,
    /// An answer; nothing of it is shown.
    pub answer: Option<String>,
    /// So many bytes there were.
    pub bytes: usize,
}

impl Ear {
    /// One that has heard nothing.
    pub(crate) fn new(holds_back: bool) -> Ear {
        Ear { holds_back, said: Arc::default() }
    }

    /// Hears a line.
    pub(crate) fn hear(&self, channel: Channel, line: &str) {
        let mut said = self.open();
        said.bytes += line.len() + 1;
        if said.bytes <= MOST {
            said.lines.push((channel, line.to_owned()));
        }
    }

    /// Hears an answer, the last one of which counts.
    pub(crate) fn answer(&self, headers: Vec<(String, String)>, body: String) {
        let mut said = self.open();
        (said.headers, said.answer) = (headers, Some(body));
    }

    /// Forgets everything and gives it back.
    pub(crate) fn take(&self) -> Said {
        std::mem::take(&mut *self.open())
    }

    fn open(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Said {
    /// It is too much to be searched.
    pub(crate) fn is_too_long(&self) -> bool {
        self.bytes > MOST
    }

    /// What came on standard output, as one text.
    pub(crate) fn out(&self) -> String {
        self.answer.clone().unwrap_or_else(|| self.text(|channel| channel == Channel::Out))
    }

    /// Everything, as one text.
    pub(crate) fn log(&self) -> String {
        self.answer.clone().unwrap_or_else(|| self.text(|_| true))
    }

    fn text(&self, wanted: impl Fn(Channel) -> bool) -> String {
        let lines: Vec<&str> = self
            .lines
            .iter()
            .filter(|(channel, _)| wanted(*channel))
            .map(|(_, line)| line.as_str())
            .collect();
        lines.join("\n")
    }
}

/// A command of which a value is taken: its lines are kept as they are, and shown masked, unless they are held back.
pub(super) struct Listening<'a> {
    ear: &'a Ear,
    masks: &'a Masks,
    tail: Mutex<Tail<40>>,
}

impl<'a> Listening<'a> {
    pub(super) fn new(ear: &'a Ear, masks: &'a Masks) -> Self {
        Listening { ear, masks, tail: Mutex::default() }
    }

    /// Hears a line; what may be shown of it.
    pub(super) fn line(&self, channel: Channel, text: &str) -> Option<String> {
        self.ear.hear(channel, text);
        if self.ear.holds_back {
            return None;
        }
        let text = self.masks.mask(text).into_owned();
        self.tail.lock().unwrap_or_else(PoisonError::into_inner).push(&text);
        Some(text)
    }

    /// The end of the command, with the last lines that may be shown.
    pub(super) fn over(self, done: Done) -> Done {
        if self.ear.holds_back {
            return done;
        }
        let tail = self.tail.into_inner().unwrap_or_else(PoisonError::into_inner);
        Done { tail: tail.text().to_owned(), ..done }
    }
}
