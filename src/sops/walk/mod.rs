//! Decrypts and encrypts a whole document and computes its MAC (`sops.go`, `Encrypt` and `Decrypt`).

use sha2::{Digest, Sha512};
use std::fmt::Write;

use super::rule::Matcher;
use super::tree::show;

mod open;
mod seal;

pub(super) use open::{open, unverified};
pub(super) use seal::seal;

/// What is fed first when the MAC covers encrypted values only: SHA-256 of `sops`.
const MAC_ONLY_SEED: [u8; 32] = [
    0x8a, 0x3f, 0xd2, 0xad, 0x54, 0xce, 0x66, 0x52, 0x7b, 0x10, 0x34, 0xf3, 0xd1, 0x47, 0xbe, 0x0b, 0x0b,
    0x97, 0x5b, 0x3b, 0xf4, 0x4f, 0x72, 0xc6, 0xfd, 0xad, 0xec, 0x81, 0x76, 0xf2, 0x7d, 0x69,
];

/// The MAC under construction.
struct Mac {
    hash: Sha512,
    only_encrypted: bool,
}

impl Mac {
    fn new(only_encrypted: bool) -> Self {
        let hash = if only_encrypted { Sha512::new_with_prefix(MAC_ONLY_SEED) } else { Sha512::new() };
        Mac { hash, only_encrypted }
    }

    fn feed(&mut self, bytes: &[u8], encrypted: bool) {
        if encrypted || !self.only_encrypted {
            self.hash.update(bytes);
        }
    }

    /// 128 upper-case hexadecimal digits.
    fn finish(self) -> String {
        self.hash.finalize().iter().fold(String::with_capacity(128), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02X}");
            text
        })
    }
}

/// The keys above a leaf, joined and ended with colons: what binds a value to its place.
#[derive(Default)]
struct Path {
    text: Vec<u8>,
    depth: usize,
}

impl Path {
    fn enter(&mut self, key: &[u8]) -> usize {
        let before = self.text.len();
        self.text.extend_from_slice(key);
        self.text.push(b':');
        self.depth += 1;
        before
    }

    fn leave(&mut self, before: usize) {
        self.text.truncate(before);
        self.depth -= 1;
    }

    fn aad(&self) -> &[u8] {
        if self.depth == 0 { b":" } else { &self.text }
    }

    fn show(&self) -> String {
        if self.depth == 0 { "a comment".to_owned() } else { show(&self.text) }
    }
}

/// What the rule has met above a leaf.
#[derive(Clone, Copy, Default)]
struct Met {
    key: bool,
    comment: bool,
}

impl Matcher {
    fn chooses(&self, met: Met) -> bool {
        (met.key || met.comment) != self.spares
    }
}
