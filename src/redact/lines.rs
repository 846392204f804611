//! Cuts a stream of bytes into redacted lines.

use std::fmt;
use std::mem;
use std::ops::Range;

use memchr::{memchr, memrchr};

use super::{Masks, Redactor, merge, replace};

/// Longer lines are given in pieces of this many bytes.
const LIMIT: usize = 64 * 1024;
/// The same for lines that are given as they are: one is a whole document.
const RAW_LIMIT: usize = 16 * 1024 * 1024;

/// Cuts what a program prints into lines and masks them, with constant memory, as it comes: each line is
/// given as soon as its end is there.
///
/// Lines have no line end (`\n` or `\r\n`); what is not UTF-8 is replaced by U+FFFD. A line of more than
/// 64 KiB is given in pieces of 64 KiB (a few bytes less where a character would be cut); a secret across
/// the cut is masked on both sides. How the input is cut into `push`es makes no difference.
pub struct Lines {
    masks: Masks,
    /// The beginning of a line whose end has not come, after what was given of it.
    pending: Vec<u8>,
    /// So many first bytes of `pending` belong to a secret that began before them.
    covered: usize,
    found: Vec<Range<usize>>,
    masked: Vec<u8>,
    limit: usize,
    /// Lines that are not too long are given as they are.
    is_raw: bool,
    /// A piece of the line at hand was given already.
    is_cut: bool,
}

impl Lines {
    /// Masks the secrets of this list, also those that are added later.
    pub fn new(masks: &Masks) -> Self {
        Lines {
            masks: masks.clone(),
            pending: Vec::new(),
            covered: 0,
            found: Vec::new(),
            masked: Vec::new(),
            limit: LIMIT,
            is_raw: false,
            is_cut: false,
        }
    }

    /// Masks nothing in a line of up to 16 MiB, for a caller that reads it as a document and masks what it shows of
    /// it. The pieces of a longer one are no documents: they are masked.
    pub fn raw(masks: &Masks) -> Self {
        Lines { limit: RAW_LIMIT, is_raw: true, ..Lines::new(masks) }
    }

    /// Takes the next bytes and gives each line that is complete.
    pub fn push(&mut self, bytes: &[u8], line: &mut dyn FnMut(&str)) {
        let redactor = self.masks.redactor();
        let mut rest = bytes;
        while !rest.is_empty() {
            if self.pending.is_empty() {
                // Whole lines are given straight from the input, without a copy.
                if let Some(end) = memrchr(b'\n', &rest[..rest.len().min(LIMIT)]) {
                    self.block(&redactor, &rest[..end], line);
                    rest = &rest[end + 1..];
                    continue;
                }
            }
            // Secrets that begin before the cut must be seen to their end; 2: a `\r\n` is not part of the line.
            let most = self.limit + redactor.longest() + 2;
            let room = rest.len().min(most.saturating_sub(self.pending.len()));
            if let Some(end) = memchr(b'\n', &rest[..room]) {
                self.pending.extend_from_slice(&rest[..end]);
                if self.pending.last() == Some(&b'\r') {
                    self.pending.pop();
                }
                self.last_pieces(&redactor, line);
                rest = &rest[end + 1..];
            } else {
                self.pending.extend_from_slice(&rest[..room]);
                rest = &rest[room..];
                if self.pending.len() >= most {
                    self.piece(&redactor, self.cut(), line);
                }
            }
        }
    }

    /// Gives the last line if it had no line end.
    pub fn finish(&mut self, line: &mut dyn FnMut(&str)) {
        if !self.pending.is_empty() {
            let redactor = self.masks.redactor();
            self.last_pieces(&redactor, line);
        }
    }

    /// Gives all lines of a block that has no line end at its end.
    fn block(&mut self, redactor: &Redactor, block: &[u8], line: &mut dyn FnMut(&str)) {
        self.found.clear();
        if !self.is_raw {
            redactor.find(block, &mut self.found);
        }
        if self.found.is_empty()
            && let Ok(text) = str::from_utf8(block)
        {
            for text in text.split('\n') {
                line(text.strip_suffix('\r').unwrap_or(text));
            }
            return;
        }
        let mut next = 0;
        let mut start = 0;
        for text in block.split(|&b| b == b'\n') {
            let end = start + text.len();
            let text = text.strip_suffix(b"\r").unwrap_or(text);
            // No pattern contains a line end, so no range goes over one.
            let first = next;
            while self.found.get(next).is_some_and(|range| range.start <= end) {
                next += 1;
            }
            if first == next {
                line(&String::from_utf8_lossy(text));
            } else {
                self.masked.clear();
                replace(text, start, &self.found[first..next], &mut self.masked);
                line(&String::from_utf8_lossy(&self.masked));
            }
            start = end + 1;
        }
    }

    /// Bytes kept.
    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        self.pending.capacity() + self.masked.capacity() + self.found.capacity() * size_of::<Range<usize>>()
    }

    /// Where the piece ends that is the beginning of `pending`: not inside a character.
    fn cut(&self) -> usize {
        let is_inside = |at: &usize| self.pending[*at] & 0xC0 == 0x80;
        (self.limit - 3..=self.limit).rev().find(|at| !is_inside(at)).unwrap_or(self.limit)
    }

    /// Gives the rest of a line, which is all in `pending`.
    fn last_pieces(&mut self, redactor: &Redactor, line: &mut dyn FnMut(&str)) {
        while self.pending.len() > self.limit {
            self.piece(redactor, self.cut(), line);
        }
        self.piece(redactor, self.pending.len(), line);
        self.covered = 0;
        self.is_cut = false;
        // One long line must not keep its memory for ever.
        self.pending.shrink_to(LIMIT / 8);
    }

    /// Gives the first `cut` bytes of `pending`. Secrets that begin in them are all in `pending`.
    fn piece(&mut self, redactor: &Redactor, cut: usize, line: &mut dyn FnMut(&str)) {
        let mut found = mem::take(&mut self.found);
        self.is_cut |= cut < self.pending.len();
        found.clear();
        if self.is_cut || !self.is_raw {
            redactor.find(&self.pending, &mut found);
        }
        found.push(0..self.covered);
        merge(&mut found);
        found.retain(|range| range.start < cut && !range.is_empty());
        self.covered = found.last().map_or(0, |range| range.end.saturating_sub(cut));
        if found.is_empty() {
            line(&String::from_utf8_lossy(&self.pending[..cut]));
        } else {
            self.masked.clear();
            replace(&self.pending[..cut], 0, &found, &mut self.masked);
            line(&String::from_utf8_lossy(&self.masked));
        }
        self.found = found;
        self.pending.drain(..cut);
    }
}

/// Counts only.
impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines").field("pending", &self.pending.len()).finish_non_exhaustive()
    }
}
