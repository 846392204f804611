//! Words for people: the nearest name, plurals, lists, durations; and names and digits for machines.

pub(crate) mod document;
mod json_path;
pub(crate) mod money;
mod percent;
mod plain;
pub(crate) mod size;
mod tail;
pub(crate) mod toml;

pub(crate) use json_path::JsonPath;
pub(crate) use percent::percent_decoded;
pub(crate) use plain::plain;
pub(crate) use tail::Tail;

use std::fmt::{Display, Write as _};
use std::time::Duration;

/// The candidate a mistyped word most probably meant, if any is near enough.
pub(crate) fn nearest<S: AsRef<str>>(word: &str, candidates: impl IntoIterator<Item = S>) -> Option<S> {
    let lower = word.to_lowercase();
    let mut best: Option<(f64, S)> = None;
    for candidate in candidates {
        let name = candidate.as_ref().to_lowercase();
        let same_letters = squeezed(&name) == squeezed(&lower);
        let beginning = lower.len() >= 3 && name.starts_with(&lower);
        let score = if same_letters || beginning {
            1.0
        } else {
            strsim::normalized_damerau_levenshtein(&lower, &name)
        };
        if score > 0.6 && best.as_ref().is_none_or(|(s, _)| score > *s) {
            best = Some((score, candidate));
        }
    }
    best.map(|(_, name)| name)
}

/// Letters and digits only: `env_file`, `envFile` and `env-file` are the same word.
fn squeezed(word: &str) -> String {
    word.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// `1 problem`, `3 problems`.
pub(crate) fn plural(count: usize, noun: &str) -> String {
    match (count, noun.strip_suffix('y')) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) if !noun.ends_with("ay") && !noun.ends_with("ey") => format!("{count} {stem}ies"),
        _ => format!("{count} {noun}s"),
    }
}

/// `a`, `b` and `c`, each in backticks, joined by `word` before the last one.
pub(crate) fn list<S: Display>(items: impl IntoIterator<Item = S>, word: &str) -> String {
    let quoted: Vec<String> = items.into_iter().map(|item| format!("`{item}`")).collect();
    match quoted.as_slice() {
        [] => "none".to_owned(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} {word} {last}", first.join(", ")),
    }
}

/// The last line that says something; one that only gives a hint counts when there is no other. Empty if none does.
pub(crate) fn last_line(text: &str) -> &str {
    let said = || text.lines().map(str::trim).rev().filter(|line| !line.is_empty());
    said().find(|line| !line.starts_with("hint:")).or_else(|| said().next()).unwrap_or_default()
}

/// The beginning of a text, at most so many bytes, on the border of a character.
pub(crate) fn cut(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    &text[..end.unwrap_or(0)]
}

/// A text as a piece of a path, or a value, of an address: percent signs for all but the unreserved characters of RFC 3986.
pub(crate) fn percent(text: &str) -> String {
    let one = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A name as that of a variable: `UPPER_SNAKE`.
pub(crate) fn upper_snake(name: &str) -> String {
    name.to_uppercase().replace(|c: char| !c.is_ascii_alphanumeric(), "_")
}

/// How long ago, in the largest unit: "just now", "5 min ago", "3 h ago", "12 days ago".
pub(crate) fn ago(length: Duration) -> String {
    match length.as_secs() / 60 {
        0 => "just now".to_owned(),
        minutes @ 1..60 => format!("{minutes} min ago"),
        minutes @ 60..2880 => format!("{} h ago", minutes / 60),
        minutes => format!("{} days ago", minutes / 1440),
    }
}

/// A size for people: `11 bytes`, `4.2 kB`, `120 MB`.
pub(crate) fn bytes(count: u64) -> String {
    let mut unit = 1;
    for name in ["bytes", "kB", "MB", "GB"] {
        if count < unit * 1000 || name == "GB" {
            let tenths = count * 10 / unit;
            return match tenths {
                0..100 if unit > 1 => format!("{}.{} {name}", tenths / 10, tenths % 10),
                _ => format!("{} {name}", count / unit),
            };
        }
        unit *= 1000;
    }
    String::new()
}

/// A duration for people: `34 ms`, `4.2 s`, `12 s`, `1m 05s`, `2h 03m`.
pub(crate) fn duration(length: Duration) -> String {
    if length < Duration::from_secs(1) {
        return format!("{} ms", length.as_millis());
    }
    let tenths = (length.as_millis() + 50) / 100;
    if tenths < 100 {
        return format!("{}.{} s", tenths / 10, tenths % 10);
    }
    let seconds = (length.as_millis() + 500) / 1000;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h {:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

/// The length that text like `90s`, `5m`, `1h30m` or `500ms` means; `None` if it means none.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest[..digits].parse().ok()?;
        rest = rest[digits..].trim_start();
        let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let part = match &rest[..letters] {
            "ms" => Duration::from_millis(number),
            "s" | "sec" => Duration::from_secs(number),
            "m" | "min" => Duration::from_secs(number.checked_mul(60)?),
            "h" => Duration::from_secs(number.checked_mul(3600)?),
            "d" => Duration::from_secs(number.checked_mul(86_400)?),
            _ => return None,
        };
        total = total.checked_add(part)?;
        rest = rest[letters..].trim_start();
    }
    Some(total)
}

/// Text that Markdown shows as it is, on lines of its own.
pub(crate) fn fenced(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}text\n{}\n{fence}", text.trim_end_matches('\n'))
}

