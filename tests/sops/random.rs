//! Documents that nobody would write, made from a seed.

use crate::common::{Numbers, public};
use infractl::testing::sops::{Format, KeyGroups, NewFile, Rule};

const PIECES: [&str; 40] = [
    "a",
    "B",
    "key",
    "pass",
    "_unencrypted",
    "_enc",
    "1",
    "0755",
    "-",
    ":",
    ": ",
    "#",
    " #",
    "=",
    "\"",
    "'",
    "\\",
    "\\n",
    "\n",
    "\n\n",
    " ",
    "\t",
    "[",
    "]",
    "{",
    "}",
    ",",
    "&",
    "*",
    "!",
    "|",
    ">",
    "<",
    "%",
    "@",
    "é",
    "\u{2028}",
    "😀",
    "ENC[",
    "null",
];

fn pick<'a, T>(numbers: &mut Numbers, from: &'a [T]) -> &'a T {
    &from[numbers.below(from.len())]
}

/// Text of some pieces.
pub(crate) fn text(numbers: &mut Numbers) -> String {
    (0..numbers.below(6)).map(|_| *pick(numbers, &PIECES)).collect()
}

fn name(numbers: &mut Numbers) -> String {
    let first = ["A", "b", "path", "x-y", "data", "é", "key with space", "n", "1x"];
    format!(
        "{}{}{}",
        pick(numbers, &first),
        numbers.below(50),
        pick(numbers, &["", "", "_unencrypted", "_enc", ".", ":c"])
    )
}

fn remark(numbers: &mut Numbers) -> String {
    format!(
        "#{}{}",
        pick(numbers, &["", " ", " sops:enc ", " sops:clear "]),
        text(numbers).replace(['\n', '\u{2028}'], "")
    )
}

/// Lines of a dotenv file: names may repeat, values may hold anything but a newline.
pub(crate) fn dotenv(numbers: &mut Numbers) -> Vec<u8> {
    let mut out = Vec::new();
    for _ in 0..numbers.below(8) {
        match numbers.below(8) {
            0 => out.extend_from_slice(remark(numbers).as_bytes()),
            1 => {}
            2 => {
                let name = name(numbers);
                out.extend_from_slice(format!("{name}=").as_bytes());
                out.extend(
                    (0..numbers.below(20))
                        .map(|_| numbers.next().to_le_bytes()[0])
                        .filter(|byte| *byte != b'\n'),
                );
            }
            _ => out.extend_from_slice(
                format!("{}={}", name(numbers), text(numbers).replace('\n', "\\n")).as_bytes(),
            ),
        }
        out.push(b'\n');
    }
    if numbers.below(4) == 0 {
        out.pop();
    }
    out
}

