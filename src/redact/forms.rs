//! The ways a secret may be written in a program's output.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use memchr::memchr2;
use zeroize::{Zeroize as _, Zeroizing};

use super::patterns::Patterns;
use super::spellings::{self, Text};

/// Widths at which `openssl` and `base64` break lines.
const WRAPS: [usize; 2] = [64, 76];

/// Values and lines with fewer characters are not masked: it would hide half the output and so show them.
const SHORTEST: usize = 4;

/// A value, or a line of one; overwritten when dropped. (`Zeroizing` has no hash.)
#[derive(PartialEq, Eq, Hash)]
pub(super) struct Secret(String);

impl Secret {
    pub(super) fn new(text: &str) -> Self {
        Secret(text.to_owned())
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// Adds every form of `value` to look for. None contains a line end, none is shorter than 4 bytes. `lines` are those of
/// values before it.
pub(super) fn add(value: &str, lines: &mut HashSet<Secret>, to: &mut Patterns) {
    // White space around a value or a line is no secret, and tools strip, indent and fold it.
    let trimmed = value.trim();
    if trimmed.contains('\n') {
        for line in value.lines().map(str::trim) {
            if !is_short(line) && lines.insert(Secret::new(line)) {
                add_as_it_stands(line, to);
                to.end_group();
            }
        }
    }
    let text = Text::new(trimmed);
    add_as_it_stands(trimmed, to);
    spellings::encoded(&text, to);
    if !trimmed.contains('\n') {
        spellings::rare(&text, to);
    }
    hex(trimmed.as_bytes(), to);
    encodings(trimmed.as_bytes(), to);
    // The end of the first base64 depends on what follows.
    let base64 = Zeroizing::new(STANDARD.encode(trimmed));
    encodings(&base64.as_bytes()[..8 * trimmed.len() / 6], to);
    whole_base64(&base64, to);
    if trimmed.len() != value.len() {
        whole_base64(&Zeroizing::new(STANDARD.encode(value)), to);
    }
    to.end_group();
}

pub(super) fn is_short(text: &str) -> bool {
    text.trim().chars().take(SHORTEST).count() < SHORTEST
}

fn add_as_it_stands(text: &str, to: &mut Patterns) {
    if !is_short(text) {
        to.add(text.len(), |out| out.extend_from_slice(text.as_bytes()));
        spellings::usual(&Text::new(text), to);
    }
}

/// The part of its base64 that is the same whatever stands around it, for each of the three ways it can lie.
fn encodings(bytes: &[u8], to: &mut Patterns) {
    let mut shifted = Zeroizing::new(vec![0; 2 + bytes.len()]);
    shifted[2..].copy_from_slice(bytes);
    for shift in 0..3 {
        let bytes = &shifted[2 - shift..];
        let inner = (8 * shift).div_ceil(6)..8 * bytes.len() / 6;
        let base64 = Zeroizing::new(STANDARD_NO_PAD.encode(bytes));
        add_base64(&base64[inner], to);
    }
}

/// In both alphabets.
fn add_base64(standard: &str, to: &mut Patterns) {
    to.add(standard.len(), |out| out.extend_from_slice(standard.as_bytes()));
    if memchr2(b'+', b'/', standard.as_bytes()).is_some() {
        let url_safe = |&byte: &u8| match byte {
            b'+' => b'-',
            b'/' => b'_',
            other => other,
        };
        to.add(standard.len(), |out| out.extend(standard.as_bytes().iter().map(url_safe)));
    }
}

fn hex(bytes: &[u8], to: &mut Patterns) {
    for digits in [b"0123456789ABCDEF", b"0123456789abcdef"] {
        let digits =
            bytes.iter().flat_map(|byte| [byte >> 4, byte & 15].map(|digit| digits[usize::from(digit)]));
        to.add(2 * bytes.len(), |out| out.extend(digits));
    }
}

/// The base64 of this value alone, to its last character, also broken into lines.
fn whole_base64(standard: &str, to: &mut Patterns) {
    add_base64(standard, to);
    add_base64(standard.trim_end_matches('='), to);
    for width in WRAPS.into_iter().filter(|&width| standard.len() > width) {
        let pieces =
            (0..standard.len()).step_by(width).map(|at| &standard[at..standard.len().min(at + width)]);
        pieces.filter(|piece| piece.len() >= 8).for_each(|piece| add_base64(piece, to));
    }
}
