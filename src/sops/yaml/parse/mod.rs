//! From YAML events to a layout: aliases expanded, comments put where sops puts them.

mod comments;
mod foreign;

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use granit_parser::{Event, Options, Parser, ScalarStyle, StructureStyle, Tag, options};

use super::layout::{Block, BlockPart, Layout, Place, Remark};
use super::resolve;
use crate::sops::tree::{Text, Value, show};
use crate::sops::{Format, SopsError};
use foreign::{is_block, is_foreign};

/// More values than this from aliases are an attack.
const EXPANDED: usize = 100_000;

pub(super) fn parse(text: &str) -> Result<Layout, SopsError> {
    let options: Options = options! {
        max_buffered_comment_events: 100_000,
        // What sops itself writes may be longer than YAML's limit.
        simple_key_max_lookahead: 65_536,
        flow_nesting_limit: 500,
        block_nesting_limit: 500,
    };
    // go-yaml refuses `%YAML 1.2`.
    let directive = text.starts_with("%YAML") || text.contains("\n%YAML");
    let mut builder = Builder { text, simple: !directive, ..Builder::default() };
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = event.map_err(|error| {
            // The reason alone: the whole message could quote the text.
            wrong(error.marker().line(), "the YAML syntax is broken here")
        })?;
        let line = span.start.line();
        let at = span.byte_range().unwrap_or(0..0);
        builder.event(event, at).map_err(|reason| match reason {
            Wrong::Syntax(reason) => wrong(line, reason),
            Wrong::Twice(key) => wrong(line, &format!("the key {} is there twice", show(&key))),
            Wrong::Key(key) => {
                SopsError::NotEncryptable { key, reason: "keys must be text: put it in quotes" }
            }
        })?;
    }
    builder.end_of_stream();
    Ok(Layout {
        text: Text::new(text.as_bytes().to_vec()),
        documents: builder.documents,
        simple: builder.simple,
    })
}

fn wrong(line: usize, reason: &str) -> SopsError {
    SopsError::Unreadable { format: Format::Yaml, line, reason: reason.to_owned() }
}

enum Wrong {
    Syntax(&'static str),
    Twice(Vec<u8>),
    Key(String),
}

/// A map or list that is not closed yet.
enum Open {
    Map {
        block: Block,
        key: Option<(Vec<u8>, Range<usize>)>,
        seen: HashSet<Vec<u8>>,
        start: usize,
        anchor: usize,
    },
    List {
        items: Vec<Place>,
        flow: bool,
        column: usize,
        start: usize,
        anchor: usize,
    },
}

#[derive(Default)]
struct Builder<'t> {
    text: &'t str,
    documents: Vec<Block>,
    root: Option<Place>,
    stack: Vec<Open>,
    anchors: HashMap<usize, Place>,
    expanded: usize,
    /// Comments on lines of their own whose container is not known yet, with their columns.
    pending: Vec<(Remark, usize)>,
    /// The end of what was read last, for the headers of block scalars.
    last: usize,
    simple: bool,
}

