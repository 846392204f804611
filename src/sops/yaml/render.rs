//! Puts the values of another tree into a YAML text; everything else stays as it is.

use std::collections::HashMap;
use std::ops::Range;

use super::emit;
use super::layout::{Block, BlockPart, Layout, Place, Remark};
use super::text::{Context, leaf_text};
use crate::sops::remarks;
use crate::sops::same::{same_map, same_value};
use crate::sops::tree::{Comment, Entry, Map, Node, Text, Value};

/// The text with the values of `target`, or none when they do not fit into its layout: then it has to be
/// written anew. The result is read back and compared, so it always means `target`.
pub(super) fn render(layout: &Layout, target: &[Map]) -> Option<Text> {
    if !layout.simple || layout.documents.len() != target.len() {
        return None;
    }
    let text = std::str::from_utf8(&layout.text).ok()?;
    let mut patch = Patch { text, edits: Vec::new() };
    for (block, map) in layout.documents.iter().zip(target) {
        patch.block(block, map)?;
    }
    let out = patch.apply()?;
    let back = Layout::parse(std::str::from_utf8(&out).ok()?).ok()?;
    let (mut back, mut target) = (back.branches(), target.to_vec());
    let same = remarks::take(&mut back) == remarks::take(&mut target)
        && back.len() == target.len()
        && back.iter().zip(&target).all(|(back, target)| same_map(back, target));
    same.then_some(out)
}

struct Patch<'t> {
    text: &'t str,
    edits: Vec<(Range<usize>, Text)>,
}

