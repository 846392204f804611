//! Text and tree, whatever the format: where the metadata stands and what is reserved for it.

use super::metadata::Metadata;
use super::tree::{Entry, Map, Node, Text, Value, show};
use super::{Format, SopsError, dotenv, flatten, json, yaml};

/// The key of the metadata in YAML and JSON.
pub(super) const KEY: &[u8] = b"sops";
/// The only key of a binary file.
const DATA: &[u8] = b"data";

/// A file read: its documents, and in YAML the text they stand in.
pub(super) struct Document {
    pub(super) branches: Vec<Map>,
    pub(super) layout: Option<yaml::Layout>,
}

fn utf8(bytes: &[u8], format: Format) -> Result<&str, SopsError> {
    std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        let line = memchr::memchr_iter(b'\n', before).count() + 1;
        SopsError::Unreadable { format, line, reason: "it is not UTF-8".to_owned() }
    })
}

fn load(bytes: &[u8], format: Format) -> Result<Document, SopsError> {
    let branch = match format {
        Format::Dotenv => dotenv::parse(bytes)?,
        Format::Json | Format::Binary => json::parse(bytes)?,
        Format::Yaml => {
            let layout = yaml::Layout::parse(utf8(bytes, format)?)?;
            return Ok(Document { branches: layout.branches(), layout: Some(layout) });
        }
    };
    Ok(Document { branches: vec![branch], layout: None })
}

/// Reads an encrypted file and takes its metadata out.
pub(super) fn load_encrypted(bytes: &[u8], format: Format) -> Result<(Document, Metadata), SopsError> {
    let mut document = load(bytes, format)?;
    if format == Format::Dotenv {
        let all = document.branches.pop().unwrap_or_default();
        let (mut data, mut meta) = (Vec::new(), Vec::new());
        for entry in all.0 {
            match entry {
                Entry::Pair(key, node) if key.starts_with(dotenv::PREFIX) => meta.push((key, node)),
                other => data.push(other),
            }
        }
        if meta.is_empty() {
            return Err(SopsError::NotEncrypted);
        }
        let pairs = meta.iter().filter_map(|(key, node)| Some((&key[dotenv::PREFIX.len()..], node.value()?)));
        let raw = match flatten::unflatten(pairs) {
            Ok(raw) => raw,
            Err(error) => return Err(converted(bytes).unwrap_or(error)),
        };
        let mut metadata = Metadata::parse(raw).map_err(|error| converted(bytes).unwrap_or(error))?;
        metadata.order = meta.into_iter().map(|(key, _)| key).collect();
        document.branches.push(Map(data));
        return Ok((document, metadata));
    }
    let mut found = Vec::new();
    for (at, branch) in document.branches.iter_mut().enumerate() {
        let mut entries = Vec::with_capacity(branch.0.len());
        for entry in std::mem::take(&mut branch.0) {
            match entry {
                Entry::Pair(key, node) if key == KEY => {
                    if at == 0 {
                        found.push(node);
                    }
                }
                other => entries.push(other),
            }
        }
        branch.0 = entries;
    }
    let raw = match (found.pop(), found.pop()) {
        (None, _) => return Err(SopsError::NotEncrypted),
        (Some(Node::Map(raw)), None) => raw,
        (Some(leaf), None) if matches!(leaf.value(), Some(Value::Null)) => {
            return Err(SopsError::NotEncrypted);
        }
        (Some(_), None) => return Err(SopsError::metadata("sops", "is not a map")),
        (Some(_), Some(_)) => return Err(SopsError::metadata("sops", "is there twice")),
    };
    Ok((document, Metadata::parse(raw)?))
}

/// The error for a dotenv file whose line ends were converted, which breaks the metadata first.
fn converted(bytes: &[u8]) -> Option<SopsError> {
    let line = bytes
        .split(|&b| b == b'\n')
        .position(|line| line.starts_with(dotenv::PREFIX) && line.ends_with(b"\r"))?;
    Some(SopsError::LineEnds { line: line + 1 })
}

