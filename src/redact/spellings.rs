//! The ways programs write a text: as JSON, HCL, HTML, shell, URL, digits, and broken at blanks.

use std::fmt::Write as _;

use zeroize::Zeroizing;

/// Changes of case are looked for in values of so many characters: `DEV1` would hide each `dev1`.
const CASED: usize = 8;
/// Neighbouring words of so many bytes together are looked for: a line may be broken at any blank.
const WORDS: usize = 12;

type Form = Zeroizing<String>;

/// As JSON, HCL, shell and URLs write a line of a value. None of them where all write it as it is.
pub(super) fn usual(text: &str) -> Vec<Form> {
    if is_simple(text) {
        return Vec::new();
    }
    let json = json(text, |_| false);
    let slashes = json.replace('/', "\\/");
    let mut forms: Vec<String> = vec![
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
        // PHP's encoder.
        slashes,
        json,
    ];
    forms.extend(urls(text));
    forms.retain(|form| form != text);
    forms.into_iter().map(Zeroizing::new).collect()
}

/// Encoders that write a value on one line, however many it has.
pub(super) fn encoded(text: &str) -> Vec<Form> {
    if is_simple(text) {
        return Vec::new();
    }
    let careful = json(text, |c| !c.is_ascii_alphanumeric());
    let mut forms = vec![
        // .NET's encoder; PHP's with all its flags; any that is careful.
        upper_escapes(&json(text, |c| {
            matches!(c, '"' | '\'' | '<' | '>' | '&' | '+' | '`') || !c.is_ascii()
        })),
        upper_escapes(
            &json(text, |c| matches!(c, '"' | '\'' | '<' | '>' | '&') || !c.is_ascii()).replace('/', "\\/"),
        ),
        upper_escapes(&careful),
        careful,
    ];
    for kept in ["-._~", "-._~!*'()"] {
        let once = percent(text, kept);
        forms.extend([lower_hex(&once), once].map(|once| once.replace('%', "%25")));
    }
    forms.retain(|form| form != text);
    forms.into_iter().map(Zeroizing::new).collect()
}

/// More ways, for a value of one line.
pub(super) fn rare(text: &str) -> Vec<Form> {
    let mut forms = Vec::new();
    if text.chars().count() >= CASED {
        forms.extend([text.to_uppercase(), text.to_lowercase()]);
    }
    if !is_simple(text) {
        for (quote, apostrophe) in [
            ("&quot;", "&apos;"),
            ("&#34;", "&#39;"),
            ("&quot;", "&#x27;"),
            ("&quot;", "&#039;"),
            ("\"", "'"),
        ] {
            forms.push(html(text, quote, apostrophe));
        }
        forms.extend(words(text));
    }
    forms.retain(|form| form != text);
    forms.into_iter().map(Zeroizing::new).collect()
}

fn is_simple(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn json(text: &str, also: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
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
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c => out.push(c),
        }
    }
    out
}

/// With the digits of `\u00ff` in upper case.
fn upper_escapes(json: &str) -> String {
    let mut pieces = json.split("\\u");
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (digits, rest) = piece.split_at_checked(4).unwrap_or((piece, ""));
        let _ = write!(out, "\\u{}{rest}", digits.to_ascii_uppercase());
    }
    out
}

fn html(text: &str, quote: &str, apostrophe: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', quote).replace('\'', apostrophe)
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
fn urls(text: &str) -> Vec<String> {
    let mut forms = Vec::new();
    let none = "";
    let unreserved = "-._~";
    for kept in [
        none,
        unreserved,
        "-._",
        "-._*",
        "-._~/",
        "-._~$&+,;=",
        "-._~$&+=:@",
        "-._~!*'()",
        "-._~;/?:@&=+$,#!*'()",
    ] {
        let percent = percent(text, kept);
        forms.push(lower_hex(&percent));
        if percent.contains("%20") {
            forms.push(percent.replace("%20", "+"));
        }
        forms.push(percent);
    }
    forms
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

fn lower_hex(percent: &str) -> String {
    let mut out = String::with_capacity(percent.len());
    let mut digits = 0;
    for c in percent.chars() {
        out.push(if digits > 0 { c.to_ascii_lowercase() } else { c });
        digits = if c == '%' { 2 } else { i32::max(digits - 1, 0) };
    }
    out
}

/// Words that stand together: whatever is left of a text on a line that was broken at a blank.
fn words(text: &str) -> Vec<String> {
    let starts: Vec<usize> =
        text.split(' ').map(|word| word.as_ptr().addr() - text.as_ptr().addr()).collect();
    let ends = || starts.iter().skip(1).map(|start| start - 1).chain([text.len()]);
    let together = starts.iter().enumerate().filter_map(|(number, start)| {
        let end = ends().skip(number + 1).find(|end| end - start >= WORDS)?;
        Some(text[*start..end].to_owned())
    });
    together.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_looked_for_with_their_neighbours() {
        assert_eq!(words("correct horse battery a b c"), ["correct horse", "horse battery", "battery a b c"]);
        assert!(words("hunter 2").is_empty() && words("oneword-of-many-letters").is_empty());
    }

    #[test]
    fn digits_change_their_case_and_nothing_else() {
        assert_eq!(upper_escapes("a\\u00ffb\\u003c/A"), "a\\u00FFb\\u003C/A");
        assert_eq!(lower_hex("A%2FB%25AF%C3%A9"), "A%2fB%25AF%c3%a9");
    }
}
