//! The terminal that live lines are drawn on, and that questions change.

use std::fs::File;
use std::io::{self, Write as _};

use dialoguer::console::Term;
use indicatif::TermLike;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

/// Standard error, which may go away at any moment: a window that is closed must not end the run behind it.
#[derive(Debug)]
pub(super) struct Patient(Term);

impl Patient {
    pub(super) fn new() -> Self {
        Patient(Term::buffered_stderr())
    }
}

/// Writing to a terminal that is gone (EIO) is as good as written: nobody looks.
#[expect(clippy::unnecessary_wraps, reason = "the trait wants results")]
fn ignored(_: io::Result<()>) -> io::Result<()> {
    Ok(())
}

impl TermLike for Patient {
    fn width(&self) -> u16 {
        self.0.size().1
    }

    fn height(&self) -> u16 {
        self.0.size().0
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        ignored(self.0.move_cursor_up(n))
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        ignored(self.0.move_cursor_down(n))
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        ignored(self.0.move_cursor_right(n))
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        ignored(self.0.move_cursor_left(n))
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        ignored(self.0.write_line(text))
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        ignored(self.0.write_str(text))
    }

    fn clear_line(&self) -> io::Result<()> {
        ignored(self.0.clear_line())
    }

    fn flush(&self) -> io::Result<()> {
        ignored(self.0.flush())
    }
}

/// The terminal as it was before anything was asked.
#[derive(Debug)]
pub(crate) struct SavedTerminal(File, Termios);

impl SavedTerminal {
    /// As it is now; none where there is no terminal.
    pub(crate) fn now() -> Option<Self> {
        let tty = File::options().read(true).write(true).open("/dev/tty").ok()?;
        let modes = tcgetattr(&tty).ok()?;
        Some(SavedTerminal(tty, modes))
    }

    /// Makes it so again: what is typed is shown, and so is the cursor.
    pub(crate) fn restore(&self) {
        let _ = tcsetattr(&self.0, OptionalActions::Now, &self.1);
        let _ = (&self.0).write_all(b"\x1b[?2004l\x1b[?25h\n");
    }
}

/// Writes text to standard error. A closed standard error is nobody's fault and ends nothing.
pub(crate) fn say(text: &str) {
    // In one call of the system: whole lines, whoever else writes there.
    let mut line = Vec::with_capacity(text.len() + 1);
    line.extend_from_slice(text.as_bytes());
    if !text.ends_with('\n') {
        line.push(b'\n');
    }
    let mut err = io::stderr().lock();
    let _ = err.write_all(&line);
    let _ = err.flush();
}