impl Patch<'_> {
    fn apply(mut self) -> Option<Text> {
        self.edits.sort_by_key(|(at, _)| (at.start, at.end));
        let mut out = Text::new(Vec::with_capacity(self.text.len() + 1024));
        let mut from = 0;
        for (at, text) in &self.edits {
            out.extend_from_slice(self.text.get(from..at.start)?.as_bytes());
            out.extend_from_slice(text);
            from = at.end;
        }
        out.extend_from_slice(self.text.get(from..)?.as_bytes());
        Some(out)
    }

    fn edit(&mut self, at: Range<usize>, text: impl Into<Vec<u8>>) {
        self.edits.push((at, Text::new(text.into())));
    }

    /// The position after the line that holds `at`.
    fn line_end(&self, at: usize) -> usize {
        self.text[at..].find('\n').map_or(self.text.len(), |newline| at + newline + 1)
    }

    fn rest_of_line(&self, at: usize) -> &str {
        self.text[at..].split('\n').next().unwrap_or("")
    }

    fn block(&mut self, block: &Block, target: &Map) -> Option<()> {
        let mut places: HashMap<&[u8], Vec<usize>> = HashMap::new();
        for (at, part) in block.parts.iter().enumerate().rev() {
            if let BlockPart::Pair { key, .. } = part {
                places.entry(key).or_default().push(at);
            }
        }
        if places.is_empty() || target.pairs().next().is_none() {
            return if places.is_empty() && target.0.is_empty() && block.parts.is_empty() {
                Some(())
            } else {
                None
            };
        }
        self.comments(block, target)?;
        // The end of what was matched so far, and the part that comes next.
        let (mut end, mut next) = (None, 0);
        let mut added: Vec<(usize, Vec<u8>)> = Vec::new();
        for entry in &target.0 {
            let (key, node) = match entry {
                Entry::Pair(key, node) => (key, node),
                Entry::Comment(_) => {
                    let remark = block.parts.iter().skip(next).find_map(|part| match part {
                        BlockPart::Comment(remark) => Some(remark.at.end),
                        BlockPart::Pair { .. } => None,
                    });
                    if block.parts.get(next).is_some_and(|part| matches!(part, BlockPart::Comment(_))) {
                        next += 1;
                        end = end.max(remark);
                    }
                    continue;
                }
            };
            if let Some(at) = places.get_mut(key.as_slice()).and_then(Vec::pop) {
                if at < next {
                    return None;
                }
                next = at + 1;
                if let BlockPart::Pair { at, value, .. } = &block.parts[at] {
                    self.pair(block, key, at, value, node)?;
                    end = end.max(Some(at.end.max(value.range().end)));
                }
            } else {
                if block.flow {
                    return None;
                }
                let first = block.parts.iter().find_map(|part| match part {
                    BlockPart::Pair { at, .. } => Some(at.start - block.column),
                    BlockPart::Comment(_) => None,
                });
                let place = end.map(|end| self.line_end(end)).or(first)?;
                let mut text = vec![b' '; block.column];
                text.extend_from_slice(&emit::entry(key, node, block.column).ok()?);
                match added.last_mut() {
                    Some((at, before)) if *at == place => before.extend_from_slice(&text),
                    _ => added.push((place, text)),
                }
            }
        }
        for at in places.into_values().flatten() {
            if let (BlockPart::Pair { at, value, .. }, false) = (&block.parts[at], block.flow) {
                self.remove(block, at.start..at.end.max(value.range().end))?;
            } else {
                return None;
            }
        }
        for (at, mut text) in added {
            if at == self.text.len() && !self.text.ends_with('\n') {
                text.insert(0, b'\n');
            }
            self.edit(at..at, text);
        }
        Some(())
    }

    /// Comments must be the same ones in number; their texts may change.
    fn comments(&mut self, block: &Block, target: &Map) -> Option<()> {
        let old = block
            .parts
            .iter()
            .filter_map(|part| if let BlockPart::Comment(remark) = part { Some(remark) } else { None });
        let new: Vec<_> = target
            .0
            .iter()
            .filter_map(|entry| if let Entry::Comment(remark) = entry { Some(remark) } else { None })
            .collect();
        let old: Vec<_> = old.collect();
        if old.len() != new.len() {
            return None;
        }
        for (old, new) in old.into_iter().zip(new) {
            self.comment(old, new)?;
        }
        Some(())
    }

    fn comment(&mut self, old: &Remark, new: &Comment) -> Option<()> {
        if old.text != *new.text {
            if new.text.contains(&b'\n') {
                return None;
            }
            self.edit(old.at.clone(), [b"#", new.text.as_slice()].concat());
        }
        Some(())
    }

    fn pair(&mut self, block: &Block, key: &[u8], at: &Range<usize>, old: &Place, new: &Node) -> Option<()> {
        let before = self.edits.len();
        if self.place(old, new, Some(at.end), block.flow, block.column).is_some() {
            return Some(());
        }
        // Another shape: the whole entry is written anew.
        self.edits.truncate(before);
        let end = at.end.max(old.range().end);
        if block.flow || !self.rest_of_line(end).trim().is_empty() {
            return None;
        }
        let mut text = self.comments_in(block, &(at.start..end));
        text.extend_from_slice(&emit::entry(key, new, block.column).ok()?);
        text.pop();
        self.edit(at.start..end, std::mem::take(&mut *text));
        Some(())
    }

    /// Replaces one value; `key_end` is where its key ends, none in a list.
    fn place(
        &mut self,
        old: &Place,
        new: &Node,
        key_end: Option<usize>,
        flow: bool,
        column: usize,
    ) -> Option<()> {
        match (old, new) {
            (Place::Scalar { value, at, foreign }, Node::Scalar(leaf)) => {
                if !foreign && same_value(value, &leaf.value) {
                    return Some(());
                }
                self.scalar(at, &leaf.value, key_end, flow, column)
            }
            (Place::Comment(old), Node::Comment(new)) => self.comment(old, new),
            (Place::Map { block, .. }, Node::Map(map)) => self.block(block, map),
            (Place::List { items, flow, column, .. }, Node::List(new)) if items.len() == new.len() => {
                items.iter().zip(new).try_for_each(|(old, new)| self.place(old, new, None, *flow, *column))
            }
            _ => None,
        }
    }

    fn scalar(
        &mut self,
        at: &Range<usize>,
        value: &Value,
        key_end: Option<usize>,
        flow: bool,
        column: usize,
    ) -> Option<()> {
        let one_line = flow || !self.rest_of_line(at.end).trim().is_empty();
        let indent = if key_end.is_some() { 4 * ((column + 4) / 4) } else { column + 2 };
        let endless = value.as_str().is_some_and(|text| text.ends_with(b"\n\n") || text == b"\n");
        let context = Context { flow, one_line: one_line || endless, indent, step: indent - column };
        let text = leaf_text(value, context);
        if !at.is_empty() {
            self.edit(at.clone(), text.as_bytes());
            return Some(());
        }
        // Nothing stands there: after the colon or the dash.
        let place = match key_end {
            Some(end) => end + self.text[end..].find(':')? + 1,
            None => at.start,
        };
        let space = if self.text[..place].ends_with(' ') { "" } else { " " };
        self.edit(place..place, [space, &text].concat());
        Some(())
    }

    /// The comments of a map that stand in this part of it, such as after a key: they stay when the part goes.
    fn comments_in(&self, block: &Block, within: &Range<usize>) -> Text {
        let mut text = Text::new(Vec::new());
        for part in &block.parts {
            if let BlockPart::Comment(remark) = part
                && within.contains(&remark.at.start)
            {
                text.extend_from_slice(self.text[remark.at.clone()].trim_end().as_bytes());
                text.push(b'\n');
                text.extend(std::iter::repeat_n(b' ', block.column));
            }
        }
        text
    }

    /// Removes a pair; a comment on its last line stays.
    fn remove(&mut self, block: &Block, Range { start, end }: Range<usize>) -> Option<()> {
        let line = self.text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        if !self.text[line..start].trim().is_empty() {
            return None;
        }
        if self.rest_of_line(end).trim().is_empty() {
            let kept = self.comments_in(block, &(start..end));
            let kept = kept.trim_ascii_end();
            let kept = if kept.is_empty() {
                Vec::new()
            } else {
                [&self.text.as_bytes()[line..start], kept, b"\n"].concat()
            };
            self.edit(line..self.line_end(end), kept);
        } else {
            self.edit(start..end + self.rest_of_line(end).find('#')?, []);
        }
        Some(())
    }
}
