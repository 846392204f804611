//! YAML as go-yaml v3 prints it with an indentation of four.

use super::resolve;
use crate::sops::tree::{Comment, Entry, Map, Node, Text, Value, show};
use crate::sops::{Format, SopsError, scalar};

/// Writes every document.
///
/// # Errors
/// [`SopsError::NotRepresentable`] for text that is not UTF-8.
pub(in crate::sops) fn emit(branches: &[Map]) -> Result<Text, SopsError> {
    let mut out = Text::new(Vec::new());
    for (at, branch) in branches.iter().enumerate() {
        if at > 0 {
            out.extend_from_slice(b"---\n");
        }
        if branch.pairs().next().is_none() {
            for entry in &branch.0 {
                if let Entry::Comment(remark) = entry {
                    comment(remark, 0, &mut out);
                }
            }
            out.extend_from_slice(b"{}\n");
        } else {
            map(branch, 0, true, &mut out)?;
        }
    }
    Ok(out)
}

/// One entry at this column, ended with a newline.
pub(super) fn entry(key: &[u8], node: &Node, column: usize) -> Result<Text, SopsError> {
    let mut out = Text::new(Vec::new());
    pair(key, node, column, &mut out)?;
    Ok(out)
}

/// The indentation inside a container; items of lists only skip their dash.
fn deeper(indent: usize, in_list: bool) -> usize {
    if in_list { indent + 2 } else { 4 * ((indent + 4) / 4) }
}

fn pad(indent: usize, out: &mut Text) {
    let end = out.len() + indent;
    out.resize(end, b' ');
}

fn comment(remark: &Comment, indent: usize, out: &mut Text) {
    for line in remark.text.split(|&b| b == b'\n') {
        pad(indent, out);
        out.push(b'#');
        out.extend_from_slice(line);
        out.push(b'\n');
    }
}

/// The entries of a map; `fresh` when the cursor is at the start of a line.
fn map(entries: &Map, indent: usize, fresh: bool, out: &mut Text) -> Result<(), SopsError> {
    let mut fresh = fresh;
    for entry in &entries.0 {
        match entry {
            Entry::Comment(remark) => {
                if !std::mem::replace(&mut fresh, true) {
                    out.push(b'\n');
                }
                comment(remark, indent, out);
            }
            Entry::Pair(key, node) => {
                if std::mem::replace(&mut fresh, true) {
                    pad(indent, out);
                }
                pair(key, node, indent, out)?;
            }
        }
    }
    Ok(())
}

fn pair(key: &[u8], node: &Node, indent: usize, out: &mut Text) -> Result<(), SopsError> {
    let refuse = |reason| SopsError::NotRepresentable { key: show(key), format: Format::Yaml, reason };
    let name = std::str::from_utf8(key).map_err(|_| refuse("its key is not UTF-8"))?;
    if name == "<<" {
        out.extend_from_slice(b"!!merge <<");
    } else {
        let text = string(name, Context { flow: false, one_line: true, indent });
        if name.len() > 128 || name.contains('\n') {
            out.extend_from_slice(b"? ");
            out.extend_from_slice(text.as_bytes());
            out.push(b'\n');
            pad(indent, out);
        } else {
            out.extend_from_slice(text.as_bytes());
        }
    }
    out.push(b':');
    value(key, node, indent, false, out)
}

fn value(key: &[u8], node: &Node, indent: usize, in_list: bool, out: &mut Text) -> Result<(), SopsError> {
    let inner = deeper(indent, in_list);
    match node {
        Node::Map(entries) if entries.pairs().next().is_none() => {
            remarks(
                entries.0.iter().filter_map(|e| if let Entry::Comment(c) = e { Some(c) } else { None }),
                inner,
                out,
            );
            out.extend_from_slice(b" {}\n");
        }
        Node::Map(entries) => {
            if in_list {
                out.push(b' ');
            } else {
                out.push(b'\n');
            }
            map(entries, inner, !in_list, out)?;
        }
        Node::List(items) if items.iter().all(|item| matches!(item, Node::Comment(_))) => {
            remarks(
                items.iter().filter_map(|i| if let Node::Comment(c) = i { Some(c) } else { None }),
                inner,
                out,
            );
            out.extend_from_slice(b" []\n");
        }
        Node::List(items) => {
            let mut fresh = !in_list;
            out.push(if in_list { b' ' } else { b'\n' });
            for item in items {
                if let Node::Comment(remark) = item {
                    if !std::mem::replace(&mut fresh, true) {
                        out.push(b'\n');
                    }
                    comment(remark, inner, out);
                    continue;
                }
                if std::mem::replace(&mut fresh, true) {
                    pad(inner, out);
                }
                out.push(b'-');
                value(key, item, inner, true, out)?;
            }
        }
        Node::Comment(remark) => {
            out.push(b'\n');
            comment(remark, inner, out);
        }
        Node::Scalar(leaf) => {
            out.push(b' ');
            let text = leaf_text(key, &leaf.value, Context { flow: false, one_line: false, indent: inner })?;
            out.extend_from_slice(text.as_bytes());
            out.push(b'\n');
        }
    }
    Ok(())
}

/// Comments of an empty container have no place inside it: before its brackets there is a line of their own.
fn remarks<'a>(comments: impl Iterator<Item = &'a Comment>, indent: usize, out: &mut Text) {
    for remark in comments {
        if out.last() != Some(&b'\n') {
            out.push(b'\n');
        }
        comment(remark, indent, out);
        pad(indent, out);
    }
}

/// Where a scalar stands.
#[derive(Clone, Copy)]
pub(super) struct Context {
    /// Inside brackets, where commas and brackets end plain text.
    pub(super) flow: bool,
    /// One line only: a key, or something follows on the line.
    pub(super) one_line: bool,
    /// Indentation of the lines of a block scalar.
    pub(super) indent: usize,
}

/// A leaf as YAML.
///
/// # Errors
/// [`SopsError::NotRepresentable`] for text that is not UTF-8.
pub(super) fn leaf_text(
    key: &[u8],
    value: &Value,
    context: Context,
) -> Result<zeroize::Zeroizing<String>, SopsError> {
    let text = match value {
        Value::Null => "null".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Unsigned(number) => number.to_string(),
        Value::Float(number) => scalar::yaml_float(*number),
        Value::Time(time) => time.clone(),
        Value::Str(text) | Value::Bytes(text) => match std::str::from_utf8(text) {
            Ok(text) => string(text, context),
            Err(_) => {
                return Err(SopsError::NotRepresentable {
                    key: show(key),
                    format: Format::Yaml,
                    reason: "its text is not UTF-8",
                });
            }
        },
    };
    Ok(zeroize::Zeroizing::new(text))
}

/// Text in the style the emitter chooses: plain, literal, single or double quotes.
fn string(text: &str, context: Context) -> String {
    let found = Analysis::of(text);
    if text.contains('\n') && !context.flow && !context.one_line {
        if found.block_allowed {
            return literal(text, context.indent);
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

fn literal(text: &str, indent: usize) -> String {
    let hint = if text.starts_with([' ', '\n']) { "4" } else { "" };
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

pub(super) fn double_quoted(text: &str) -> String {
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
            '\u{a0}' => out.push_str("\\_"),
            '\u{2028}' => out.push_str("\\L"),
            '\u{2029}' => out.push_str("\\P"),
            c if is_printable(c) => out.push(c),
            c if u32::from(c) <= 0xff => out.push_str(&format!("\\x{:02X}", u32::from(c))),
            c if u32::from(c) <= 0xffff => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push_str(&format!("\\U{:08X}", u32::from(c))),
        }
    }
    out.push('"');
    out
}
