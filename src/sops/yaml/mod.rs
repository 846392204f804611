//! The YAML store: a tree with the places of its parts in the text, so that a change leaves the rest alone.

use super::SopsError;
use super::tree::{Comment, Entry, Map, Node, Text};

mod parse;
mod render;
mod emit;
mod text;
mod resolve;
mod layout;

pub(super) use emit::emit;
pub(super) use layout::Layout;
use layout::{Block, BlockPart, Place};

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
    let entry = |part: &BlockPart| match part {
        BlockPart::Comment(remark) => Entry::Comment(Comment::new(remark.text.as_slice())),
        BlockPart::Pair { key, value, .. } => Entry::Pair(key.clone(), tree_of_place(value)),
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
