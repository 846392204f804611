//! Reads metadata with the weak typing of sops: every field may be text.

use super::{AgeEntry, BACKENDS, Group, Metadata, Recipient};
use crate::sops::rule::Rule;
use crate::sops::tree::{Map, Node, Text, Value};
use crate::sops::{SopsError, scalar};

impl Metadata {
    /// Reads the metadata tree with the weak typing of sops.
    pub(in crate::sops) fn parse(raw: Map) -> Result<Self, SopsError> {
        let version = text(&raw, "version")?;
        if matches!(raw.get(b"lastmodified").and_then(Node::value), Some(Value::Time(_))) {
            let also = if version.is_empty() { ", and version is missing" } else { "" };
            return Err(SopsError::metadata(
                "lastmodified",
                format!(
                    "is a bare YAML time instead of quoted text{also}: sops refuses such files (rops writes them)"
                ),
            ));
        }
        if version.is_empty() {
            return Err(SopsError::metadata("version", "is missing"));
        }
        if !version.starts_with("1.") && semver::Version::parse(version.trim_start_matches('v')).is_err() {
            return Err(SopsError::metadata("version", "is not MAJOR.MINOR.PATCH"));
        }
        let modified = scalar::rfc3339(&text(&raw, "lastmodified")?)
            .ok_or_else(|| SopsError::metadata("lastmodified", "is missing or not an RFC 3339 time"))?;
        let mut rules = Vec::new();
        for name in Rule::NAMES {
            let pattern = text(&raw, name)?;
            rules.extend(Rule::named(name, &pattern).filter(|_| !pattern.is_empty()));
        }
        if rules.len() > 1 {
            return Err(SopsError::metadata(
                rules[1].field().0,
                "is there although the file has another rule",
            ));
        }
        let groups = groups(&raw)?;
        Ok(Metadata {
            order: Vec::new(),
            groups,
            threshold: threshold(&raw)?,
            rule: rules.pop().unwrap_or_default(),
            mac_only: truth(&raw, "mac_only_encrypted")?,
            modified,
            mac: Text::new(text(&raw, "mac")?.into_bytes()),
            version,
            raw,
        })
    }
}

/// A field as text; absent and null are empty.
fn text(map: &Map, name: &str) -> Result<String, SopsError> {
    match map.get(name.as_bytes()) {
        None => Ok(String::new()),
        Some(Node::Scalar(leaf)) => match &leaf.value {
            Value::Null => Ok(String::new()),
            value => Ok(String::from_utf8_lossy(&scalar::display(value)).into_owned()),
        },
        Some(_) => Err(SopsError::metadata(name, "is a list or a map instead of text")),
    }
}

fn truth(map: &Map, name: &str) -> Result<bool, SopsError> {
    match map.get(name.as_bytes()).and_then(Node::value) {
        Some(Value::Bool(truth)) => Ok(*truth),
        Some(Value::Int(number)) => Ok(*number != 0),
        Some(Value::Float(number)) => Ok(*number != 0.0),
        _ => {
            let text = text(map, name)?;
            if text.is_empty() {
                return Ok(false);
            }
            scalar::parse_bool(&text).ok_or_else(|| SopsError::metadata(name, "is neither true nor false"))
        }
    }
}

fn threshold(map: &Map) -> Result<usize, SopsError> {
    let name = "shamir_threshold";
    let text = text(map, name)?;
    if text.is_empty() {
        return Ok(0);
    }
    let number = scalar::parse_int(&text).or_else(|| scalar::parse_bool(&text).map(i128::from));
    number
        .map(|number| usize::try_from(number).unwrap_or(0))
        .ok_or_else(|| SopsError::metadata(name, "is no whole number"))
}

/// The list of maps under a key; absent and null are empty.
fn entries<'a>(map: &'a Map, name: &str) -> Result<Vec<&'a Map>, SopsError> {
    let wrong =
        || SopsError::metadata(name, "is not a list of keys (an empty list written as an empty value?)");
    let items = match map.get(name.as_bytes()) {
        None => return Ok(Vec::new()),
        Some(Node::List(items)) => items,
        Some(node) if matches!(node.value(), Some(Value::Null)) => return Ok(Vec::new()),
        Some(_) => return Err(wrong()),
    };
    let items = items.iter().filter(|item| !matches!(item, Node::Comment(_)));
    items.map(|item| if let Node::Map(map) = item { Ok(map) } else { Err(wrong()) }).collect()
}

fn group(map: &Map) -> Result<Group, SopsError> {
    let mut group = Group::default();
    for entry in entries(map, "age")? {
        let (recipient, enc) = (text(entry, "recipient")?, text(entry, "enc")?);
        group.age.push(AgeEntry { recipient, enc, raw: Some(entry.clone()) });
    }
    for (field, backend, parts) in BACKENDS {
        for entry in entries(map, field)? {
            let parts: Result<Vec<_>, _> = parts.iter().map(|part| text(entry, part)).collect();
            group.others.push(Recipient::Other { backend, id: parts?.join("/") });
        }
    }
    Ok(group)
}

fn groups(raw: &Map) -> Result<Vec<Group>, SopsError> {
    let flat = group(raw)?;
    if !flat.age.is_empty() || !flat.others.is_empty() {
        return Ok(vec![flat]);
    }
    let groups: Result<Vec<_>, _> = entries(raw, "key_groups")?.into_iter().map(group).collect();
    match groups? {
        groups if groups.is_empty() => Err(SopsError::NoKeys),
        groups => Ok(groups),
    }
}
