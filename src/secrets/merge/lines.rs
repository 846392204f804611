//! Three versions of a text made one, line by line, as far as they do not contradict each other.
//!
//! Whether the outcome means what it should is for the caller to see: here lines are lines.

use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices};
use zeroize::Zeroizing;

use super::change::Prefer;

/// Lines of the common version and what became of them on one side.
#[derive(Clone)]
struct Hunk {
    old: Range<usize>,
    new: Range<usize>,
}

/// The common version with the changes of both sides. Where both changed the same lines differently the preferred side
/// counts, ours when neither is.
pub(super) fn merge(base: &[u8], ours: &[u8], theirs: &[u8], prefer: Prefer) -> Zeroizing<Vec<u8>> {
    let (b, o, t) = (split(base), split(ours), split(theirs));
    let mut left = hunks(&b, &o).into_iter().peekable();
    let mut right = hunks(&b, &t).into_iter().peekable();
    let mut text = Zeroizing::new(Vec::with_capacity(base.len() + ours.len() + theirs.len() + 2));
    let mut at = 0;
    loop {
        let start = match (left.peek(), right.peek()) {
            (None, None) => break,
            (Some(one), None) | (None, Some(one)) => one.old.start,
            (Some(one), Some(other)) => one.old.start.min(other.old.start),
        };
        put(&b[at..start], &mut text);
        // Everything that overlaps belongs together; what only touches does not.
        let (mut ours_here, mut theirs_here, mut end) = (Vec::new(), Vec::new(), start);
        loop {
            let belongs =
                |hunk: &Hunk, is_first: bool| hunk.old.start < end || (is_first && hunk.old.start == start);
            let is_first = ours_here.is_empty() && theirs_here.is_empty();
            // What is added before a line goes before what happens to the line.
            let adds = |hunk: Option<&Hunk>| hunk.is_some_and(|hunk| hunk.old == (start..start));
            let waits = is_first && adds(right.peek()) && !adds(left.peek());
            if !waits && left.peek().is_some_and(|hunk| belongs(hunk, is_first)) {
                let hunk: Hunk = left.next().unwrap_or(Hunk { old: end..end, new: 0..0 });
                end = end.max(hunk.old.end);
                ours_here.push(hunk);
            } else if right.peek().is_some_and(|hunk| belongs(hunk, is_first) || same_place(hunk, &ours_here))
            {
                let hunk: Hunk = right.next().unwrap_or(Hunk { old: end..end, new: 0..0 });
                end = end.max(hunk.old.end);
                theirs_here.push(hunk);
            } else {
                break;
            }
        }
        let range = start..end;
        let our_lines = side(&b, &o, &range, &ours_here);
        let their_lines = side(&b, &t, &range, &theirs_here);
        if theirs_here.is_empty() || our_lines == their_lines {
            put(&our_lines, &mut text);
        } else if ours_here.is_empty() {
            put(&their_lines, &mut text);
        } else if range.is_empty() {
            // Both added something at the same place.
            put(&our_lines, &mut text);
            put(&their_lines, &mut text);
        } else {
            put(if prefer == Prefer::Theirs { &their_lines } else { &our_lines }, &mut text);
        }
        at = end;
    }
    put(&b[at..], &mut text);
    text
}

/// Both sides add at this place.
fn same_place(hunk: &Hunk, ours: &[Hunk]) -> bool {
    hunk.old.is_empty() && ours.len() == 1 && ours[0].old == hunk.old
}

fn split(text: &[u8]) -> Vec<&[u8]> {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    if text.is_empty() { Vec::new() } else { text.split(|&b| b == b'\n').collect() }
}

fn put(lines: &[&[u8]], text: &mut Vec<u8>) {
    for line in lines {
        text.extend_from_slice(line);
        text.push(b'\n');
    }
}

fn side<'a>(base: &[&'a [u8]], new: &[&'a [u8]], range: &Range<usize>, hunks: &[Hunk]) -> Vec<&'a [u8]> {
    let (mut out, mut at) = (Vec::new(), range.start);
    for hunk in hunks {
        out.extend_from_slice(&base[at..hunk.old.start]);
        out.extend_from_slice(&new[hunk.new.clone()]);
        at = hunk.old.end;
    }
    out.extend_from_slice(&base[at..range.end]);
    out
}

fn hunks(base: &[&[u8]], new: &[&[u8]]) -> Vec<Hunk> {
    let mut hunks = Vec::new();
    for op in capture_diff_slices(Algorithm::Myers, base, new) {
        match op {
            DiffOp::Equal { .. } => {}
            // As many lines as before: each is a change of its own.
            DiffOp::Replace { old_index, old_len, new_index, new_len } if old_len == new_len => {
                hunks.extend((0..old_len).map(|at| Hunk {
                    old: old_index + at..old_index + at + 1,
                    new: new_index + at..new_index + at + 1,
                }));
            }
            op => hunks.push(Hunk { old: op.old_range(), new: op.new_range() }),
        }
    }
    hunks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(base: &str, ours: &str, theirs: &str) -> String {
        let text = merge(base.as_bytes(), ours.as_bytes(), theirs.as_bytes(), Prefer::Neither);
        String::from_utf8(text.to_vec()).unwrap()
    }

    #[test]
    fn lines_that_touch_are_changed_by_both() {
        assert_eq!(merged("a\nb\nc\n", "A\nb\nc\n", "a\nB\nc\n"), "A\nB\nc\n");
        assert_eq!(merged("a\nb\nc\n", "A\nB\nc\n", "a\nb\nC\n"), "A\nB\nC\n");
        assert_eq!(merged("a\nb\n", "a\n", "a\nb\nc\n"), "a\nc\n");
        assert_eq!(merged("a\n", "o\na\n", "a\nt\n"), "o\na\nt\n");
        assert_eq!(merged("a\nb\n", "a\nO\n", "a\nt\nb\n"), "a\nt\nO\n");
        assert_eq!(merged("a\nb\n", "a\no\nb\n", "a\nT\n"), "a\no\nT\n");
    }

    #[test]
    fn both_add_at_the_same_place() {
        assert_eq!(merged("a\n", "a\no\n", "a\nt\n"), "a\no\nt\n");
        assert_eq!(merged("a\n", "a\nx\n", "a\nx\n"), "a\nx\n");
        assert_eq!(merged("", "o\n", "t\n"), "o\nt\n");
        assert_eq!(merged("a", "a\no", "a\nt"), "a\no\nt\n");
    }

    #[test]
    fn the_preferred_side_counts_where_both_changed_the_same() {
        assert_eq!(merged("a\nb\n", "o\nb\n", "t\nb\n"), "o\nb\n");
        let text = merge(b"a\nb\n", b"o\nb\n", b"t\nB\n", Prefer::Theirs);
        assert_eq!(text.as_slice(), b"t\nB\n");
        assert_eq!(merged("a\nb\nc\n", "a\nc\n", "a\nB\nc\nd\n"), "a\nc\nd\n");
    }

    #[test]
    fn one_side_alone_is_that_side() {
        for (base, new) in
            [("a\nb\nc\n", "c\na\n"), ("", "x\ny\n"), ("x\ny\n", ""), ("a\nb\nc\nd\n", "a\nx\nd\n")]
        {
            assert_eq!(merged(base, new, base), new);
            assert_eq!(merged(base, base, new), new);
            assert_eq!(merged(base, new, new), new);
        }
    }
}
