//! Where the comments go: before the value they belong to, in the innermost container they stand in.

use granit_parser::Placement;

use super::{Builder, Open};
use crate::sops::yaml::layout::{BlockPart, Place, Remark};

impl Builder<'_> {
    pub(super) fn comment(&mut self, remark: Remark, placement: Placement) {
        let line = self.text[..remark.at.start].rfind('\n').map_or(0, |newline| newline + 1);
        let before = self.text[line..remark.at.start].trim();
        // After a dash alone it belongs to what comes.
        if !matches!(placement, Placement::Right) || before.bytes().all(|byte| matches!(byte, b'-' | b' ')) {
            let column = self.column(remark.at.start);
            self.pending.push((remark, column));
            return;
        }
        if before.ends_with([']', '}']) && self.put_in_flow(&remark) {
            return;
        }
        // On the line of a value: sops puts it before that value. Before the first one in an item of a list
        // means before the item: a dash and a comment would not be read back as they were written.
        let column = self.column(remark.at.start);
        let depth = self.stack.len();
        let in_list: Vec<bool> =
            (0..depth).map(|at| at > 0 && matches!(self.stack[at - 1], Open::List { .. })).collect();
        for (level, open) in self.stack.iter_mut().enumerate().rev() {
            match open {
                Open::Map { block, key, .. } => {
                    let pair = block.parts.iter().rposition(|part| matches!(part, BlockPart::Pair { .. }));
                    let at = pair.filter(|_| key.is_none()).unwrap_or(block.parts.len());
                    if at > 0 || !in_list[level] {
                        block.parts.insert(at, BlockPart::Comment(remark));
                        return;
                    }
                }
                Open::List { items, .. } => {
                    let item = items.iter().rposition(|item| !matches!(item, Place::Comment(_)));
                    let at = item.filter(|_| level + 1 == depth).unwrap_or(items.len());
                    if at > 0 || !in_list[level] {
                        items.insert(at, Place::Comment(remark));
                        return;
                    }
                }
            }
        }
        self.pending.push((remark, column));
    }

    /// What follows a list or map in brackets on its line belongs into it, before its first value.
    fn put_in_flow(&mut self, remark: &Remark) -> bool {
        let last = match self.stack.last_mut() {
            Some(Open::Map { block, key: None, .. }) => match block.parts.last_mut() {
                Some(BlockPart::Pair { value, .. }) => value,
                _ => return false,
            },
            _ => return false,
        };
        match last {
            Place::List { items, flow: true, at, .. } => {
                at.end = remark.at.end;
                items.insert(0, Place::Comment(remark.clone()));
            }
            Place::Map { block, at } if block.flow => {
                at.end = remark.at.end;
                block.parts.insert(0, BlockPart::Comment(remark.clone()));
            }
            _ => return false,
        }
        true
    }

    /// How many of the pending comments stand in the map that ends: those that are not further left, and a first
    /// one that is, when what comes next is even further left.
    pub(super) fn inside_map(&self, column: usize) -> usize {
        let inside = self.pending.iter().position(|(_, at)| *at < column).unwrap_or(self.pending.len());
        if inside == 0 { self.first_chunk() } else { inside }
    }

    /// The same for a list: go-yaml takes only those right after its last item for its own.
    pub(super) fn inside_list(&self, column: usize, last: Option<&Place>) -> usize {
        let Some((first, at)) = self.pending.first() else { return 0 };
        let chunk = self.first_chunk();
        if chunk > 0 || *at > column {
            return chunk;
        }
        let parent = self.stack.iter().rev().find_map(|open| match open {
            Open::Map { block, .. } => Some(block.column),
            Open::List { .. } => None,
        });
        let lines_between =
            |from: usize, to: usize| self.text[from..to].bytes().filter(|b| *b == b'\n').count();
        let before = self.text[..first.at.start].trim_end().len();
        let end = self.pending[0].0.at.end;
        let next = end + self.text[end..].len() - self.text[end..].trim_start().len();
        // What ends a document is followed by the metadata when it is encrypted.
        let rest = &self.text[next..];
        let ends = rest.is_empty() || rest.starts_with("---") || rest.starts_with("...");
        let alone = !ends && lines_between(end, next) > 1;
        let right_after = lines_between(before, first.at.start) == 1;
        let deeper = match last {
            Some(Place::Map { block, .. }) => !block.flow,
            Some(Place::List { flow, .. }) => !flow,
            _ => false,
        };
        usize::from(*at == column && parent == Some(column) && right_after && alone && !deeper)
    }

    /// The comments right below what was read last, one below the other, when they stand further right than what
    /// comes after all comments.
    fn first_chunk(&self) -> usize {
        let (Some((first, column)), Some((last, _))) = (self.pending.first(), self.pending.last()) else {
            return 0;
        };
        let line_before = self.text[..first.at.start].trim_end().rsplit('\n').next().unwrap_or("");
        let rest = &self.text[last.at.end..];
        let next = rest.len() - rest.trim_start().len();
        let next = if next == rest.len() { 0 } else { self.column(last.at.end + next) };
        if line_before.trim_start().starts_with('#') || *column <= next {
            return 0;
        }
        let mut end = first.at.end;
        let mut count = 1;
        for (remark, at) in &self.pending[1..] {
            let blanks = self.text[end..remark.at.start].bytes().filter(|b| *b == b'\n').count();
            if at != column || blanks > 1 {
                break;
            }
            (end, count) = (remark.at.end, count + 1);
        }
        count
    }

    /// Comments between items of a list belong to the list, before the item that begins.
    pub(super) fn begin_value(&mut self) {
        if let Some(Open::List { items, .. }) = self.stack.last_mut() {
            items.extend(self.pending.drain(..).map(|(remark, _)| Place::Comment(remark)));
        }
    }
}
