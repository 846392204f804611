//! The files of a run while it goes on.

use std::fs::File;
use std::io::{self, Write as _};
use std::thread::JoinHandle;

use super::lanes::Lanes;
use super::line::{Line, Start};
use super::log::Log;
use super::seal::{self, Seal};
use super::store::Store;

/// The files of a run.
pub(super) struct RunFiles {
    pub(super) store: Store,
    pub(super) number: u64,
    file: File,
    lines: usize,
    /// The hash of the last line.
    last: String,
    /// The seal of its beginning, on its way to the disk.
    begun: Option<JoinHandle<io::Result<()>>>,
    pub(super) logs: Lanes<Log>,
}

impl RunFiles {
    pub(super) fn begin(store: Store, start: &mut Start) -> io::Result<Self> {
        let (number, file, locked) = store.begin()?;
        (start.run, start.locked) = (Some(number), locked);
        let logs = Lanes::default();
        let begun = store.begin_to_seal(&Seal::Began { run: number })?;
        let mut kept = RunFiles { store, number, file, lines: 0, last: String::new(), begun, logs };
        kept.write(&Line::RunStarted(start.clone()))?;
        Ok(kept)
    }

    /// One call of the system a line: what was said is there, whatever happens next.
    pub(super) fn write(&mut self, line: &Line) -> io::Result<()> {
        let mut text = seal::linked(&serde_json::to_string(line)?, &self.last);
        (self.lines, self.last) = (self.lines + 1, seal::hash(&text));
        text.push('\n');
        self.file.write_all(text.as_bytes())
    }

    /// The run is over: no line of it may change any more.
    pub(super) fn seal(&mut self) -> io::Result<()> {
        if let Some(begun) = self.begun.take() {
            begun.join().map_err(|_| io::Error::other("nobody waited for the disk"))??;
        }
        // A seal that outlived the lines in a power cut would accuse somebody.
        crate::platform::sync_data(&self.file)?;
        let (run, lines, last) = (self.number, self.lines, self.last.clone());
        self.store.seal_soon(&Seal::Ended { run, lines, last })
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
