//! A scalar in the style go-yaml v3 chooses for it: plain, literal, single or double quotes.

use std::fmt::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::resolve;
use crate::sops::scalar;
use crate::sops::tree::Value;

/// Where a scalar stands.
#[derive(Clone, Copy)]
pub(super) struct Context {
    /// Inside brackets, where commas and brackets end plain text.
    pub(super) flow: bool,
    /// One line only: a key, or something follows on the line.
    pub(super) one_line: bool,
    /// Indentation of the lines of a block scalar.
    pub(super) indent: usize,
    /// How much of it is over that of its key or dash.
    pub(super) step: usize,
}

/// A leaf as YAML.
pub(super) fn leaf_text(value: &Value, context: Context) -> zeroize::Zeroizing<String> {
    zeroize::Zeroizing::new(match value {
        Value::Null => "null".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Unsigned(number) => number.to_string(),
        Value::Float(number) => scalar::yaml_float(*number),
        Value::Time(time) => time.clone(),
        Value::Str(text) | Value::Bytes(text) => match std::str::from_utf8(text) {
            Ok(text) => string(text, context),
            Err(_) => binary(text, context),
        },
    })
}

/// Bytes that are no text, as base64 in lines of 70.
fn binary(bytes: &[u8], context: Context) -> String {
    let mut encoded = STANDARD.encode(bytes);
    if encoded.len() > 70 && !context.flow && !context.one_line {
        let lines: Vec<_> =
            (0..encoded.len()).step_by(70).map(|at| &encoded[at..encoded.len().min(at + 70)]).collect();
        encoded = literal(&(lines.join("\n") + "\n"), context.indent, context.step);
    }
    format!("!!binary {encoded}")
}

/// Text in the style the emitter chooses: plain, literal, single or double quotes.
pub(super) fn string(text: &str, context: Context) -> String {
    let found = Analysis::of(text);
    if text.contains(['\u{85}', '\u{2028}', '\u{2029}']) {
        // Line breaks to YAML 1.1 and not to 1.2: escaped they mean the same to both.
        return double_quoted(text);
    }
    if text.contains('\n') && !context.flow && !context.one_line {
        if found.block_allowed {
            return literal(text, context.indent, context.step);
        }
        return double_quoted(text);
    }
    if resolve::needs_quotes(text) || text.contains('\n') {
        return double_quoted(text);
    }
    let plain = if context.flow { found.flow_plain } else { found.block_plain };
    if plain {
        return text.to_owned();
    }
    if found.single_quoted { format!("'{}'", text.replace('\'', "''")) } else { double_quoted(text) }
}

/// `yaml_emitter_analyze_scalar`.
struct Analysis {
    flow_plain: bool,
    block_plain: bool,
    single_quoted: bool,
    block_allowed: bool,
}

impl Analysis {
    fn of(text: &str) -> Self {
        let mut flow_indicator = text.starts_with("---") || text.starts_with("...");
        let mut block_indicator = flow_indicator;
        let (mut breaks, mut special, mut tab) = (false, false, false);
        let (mut space_break, mut break_space) = (false, false);
        let (mut previous_space, mut previous_break, mut preceded) = (false, false, true);
        let mut chars = text.chars().enumerate().peekable();
        while let Some((at, c)) = chars.next() {
            let followed = chars.peek().is_none_or(|(_, next)| is_blank(*next));
            if at == 0 {
                match c {
                    '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%'
                    | '@' | '`' => {
                        flow_indicator = true;
                        block_indicator = true;
                    }
                    '?' | ':' => {
                        flow_indicator = true;
                        block_indicator |= followed;
                    }
                    '-' if followed => {
                        flow_indicator = true;
                        block_indicator = true;
                    }
                    _ => {}
                }
            } else {
                match c {
                    ',' | '?' | '[' | ']' | '{' | '}' => flow_indicator = true,
                    ':' => {
                        flow_indicator = true;
                        block_indicator |= followed;
                    }
                    '#' if preceded => {
                        flow_indicator = true;
                        block_indicator = true;
                    }
                    _ => {}
                }
            }
            if c == '\t' {
                tab = true;
            } else if !is_printable(c) {
                special = true;
            }
            let is_break = is_line_break(c);
            breaks |= is_break;
            space_break |= is_break && previous_space;
            break_space |= c == ' ' && previous_break;
            (previous_space, previous_break) = (c == ' ', is_break);
            preceded = is_blank(c);
        }
        let ends = |c: fn(char) -> bool| text.starts_with(c) || text.ends_with(c);
        let unplain = text.is_empty() || ends(|c| c == ' ') || ends(is_line_break) || break_space;
        let odd = space_break || tab || special;
        Analysis {
            flow_plain: !(unplain || odd || breaks || flow_indicator),
            block_plain: !(unplain || odd || breaks || block_indicator),
            single_quoted: !(break_space || odd),
            block_allowed: !(text.ends_with(' ') || space_break || special),
        }
    }
}

