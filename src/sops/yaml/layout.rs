//! Where everything stands in a YAML text.

use std::ops::Range;

use crate::sops::tree::{Text, Value};

/// A YAML text and where everything stands in it.
#[derive(Clone)]
pub(crate) struct Layout {
    pub(super) text: Text,
    pub(super) documents: Vec<Block>,
    /// No anchors, tags or complex keys: values can be replaced where they stand.
    pub(super) simple: bool,
}

impl std::fmt::Debug for Layout {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Layout({} documents)", self.documents.len())
    }
}

/// A map in the text.
#[derive(Clone, Default)]
pub(super) struct Block {
    pub(super) parts: Vec<BlockPart>,
    pub(super) flow: bool,
    pub(super) column: usize,
}

#[derive(Clone)]
pub(super) enum BlockPart {
    Comment(Remark),
    Pair { key: Vec<u8>, at: Range<usize>, value: Place },
}

/// A comment in the text; the range begins at `#`.
#[derive(Clone)]
pub(super) struct Remark {
    pub(super) text: Vec<u8>,
    pub(super) at: Range<usize>,
}

/// A value in the text.
#[derive(Clone)]
pub(super) enum Place {
    Scalar {
        value: Value,
        at: Range<usize>,
        /// Read otherwise by go-yaml: has to be written anew.
        foreign: bool,
    },
    Comment(Remark),
    List {
        items: Vec<Place>,
        flow: bool,
        column: usize,
        at: Range<usize>,
    },
    Map {
        block: Block,
        at: Range<usize>,
    },
}

impl Place {
    /// Where it begins and ends.
    pub(super) fn range(&self) -> Range<usize> {
        match self {
            Place::Scalar { at, .. } | Place::List { at, .. } | Place::Map { at, .. } => at.clone(),
            Place::Comment(remark) => remark.at.clone(),
        }
    }

    /// How many values and comments it holds, itself included.
    pub(super) fn size(&self) -> usize {
        match self {
            Place::Scalar { .. } | Place::Comment(_) => 1,
            Place::List { items, .. } => 1 + items.iter().map(Place::size).sum::<usize>(),
            Place::Map { block, .. } => {
                let of = |part: &BlockPart| {
                    if let BlockPart::Pair { value, .. } = part { value.size() } else { 1 }
                };
                1 + block.parts.iter().map(of).sum::<usize>()
            }
        }
    }
}