/// Whether a name matches a pattern with `*` (any characters) and `?` (one character).
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.trim().chars().collect(), name.chars().collect());
    let (mut p, mut n) = (0, 0);
    // Where the last star was, and up to where it has taken characters.
    let mut star = None;
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(c) if *c == '?' || *c == name[n] => {
                p += 1;
                n += 1;
            }
            _ => match &mut star {
                Some((at, taken)) => {
                    *taken += 1;
                    (p, n) = (*at + 1, *taken);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_and_a_far_one_is_not() {
        assert_eq!(nearest("terrafrom", ["ansible", "terraform"]), Some("terraform"));
        assert_eq!(nearest("env_file", ["env-file", "inventory"]), Some("env-file"));
        assert_eq!(nearest("lockTimeout", ["lock-timeout", "timeout"]), Some("lock-timeout"));
        assert_eq!(nearest("dve", ["prod", "dev"]), Some("dev"));
        assert_eq!(nearest("desc", ["depends-on", "description"]), Some("description"));
        assert_eq!(nearest("PROD", ["prod", "dev"]), Some("prod"));
        assert_eq!(nearest("kubernetes", ["prod", "dev"]), None);
        assert_eq!(nearest("", ["prod"]), None);
        assert_eq!(nearest("a", ["b"]), None);
    }

    #[test]
    fn the_last_line_says_something_and_is_no_hint() {
        assert_eq!(last_line("a\n b \n\n  \n"), "b");
        assert_eq!(last_line("error: no\nhint: do it\nhint:\n"), "error: no");
        assert_eq!(last_line("hint: only this"), "hint: only this");
        assert_eq!(last_line("\n"), "");
    }

    #[test]
    fn plurals_know_y() {
        assert_eq!(plural(1, "problem"), "1 problem");
        assert_eq!(plural(0, "problem"), "0 problems");
        assert_eq!(plural(2, "identity"), "2 identities");
        assert_eq!(plural(2, "key"), "2 keys");
        assert_eq!(plural(2, "day"), "2 days");
    }

    #[test]
    fn lists_read_like_sentences() {
        assert_eq!(list(["a"], "or"), "`a`");
        assert_eq!(list(["a", "b"], "or"), "`a` or `b`");
        assert_eq!(list(["a", "b", "c"], "and"), "`a`, `b` and `c`");
        assert_eq!(list(Vec::<&str>::new(), "or"), "none");
    }

    #[test]
    fn durations_grow_coarser() {
        let show = |ms| duration(Duration::from_millis(ms));
        assert_eq!(show(0), "0 ms");
        assert_eq!(show(4_249), "4.2 s");
        assert_eq!(show(9_949), "9.9 s");
        assert_eq!(show(9_950), "10 s");
        assert_eq!(show(59_499), "59 s");
        assert_eq!(show(59_500), "1m 00s");
        assert_eq!(show(65_000), "1m 05s");
        assert_eq!(show(3_599_600), "1h 00m");
        assert_eq!(show(7_380_000), "2h 03m");
    }

    #[test]
    fn the_past_is_told_in_its_largest_unit() {
        let show = |minutes: u64| ago(Duration::from_secs(minutes * 60 + 59));
        assert_eq!(show(0), "just now");
        assert_eq!(show(59), "59 min ago");
        assert_eq!(show(60), "1 h ago");
        assert_eq!(show(2879), "47 h ago");
        assert_eq!(show(2880), "2 days ago");
    }

    #[test]
    fn durations_are_read() {
        let ms = |text| parse_duration(text).map(|d| d.as_millis());
        assert_eq!(ms("90s"), Some(90_000));
        assert_eq!(ms("5m"), Some(300_000));
        assert_eq!(ms("1h30m"), Some(5_400_000));
        assert_eq!(ms("1h 30m"), Some(5_400_000));
        assert_eq!(ms("500ms"), Some(500));
        assert_eq!(ms("2d"), Some(172_800_000));
        for wrong in
            ["", " ", "90", "s", "5x", "-5s", "1.5h", "5m3", "99999999999999999999s", "999999999999999999d"]
        {
            assert_eq!(ms(wrong), None, "{wrong}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(word in ".*", other in ".*") {
            let _ = nearest(&word, [other.as_str()]);
            let _ = parse_duration(&word);
        }
    }

    #[test]
    fn a_fence_is_longer_than_what_it_holds() {
        assert_eq!(fenced("a\n"), "```text\na\n```");
        assert_eq!(fenced("````"), "`````text\n````\n`````");
    }

    #[test]
    fn globs_match_names() {
        for (pattern, name, expected) in [
            ("dev", "dev", true),
            ("dev", "dev2", false),
            ("prod-*", "prod-eu", true),
            ("prod-*", "prod", false),
            ("*", "anything", true),
            ("*-eu", "prod-eu-eu", true),
            ("p?od", "prod", true),
            ("p?od", "pod", false),
            ("*a*b*", "xxaxxbxx", true),
            ("*a*b*", "xxbxxaxx", false),
            ("", "dev", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
