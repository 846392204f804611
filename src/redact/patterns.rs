//! What is looked for: bytes in one piece of memory that is overwritten when it goes, and when it grows.

use std::ops::Range;

use memchr::memchr;
use zeroize::Zeroizing;

/// Longer forms are looked for in pieces of this many bytes: it bounds the memory and time of a search.
const PIECE: usize = 1024;
/// In a group with more patterns than this those that are the same are found by sorting.
const MANY: usize = 64;

/// Patterns, one after the other. Those of a group that has ended are all different.
#[derive(Default)]
pub(super) struct Patterns {
    bytes: Zeroizing<Vec<u8>>,
    ends: Vec<usize>,
    /// The first pattern of the group at hand.
    group: usize,
}

impl Patterns {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Where the pattern is in what `bytes` gives.
    pub(super) fn place(&self, number: usize) -> Range<usize> {
        number.checked_sub(1).map_or(0, |before| self.ends[before])..self.ends[number]
    }

    pub(super) fn get(&self, number: usize) -> &[u8] {
        &self.bytes[self.place(number)]
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).map(|number| self.get(number))
    }

    /// Adds what `write` appends, which may be up to `most` bytes; nothing if it has a line end, for a value of many
    /// lines is found by its lines.
    pub(super) fn add(&mut self, most: usize, write: impl FnOnce(&mut Vec<u8>)) {
        self.make_room(most);
        let start = self.bytes.len();
        write(&mut self.bytes);
        debug_assert!(self.bytes.len() - start <= most, "memory may have moved");
        let form = &self.bytes[start..];
        if memchr(b'\n', form).is_some() || self.is_known(form) {
            self.bytes.truncate(start);
        } else if form.len() <= PIECE {
            self.ends.push(self.bytes.len());
        } else {
            let form = Zeroizing::new(form.to_vec());
            self.bytes.truncate(start);
            form.chunks_exact(PIECE).for_each(|piece| self.push(piece));
            self.push(&form[form.len() - PIECE..]);
        }
    }

    /// The group has it already, as far as that is seen at a glance.
    fn is_known(&self, form: &[u8]) -> bool {
        let group = &self.ends[self.group..];
        let mut start = self.group.checked_sub(1).map_or(0, |before| self.ends[before]);
        group.len() <= MANY
            && group.iter().any(|&end| {
                let is_known = end - start == form.len() && &self.bytes[start..end] == form;
                start = end;
                is_known
            })
    }

    /// Ends the group at hand: what comes now may be the same as something before it.
    pub(super) fn end_group(&mut self) {
        if self.len() - self.group > MANY {
            let mut all: Vec<&[u8]> = (self.group..self.len()).map(|number| self.get(number)).collect();
            all.sort_unstable();
            all.dedup();
            let mut kept = Patterns::default();
            kept.make_room(all.iter().map(|pattern| pattern.len()).sum());
            for pattern in &all {
                kept.push(pattern);
            }
            self.ends.truncate(self.group);
            self.bytes.truncate(self.ends.last().copied().unwrap_or(0));
            kept.iter().for_each(|pattern| self.push(pattern));
        }
        self.group = self.len();
    }

    /// All of both.
    pub(super) fn and(&self, more: &Patterns) -> Patterns {
        let mut all = Patterns::default();
        all.make_room(self.bytes.len() + more.bytes.len());
        self.iter().chain(more.iter()).for_each(|pattern| all.push(pattern));
        all
    }

    fn push(&mut self, pattern: &[u8]) {
        self.make_room(pattern.len());
        self.bytes.extend_from_slice(pattern);
        self.ends.push(self.bytes.len());
    }

    /// A vector that grows by itself leaves what it had behind.
    fn make_room(&mut self, more: usize) {
        if self.bytes.capacity() - self.bytes.len() < more {
            let mut bytes = Zeroizing::new(Vec::with_capacity((self.bytes.len() + more).max(4096) * 2));
            bytes.extend_from_slice(&self.bytes);
            self.bytes = bytes;
        }
    }
}
