//! Reads a text that is not shown while it is typed, from the terminal itself.

use std::fs::File;
use std::io::{self, Read as _, Write as _};

use rustix::termios::{
    InputModes, LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};
use zeroize::Zeroizing;

/// Lines that come sooner than this after the first were pasted with it: in tenths of a second, as terminals count.
const TOGETHER: u8 = 1;

/// What was typed.
pub(crate) struct Typed {
    /// The text, without the line end that finished it.
    pub text: Zeroizing<Vec<u8>>,
    /// More lines came along: pasted into a terminal that does not mark what is pasted. They were thrown away, so that
    /// no shell gets to see them.
    pub more: bool,
}

/// Why there is no text.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoAnswer {
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
    /// Ctrl-D, or the terminal was closed.
    #[error("no answer")]
    Ended,
    /// There is no terminal, or it fails.
    #[error("the terminal cannot be read: {0}")]
    Terminal(#[from] io::Error),
}

/// Is there a terminal to ask at, whatever standard input and output are?
pub(crate) fn is_possible() -> bool {
    tty().is_ok()
}

fn tty() -> io::Result<File> {
    File::options().read(true).write(true).open("/dev/tty")
}

/// Asks at the terminal. What is pasted may have several lines.
pub(crate) fn read(question: &str) -> Result<Typed, NoAnswer> {
    let mut tty = tty()?;
    let terminal = Quiet::new(tty.try_clone()?)?;
    // Marks around what is pasted; terminals that do not know them ignore this.
    write!(tty, "{question}: \x1b[?2004h")?;
    let result = line(&mut tty);
    let more = result.is_ok() && terminal.drain();
    drop(terminal);
    tty.write_all(b"\x1b[?2004l\n")?;
    result.map(|text| Typed { text, more })
}

