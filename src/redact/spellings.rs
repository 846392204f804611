//! The ways programs write a text: as JSON, HCL, HTML, shell, URL, digits, and broken at blanks.

use zeroize::Zeroizing;

use super::patterns::Patterns;

/// Changes of case are looked for in values of so many characters: `DEV1` would hide each `dev1`.
const CASED: usize = 8;
/// Neighbouring words of so many bytes together are looked for: a line may be broken at any blank.
const WORDS: usize = 12;
/// No spelling makes more bytes than so many of one: `\\u0001`, a control character in JSON inside JSON.
const WIDEST: usize = 7;

/// A set of ASCII characters.
type Set = u128;
/// Hexadecimal ones.
type Digits = &'static [u8; 16];

const LOWER: Digits = b"0123456789abcdef";
const UPPER: Digits = b"0123456789ABCDEF";

const fn set(characters: &str) -> Set {
    let bytes = characters.as_bytes();
    let (mut set, mut at) = (0, 0);
    while at < bytes.len() {
        set |= 1 << bytes[at];
        at += 1;
    }
    set
}

/// Those before the blank.
const CONTROLS: Set = (1 << b' ') - 1;
/// What every encoder of JSON escapes.
const JSON: Set = CONTROLS | set("\"\\");
/// Those whose hexadecimal number has a letter.
const LETTERED: Set = {
    let (mut set, mut byte) = (0, 0);
    while byte < 128 {
        if byte & 15 > 9 {
            set |= 1 << byte;
        }
        byte += 1;
    }
    set
};
/// What a shell may take for more than it is.
const SHELL: Set = set("!\"#$%&'()*+;<=>?[\\]^`{|}~");
const QUOTED: Set = set("\"$`\\");
const HTML: Set = set("&<>\"'");
/// What libraries leave as it is in a URL.
const URLS: [Set; 9] = [
    set(""),
    set("-._~"),
    set("-._"),
    set("-._*"),
    set("-._~/"),
    set("-._~$&+,;="),
    set("-._~$&+=:@"),
    set("-._~!*'()"),
    set("-._~;/?:@&=+$,#!*'()"),
];

/// A text, and what is in it besides letters and digits: most spellings change a few characters only, and are the
/// text itself where it has none of them.
pub(super) struct Text<'t> {
    text: &'t str,
    /// Its ASCII characters that are no letters or digits.
    special: Set,
    is_ascii: bool,
}

impl<'t> Text<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let special = text.bytes().filter(|byte| byte.is_ascii() && !byte.is_ascii_alphanumeric());
        Text { text, special: special.fold(0, |set, byte| set | 1 << byte), is_ascii: text.is_ascii() }
    }

    fn is_simple(&self) -> bool {
        self.special == 0 && self.is_ascii
    }

    fn has(&self, set: Set) -> bool {
        self.special & set != 0
    }

    /// Adds the text with each character written by `write`.
    fn add(&self, to: &mut Patterns, mut write: impl FnMut(&mut Vec<u8>, char)) {
        to.add(WIDEST * self.text.len(), |out| self.text.chars().for_each(|c| write(out, c)));
    }

    /// Adds it with each byte written by `write`, which leaves letters and digits as they are.
    fn add_bytes(&self, to: &mut Patterns, write: impl Fn(&mut Vec<u8>, u8)) {
        to.add(WIDEST * self.text.len(), |out| self.text.bytes().for_each(|byte| write(out, byte)));
    }

    /// Adds it with each of these characters written so, which are all ASCII.
    fn add_instead(&self, to: &mut Patterns, of: Set, write: impl Fn(&mut Vec<u8>, u8)) {
        if self.has(of) {
            self.add_bytes(to, |out, byte| if holds(of, byte) { write(out, byte) } else { out.push(byte) });
        }
    }
}

