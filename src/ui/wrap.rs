//! Our own sentences, broken between words where a terminal would break them within one.

use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm, core::Word};

/// Narrower than this nothing is gained by it.
const NARROWEST: usize = 30;

/// Breaks each line at so many columns; what follows a break stands under `indent`, that of an item of a list under the
/// item. What stands in backquotes is to be copied and stays on one line, whatever its length.
pub(crate) fn wrap(text: &str, columns: usize, indent: &str) -> String {
    if columns < NARROWEST {
        return text.to_owned();
    }
    let lines = text.split('\n').map(|line| {
        let before = line.len() - line.trim_start_matches(' ').len();
        let hanging = if before == 0 { indent.to_owned() } else { " ".repeat(before + 2) };
        let options = Options::new(columns)
            .subsequent_indent(&hanging)
            .word_separator(WordSeparator::Custom(words))
            .word_splitter(WordSplitter::NoHyphenation)
            .wrap_algorithm(WrapAlgorithm::FirstFit)
            .break_words(false);
        textwrap::wrap(line, &options).join("\n")
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Words with the spaces behind them; a pair of backquotes holds together what is between them.
fn words(line: &str) -> Box<dyn Iterator<Item = Word<'_>> + '_> {
    let mut rest = line;
    Box::new(std::iter::from_fn(move || {
        let end = end_of_word(rest);
        let (word, behind) = rest.split_at(end);
        rest = behind;
        (!word.is_empty()).then(|| Word::from(word))
    }))
}

fn end_of_word(line: &str) -> usize {
    let (mut is_quoted, mut was_space) = (false, false);
    for (at, char) in line.char_indices() {
        if was_space && char != ' ' {
            return at;
        }
        match char {
            '`' => is_quoted = !is_quoted && line[at + 1..].contains('`'),
            ' ' => was_space = !is_quoted,
            _ => {}
        }
    }
    line.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_broken_between_words_and_a_command_is_not() {
        let text = "warning: the plan of `dev` is older than the state: make it anew with `infractl plan dev --out plan.bin`, then apply it";
        assert_eq!(
            wrap(text, 40, "  "),
            "warning: the plan of `dev` is older than\n  the state: make it anew with\n  `infractl plan dev --out plan.bin`,\n  then apply it"
        );
        assert_eq!(wrap(text, 20, "  "), text, "too narrow to gain anything");
        assert_eq!(wrap("short\n  list: a b", 40, "  "), "short\n  list: a b");
        assert_eq!(
            wrap("tried:\n  ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 (bob@laptop)", 36, ""),
            "tried:\n  ssh-ed25519 AAAAC3NzaC1lZDI1NTE5\n    (bob@laptop)"
        );
    }

    #[test]
    fn what_fits_nowhere_and_a_single_backquote_lose_nothing() {
        let path = format!("/{}", "x".repeat(60));
        assert_eq!(wrap(&format!("see {path} for it"), 40, "  "), format!("see\n  {path}\n  for it"));
        let single = "a ` that stands alone is a character as any other one is, no more";
        assert_eq!(wrap(single, 40, "").replace('\n', " "), single);
        assert_eq!(wrap("\u{1b}[33mwarning\u{1b}[0m: ééé", 40, "  "), "\u{1b}[33mwarning\u{1b}[0m: ééé");
    }

    proptest::proptest! {
        #[test]
        fn only_spaces_become_breaks(text in "[a-zé`: \n]{0,200}", columns in 0usize..120) {
            let wrapped = wrap(&text, columns, "");
            let squeezed = |text: &str| text.split([' ', '\n']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
            proptest::prop_assert_eq!(squeezed(&wrapped), squeezed(&text));
        }
    }
}
