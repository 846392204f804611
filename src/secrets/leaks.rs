//! Decrypted values where none should be: in files, in what is about to be committed, in logs and saved plans.

use std::collections::BTreeMap;

use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use zeroize::Zeroizing;

use super::store::Opened;
use crate::redact;
use crate::sops::{Map, Node, Value};

/// Shorter values are found everywhere by chance.
pub(crate) const SHORTEST: usize = 6;

/// The most that is unpacked from one archive.
const UNPACKED: usize = 256 << 20;

/// Every encrypted value of a document by its name; of lists and maps, each value inside. What the file has in clear is
/// no secret.
pub(crate) fn values(opened: &Opened) -> Vec<(String, Zeroizing<Vec<u8>>)> {
    let mut found = Vec::new();
    for (at, map) in opened.plain.branches().iter().enumerate() {
        let sealed = opened.encrypted.branches().get(at);
        pairs("", sealed, map, &mut found);
    }
    found
}

type Values = Vec<(String, Zeroizing<Vec<u8>>)>;

fn pairs(above: &str, sealed: Option<&Map>, map: &Map, found: &mut Values) {
    let mut sealed = sealed.into_iter().flat_map(Map::pairs);
    for (key, node) in map.pairs() {
        let name = format!("{above}{}", String::from_utf8_lossy(key));
        collect(&name, sealed.next().map(|(_, node)| node), node, found);
    }
}

fn collect(name: &str, sealed: Option<&Node>, node: &Node, found: &mut Values) {
    match node {
        Node::Scalar(scalar) => {
            let is_clear = match sealed {
                Some(Node::Scalar(on_disk)) => {
                    !matches!(&on_disk.value, Value::Str(text) if text.starts_with(b"ENC[AES256_GCM,"))
                }
                _ => false,
            };
            if !is_clear && !matches!(scalar.value, Value::Null | Value::Bool(_)) {
                found.push((name.to_owned(), super::value::text(node)));
            }
        }
        Node::Comment(_) => {}
        Node::List(items) => {
            let sealed = if let Some(Node::List(sealed)) = sealed { sealed.as_slice() } else { &[] };
            for (at, item) in items.iter().enumerate() {
                collect(name, sealed.get(at), item, found);
            }
        }
        Node::Map(map) => {
            let sealed = if let Some(Node::Map(sealed)) = sealed { Some(sealed) } else { None };
            pairs(&format!("{name}."), sealed, map, found);
        }
    }
}

/// Looks for values in texts.
pub(crate) struct Search {
    patterns: AhoCorasick,
    names: Vec<String>,
    /// Names whose values are too short to look for.
    pub skipped: Vec<String>,
}

/// A value in a text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Leak {
    /// The name of the secret.
    pub name: String,
    /// The line, from 1; none in what is not text.
    pub line: Option<usize>,
}

impl Search {
    /// For these names and values: as they are, line by line, and as JSON, shells, URLs and base64 write them.
    pub(crate) fn new<'a>(values: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Option<Self> {
        let mut patterns: Vec<Zeroizing<Vec<u8>>> = Vec::new();
        let (mut names, mut skipped) = (Vec::new(), Vec::new());
        for (name, value) in values {
            let mut forms: Vec<Zeroizing<Vec<u8>>> = match std::str::from_utf8(value) {
                Ok(text) => redact::forms_of(text),
                Err(_) => {
                    vec![value.to_vec().into(), BASE64_STANDARD_NO_PAD.encode(value).into_bytes().into()]
                }
            };
            // The ends of PEM blocks are the same in every key.
            forms.retain(|form| form.len() >= SHORTEST && !form.starts_with(b"-----"));
            if forms.is_empty() && !value.is_empty() {
                skipped.push(name.to_owned());
            }
            for form in forms {
                patterns.push(form);
                names.push(name.to_owned());
            }
        }
        let patterns = AhoCorasick::new(patterns.iter().map(|pattern| pattern.as_slice())).ok()?;
        Some(Search { patterns, names, skipped })
    }

    /// The values in a text, each name once with its first line. Archives, such as saved plans, are unpacked.
    pub(crate) fn find(&self, bytes: &[u8]) -> Vec<Leak> {
        let mut found: BTreeMap<String, Option<usize>> = BTreeMap::new();
        let is_binary = bytes.iter().take(8000).any(|&b| b == 0);
        for hit in self.patterns.find_overlapping_iter(bytes) {
            let name = &self.names[hit.pattern().as_usize()];
            if !found.contains_key(name) {
                let line =
                    (!is_binary).then(|| memchr::memchr_iter(b'\n', &bytes[..hit.start()]).count() + 1);
                found.insert(name.clone(), line);
            }
        }
        for part in unpacked(bytes) {
            for hit in self.patterns.find_overlapping_iter(&*part) {
                found.entry(self.names[hit.pattern().as_usize()].clone()).or_insert(None);
            }
        }
        found.into_iter().map(|(name, line)| Leak { name, line }).collect()
    }
}

