//! Reads the environment files of others, as python-dotenv does, but for `$NAME` and `${NAME}`, which stay as they are.

/// What is in a file that people write.
#[derive(Default, PartialEq, Eq)]
pub(crate) struct Read {
    /// Keys and values, in the order of the file; a later one of the same key has replaced an earlier one.
    pub entries: Vec<(String, String)>,
    /// The numbers of the lines, from 1, that are neither `KEY=value` nor a comment.
    pub odd_lines: Vec<usize>,
    /// Keys whose values hold `${…}` where python-dotenv would put another value.
    pub unexpanded: Vec<String>,
}

/// Reads it.
pub(crate) fn read(text: &str) -> Read {
    let mut found = Read::default();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        let start = line.trim_start();
        if start.is_empty() || start.starts_with('#') {
            rest = after;
            continue;
        }
        let number = text[..text.len() - rest.len()].matches('\n').count() + 1;
        let begin = &rest[line.len() - start.len()..];
        let Some(entry) = entry(begin) else {
            found.odd_lines.push(number);
            rest = after;
            continue;
        };
        if !entry.is_literal && entry.value.contains("${") {
            found.unexpanded.push(entry.key.to_owned());
        }
        found.entries.retain(|(key, _)| key != entry.key);
        found.entries.push((entry.key.to_owned(), entry.value));
        rest = entry.after;
    }
    found
}

struct Entry<'a> {
    key: &'a str,
    value: String,
    /// In single quotes.
    is_literal: bool,
    after: &'a str,
}

fn entry(text: &str) -> Option<Entry<'_>> {
    let line = text.split('\n').next().unwrap_or_default();
    let text = match text.strip_prefix("export") {
        Some(rest) if rest.starts_with([' ', '\t']) => rest.trim_start_matches([' ', '\t']),
        _ => text,
    };
    let equals = line.contains('=').then(|| text.find('='))??;
    let key = text[..equals].trim();
    let is_name = !key.is_empty()
        && !key.starts_with(|c: char| c.is_ascii_digit())
        && key.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c));
    if !is_name {
        return None;
    }
    let value = text[equals + 1..].trim_start_matches([' ', '\t']);
    let quote = value.chars().next().filter(|c| "'\"".contains(*c));
    let Some(quote) = quote else {
        let line = value.split('\n').next().unwrap_or_default();
        let cut = line.find(" #").or_else(|| line.find("\t#")).map_or(line, |at| &line[..at]);
        let cut = if cut.starts_with('#') { "" } else { cut };
        let after = value[line.len()..].strip_prefix('\n').unwrap_or_default();
        return Some(Entry { key, value: cut.trim_end().to_owned(), is_literal: false, after });
    };
    let (value, rest) = quoted(quote, &value[1..])?;
    let line = rest.split('\n').next().unwrap_or_default();
    let comment = line.trim();
    if !comment.is_empty() && !comment.starts_with('#') {
        return None;
    }
    let after = rest[line.len()..].strip_prefix('\n').unwrap_or_default();
    Some(Entry { key, value, is_literal: quote == '\'', after })
}

/// What stands before the closing quote, and what follows it.
fn quoted(quote: char, text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut signs = text.char_indices();
    while let Some((at, sign)) = signs.next() {
        if sign == quote {
            return Some((value, &text[at + 1..]));
        }
        if sign != '\\' {
            value.push(sign);
            continue;
        }
        let (_, escaped) = signs.next()?;
        match (quote, escaped) {
            (_, '\\') => value.push('\\'),
            (_, sign) if sign == quote => value.push(quote),
            ('"', 'n') => value.push('\n'),
            ('"', 'r') => value.push('\r'),
            ('"', 't') => value.push('\t'),
            ('"', '$') => value.push('$'),
            (_, other) => value.extend(['\\', other]),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<(String, String)> {
        read(text).entries
    }

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn what_people_write_is_read() {
        let text = "# a comment\n\nexport A = hello world # and more\nB='it is #1 $X'\nC=\"say \\\"hi\\\"\\n\" # x\n\
                    D=a#b\nE=\nF='line 1\nline 2'\r\n  G=x=y=z\nA=later";
        let expected = [
            ("B", "it is #1 $X"),
            ("C", "say \"hi\"\n"),
            ("D", "a#b"),
            ("E", ""),
            ("F", "line 1\nline 2"),
            ("G", "x=y=z"),
            ("A", "later"),
        ];
        assert_eq!(of(text), pairs(&expected));
        assert!(read(text).odd_lines.is_empty());
    }

    #[test]
    fn what_cannot_be_read_is_named_by_its_line() {
        let found = read("A=1\nnonsense\n1B=2\nC=\"open\nD=4\nE='x' y\nF=${A}/b\nG='${A}'\n");
        assert_eq!(found.odd_lines, [2, 3, 4, 6]);
        assert_eq!(found.entries, pairs(&[("A", "1"), ("D", "4"), ("F", "${A}/b"), ("G", "${A}")]));
        assert_eq!(found.unexpanded, ["F"]);
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[A='\"\\\\\n #$é]{0,40}|.*") {
            let _ = read(&text);
        }
    }
}
