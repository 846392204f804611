//! The ways a secret may be written in a program's output.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::ops::Deref;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use zeroize::{Zeroize as _, Zeroizing};

use super::is_short;

/// Longer forms are looked for in pieces of this many bytes: it bounds the memory and time of a search.
const PIECE: usize = 1024;

/// Widths at which `openssl` and `base64` break lines.
const WRAPS: [usize; 2] = [64, 76];

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
            spellings(text, &mut forms);
        }
    }
    encodings(value.trim(), &mut forms);
    whole_base64(value, &mut forms);
    forms
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

/// As it is, and as JSON, HCL, shell and URLs write it.
fn spellings(text: &str, forms: &mut Forms) {
    add(text.as_bytes(), forms);
    if text.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return;
    }
    let json = Zeroizing::new(json(text, |_| false));
    for form in [
        // JSON inside JSON.
        self::json(&json, |_| false),
        // HCL: what terraform shows in a plan.
        json.replace("${", "$${").replace("%{", "%%{"),
        // Go's encoder, so every `terraform output -json`.
        self::json(text, |c| matches!(c, '<' | '>' | '&' | '\u{2028}' | '\u{2029}')),
        // Python's encoder, so ansible.
        self::json(text, |c| !c.is_ascii()),
        // In single quotes: shell, then YAML.
        text.replace('\'', "'\\''"),
        text.replace('\'', "'\"'\"'"),
        text.replace('\'', "''"),
        // Unquoted or in double quotes: shell.
        escaped(text, |c| c.is_ascii_punctuation() && !matches!(c, '_' | '-' | '.' | '/' | ',' | ':' | '@')),
        escaped(text, |c| matches!(c, '"' | '$' | '`' | '\\')),
    ] {
        let form = Zeroizing::new(form);
        if *form != text {
            add(form.as_bytes(), forms);
        }
    }
    add(json.as_bytes(), forms);
    urls(text, forms);
}

fn json(text: &str, also: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c if c < ' ' || also(c) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
            c => out.push(c),
        }
    }
    out
}

fn escaped(text: &str, special: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if special(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Percent-encoded: libraries differ in what they leave as it is.
fn urls(text: &str, forms: &mut Forms) {
    let none = "";
    let unreserved = "-._~";
    for kept in [none, unreserved, "-._~/", "-._~$&+,;=", "-._~$&+=:@", "-._~!*'()", "-._~;/?:@&=+$,#!*'()"] {
        let percent = Zeroizing::new(percent(text, kept));
        if *percent == text {
            continue;
        }
        add(percent.as_bytes(), forms);
        add(lower_hex(&percent).as_bytes(), forms);
        if percent.contains("%20") {
            add(Zeroizing::new(percent.replace("%20", "+")).as_bytes(), forms);
        }
    }
}

fn percent(text: &str, kept: &str) -> String {
    let mut out = String::with_capacity(text.len() * 3);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || kept.as_bytes().contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn lower_hex(percent: &str) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::with_capacity(percent.len()));
    let mut digits = 0;
    for c in percent.chars() {
        out.push(if digits > 0 { c.to_ascii_lowercase() } else { c });
        digits = if c == '%' { 2 } else { i32::max(digits - 1, 0) };
    }
    out
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
