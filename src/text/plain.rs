//! Text of others without what drives a terminal.

use std::borrow::Cow;

/// The text as a person may see it anywhere: without escape sequences, control characters and marks that turn the
/// direction of writing. Of a line that was written over by `\r` the last state stays.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    if !text.chars().any(drives) {
        return Cow::Borrowed(text);
    }
    let text = anstream::adapter::strip_str(text).to_string();
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let (body, end) = line.strip_suffix('\n').map_or((line, ""), |body| (body, "\n"));
        let last = body.rsplit('\r').find(|state| !state.is_empty()).unwrap_or_default();
        out.extend(last.chars().filter(|c| !drives(*c)));
        out.push_str(end);
    }
    Cow::Owned(out)
}

fn drives(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t'))
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_drives_a_terminal() {
        assert!(matches!(plain("a\tb\nc é"), Cow::Borrowed(_)));
        for (text, wanted) in [
            ("\u{1b}[31mred\u{1b}[0m\n", "red\n"),
            ("\u{1b}]0;title\u{7}text", "text"),
            ("\u{1b}]52;c;cm0gLXJm\u{7}\u{1b}[2J x", " x"),
            ("\u{1b}]8;;https://e.test\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            ("abc\u{8}\u{8}x\0", "abcx"),
            ("10%\r20%\rdone\r\nnext", "done\nnext"),
            ("\u{9b}2Jx\u{202e}y", "2Jxy"),
        ] {
            assert_eq!(plain(text), wanted, "{text:?}");
        }
    }
}
