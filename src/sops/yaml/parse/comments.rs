//! Where the comments go: before the value they belong to, in the innermost container they stand in.

use granit_parser::Placement;

use super::{Builder, Open, Part, Place, Remark};

impl Builder<'_> {
    pub(super) fn comment(&mut self, remark: Remark, placement: Placement) {
        if !matches!(placement, Placement::Right) {
            let column = self.column(remark.at.start);
            self.pending.push((remark, column));
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
                    let pair = block.parts.iter().rposition(|part| matches!(part, Part::Pair { .. }));
                    let at = pair.filter(|_| key.is_none()).unwrap_or(block.parts.len());
                    if at > 0 || !in_list[level] {
                        block.parts.insert(at, Part::Comment(remark));
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

    /// Comments between items of a list belong to the list, before the item that begins.
    pub(super) fn begin_value(&mut self) {
        if let Some(Open::List { items, .. }) = self.stack.last_mut() {
            items.extend(self.pending.drain(..).map(|(remark, _)| Place::Comment(remark)));
        }
    }
}
