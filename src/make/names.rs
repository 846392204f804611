//! Words and patterns of make.

/// A text with each of its words changed.
pub(super) fn each_word(text: &str, change: impl Fn(&str) -> String) -> String {
    text.split_whitespace().map(change).collect::<Vec<_>>().join(" ")
}

/// What `%` stands for in a word, if the word fits.
pub(super) fn stem<'a>(word: &'a str, pattern: &str) -> Option<&'a str> {
    match pattern.split_once('%') {
        Some((before, after)) => word.strip_prefix(before)?.strip_suffix(after),
        None => (word == pattern).then_some(""),
    }
}

/// A word changed as a pattern says.
pub(super) fn pattern(word: &str, from: &str, to: &str) -> String {
    let (from, to) = if from.contains('%') {
        (from.to_owned(), to.to_owned())
    } else {
        (format!("%{from}"), format!("%{to}"))
    };
    stem(word, &from).map_or_else(|| word.to_owned(), |stem| to.replacen('%', stem, 1))
}