fn line(tty: &mut File) -> Result<Zeroizing<Vec<u8>>, NoAnswer> {
    // Room for a long value at once: a vector that grows leaves copies behind.
    let mut line = Line { text: Zeroizing::new(Vec::with_capacity(4096)), ..Line::default() };
    let mut byte = Zeroizing::new([0]);
    loop {
        match tty.read(&mut *byte) {
            Ok(0) => return Err(NoAnswer::Ended),
            Ok(_) => match line.push(byte[0]) {
                After::More => {}
                After::Done => return Ok(line.text),
                After::Stop(why) => return Err(why),
            },
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// A terminal that shows nothing and hands over every key, also Ctrl-C; as before when dropped.
struct Quiet(File, Termios);

impl Quiet {
    fn new(tty: File) -> io::Result<Self> {
        let before = tcgetattr(&tty)?;
        let mut quiet = before.clone();
        quiet.local_modes &= !(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG | LocalModes::IEXTEN);
        quiet.input_modes &= !(InputModes::ICRNL | InputModes::INLCR | InputModes::IXON);
        quiet.special_codes[SpecialCodeIndex::VMIN] = 1;
        quiet.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(&tty, OptionalActions::Flush, &quiet)?;
        Ok(Quiet(tty, before))
    }

    /// Throws away what comes at once; true if anything did. The terminal itself has the clock: poll(2) of macOS knows no
    /// terminals.
    fn drain(&self) -> bool {
        let Ok(mut brief) = tcgetattr(&self.0) else { return false };
        brief.special_codes[SpecialCodeIndex::VMIN] = 0;
        brief.special_codes[SpecialCodeIndex::VTIME] = TOGETHER;
        if tcsetattr(&self.0, OptionalActions::Now, &brief).is_err() {
            return false;
        }
        let mut any = false;
        let mut bytes = Zeroizing::new([0; 1024]);
        while (&self.0).read(&mut *bytes).is_ok_and(|count| count > 0) {
            any = true;
        }
        any
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // What was not read is thrown away.
        let _ = tcsetattr(&self.0, OptionalActions::Flush, &self.1);
    }
}

enum After {
    More,
    Done,
    Stop(NoAnswer),
}

/// A line while it is typed or pasted.
#[derive(Default)]
struct Line {
    text: Zeroizing<Vec<u8>>,
    /// A sequence of a key, or a mark of what is pasted, from its Escape on.
    escape: Vec<u8>,
    is_pasting: bool,
    after_cr: bool,
}

impl Line {
    fn push(&mut self, byte: u8) -> After {
        let after_cr = std::mem::take(&mut self.after_cr);
        if !self.escape.is_empty() {
            self.escape(byte);
            return After::More;
        }
        match byte {
            0x1b => self.escape.push(byte),
            b'\n' if self.is_pasting && after_cr => {}
            // Terminals paste line ends as the key Enter sends them.
            b'\r' | b'\n' if self.is_pasting => {
                self.text.push(b'\n');
                self.after_cr = byte == b'\r';
            }
            _ if self.is_pasting => self.text.push(byte),
            b'\r' | b'\n' => return After::Done,
            0x03 | 0x1c => return After::Stop(NoAnswer::Interrupted),
            0x04 if self.text.is_empty() => return After::Stop(NoAnswer::Ended),
            0x7f | 0x08 => while self.text.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {},
            0x15 => self.text.clear(),
            b'\t' | b' '.. => self.text.push(byte),
            _ => {}
        }
        After::More
    }

    fn escape(&mut self, byte: u8) {
        self.escape.push(byte);
        let is_done = match (self.escape[1], self.escape.len()) {
            (b'[' | b'O', 2) => false,
            (b'[', _) => (0x40..0x7f).contains(&byte),
            _ => true,
        };
        if is_done {
            match self.escape.as_slice() {
                b"\x1b[200~" => self.is_pasting = true,
                b"\x1b[201~" => self.is_pasting = false,
                other if self.is_pasting => self.text.extend_from_slice(other),
                _ => {}
            }
            self.escape.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text of a line, or why there is none; and how many keys were left over.
    fn typed(keys: &[u8]) -> (Result<Vec<u8>, String>, usize) {
        let mut line = Line::default();
        for (at, key) in keys.iter().enumerate() {
            match line.push(*key) {
                After::More => {}
                After::Done => return (Ok(line.text.to_vec()), keys.len() - at - 1),
                After::Stop(why) => return (Err(why.to_string()), keys.len() - at - 1),
            }
        }
        (Err("still waiting".to_owned()), 0)
    }

    #[test]
    fn keys_edit_the_line_and_end_it() {
        let ok = |keys: &[u8]| {
            let (text, left) = typed(keys);
            assert_eq!(left, 0);
            text.unwrap()
        };
        assert_eq!(ok(b"pa ss\tword\r"), b"pa ss\tword");
        assert_eq!(ok(b"\r"), b"");
        assert_eq!(ok("aä\u{7f}b\u{8}\u{8}\u{8}c\n".as_bytes()), b"c");
        assert_eq!(ok(b"wrong\x15right\r"), b"right");
        assert_eq!(ok(b"a\x1b[Ab\x1bOPc\x1b[1;5Dd\x1bxe\x1a\x13f\x04\r"), b"abcdef");
        assert_eq!(typed(b"abc\x03").0.unwrap_err(), "interrupted");
        assert_eq!(typed(b"\x1c").0.unwrap_err(), "interrupted");
        assert_eq!(typed(b"\x04").0.unwrap_err(), "no answer");
        assert_eq!(typed(b"one\rtwo\r"), (Ok(b"one".to_vec()), 4));
    }

    #[test]
    fn what_is_pasted_may_have_lines() {
        let pasted = b"\x1b[200~-----BEGIN\r\na\nb\rc\x03\x1b[31m\x1b[201~\r";
        assert_eq!(typed(pasted), (Ok(b"-----BEGIN\na\nb\nc\x03\x1b[31m".to_vec()), 0));
    }
}