fn number(numbers: &mut Numbers) -> String {
    match numbers.below(4) {
        0 => numbers.next().cast_signed().to_string(),
        1 => format!("{}", numbers.below(1000)),
        2 => format!("{:?}", f64::from_bits(numbers.next()))
            .replace("NaN", "0.5")
            .replace("-inf", "1e3")
            .replace("inf", "2.5"),
        _ => format!("{}.{}e{}", numbers.below(10), numbers.below(1000), numbers.below(40)),
    }
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn json_value(numbers: &mut Numbers, depth: usize) -> String {
    match numbers.below(if depth > 3 { 6 } else { 9 }) {
        0 => "null".to_owned(),
        1 => ["true", "false"][numbers.below(2)].to_owned(),
        2 => number(numbers),
        3..6 => quoted(&text(numbers)),
        6 => format!(
            "[{}]",
            (0..numbers.below(4)).map(|_| json_value(numbers, depth + 1)).collect::<Vec<_>>().join(", ")
        ),
        _ => json_object(numbers, depth + 1),
    }
}

fn json_object(numbers: &mut Numbers, depth: usize) -> String {
    let pairs = (0..numbers.below(5))
        .map(|at| format!("{}: {}", quoted(&format!("{}{at}", name(numbers))), json_value(numbers, depth)));
    format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
}

/// A JSON object.
pub(crate) fn json(numbers: &mut Numbers) -> Vec<u8> {
    json_object(numbers, 0).into_bytes()
}

fn yaml_scalar(numbers: &mut Numbers, indent: usize) -> String {
    const PLAIN: [&str; 24] = [
        "x",
        "plain text",
        "1",
        "-7",
        "0x1F",
        "0o17",
        "0755",
        "1_000",
        "1.5",
        "1e3",
        "-0.0",
        ".5",
        ".inf",
        "true",
        "False",
        "yes",
        "~",
        "null",
        "2001-12-14",
        "2001-12-14T21:59:43.10Z",
        "1:30",
        "a:b",
        "ENC[x]",
        "*",
    ];
    let pad = " ".repeat(indent + 2);
    match numbers.below(8) {
        0 => quoted(&text(numbers)),
        1 => format!("'{}'", text(numbers).replace(['\n', '\u{2028}'], " ").replace('\'', "''")),
        2 => format!(
            "|{}\n{pad}one\n\n{pad}  two{}",
            pick(numbers, &["", "-", "+"]),
            pick(numbers, &["", "\n"])
        ),
        3 => format!(">-\n{pad}folded\n{pad}text"),
        4 => String::new(),
        _ => pick(numbers, &PLAIN[..23]).to_string(),
    }
}

fn yaml_map(numbers: &mut Numbers, indent: usize, out: &mut String) {
    let pad = " ".repeat(indent);
    for at in 0..=numbers.below(4) {
        if numbers.below(4) == 0 {
            out.push_str(&format!("{pad}{}\n", remark(numbers)));
        }
        if numbers.below(6) == 0 {
            out.push('\n');
        }
        let name = format!("{}{at}", name(numbers));
        let key = if name.contains(": ") || numbers.below(5) == 0 { quoted(&name) } else { name };
        out.push_str(&format!("{pad}{key}:"));
        yaml_value(numbers, indent, out);
    }
}

fn yaml_value(numbers: &mut Numbers, indent: usize, out: &mut String) {
    match numbers.below(if indent > 8 { 6 } else { 9 }) {
        0 => out.push_str(&format!(" {}\n", json_value(numbers, 2))),
        1..6 => {
            let scalar = yaml_scalar(numbers, indent);
            let single = !scalar.starts_with(['|', '>']);
            let tail = if single && numbers.below(4) == 0 {
                format!("  {}", remark(numbers))
            } else {
                String::new()
            };
            out.push_str(&format!(" {scalar}{tail}\n"));
        }
        6 => {
            let deeper = indent + [0, 2, 4][numbers.below(3)];
            out.push('\n');
            for _ in 0..=numbers.below(3) {
                out.push_str(&format!("{}-", " ".repeat(deeper)));
                match numbers.below(3) {
                    0 => {
                        let mut inner = String::new();
                        yaml_map(numbers, deeper + 2, &mut inner);
                        let inner = inner.trim_start_matches(['\n', ' ']);
                        if inner.starts_with('#') {
                            out.push_str(&format!("\n{}{inner}", " ".repeat(deeper + 2)));
                        } else {
                            out.push_str(&format!(" {inner}"));
                        }
                    }
                    _ => out.push_str(&format!(" {}\n", yaml_scalar(numbers, deeper))),
                }
            }
        }
        _ => {
            out.push('\n');
            let deeper = indent + [1, 2, 4][numbers.below(3)];
            yaml_map(numbers, deeper, out);
        }
    }
}

/// A YAML document in block style with comments, blank lines and every kind of scalar.
pub(crate) fn yaml(numbers: &mut Numbers) -> Vec<u8> {
    let mut out = String::new();
    yaml_map(numbers, 0, &mut out);
    out.into_bytes()
}

/// Any bytes.
pub(crate) fn binary(numbers: &mut Numbers) -> Vec<u8> {
    (0..numbers.below(200)).map(|_| numbers.next().to_le_bytes()[0]).collect()
}

/// A document in a format.
pub(crate) fn document(numbers: &mut Numbers, format: Format) -> Vec<u8> {
    match format {
        Format::Dotenv => dotenv(numbers),
        Format::Json => json(numbers),
        Format::Yaml => yaml(numbers),
        Format::Binary => binary(numbers),
    }
}

/// One of the rules, or none.
pub(crate) fn rule(numbers: &mut Numbers) -> Option<Rule> {
    let (name, text) = *pick(
        numbers,
        &[
            ("", ""),
            ("unencrypted_suffix", "_unencrypted"),
            ("encrypted_suffix", "_enc"),
            ("unencrypted_regex", r"^(data|\w-y)"),
            ("encrypted_regex", r"[A-Za-z]\d*$"),
            ("unencrypted_comment_regex", "sops:clear"),
            ("encrypted_comment_regex", "sops:enc"),
        ],
    );
    Rule::named(name, text)
}

/// How to encrypt it; binary files have no rule.
pub(crate) fn new_file(numbers: &mut Numbers, format: Format) -> NewFile {
    let (a, b, c) = (public("a.txt"), public("b.txt"), public("c.txt"));
    let recipients = match numbers.below(6) {
        0 => KeyGroups { groups: vec![vec![a], vec![b], vec![c]], threshold: Some(2) },
        1 => KeyGroups::any_of([c, b, a]),
        _ => KeyGroups::any_of([a]),
    };
    let rule = rule(numbers).filter(|_| format != Format::Binary);
    NewFile { recipients, rule, mac_only_encrypted: numbers.below(3) == 0 }
}