/// As JSON, HCL, shell and URLs write a line of a value. None of them where all write it as it is.
pub(super) fn usual(text: &Text<'_>, to: &mut Patterns) {
    if text.is_simple() {
        return;
    }
    if text.has(JSON) {
        text.add(to, |out, c| json(out, c, LOWER, |_| false));
        // JSON inside JSON.
        text.add(to, |out, c| match c {
            '"' => out.extend_from_slice(b"\\\\\\\""),
            '\\' => out.extend_from_slice(b"\\\\\\\\"),
            c => {
                out.extend((c < ' ').then_some(b'\\'));
                json(out, c, LOWER, |_| false);
            }
        });
    }
    if text.has(JSON | set("/")) {
        // PHP's encoder.
        text.add(
            to,
            |out, c| if c == '/' { out.extend_from_slice(b"\\/") } else { json(out, c, LOWER, |_| false) },
        );
    }
    if text.has(set("{")) {
        // HCL: what terraform shows in a plan.
        let mut before = ' ';
        text.add(to, |out, c| {
            out.extend((c == '{' && matches!(before, '$' | '%')).then_some(before as u8));
            before = c;
            json(out, c, LOWER, |_| false);
        });
    }
    if text.has(JSON | set("<>&")) || !text.is_ascii {
        // Go's encoder, so every `terraform output -json`.
        let escapes = |c| matches!(c, '<' | '>' | '&' | '\u{2028}' | '\u{2029}');
        text.add(to, |out, c| json(out, c, LOWER, escapes));
    }
    if !text.is_ascii {
        // Python's encoder, so ansible.
        text.add(to, |out, c| json(out, c, LOWER, |c| !c.is_ascii()));
    }
    // In single quotes: shell, then YAML.
    for quote in ["'\\''", "'\"'\"'", "''"] {
        text.add_instead(to, set("'"), |out, _| out.extend_from_slice(quote.as_bytes()));
    }
    // Unquoted or in double quotes: shell.
    for special in [SHELL, QUOTED] {
        text.add_instead(to, special, |out, byte| out.extend([b'\\', byte]));
    }
    urls(text, to);
}

/// Encoders that write a value on one line, however many it has.
pub(super) fn encoded(text: &Text<'_>, to: &mut Patterns) {
    if text.is_simple() {
        return;
    }
    // .NET's encoder; PHP's with all its flags; any that is careful.
    text.add(to, |out, c| {
        json(out, c, UPPER, |c| matches!(c, '\'' | '<' | '>' | '&' | '+' | '`' | '"') || !c.is_ascii());
    });
    text.add(to, |out, c| match c {
        '/' => out.extend_from_slice(b"\\/"),
        c => json(out, c, UPPER, |c| matches!(c, '"' | '\'' | '<' | '>' | '&') || !c.is_ascii()),
    });
    for digits in [UPPER, LOWER] {
        text.add(to, |out, c| json(out, c, digits, |c| !c.is_ascii_alphanumeric()));
        for kept in [set("-._~"), set("-._~!*'()")] {
            text.add_bytes(to, |out, byte| percent(out, byte, kept, "%25", digits));
        }
    }
}

/// More ways, for a value of one line.
pub(super) fn rare(text: &Text<'_>, to: &mut Patterns) {
    if text.text.chars().nth(CASED - 1).is_some() {
        for cased in [str::to_uppercase, str::to_lowercase] {
            let form = Zeroizing::new(cased(text.text));
            to.add(form.len(), |out| out.extend_from_slice(form.as_bytes()));
        }
    }
    for (quote, apostrophe) in
        [("&quot;", "&apos;"), ("&#34;", "&#39;"), ("&quot;", "&#x27;"), ("&quot;", "&#039;"), ("\"", "'")]
    {
        text.add_instead(to, HTML, |out, byte| {
            out.extend_from_slice(match byte {
                b'&' => b"&amp;",
                b'<' => b"&lt;",
                b'>' => b"&gt;",
                b'"' => quote.as_bytes(),
                _ => apostrophe.as_bytes(),
            });
        });
    }
    if text.has(set(" ")) {
        for words in words(text.text) {
            to.add(words.len(), |out| out.extend_from_slice(words.as_bytes()));
        }
    }
}

