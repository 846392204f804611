//! Standard output: what is printed there, and whether all of it was.

use std::io::{self, ErrorKind, Write as _};
use std::sync::{Mutex, PoisonError};

/// Prints, and remembers why something could not be printed.
#[derive(Debug, Default)]
pub(super) struct Printed {
    lost: Mutex<Option<String>>,
}

impl Printed {
    /// Prints. A reader that went away is no error.
    pub(super) fn print(&self, bytes: &[u8]) -> Result<(), String> {
        let mut out = io::stdout().lock();
        match out.write_all(bytes).and_then(|()| out.flush()) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                let text = format!("standard output could not be written: {error}");
                *self.lost.lock().unwrap_or_else(PoisonError::into_inner) = Some(text.clone());
                Err(text)
            }
            _ => Ok(()),
        }
    }

    /// Why not everything was printed.
    pub(super) fn trouble(&self) -> Option<String> {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
