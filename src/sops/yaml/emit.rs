//! YAML as go-yaml v3 prints it with an indentation of four.

use super::text::{Context, leaf_text, string};
use crate::sops::tree::{Comment, Entry, Map, Node, Text, show};
use crate::sops::{Format, SopsError};

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
    let text = String::from_utf8_lossy(&remark.text);
    for line in text.split(['\n', '\u{85}', '\u{2028}', '\u{2029}']) {
        pad(indent, out);
        out.push(b'#');
        out.extend_from_slice(line.as_bytes());
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
        let inner = deeper(indent, false);
        let text =
            string(name, Context { flow: false, one_line: false, indent: inner, step: inner - indent });
        if name.len() > 128 || name.contains('\n') {
            out.extend_from_slice(b"? ");
            out.extend_from_slice(text.as_bytes());
            out.push(b'\n');
            pad(indent, out);
            out.push(b':');
            return value(node, indent, After::ComplexKey, out);
        }
        out.extend_from_slice(text.as_bytes());
    }
    out.push(b':');
    value(node, indent, After::Key, out)
}

/// What stands before a value on its line.
#[derive(Clone, Copy, PartialEq)]
enum After {
    Key,
    ComplexKey,
    Dash,
}

fn value(node: &Node, indent: usize, after: After, out: &mut Text) -> Result<(), SopsError> {
    let inner = deeper(indent, after == After::Dash);
    // What begins on the line of its dash or of the colon of a complex key.
    let compact = after != After::Key;
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
            open_block(compact, inner - indent - 1, out);
            map(entries, inner, !compact, out)?;
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
            let mut fresh = !compact;
            open_block(compact, inner - indent - 1, out);
            for item in items {
                if let Node::Comment(remark) = item {
                    if !std::mem::replace(&mut fresh, true) {
                        out.push(b'\n');
                    }
                    comment(remark, inner, out);
                    continue;
                }
                // The comments at the head of an item stand before its dash.
                let (heads, rest) = without_head(item);
                for remark in heads {
                    if !std::mem::replace(&mut fresh, true) {
                        out.push(b'\n');
                    }
                    comment(remark, inner, out);
                }
                if std::mem::replace(&mut fresh, true) {
                    pad(inner, out);
                }
                out.push(b'-');
                value(rest.as_ref().unwrap_or(item), inner, After::Dash, out)?;
            }
        }
        Node::Comment(remark) => {
            out.push(b'\n');
            comment(remark, inner, out);
        }
        Node::Scalar(leaf) => {
            out.push(b' ');
            let context = Context { flow: false, one_line: false, indent: inner, step: inner - indent };
            let text = leaf_text(&leaf.value, context);
            out.extend_from_slice(text.as_bytes());
            out.push(b'\n');
        }
    }
    Ok(())
}

/// The comments at the head of an item, and the item without them.
fn without_head(item: &Node) -> (Vec<&Comment>, Option<Node>) {
    match item {
        Node::Map(Map(entries)) => {
            let heads: Vec<_> = entries
                .iter()
                .map_while(|entry| if let Entry::Comment(c) = entry { Some(c) } else { None })
                .collect();
            let rest = entries[heads.len()..].to_vec();
            if heads.is_empty() || rest.is_empty() {
                (Vec::new(), None)
            } else {
                (heads, Some(Node::Map(Map(rest))))
            }
        }
        Node::List(items) => {
            let heads: Vec<_> = items
                .iter()
                .map_while(|item| if let Node::Comment(c) = item { Some(c) } else { None })
                .collect();
            let rest = items[heads.len()..].to_vec();
            if heads.is_empty() || rest.is_empty() {
                (Vec::new(), None)
            } else {
                (heads, Some(Node::List(rest)))
            }
        }
        _ => (Vec::new(), None),
    }
}

/// To the column of the first entry, on this line or the next.
fn open_block(compact: bool, blanks: usize, out: &mut Text) {
    if compact {
        pad(blanks, out);
    } else {
        out.push(b'\n');
    }
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