/// Percent-encoded: libraries differ in what they leave as it is.
fn urls(text: &Text<'_>, to: &mut Patterns) {
    for (number, &kept) in URLS.iter().enumerate() {
        let changed = |kept: Set| text.special & !kept;
        let is_as_before = URLS[..number].iter().any(|&before| changed(before) == changed(kept));
        if is_as_before || changed(kept) == 0 && text.is_ascii {
            continue;
        }
        text.add_bytes(to, |out, byte| percent(out, byte, kept, "%", UPPER));
        if changed(kept) & LETTERED != 0 || !text.is_ascii {
            text.add_bytes(to, |out, byte| percent(out, byte, kept, "%", LOWER));
        }
        if text.has(set(" ")) {
            text.add_bytes(to, |out, byte| match byte {
                b' ' => out.push(b'+'),
                byte => percent(out, byte, kept, "%", UPPER),
            });
        }
    }
}

fn holds(set: Set, byte: u8) -> bool {
    byte.is_ascii() && set & 1 << byte != 0
}

fn percent(out: &mut Vec<u8>, byte: u8, kept: Set, sign: &str, digits: Digits) {
    if byte.is_ascii_alphanumeric() || holds(kept, byte) {
        out.push(byte);
    } else {
        out.extend_from_slice(sign.as_bytes());
        out.extend([byte >> 4, byte & 15].map(|digit| digits[usize::from(digit)]));
    }
}

/// A character in a string of JSON; with its number if `escapes` says so.
fn json(out: &mut Vec<u8>, c: char, digits: Digits, escapes: impl Fn(char) -> bool) {
    match c {
        '\n' => out.extend_from_slice(b"\\n"),
        '\r' => out.extend_from_slice(b"\\r"),
        '\t' => out.extend_from_slice(b"\\t"),
        '\u{8}' => out.extend_from_slice(b"\\b"),
        '\u{c}' => out.extend_from_slice(b"\\f"),
        c if c < ' ' || escapes(c) => {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.extend_from_slice(b"\\u");
                out.extend([12, 8, 4, 0].map(|shift| digits[usize::from(*unit >> shift & 15)]));
            }
        }
        '"' | '\\' => out.extend([b'\\', c as u8]),
        c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
    }
}

/// Words that stand together: whatever is left of a text on a line that was broken at a blank.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let starts: Vec<usize> =
        text.split(' ').map(|word| word.as_ptr().addr() - text.as_ptr().addr()).collect();
    (0..starts.len()).filter_map(move |number| {
        let mut ends = starts.get(number + 2..)?.iter().map(|start| start - 1).chain([text.len()]);
        let end = ends.find(|end| end - starts[number] >= WORDS)?;
        Some(&text[starts[number]..end])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_looked_for_with_their_neighbours() {
        let words = |text| super::words(text).collect::<Vec<_>>();
        assert_eq!(words("correct horse battery a b c"), ["correct horse", "horse battery", "battery a b c"]);
        assert!(words("hunter 2").is_empty() && words("oneword-of-many-letters").is_empty());
    }

    #[test]
    fn digits_are_in_upper_case_where_they_are_asked_for() {
        let written = |write: &dyn Fn(&mut Vec<u8>)| {
            let mut out = Vec::new();
            write(&mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(written(&|out| json(out, 'ÿ', UPPER, |_| true)), "\\u00FF");
        assert_eq!(written(&|out| json(out, '😀', LOWER, |_| true)), "\\ud83d\\ude00");
        assert_eq!(written(&|out| percent(out, b'/', 0, "%25", LOWER)), "%252f");
        assert_eq!(written(&|out| percent(out, b'/', set("/"), "%", LOWER)), "/");
    }
}
