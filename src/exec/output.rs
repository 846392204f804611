//! Reads what a program prints.

use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::time::timeout;

use super::{Channel, OnLine};
use crate::redact::Lines;
use crate::text;

/// Lines kept for error messages.
const LINES: usize = 40;
/// Bytes read at once: what a pipe of Linux holds.
const BUFFER: usize = 64 * 1024;

/// The last lines a program printed.
#[derive(Debug, Default)]
pub(super) struct Tail(Mutex<text::Tail<LINES>>);

impl Tail {
    pub(super) fn open(&self) -> MutexGuard<'_, text::Tail<LINES>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn text(&self) -> String {
        self.open().text().to_owned()
    }
}

/// Reads one of a program's outputs to its end and gives its lines.
pub(super) struct Reader<'a, R> {
    pipe: Option<R>,
    lines: Lines,
    channel: Channel,
    line: OnLine<'a>,
    tail: &'a Tail,
}

impl<'a, R: AsyncRead + Unpin> Reader<'a, R> {
    pub(super) fn new(
        pipe: Option<R>,
        channel: Channel,
        lines: Lines,
        line: OnLine<'a>,
        tail: &'a Tail,
    ) -> Self {
        Reader { pipe, lines, channel, line, tail }
    }

    /// Ends at end of file. May be dropped at any time; then [`finish`](Self::finish) gives the rest.
    pub(super) async fn read(&mut self) {
        let Some(pipe) = &mut self.pipe else { return };
        let mut buffer = vec![0; BUFFER];
        // An error is the end too: the program is judged by its exit code.
        while let Ok(count @ 1..) = pipe.read(&mut buffer).await {
            let (channel, line, mut tail) = (self.channel, self.line, self.tail.open());
            self.lines.push(&buffer[..count], &mut |text| {
                tail.push(text);
                line(channel, text);
            });
        }
    }

    /// Gives the last line if it had no line end.
    pub(super) fn finish(&mut self) {
        let (channel, line, mut tail) = (self.channel, self.line, self.tail.open());
        self.lines.finish(&mut |text| {
            tail.push(text);
            line(channel, text);
        });
    }
}

/// The reading and writing of all pipes of a program, to go on while something else is waited for.
pub(super) struct Pipes<'a, F> {
    work: Pin<&'a mut F>,
    ended: bool,
}

impl<'a, F: Future<Output = ()>> Pipes<'a, F> {
    pub(super) fn new(work: Pin<&'a mut F>) -> Self {
        Pipes { work, ended: false }
    }

    /// Goes on until `main` has ended.
    pub(super) async fn alongside<T>(&mut self, main: impl Future<Output = T>) -> T {
        tokio::pin!(main);
        loop {
            tokio::select! {
                biased;
                value = &mut main => return value,
                () = &mut self.work, if !self.ended => self.ended = true,
            }
        }
    }

    /// Goes on to the end of all pipes, but not longer than `limit`.
    pub(super) async fn end_within(&mut self, limit: Duration) {
        if !self.ended {
            self.ended = timeout(limit, &mut self.work).await.is_ok();
        }
    }
}
