//! Finds secrets that escape sequences and control characters are mixed into: whoever strips those would show them.

use std::ops::Range;

/// Adds where secrets are in lines that drive a terminal, when what drives it is taken out.
pub(super) fn find(scan: impl Fn(&[u8], &mut Vec<Range<usize>>), text: &[u8], found: &mut Vec<Range<usize>>) {
    if !drives(text) {
        return;
    }
    let mut seen = Vec::new();
    let mut start = 0;
    for line in text.split(|&byte| byte == b'\n') {
        if drives(line) {
            let pieces = pieces(line, &mut seen);
            let mut hidden = Vec::new();
            scan(&seen, &mut hidden);
            // Where a byte that is seen stands in the line.
            let place = |at: usize| {
                let piece = pieces.partition_point(|piece| piece.0 <= at) - 1;
                start + pieces[piece].1 + (at - pieces[piece].0)
            };
            found.extend(hidden.iter().map(|range| place(range.start)..place(range.end - 1) + 1));
        }
        start += line.len() + 1;
    }
}

/// Whether anything is in it that a terminal would not show.
#[expect(clippy::needless_bitwise_bool, reason = "without a branch the compiler looks at many bytes at once")]
fn drives(text: &[u8]) -> bool {
    let is_control = |byte: u8| (byte < b' ') & (byte != b'\n') & (byte != b'\t');
    text.chunks(512).any(|chunk| chunk.iter().fold(false, |any, &byte| any | is_control(byte)))
}

/// Puts what is seen of a line into `seen`; the result says where each piece begins there and in the line.
fn pieces(line: &[u8], seen: &mut Vec<u8>) -> Vec<(usize, usize)> {
    let mut pieces = Vec::new();
    seen.clear();
    for visible in anstream::adapter::strip_bytes(line) {
        let mut at = visible.as_ptr().addr() - line.as_ptr().addr();
        for piece in visible.split(|&byte| byte == b'\r') {
            if !piece.is_empty() {
                pieces.push((seen.len(), at));
                seen.extend_from_slice(piece);
            }
            at += piece.len() + 1;
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::super::*;

    #[test]
    fn a_secret_is_masked_whatever_is_mixed_into_it() {
        let masks = Masks::new();
        assert_eq!(masks.add("a", "CANARY-hidden-1"), Weight::Added);
        for (text, wanted) in [
            ("x CANARY-\u{1b}[1mhidden-1\u{1b}[0m y", "x *** y"),
            ("CAN\0ARY\r-hid\u{8}den-\u{7}1", "***"),
            ("\u{1b}[31mCANARY-hidden-\u{1b}]0;title\u{7}1 z", "\u{1b}[31m*** z"),
            ("one\r\nCANARY-\rhidden-1\ntwo é\u{1b}[0m", "one\r\n***\ntwo é\u{1b}[0m"),
            ("\u{1b}[1mnothing\u{1b}[0m", "\u{1b}[1mnothing\u{1b}[0m"),
        ] {
            let shown = masks.mask(text);
            // What is taken out after the last byte of the secret may stay.
            assert_eq!(shown.replace("***\u{1b}[0m", "***"), wanted, "{text:?}");
            assert!(!anstream::adapter::strip_str(&shown).to_string().contains("hidden-1"));
        }
    }

    #[test]
    fn a_secret_with_control_characters_of_its_own_is_found_as_well() {
        let masks = Masks::new();
        assert_eq!(masks.add("a", "CAN\u{1b}ARY\u{7}!"), Weight::Added);
        assert_eq!(masks.mask("x CAN\u{1b}ARY\u{7}! y"), "x *** y");
    }
}
