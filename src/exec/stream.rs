//! Bytes that come from a program or go to it as they are, piece by piece: more than fit into memory.

use std::fmt;
use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Takes what a program prints on standard output, which is shown to nobody.
#[derive(Clone)]
pub(crate) struct Sink(Arc<Mutex<Taking>>);

struct Taking {
    to: Box<dyn Write + Send>,
    is_whole: bool,
    error: Option<io::Error>,
}

impl Sink {
    /// Gives it to this writer.
    pub(crate) fn new(to: impl Write + Send + 'static) -> Sink {
        Sink(Arc::new(Mutex::new(Taking { to: Box::new(to), is_whole: false, error: None })))
    }

    fn open(&self) -> MutexGuard<'_, Taking> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next piece; nothing is the end. False when no more is wanted.
    pub(super) fn take(&self, piece: &[u8]) -> bool {
        let mut taking = self.open();
        taking.is_whole = piece.is_empty();
        taking.error = taking.to.write_all(piece).err();
        !taking.is_whole && taking.error.is_none()
    }

    /// An error when something of it was not written, or not read: the program may have ended well all the same.
    pub(crate) fn check(&self) -> io::Result<()> {
        let mut taking = self.open();
        match taking.error.take() {
            Some(error) => Err(error),
            None if taking.is_whole => Ok(()),
            None => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "not all that it printed was read")),
        }
    }
}

impl fmt::Debug for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sink").finish_non_exhaustive()
    }
}

/// What a program reads on its standard input, once.
#[derive(Clone)]
pub struct Supply(Arc<Mutex<Giving>>);

struct Giving {
    from: Box<dyn Read + Send>,
    error: Option<io::Error>,
}

impl Supply {
    /// All that this reader has.
    pub(crate) fn new(from: impl Read + Send + 'static) -> Supply {
        Supply(Arc::new(Mutex::new(Giving { from: Box::new(from), error: None })))
    }

    fn open(&self) -> MutexGuard<'_, Giving> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next piece: how much of the buffer it fills, nothing at the end.
    pub(super) fn give(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut giving = self.open();
        giving.from.read(buffer).inspect_err(|error| {
            giving.error = Some(io::Error::new(error.kind(), error.to_string()));
        })
    }

    /// An error when it could not be read to its end.
    pub(crate) fn check(&self) -> io::Result<()> {
        self.open().error.take().map_or(Ok(()), Err)
    }
}

impl fmt::Debug for Supply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Supply").finish_non_exhaustive()
    }
}