/// Reads a plain text that is to be encrypted.
///
/// # Errors
/// [`SopsError::AlreadyEncrypted`] when it holds keys reserved for metadata.
pub(super) fn load_plain(bytes: &[u8], format: Format) -> Result<Document, SopsError> {
    if format == Format::Binary {
        let mut map = Map::default();
        map.push(DATA, Node::text(bytes));
        return Ok(Document { branches: vec![map], layout: None });
    }
    let document = load(bytes, format).map_err(SopsError::of_plain_text)?;
    if document.branches.is_empty() {
        return Err(SopsError::EmptyInput);
    }
    for (key, _) in document.branches.iter().flat_map(Map::pairs) {
        check_reserved(key, format)?;
    }
    Ok(document)
}

/// Refuses a top-level key that would be taken for metadata.
pub(super) fn check_reserved(key: &[u8], format: Format) -> Result<(), SopsError> {
    let reserved = match format {
        Format::Dotenv => key.starts_with(dotenv::PREFIX),
        Format::Yaml | Format::Json => key == KEY,
        Format::Binary => false,
    };
    if reserved { Err(SopsError::AlreadyEncrypted { key: show(key) }) } else { Ok(()) }
}

/// The plain text of a document, exactly as `sops decrypt --output-type` prints it.
pub(super) fn print(branches: &[Map], format: Format) -> Result<Text, SopsError> {
    let first = branches.first();
    let single = || -> Result<&Map, SopsError> {
        match branches {
            [only] => Ok(only),
            _ => Err(SopsError::NotRepresentable {
                key: "the file".to_owned(),
                format,
                reason: "it has more than one document",
            }),
        }
    };
    match format {
        Format::Dotenv => dotenv::emit(single()?),
        Format::Json => first.map_or_else(|| json::emit(&Map::default()), json::emit),
        Format::Yaml => yaml::emit(branches),
        Format::Binary => {
            let data = first.and_then(|map| map.get(DATA)).and_then(Node::value).and_then(Value::as_str);
            data.map(|text| Text::new(text.to_vec())).ok_or_else(|| SopsError::NotRepresentable {
                key: show(DATA),
                format,
                reason: "the file has no text under this key",
            })
        }
    }
}

/// The text of an encrypted file.
pub(super) fn write(
    branches: &[Map],
    metadata: &Metadata,
    format: Format,
    layout: Option<&yaml::Layout>,
) -> Result<Vec<u8>, SopsError> {
    let with_metadata = |branch: &Map| {
        let mut branch = branch.clone();
        branch.push(KEY, Node::Map(metadata.raw.clone()));
        branch
    };
    let mut text = match format {
        Format::Dotenv => {
            let mut all = branches.first().cloned().unwrap_or_default();
            let mut lines: Vec<(Vec<u8>, Value)> = flatten::flatten(&metadata.raw);
            for (key, _) in &mut lines {
                *key = [dotenv::PREFIX, key].concat();
            }
            arrange(&mut lines, &metadata.order);
            for (key, value) in lines {
                all.push(key, Node::leaf(value));
            }
            dotenv::emit(&all)?
        }
        Format::Json | Format::Binary => {
            json::emit(&with_metadata(branches.first().unwrap_or(&Map::default())))?
        }
        Format::Yaml => {
            let target: Vec<_> = branches.iter().map(with_metadata).collect();
            match layout.and_then(|layout| layout.render(&target)) {
                Some(text) => text,
                None => yaml::emit(&target)?,
            }
        }
    };
    Ok(std::mem::take(&mut *text))
}

/// Metadata lines in the order the file had, when it had the same; else sorted as sops does.
fn arrange(lines: &mut [(Vec<u8>, Value)], order: &[Vec<u8>]) {
    let places: std::collections::HashMap<&[u8], usize> =
        order.iter().enumerate().map(|(at, key)| (key.as_slice(), at)).collect();
    if order.len() == lines.len() && lines.iter().all(|(key, _)| places.contains_key(key.as_slice())) {
        lines.sort_by_key(|(key, _)| places.get(key.as_slice()).copied());
    } else {
        // Lists are in order already; only the top level may come from an older file.
        let top = |key: &[u8]| -> Vec<u8> {
            let end = memchr::memmem::find(key, b"__list_").unwrap_or(key.len());
            key[..end].to_vec()
        };
        lines.sort_by_cached_key(|(key, _)| top(key));
    }
}
