//! The files of a run while it goes on.

use std::fs::File;
use std::io::{self, Write as _};

use super::lanes::Lanes;
use super::line::{Line, Start};
use super::log::Log;
use super::store::Store;

/// The files of a run.
pub(super) struct RunFiles {
    pub(super) store: Store,
    pub(super) number: u64,
    file: File,
    pub(super) logs: Lanes<Log>,
}

impl RunFiles {
    pub(super) fn begin(store: Store, start: &mut Start) -> io::Result<Self> {
        let (number, file, locked) = store.begin()?;
        (start.run, start.locked) = (Some(number), locked);
        let mut kept = RunFiles { store, number, file, logs: Lanes::default() };
        kept.write(&Line::RunStarted(start.clone()))?;
        Ok(kept)
    }

    /// One call of the system a line: what was said is there, whatever happens next.
    pub(super) fn write(&mut self, line: &Line) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        self.file.write_all(&text)
    }

    /// Adds a line to the log of an environment.
    pub(super) fn log(&mut self, environment: &str, text: &str) -> io::Result<()> {
        if let Some(log) = self.logs.get_mut(environment) {
            return log.line(text);
        }
        let log = Log::new(self.store.begin_log(self.number, environment)?);
        self.logs.add(environment, log).line(text)
    }
}