/// The files of a zip archive, as terraform's plans are, or what gzip packed; nothing of what is no archive.
fn unpacked(bytes: &[u8]) -> Vec<Zeroizing<Vec<u8>>> {
    if let Some(packed) = gzipped(bytes) {
        let part = miniz_oxide::inflate::decompress_to_vec_with_limit(packed, UNPACKED);
        return part.map(Zeroizing::new).into_iter().collect();
    }
    if !bytes.starts_with(b"PK\x03\x04") {
        return Vec::new();
    }
    // The table at the end knows the sizes; the headers before the files may not.
    let mut parts = Vec::new();
    for at in memchr::memmem::find_iter(bytes, b"PK\x01\x02") {
        let short = |at: usize| bytes.get(at..at + 2).map(|b| usize::from(u16::from_le_bytes([b[0], b[1]])));
        let long =
            |at: usize| bytes.get(at..at + 4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]) as usize);
        let entry = || {
            let (method, packed, header) = (short(at + 10)?, long(at + 20)?, long(at + 42)?);
            let start = header + 30 + short(header + 26)? + short(header + 28)?;
            Some((method, bytes.get(start..start.checked_add(packed)?)?))
        };
        match entry() {
            Some((8, packed)) => {
                if let Ok(part) = miniz_oxide::inflate::decompress_to_vec_with_limit(packed, UNPACKED) {
                    parts.push(part.into());
                }
            }
            Some((0, plain)) => parts.push(plain.to_vec().into()),
            _ => {}
        }
    }
    parts
}

/// What is in a gzip file behind its header.
fn gzipped(bytes: &[u8]) -> Option<&[u8]> {
    let flags = *bytes.strip_prefix(b"\x1f\x8b\x08")?.first()?;
    let mut rest = bytes.get(10..)?;
    if flags & 4 != 0 {
        let length = usize::from(u16::from_le_bytes([*rest.first()?, *rest.get(1)?]));
        rest = rest.get(2 + length..)?;
    }
    // A file name and a comment, each with a NUL at its end.
    for flag in [8, 16] {
        if flags & flag != 0 {
            rest = rest.get(memchr::memchr(0, rest)? + 1..)?;
        }
    }
    if flags & 2 != 0 { rest.get(2..) } else { Some(rest) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leak(name: &str, line: Option<usize>) -> Leak {
        Leak { name: name.to_owned(), line }
    }

    #[test]
    fn values_are_found_whole_by_line_and_in_base64() {
        let pem = b"-----BEGIN X-----\nCANARY-line-1\nCANARY-line-2\n-----END X-----\n";
        let search = Search::new([
            ("TOKEN", &b"CANARY-token-value"[..]),
            ("PEM", pem),
            ("SHORT", b"abc"),
            ("EMPTY", b""),
        ])
        .unwrap();
        assert_eq!(search.skipped, ["SHORT"]);
        assert_eq!(search.find(b"a\nx=CANARY-token-value;\n"), [leak("TOKEN", Some(2))]);
        assert_eq!(search.find(b"  CANARY-line-2\n"), [leak("PEM", Some(1))]);
        assert_eq!(search.find(b"-----BEGIN X-----\nabc"), []);
        let encoded = base64::prelude::BASE64_STANDARD.encode("CANARY-token-value");
        assert_eq!(search.find(encoded.as_bytes()), [leak("TOKEN", Some(1))]);
        assert_eq!(search.find(b"\0CANARY-token-value"), [leak("TOKEN", None)]);
    }

    #[test]
    fn archives_are_unpacked_and_damaged_ones_do_no_harm() {
        let search = Search::new([("TOKEN", &b"CANARY-token-value"[..])]).unwrap();
        let plain = b"{\"value\":\"CANARY-token-value\",\"again\":\"CANARY-token-value\"}";
        let packed = miniz_oxide::deflate::compress_to_vec(plain, 9);
        assert!(search.find(&packed).is_empty());
        let size = u32::try_from(packed.len()).unwrap().to_le_bytes();
        let mut zip = b"PK\x03\x04".to_vec();
        zip.extend([0; 22]);
        zip.extend([1, 0, 0, 0]);
        zip.extend(b"n");
        zip.extend(&packed);
        let table = zip.len();
        zip.extend(b"PK\x01\x02");
        zip.resize(table + 46, 0);
        zip[table + 10] = 8;
        zip[table + 20..table + 24].copy_from_slice(&size);
        assert_eq!(search.find(&zip), [leak("TOKEN", None)]);
        for cut in 0..zip.len() {
            search.find(&zip[..cut]);
        }
    }
}
