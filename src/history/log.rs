//! The log of an environment in a run: masked lines of tools, bounded.

use std::fs::File;
use std::io::{self, Write};

use memchr::{memchr, memrchr};

/// Bytes after which only the end of a log is kept.
const HEAD: u64 = 16 * 1024 * 1024;
/// Bytes of that end.
const TAIL: usize = 1024 * 1024;
/// Bytes that wait for being written together; a second at most, then the clock of the run flushes.
const BUFFER: usize = 64 * 1024;

/// A log that is being written.
#[derive(Debug)]
pub(super) struct Log {
    file: File,
    /// Written to the file, or about to be.
    length: u64,
    buffer: Vec<u8>,
    tail: Vec<u8>,
    left_out: u64,
}

impl Log {
    /// Writes to a file that is new.
    pub(super) fn new(file: File) -> Self {
        Log { file, length: 0, buffer: Vec::new(), tail: Vec::new(), left_out: 0 }
    }

    /// Where the next line begins, in bytes.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Adds a line, without what drives a terminal.
    pub(super) fn line(&mut self, text: &str) -> io::Result<()> {
        let plain;
        let text = if memchr(0x1b, text.as_bytes()).is_some() {
            plain = anstream::adapter::strip_str(text).to_string();
            plain.as_str()
        } else {
            text
        };
        if self.length >= HEAD {
            self.keep_end(text);
            return Ok(());
        }
        self.push(text.as_bytes());
        if self.buffer.len() >= BUFFER { self.flush() } else { Ok(()) }
    }

    fn push(&mut self, text: &[u8]) {
        self.buffer.extend_from_slice(text);
        self.buffer.push(b'\n');
        self.length += text.len() as u64 + 1;
    }

    fn keep_end(&mut self, text: &str) {
        self.tail.extend_from_slice(text.as_bytes());
        self.tail.push(b'\n');
        if self.tail.len() > 2 * TAIL {
            let middle = self.tail.len() - TAIL;
            let line = memrchr(b'\n', &self.tail[..middle]).map_or(middle, |end| end + 1);
            self.left_out += line as u64;
            self.tail.drain(..line);
        }
    }

    /// Ends the lines of a step: what was kept of their end follows what was written.
    pub(super) fn end_step(&mut self) -> io::Result<()> {
        if !self.tail.is_empty() {
            let tail = std::mem::take(&mut self.tail);
            if self.left_out > 0 {
                let megabytes = self.left_out.div_ceil(1024 * 1024);
                self.push(
                    format!("… {megabytes} MB left out here: the log is longer than what is kept").as_bytes(),
                );
                self.left_out = 0;
            }
            self.push(tail.strip_suffix(b"\n").unwrap_or(&tail));
        }
        self.flush()
    }

    /// Writes what waits.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        let result = self.file.write_all(&self.buffer);
        self.buffer.clear();
        result
    }
}
