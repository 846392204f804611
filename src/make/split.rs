//! Parts of a line of make.

/// What follows a word at the beginning of a line.
pub(super) fn word<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let rest = line.strip_prefix(name)?;
    (rest.is_empty() || rest.starts_with(char::is_whitespace)).then_some(rest)
}

/// The texts around the first such character outside of `$(…)`.
pub(super) fn split_at(text: &str, at: char) -> Option<(&str, &str)> {
    let mut depth = 0_usize;
    for (place, c) in text.char_indices() {
        match c {
            '(' | '{' => depth += 1,
            ')' | '}' => depth = depth.saturating_sub(1),
            c if c == at && depth == 0 => return Some((&text[..place], &text[place + c.len_utf8()..])),
            _ => {}
        }
    }
    None
}

/// A line up to its comment.
pub(super) fn without_comment(line: &str) -> &str {
    let hash = line.match_indices('#').find(|(at, _)| !line[..*at].ends_with('\\'));
    hash.map_or(line, |(at, _)| &line[..at])
}
