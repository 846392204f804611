//! What is done to a configuration.

use crate::common::Numbers;

const DEFAULTS: &str = include_str!("defaults.toml");
const ENVIRONMENT: &str = include_str!("environment.toml");

/// What is put into the middle of something.
const BITS: &[&[u8]] = &[
    b"\"\"\"",
    b"'''",
    b"[[",
    b"]]",
    b"{{",
    b"}}",
    b"{{output.x}}",
    b"{{secret.TOKEN}}",
    b"{{{{",
    b"{{host.web.address}}",
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\r",
    b"\r\n",
    b"\x1b[31m",
    b"\xe2\x80\xae",
    b"\\u0000",
    b"\\UFFFFFFFF",
    b"\"",
    b"'",
    b"#",
    b"=",
    b".",
    b",",
    b"\n",
    b"\t",
    b"[a]\n",
    b"x = 1\n",
    b"[pipelines]\n",
    b"\xf0\x9f\x92\xa9",
    b"../../",
    b"~/",
];

/// What may stand where another type is expected.
const VALUES: &[&str] = &[
    "1",
    "-1",
    "0",
    "9223372036854775808",
    "-9223372036854775808",
    "1e400",
    "nan",
    "-inf",
    "true",
    "1979-05-27",
    "1979-05-27T07:32:00Z",
    "\"\"",
    "\" \"",
    "\"\\u0000\"",
    "\"\\u001b[31m\"",
    "[]",
    "[[]]",
    "[1, \"a\", {}]",
    "{}",
    "{ a = 1 }",
    "{ run = \"x\" }",
    "\"{{output.none}}\"",
    "\"{{secret.TOKEN}}\"",
    "\"{{\"",
    "\"{{}}\"",
    "\"/dev/zero\"",
    "\"/\"",
    "\"..\"",
    "\"99999999999999999999s\"",
    "\"-1s\"",
    "\"1h1h\"",
    "\"(((\"",
    "\"[z-a]\"",
    "'''\n'''",
    "0x7fffffff",
];

/// A project's two files.
pub(super) fn whole() -> [Vec<u8>; 2] {
    [DEFAULTS, ENVIRONMENT].map(|text| text.as_bytes().to_vec())
}

/// The same, one of them changed in some places.
pub(super) fn mutated(numbers: &mut Numbers) -> [Vec<u8>; 2] {
    let mut files = whole();
    let file = &mut files[numbers.below(2)];
    for _ in 0..=numbers.below(3) {
        match numbers.below(4) {
            0 => bytes(file, numbers),
            1 => keys(file, numbers),
            2 => types(file, numbers),
            _ => nesting(file, numbers),
        }
    }
    files
}

fn bytes(file: &mut Vec<u8>, numbers: &mut Numbers) {
    let at = numbers.below(file.len() + 1);
    let end = (at + numbers.below(60)).min(file.len());
    match numbers.below(5) {
        0 => drop(file.splice(at..at, BITS[numbers.below(BITS.len())].iter().copied())),
        1 => drop(file.drain(at..end)),
        2 => file.truncate(at),
        3 if at < file.len() => file[at] = numbers.next().to_le_bytes()[0],
        _ => {
            let part = file[at..end].to_vec();
            let to = numbers.below(file.len() + 1);
            file.splice(to..to, part);
        }
    }
}

/// Changes one of the lines, or several at once.
fn lines(file: &mut Vec<u8>, change: impl FnOnce(&mut Vec<String>)) {
    let text = String::from_utf8_lossy(file).into_owned();
    let mut lines = text.lines().map(str::to_owned).collect();
    change(&mut lines);
    *file = (lines.join("\n") + "\n").into_bytes();
}

/// Where the first `name` before a `=` is, in a line chosen at random.
fn key(lines: &[String], numbers: &mut Numbers) -> Option<(usize, usize, usize)> {
    let places: Vec<(usize, usize, usize)> = lines
        .iter()
        .enumerate()
        .flat_map(|(number, line)| {
            line.match_indices(" = ").map(move |(end, _)| {
                let begin = line[..end].rfind([' ', ',', '{', '.']).map_or(0, |at| at + 1);
                (number, begin, end)
            })
        })
        .collect();
    places.get(numbers.below(places.len())).copied()
}

fn keys(file: &mut Vec<u8>, numbers: &mut Numbers) {
    lines(file, |lines| {
        let Some((number, begin, end)) = key(lines, numbers) else { return };
        let name = lines[number][begin..end].to_owned();
        let other = key(lines, numbers).map(|(number, begin, end)| lines[number][begin..end].to_owned());
        let new = match numbers.below(8) {
            0 => other.unwrap_or_default(),
            1 => name.chars().skip(1).collect(),
            2 => format!("{name}{}", name.chars().last().unwrap_or('x')),
            3 => format!("\"{name}\""),
            4 => format!("{name}.{name}"),
            5 => name.to_uppercase(),
            6 => "\"\"".to_owned(),
            _ => format!("{}-{name}", "x".repeat(numbers.below(100_000))),
        };
        match numbers.below(4) {
            0 => drop(lines.remove(number)),
            1 => lines.insert(number, lines[number].clone()),
            _ => lines[number].replace_range(begin..end, &new),
        }
    });
}

fn types(file: &mut Vec<u8>, numbers: &mut Numbers) {
    lines(file, |lines| {
        let Some((number, _, end)) = key(lines, numbers) else { return };
        let (from, line) = (end + 3, &mut lines[number]);
        // To the end of the value, of its table, or of the line: what comes of it need not be TOML.
        let to = match numbers.below(3) {
            0 => line[from..].find([',', '}']).map_or(line.len(), |at| from + at),
            1 => line[from..].find(" }").map_or(line.len(), |at| from + at),
            _ => line.len(),
        };
        line.replace_range(from..to, VALUES[numbers.below(VALUES.len())]);
    });
}

fn nesting(file: &mut Vec<u8>, numbers: &mut Numbers) {
    let depth = [1, 2, 30, 200, 5_000][numbers.below(5)];
    lines(file, |lines| match numbers.below(4) {
        0 | 1 => {
            let Some((number, _, end)) = key(lines, numbers) else { return };
            let value = lines[number].split_off(end + 3);
            let (open, close) = [("[", "]"), ("{ a = ", " }")][numbers.below(2)];
            lines[number].push_str(&format!("{}{value}{}", open.repeat(depth), close.repeat(depth)));
        }
        2 => lines.insert(numbers.below(lines.len() + 1), format!("[a{}]", ".a".repeat(depth))),
        _ => {
            let (from, to) = (numbers.below(lines.len()), numbers.below(lines.len()));
            lines.swap(from, to);
        }
    });
}