impl Builder<'_> {
    fn column(&self, at: usize) -> usize {
        let start = self.text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        self.text[start..at].chars().count()
    }

    fn event(&mut self, event: Event<'_>, at: Range<usize>) -> Result<(), Wrong> {
        match event {
            Event::Comment(text, placement) => {
                let remark = Remark { text: text.trim_end_matches('\r').as_bytes().to_vec(), at: at.clone() };
                self.comment(remark, placement);
                self.last = self.last.max(at.end);
            }
            Event::Scalar(value, style, anchor, tag) => {
                let at = self.scalar_range(at, style);
                self.last = self.last.max(at.end);
                self.simple &= anchor == 0 && tag.as_deref().is_none_or(is_merge);
                let source = self.text.get(at.clone()).unwrap_or("");
                let in_flow = matches!(
                    self.stack.last(),
                    Some(Open::Map { block: Block { flow: true, .. }, .. } | Open::List { flow: true, .. })
                );
                let foreign = is_foreign(source, style)
                    || in_flow && matches!(style, ScalarStyle::Plain) && source.contains('?');
                // The last line of a block scalar ends where the text does: there is no newline to keep.
                let unended = is_block(style) && at.end == self.text.len() && !self.text.ends_with('\n');
                let value = if unended { value.trim_end_matches('\n') } else { &value };
                let value = resolve::scalar(value, style, tag.as_deref(), source).map_err(Wrong::Syntax)?;
                let place = Place::Scalar { value, at, foreign };
                if anchor != 0 {
                    self.anchors.insert(anchor, place.clone());
                }
                self.node(place)?;
            }
            Event::Alias(id) => {
                self.simple = false;
                let place =
                    self.anchors.get(&id).cloned().ok_or(Wrong::Syntax("an alias to what contains it"))?;
                self.expanded += place.size();
                if self.expanded > EXPANDED {
                    return Err(Wrong::Syntax("the aliases expand to too much"));
                }
                self.node(place)?;
            }
            Event::MappingStart(style, anchor, tag) => {
                self.simple &= anchor == 0 && tag.is_none();
                self.begin_value();
                let flow = matches!(style, StructureStyle::Flow);
                let mut block =
                    Block { parts: Vec::new(), flow, column: if flow { 0 } else { self.column(at.start) } };
                block.parts.extend(self.pending.drain(..).map(|(remark, _)| BlockPart::Comment(remark)));
                self.stack.push(Open::Map {
                    block,
                    key: None,
                    seen: HashSet::new(),
                    start: at.start,
                    anchor,
                });
            }
            Event::SequenceStart(style, anchor, tag) => {
                self.simple &= anchor == 0 && tag.is_none();
                self.begin_value();
                let flow = matches!(style, StructureStyle::Flow);
                let start = if flow { at.start } else { self.dash_before(at.start) };
                let items = self.pending.drain(..).map(|(remark, _)| Place::Comment(remark)).collect();
                let column = if flow { 0 } else { self.column(start) };
                self.stack.push(Open::List { items, flow, column, start, anchor });
            }
            Event::MappingEnd | Event::SequenceEnd => self.close(at)?,
            Event::DocumentStart(..) => self.root = None,
            Event::DocumentEnd => {
                let mut block = match self.root.take() {
                    Some(Place::Map { block, .. }) => block,
                    None | Some(Place::Scalar { value: Value::Null, .. }) => Block::default(),
                    Some(_) => return Err(Wrong::Syntax("the top level is no map")),
                };
                block.parts.extend(self.pending.drain(..).map(|(remark, _)| BlockPart::Comment(remark)));
                self.documents.push(block);
                self.anchors.clear();
            }
            _ => {}
        }
        Ok(())
    }

    fn end_of_stream(&mut self) {
        if let Some(block) = self.documents.last_mut() {
            block.parts.extend(self.pending.drain(..).map(|(remark, _)| BlockPart::Comment(remark)));
        }
    }

    /// Block scalars: from their header to the end of their text.
    fn scalar_range(&self, at: Range<usize>, style: ScalarStyle) -> Range<usize> {
        if !is_block(style) {
            return at;
        }
        let from = self.last.min(at.start);
        let header = self.text[from..at.start].find(['|', '>']).map_or(at.start, |found| from + found);
        let body = self.text.get(header..at.end).unwrap_or("");
        header..header + body.trim_end_matches([' ', '\n', '\r']).len()
    }

    /// The dash of the first item of a list.
    fn dash_before(&self, at: usize) -> usize {
        let before = self.text[self.last.min(at)..at].rfind('-');
        before.map_or(at, |found| self.last.min(at) + found)
    }

    fn node(&mut self, place: Place) -> Result<(), Wrong> {
        let comments: Vec<_> = self.pending.drain(..).map(|(remark, _)| remark).collect();
        self.attach(place, comments)
    }

    fn attach(&mut self, place: Place, comments: Vec<Remark>) -> Result<(), Wrong> {
        match self.stack.last_mut() {
            None => self.root = Some(place),
            Some(Open::List { items, .. }) => {
                items.extend(comments.into_iter().map(Place::Comment));
                items.push(place);
            }
            Some(Open::Map { block, key, seen, .. }) => {
                block.parts.extend(comments.into_iter().map(BlockPart::Comment));
                match key.take() {
                    // sops refuses them in the first document only.
                    Some((key, _)) if self.documents.is_empty() && !seen.insert(key.clone()) => {
                        return Err(Wrong::Twice(key));
                    }
                    Some((key, at)) => block.parts.push(BlockPart::Pair { key, at, value: place }),
                    None => match place {
                        Place::Scalar { value: Value::Str(text), at, foreign } => {
                            // go-yaml wants a question mark before a key that is longer than 1024, and nothing
                            // unusual around it.
                            let marked = self.text[..at.start].trim_end_matches([' ', '\t']).ends_with('?');
                            self.simple &= !foreign && !marked && at.len() < 1000;
                            *key = Some((text.to_vec(), at));
                        }
                        Place::Scalar { value, .. } => {
                            let shown = crate::sops::scalar::display(&value);
                            return Err(Wrong::Key(String::from_utf8_lossy(&shown).into_owned()));
                        }
                        _ => return Err(Wrong::Syntax("a key is a list or a map")),
                    },
                }
            }
        }
        Ok(())
    }

    /// Ends the innermost map or list.
    fn close(&mut self, end: Range<usize>) -> Result<(), Wrong> {
        let Some(open) = self.stack.pop() else { return Ok(()) };
        let inside = match &open {
            Open::Map { block, .. } if !block.flow => self.inside_map(block.column),
            Open::List { items, flow, column, .. } if !flow => self.inside_list(*column, items.last()),
            _ => self.pending.len(),
        };
        let outside = self.pending.split_off(inside);
        let own: Vec<_> =
            std::mem::replace(&mut self.pending, outside).into_iter().map(|(remark, _)| remark).collect();
        let (place, anchor) = match open {
            Open::Map { mut block, start, anchor, .. } => {
                block.parts.extend(own.into_iter().map(BlockPart::Comment));
                let at = start..if block.flow { end.end } else { block_end(&block).max(start) };
                (Place::Map { block, at }, anchor)
            }
            Open::List { mut items, flow, column, start, anchor } => {
                items.extend(own.into_iter().map(Place::Comment));
                let last = items.iter().map(|item| item.range().end).max().unwrap_or(start);
                let at = start..if flow { end.end } else { last.max(start) };
                (Place::List { items, flow, column, at }, anchor)
            }
        };
        if anchor != 0 {
            self.anchors.insert(anchor, place.clone());
        }
        self.last = self.last.max(place.range().end);
        let pending = std::mem::take(&mut self.pending);
        self.attach(place, Vec::new())?;
        self.pending = pending;
        Ok(())
    }
}

/// The end of the last value or comment of a map.
fn block_end(block: &Block) -> usize {
    let end = |part: &BlockPart| match part {
        BlockPart::Comment(remark) => remark.at.end,
        BlockPart::Pair { at, value, .. } => at.end.max(value.range().end),
    };
    block.parts.iter().map(end).max().unwrap_or(0)
}

fn is_merge(tag: &Tag) -> bool {
    tag.is_yaml_core_schema_tag("merge")
}
