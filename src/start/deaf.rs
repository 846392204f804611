//! The end of a run whose main thread waits for something that hears no signals: a read, the lock of a file, a question.

use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use super::recording;
use crate::failure::{Failure, Kind};
use crate::history::Recorder;
use crate::ui::{SavedTerminal, Ui};

/// How long the last words may take: what they are written to may be what is waited for.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Tells everybody, puts the terminal back, and ends the process.
pub(super) fn end(ui: &Arc<Ui>, recorder: &Arc<Recorder>, terminal: Option<&SavedTerminal>, kind: Kind) -> ! {
    if let Some(terminal) = terminal {
        terminal.restore();
    }
    let (told, is_told) = mpsc::channel();
    let (ui, recorder) = (Arc::clone(ui), Arc::clone(recorder));
    std::thread::spawn(move || {
        let failure = Failure::new(kind, "interrupted");
        ui.failure(&failure);
        recording::end(&ui, &recorder, Some(&failure));
        let _ = told.send(());
    });
    let _ = is_told.recv_timeout(LAST_WORDS);
    #[expect(
        clippy::disallowed_methods,
        clippy::exit,
        reason = "the main thread, which would return a code, does not hear"
    )]
    std::process::exit(i32::from(kind.code()))
}
