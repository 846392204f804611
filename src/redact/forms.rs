//! The ways a secret may be written in a program's output.

use std::collections::BTreeSet;
use std::ops::Deref;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use zeroize::{Zeroize as _, Zeroizing};

use super::spellings;

/// Longer forms are looked for in pieces of this many bytes: it bounds the memory and time of a search.
const PIECE: usize = 1024;

/// Widths at which `openssl` and `base64` break lines.
const WRAPS: [usize; 2] = [64, 76];

/// Values and lines with fewer characters are not masked: it would hide half the output and so show them.
const SHORTEST: usize = 4;

/// Bytes to look for; overwritten when dropped. (`Zeroizing` has no order.)
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pattern(Vec<u8>);

impl Pattern {
    pub(super) fn new(bytes: &[u8]) -> Self {
        Pattern(bytes.to_vec())
    }
}

impl Deref for Pattern {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Pattern {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

type Forms = BTreeSet<Pattern>;

/// Every form of `value` to look for. None contains a line end, none is shorter than 4 bytes.
pub(super) fn of(value: &str) -> Forms {
    let mut forms = Forms::new();
    // White space around a value or a line is no secret, and tools strip, indent and fold it.
    for text in value.lines().chain([value]).map(str::trim) {
        if !is_short(text) {
            add(text.as_bytes(), &mut forms);
            for form in spellings::usual(text) {
                add(form.as_bytes(), &mut forms);
            }
        }
    }
    let text = value.trim();
    for form in spellings::encoded(text) {
        add(form.as_bytes(), &mut forms);
    }
    if !text.contains('\n') {
        for form in spellings::rare(text) {
            add(form.as_bytes(), &mut forms);
        }
    }
    hex(text, &mut forms);
    encodings(text, &mut forms);
    // The end of the first base64 depends on what follows.
    let base64 = Zeroizing::new(STANDARD.encode(text));
    encodings(&base64[..8 * text.len() / 6], &mut forms);
    whole_base64(value, &mut forms);
    forms
}

pub(super) fn is_short(text: &str) -> bool {
    text.trim().chars().take(SHORTEST).count() < SHORTEST
}

fn add(form: &[u8], forms: &mut Forms) {
    // A value of many lines is found by its lines.
    if form.contains(&b'\n') {
        return;
    }
    if form.len() <= PIECE {
        forms.insert(Pattern::new(form));
        return;
    }
    forms.extend(form.chunks_exact(PIECE).map(Pattern::new));
    forms.insert(Pattern::new(&form[form.len() - PIECE..]));
}

/// The part of its base64 that is the same whatever stands around it, for each of the three ways it can lie.
fn encodings(text: &str, forms: &mut Forms) {
    for shift in 0..3 {
        let mut bytes = Zeroizing::new(vec![0; shift]);
        bytes.extend_from_slice(text.as_bytes());
        let inner = (8 * shift).div_ceil(6)..8 * bytes.len() / 6;
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            let base64 = Zeroizing::new(engine.encode(&bytes));
            add(&base64.as_bytes()[inner.clone()], forms);
        }
    }
}

fn hex(text: &str, forms: &mut Forms) {
    let lower = Zeroizing::new(crate::text::hex(text.as_bytes()));
    add(lower.to_ascii_uppercase().as_bytes(), forms);
    add(lower.as_bytes(), forms);
}

/// The base64 of this value alone, to its last character, also broken into lines.
fn whole_base64(value: &str, forms: &mut Forms) {
    for value in [value, value.trim()] {
        for engine in [STANDARD, URL_SAFE] {
            let base64 = Zeroizing::new(engine.encode(value));
            add(base64.as_bytes(), forms);
            add(base64.trim_end_matches('=').as_bytes(), forms);
            for width in WRAPS.into_iter().filter(|&width| base64.len() > width) {
                for piece in base64.as_bytes().chunks(width).filter(|piece| piece.len() >= 8) {
                    add(piece, forms);
                }
            }
        }
    }
}