fn is_line_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\0') || is_line_break(c)
}

fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}')
}

fn literal(text: &str, indent: usize, step: usize) -> String {
    // go-yaml always writes 4 here, which is wrong in lists, and none before a tab, which it cannot read then.
    let hint = if text.starts_with([' ', '\n', '\t']) { step.to_string() } else { String::new() };
    let chomp = match (text.ends_with('\n'), text == "\n" || text.ends_with("\n\n")) {
        (false, _) => "-",
        (true, false) => "",
        (true, true) => "+",
    };
    let mut out = format!("|{hint}{chomp}");
    let body = text.strip_suffix('\n').unwrap_or(text);
    for line in body.split('\n') {
        out.push('\n');
        if !line.is_empty() {
            out.extend(std::iter::repeat_n(' ', indent));
            out.push_str(line);
        }
    }
    out
}

fn double_quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\0' => out.push_str("\\0"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{b}' => out.push_str("\\v"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            '\u{1b}' => out.push_str("\\e"),
            '\u{85}' => out.push_str("\\N"),
            '\u{2028}' => out.push_str("\\L"),
            '\u{2029}' => out.push_str("\\P"),
            c if is_printable(c) => out.push(c),
            c if u32::from(c) <= 0xff => drop(write!(out, "\\x{:02X}", u32::from(c))),
            c if u32::from(c) <= 0xffff => drop(write!(out, "\\u{:04X}", u32::from(c))),
            c => drop(write!(out, "\\U{:08X}", u32::from(c))),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_quoted_as_go_yaml_quotes_it() {
        let context = Context { flow: false, one_line: false, indent: 4, step: 4 };
        for (text, printed) in [
            ("plain text", "plain text"),
            ("", "\"\""),
            ("yes", "\"yes\""),
            ("y", "\"y\""),
            ("null", "\"null\""),
            ("007", "\"007\""),
            ("1:30", "\"1:30\""),
            ("2001-12-14", "\"2001-12-14\""),
            ("- x", "'- x'"),
            ("-x", "-x"),
            ("a: b", "'a: b'"),
            ("a:b", "a:b"),
            ("a #b", "'a #b'"),
            ("a#b", "a#b"),
            ("#a", "'#a'"),
            (" a", "' a'"),
            ("it's", "it's"),
            ("'it'", "'''it'''"),
            ("[a]", "'[a]'"),
            ("a,b", "a,b"),
            ("tab\there", "\"tab\\there\""),
            ("cr\rlf", "\"cr\\rlf\""),
            ("\u{1f600}", "\"\\U0001F600\""),
            ("a\nb", "|-\n    a\n    b"),
            ("a\nb\n", "|\n    a\n    b"),
            ("a\n\n", "|+\n    a\n"),
            (" a\nb", "|4-\n     a\n    b"),
            ("a \nb", "\"a \\nb\""),
        ] {
            assert_eq!(string(text, context), printed, "{text:?}");
        }
        let flow = Context { flow: true, ..context };
        assert_eq!(string("a,b", flow), "'a,b'");
        assert_eq!(string("a\nb", flow), "\"a\\nb\"");
    }
}
