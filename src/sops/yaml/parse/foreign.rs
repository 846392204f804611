//! What go-yaml reads otherwise than YAML 1.2.

use granit_parser::ScalarStyle;

/// True for `|` and `>`.
pub(super) fn is_block(style: ScalarStyle) -> bool {
    matches!(style, ScalarStyle::Literal | ScalarStyle::Folded)
}

/// True for what YAML 1.2 has and go-yaml has not, or reads otherwise: `\/` in double quotes, a block scalar that
/// begins with a tab, the line breaks of YAML 1.1.
pub(super) fn is_foreign(source: &str, style: ScalarStyle) -> bool {
    let begins_with_tab = || {
        let mut lines = source.lines();
        let hinted = lines.next().is_some_and(|header| header.contains(|c: char| c.is_ascii_digit()));
        let first = lines.map(|line| line.trim_start_matches(' ')).find(|line| !line.is_empty());
        !hinted && first.is_some_and(|line| line.starts_with('\t'))
    };
    source.contains(['\u{85}', '\u{2028}', '\u{2029}'])
        || matches!(style, ScalarStyle::DoubleQuoted) && source.replace("\\\\", "").contains("\\/")
        || is_block(style) && begins_with_tab()
}
