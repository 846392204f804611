//! The YAML store: a tree with the places of its parts in the text, so that a change leaves the rest alone.

use std::ops::Range;

use super::SopsError;
use super::tree::{Comment, Entry, Map, Node, Text, Value};

mod parse;
mod render;
mod emit;
mod text;
mod resolve;

pub(super) use emit::emit;

/// A YAML text and where everything stands in it.
#[derive(Clone)]
pub(super) struct Layout {
    text: Text,
    documents: Vec<Block>,
    /// No anchors, tags or complex keys: values can be replaced where they stand.
    simple: bool,
}

impl std::fmt::Debug for Layout {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Layout({} documents)", self.documents.len())
    }
}

/// A map in the text.
#[derive(Clone, Default)]
struct Block {
    parts: Vec<Part>,
    flow: bool,
    column: usize,
}

#[derive(Clone)]
enum Part {
    Comment(Remark),
    Pair { key: Vec<u8>, at: Range<usize>, value: Place },
}

/// A comment in the text; the range begins at `#`.
#[derive(Clone)]
struct Remark {
    text: Vec<u8>,
    at: Range<usize>,
}

/// A value in the text.
#[derive(Clone)]
enum Place {
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
    fn range(&self) -> Range<usize> {
        match self {
            Place::Scalar { at, .. } | Place::List { at, .. } | Place::Map { at, .. } => at.clone(),
            Place::Comment(remark) => remark.at.clone(),
        }
    }

    /// How many values and comments it holds, itself included.
    fn size(&self) -> usize {
        match self {
            Place::Scalar { .. } | Place::Comment(_) => 1,
            Place::List { items, .. } => 1 + items.iter().map(Place::size).sum::<usize>(),
            Place::Map { block, .. } => {
                let of = |part: &Part| if let Part::Pair { value, .. } = part { value.size() } else { 1 };
                1 + block.parts.iter().map(of).sum::<usize>()
            }
        }
    }
}

impl Layout {
    /// Reads a YAML text as go-yaml v3 does.
    ///
    /// # Errors
    /// [`SopsError::Unreadable`]; [`SopsError::NotEncryptable`] for keys that are no text.
    pub(super) fn parse(text: &str) -> Result<Self, SopsError> {
        parse::parse(text)
    }

    /// The tree of each document.
    pub(super) fn branches(&self) -> Vec<Map> {
        self.documents.iter().map(tree_of_block).collect()
    }

    /// The text with the values of `target` in the places they have; none when they do not fit in.
    pub(super) fn render(&self, target: &[Map]) -> Option<Text> {
        render::render(self, target)
    }
}

fn tree_of_block(block: &Block) -> Map {
    let entry = |part: &Part| match part {
        Part::Comment(remark) => Entry::Comment(Comment::new(remark.text.as_slice())),
        Part::Pair { key, value, .. } => Entry::Pair(key.clone(), tree_of_place(value)),
    };
    Map(block.parts.iter().map(entry).collect())
}

fn tree_of_place(place: &Place) -> Node {
    match place {
        Place::Scalar { value, .. } => Node::leaf(value.clone()),
        Place::Comment(remark) => Node::Comment(Comment::new(remark.text.as_slice())),
        Place::List { items, .. } => Node::List(items.iter().map(tree_of_place).collect()),
        Place::Map { block, .. } => Node::Map(tree_of_block(block)),
    }
}
