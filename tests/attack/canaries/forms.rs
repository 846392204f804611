//! The forms of a secret, written by an encoder of the tests' own.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

/// Its name, and the secret in it.
pub(super) type Form = (&'static str, String);

/// What docs/masking.md promises to hide, and what it does not.
pub(super) fn of(secret: &str) -> (Vec<Form>, Vec<Form>) {
    let middle = secret.char_indices().nth(secret.chars().count() / 2).unwrap().0;
    let (begin, end) = secret.split_at(middle);
    let mut forms = vec![
        ("itself", secret.to_owned()),
        (
            "each line indented",
            secret.lines().map(|line| format!("    {line}\n")).collect::<Vec<_>>().concat(),
        ),
        ("colours inside", format!("{begin}\x1b[31m{end}\x1b[0m")),
        ("a link inside", format!("{begin}\x1b]8;;http://x\x07{end}\x1b]8;;\x07")),
        ("NUL inside", format!("{begin}\0{end}")),
        ("a bell inside", format!("{begin}\x07{end}")),
        ("CR inside", format!("{begin}\r{end}")),
        ("Go's JSON", json(secret, |c| "<>&\u{2028}\u{2029}".contains(c))),
        ("Python's JSON", json(secret, |c| !c.is_ascii())),
        ("JSON in JSON", json(&json(secret, |_| false), |_| false)),
        ("HCL", json(secret, |_| false).replace("${", "$${").replace("%{", "%%{")),
        ("a shell's single quotes", secret.replace('\'', r"'\''")),
        ("a shell's other single quotes", secret.replace('\'', "'\"'\"'")),
        ("a shell's double quotes", each(secret, |c| "\"$`\\".contains(c).then(|| format!("\\{c}")))),
        ("a shell's words", shell_words::quote(secret).trim_matches('\'').to_owned()),
        ("YAML", secret.replace('\'', "''")),
        ("URL", url(secret, "-._~", false)),
        ("URL, lower digits", url(secret, "-._~", true)),
        ("a form", url(secret, "-._*", false).replace("%20", "+")),
        ("a path of an URL", url(secret, "-._~/", false)),
        ("base64", STANDARD.encode(secret)),
        ("base64 without padding", STANDARD_NO_PAD.encode(secret)),
        ("base64 for URLs", URL_SAFE.encode(secret)),
        ("base64 for URLs without padding", URL_SAFE_NO_PAD.encode(secret)),
        ("base64 of something longer", STANDARD.encode(format!("u:{secret}@h"))),
        ("base64 with a line end", STANDARD.encode(format!("{secret}\n"))),
        ("base64 in lines of 64", broken(&STANDARD.encode(secret), 64)),
        ("base64 in lines of 76", broken(&STANDARD.encode(secret), 76)),
        ("base64 of base64", STANDARD.encode(STANDARD.encode(secret))),
        ("PHP's JSON", json(secret, |_| false).replace('/', "\\/")),
        (".NET's JSON", json_upper(secret, |c| "\"'<>&+`".contains(c) || !c.is_ascii())),
        ("careful JSON", json(secret, |c| !c.is_ascii_alphanumeric() && c != '\n')),
        ("URL twice", url(&url(secret, "-._~", false), "-._~", false)),
    ];
    if !secret.contains('\n') {
        forms.extend([
            ("HTML", html(secret, "&quot;", "&apos;")),
            ("Go's HTML", html(secret, "&#34;", "&#39;")),
            ("Python's HTML", html(secret, "&quot;", "&#x27;")),
            ("PHP's HTML", html(secret, "&quot;", "&#039;")),
            ("hexadecimal", hex(secret)),
            ("hexadecimal, upper digits", hex(secret).to_uppercase()),
            ("upper case", secret.to_uppercase()),
            ("lower case", secret.to_lowercase()),
        ]);
        forms.extend(at_a_blank(secret).map(|text| ("broken at a blank", text)));
    }
    let others = vec![
        ("cut anywhere", format!("{begin}\n{end}")),
        ("backwards", secret.chars().rev().collect()),
        ("overwritten", each(secret, |c| Some(format!("x\u{8}{c}")))),
        ("invisible characters inside", each(secret, |c| Some(format!("{c}\u{200b}")))),
        ("hexdump", secret.bytes().map(|byte| format!("{byte:02x} ")).collect::<Vec<_>>().concat()),
        ("a part", secret.chars().skip(1).collect()),
        ("another alphabet", each(secret, |c| c.is_ascii_lowercase().then(|| rot13(c).to_string()))),
    ];
    (forms, others)
}

fn each(text: &str, change: impl Fn(char) -> Option<String>) -> String {
    text.chars().map(|c| change(c).unwrap_or_else(|| c.to_string())).collect()
}

/// `serde_json` writes it, then these characters by their numbers.
fn json(text: &str, also: impl Fn(char) -> bool) -> String {
    let written = |c: char| {
        let text = serde_json::to_string(&c).unwrap();
        if also(c) { numbers(c) } else { text[1..text.len() - 1].to_owned() }
    };
    text.chars().map(written).collect()
}

fn json_upper(text: &str, also: impl Fn(char) -> bool) -> String {
    text.chars()
        .map(|c| {
            if also(c) {
                numbers(c).to_uppercase().replace("\\U", "\\u")
            } else {
                json(&c.to_string(), |_| false)
            }
        })
        .collect()
}

fn numbers(c: char) -> String {
    c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect::<Vec<_>>().concat()
}

fn url(text: &str, kept: &str, lower: bool) -> String {
    let byte = |byte: u8| match char::from(byte) {
        c if c.is_ascii_alphanumeric() || kept.contains(c) && c.is_ascii() => c.to_string(),
        _ if lower => format!("%{byte:02x}"),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

fn html(text: &str, quote: &str, apostrophe: &str) -> String {
    each(text, |c| {
        let entity = match c {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            '"' => quote,
            '\'' => apostrophe,
            _ => return None,
        };
        Some(entity.to_owned())
    })
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

fn broken(text: &str, width: usize) -> String {
    let lines: Vec<&str> = text.as_bytes().chunks(width).map(|line| str::from_utf8(line).unwrap()).collect();
    lines.join("\n")
}

/// In two lines, when both are long enough.
fn at_a_blank(text: &str) -> Option<String> {
    let blanks = text.match_indices(' ').map(|(at, _)| at);
    let at = blanks.into_iter().find(|at| *at >= 12 && text.len() - at > 12)?;
    Some(format!("{}\n{}", &text[..at], &text[at + 1..]))
}

fn rot13(c: char) -> char {
    char::from((u8::try_from(c).unwrap() - b'a' + 13) % 26 + b'a')
}
