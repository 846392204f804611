//! YAML as configuration: text, lists and maps with their places, aliases expanded.

use std::collections::HashMap;
use std::ops::Range;

use granit_parser::{Event, Parser};

/// More values than this from aliases are an attack.
const EXPANDED: usize = 100_000;

/// A value and where it stands: of an alias, the place of the alias.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) at: Range<usize>,
    pub(crate) line: usize,
    /// It stands elsewhere, and here is an alias of it.
    pub(crate) alias: bool,
}

/// What a value is.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    /// The value under a key of a map.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Map(pairs) => pairs.iter().find(|(name, _)| name == key).map(|(_, node)| node),
            _ => None,
        }
    }

    /// The text of a scalar; none for `~` and nothing.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text.as_str()).filter(|text| !matches!(*text, "" | "~" | "null")),
            _ => None,
        }
    }

    /// The items of a list.
    pub(crate) fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }
}

enum Open {
    List(Vec<Node>),
    Map(Vec<(String, Node)>, Option<String>),
}

/// The first document of a text; none if it is empty. The error has a line and a reason.
pub(crate) fn parse(text: &str) -> Result<Option<Node>, (usize, String)> {
    let mut stack: Vec<(Open, usize, Range<usize>, usize)> = Vec::new();
    let mut anchors: HashMap<usize, Node> = HashMap::new();
    let mut expanded = 0;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| (error.marker().line(), error.info().clone()))?;
        let (at, line) = (span.byte_range().unwrap_or(0..0), span.start.line());
        let (node, anchor) = match event {
            Event::Scalar(value, _, anchor, _) => {
                (Node { value: Value::Text(value.into_owned()), at, line, alias: false }, anchor)
            }
            Event::Alias(id) => {
                let target = anchors.get(&id).ok_or((line, "an alias to what contains it".to_owned()))?;
                expanded += size(target);
                if expanded > EXPANDED {
                    return Err((line, "the aliases expand to too much".to_owned()));
                }
                (Node { value: target.value.clone(), at, line, alias: true }, 0)
            }
            Event::SequenceStart(_, anchor, _) => {
                stack.push((Open::List(Vec::new()), anchor, at, line));
                continue;
            }
            Event::MappingStart(_, anchor, _) => {
                stack.push((Open::Map(Vec::new(), None), anchor, at, line));
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some((open, anchor, start, line)) = stack.pop() else { continue };
                let value = match open {
                    Open::List(items) => Value::List(items),
                    Open::Map(pairs, _) => Value::Map(pairs),
                };
                (Node { value, at: start.start..at.end, line, alias: false }, anchor)
            }
            _ => continue,
        };
        if anchor != 0 {
            anchors.insert(anchor, node.clone());
        }
        match stack.last_mut() {
            None => return Ok(Some(node)),
            Some((Open::List(items), ..)) => items.push(node),
            Some((Open::Map(pairs, key), ..)) => match (key.take(), node) {
                (Some(key), node) => pairs.push((key, node)),
                (None, Node { value: Value::Text(text), .. }) => *key = Some(text),
                (None, node) => return Err((node.line, "a key is a list or a map".to_owned())),
            },
        }
    }
    Ok(None)
}

fn size(node: &Node) -> usize {
    match &node.value {
        Value::Text(_) => 1,
        Value::List(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Map(pairs) => 1 + pairs.iter().map(|(_, node)| size(node)).sum::<usize>(),
    }
}
