//! The records as one text: each line carries the hash of the one before, so that what was changed or cut is found.

use sha2::{Digest as _, Sha256};

use super::record::Line;
use crate::text::hex;

/// Lines that were read, and what is wrong with them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Chain {
    /// Those that can be read.
    pub lines: Vec<Line>,
    /// What was changed, cut or torn, in words.
    pub broken: Vec<String>,
}

/// The hash of a line.
pub(crate) fn hash(line: &str) -> String {
    hex(&Sha256::digest(line))
}

/// Reads all lines and follows the hashes.
pub(crate) fn read(text: &str) -> Chain {
    let mut chain = Chain::default();
    let (mut before, mut number) = (String::new(), 0);
    for (at, line) in text.lines().enumerate() {
        match Line::read(line) {
            None => chain.broken.push(format!("line {} cannot be read", at + 1)),
            Some(read) => {
                if read.number != number + 1 {
                    chain.broken.push(missing(number, read.number));
                } else if read.before != before {
                    chain.broken.push(format!("record {number} was changed after it was written"));
                }
                number = read.number;
                chain.lines.push(read);
            }
        }
        before = hash(line);
    }
    if !text.is_empty() && !text.ends_with('\n') {
        chain.broken.push("the last line is torn".to_owned());
    }
    chain
}

fn missing(last: u64, next: u64) -> String {
    match next.checked_sub(last + 1) {
        Some(1) => format!("record {} is missing", last + 1),
        Some(2..) => format!("records {} to {} are missing", last + 1, next - 1),
        Some(0) | None => format!("record {next} stands after record {last}"),
    }
}

/// The number and the hash that the next line begins with.
pub(crate) fn next(text: &str) -> (u64, String) {
    let number = text.lines().rev().find_map(Line::read).map_or(0, |line| line.number);
    (number + 1, text.lines().next_back().map(hash).unwrap_or_default())
}

/// What is kept beside the lines to find a cut end: how many there are, and the hash of the last.
pub(crate) fn head(text: &str) -> String {
    format!("{} {}\n", text.lines().count(), text.lines().next_back().map(hash).unwrap_or_default())
}

/// Whether the end is cut, by what was kept. Lines that came later are well: the head is written after them.
pub(crate) fn is_cut(text: &str, head: &str) -> bool {
    let Some((count, wanted)) = head.trim().split_once(' ') else { return false };
    let Some(at) = count.parse::<usize>().ok().and_then(|count| count.checked_sub(1)) else { return false };
    text.lines().nth(at).map(hash).as_deref() != Some(wanted)
}

#[cfg(test)]
mod tests {
    use super::super::record::{SCHEMA, What};
    use super::*;

    fn chain(count: u64) -> String {
        let mut text = String::new();
        for deployment in 1..=count {
            let (number, before) = next(&text);
            let line = Line {
                schema: SCHEMA,
                number,
                at: "2026-01-02T03:04:05Z".parse().unwrap(),
                by: "ada".to_owned(),
                host: "ci".to_owned(),
                run: None,
                what: What::Verified { deployment },
                before,
            };
            text.push_str(&(line.text() + "\n"));
        }
        text
    }

    #[test]
    fn what_is_written_is_read() {
        let whole = read(&chain(3));
        assert_eq!((whole.lines.len(), whole.broken), (3, Vec::new()));
        assert_eq!(whole.lines[2].what, What::Verified { deployment: 3 });
        assert_eq!(read(""), Chain::default());
    }

    #[test]
    fn any_byte_that_is_changed_is_found() {
        let text = chain(3);
        // The last line has no other after it: the head knows its hash.
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] = if bytes[at] == b'x' { b'y' } else { b'x' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(!read(&changed).broken.is_empty() || is_cut(&changed, &head(&text)), "{at}: {changed}");
        }
    }

    #[test]
    fn a_line_that_is_missing_is_found_wherever_it_was() {
        let text = chain(4);
        let without = |gone: usize| {
            let kept = text.lines().enumerate().filter(|(at, _)| *at != gone).map(|(_, line)| line);
            kept.flat_map(|line| [line, "\n"]).collect::<String>()
        };
        assert_eq!(read(&without(0)).broken, ["record 1 is missing"]);
        assert_eq!(read(&without(2)).broken, ["record 3 is missing"]);
        assert_eq!(read(&without(3)).broken, [""; 0], "a shorter chain is a whole one");
        assert!(is_cut(&without(3), &head(&text)), "which the head shows");
        assert!(is_cut("", &head(&text)) && !is_cut(&text, &head(&text)));
        assert!(!is_cut(&chain(5), &head(&text)), "killed before the head was written");
        assert!(!is_cut("", "0 \n") && !is_cut("", ""));
        let swapped: Vec<&str> = text.lines().collect();
        let swapped = [swapped[0], swapped[2], swapped[1], swapped[3], ""].join("\n");
        assert!(!read(&swapped).broken.is_empty());
        assert!(!read(text.trim_end()).broken.is_empty());
    }

    #[test]
    fn what_a_newer_infractl_wrote_is_passed_over() {
        let newer = chain(1).replace("\"event\":\"verified\",\"deployment\":1", "\"event\":\"blessed\"");
        let read = read(&newer);
        assert_eq!((read.lines[0].what.clone(), read.broken), (What::Unknown, Vec::new()));
    }
}
