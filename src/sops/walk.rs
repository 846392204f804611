//! Decrypts and encrypts a whole document and computes its MAC (`sops.go`, `Encrypt` and `Decrypt`).

use sha2::{Digest, Sha512};
use std::fmt::Write;

use super::cipher::{self, Cipher};
use super::metadata::Metadata;
use super::rule::Matcher;
use super::tree::{Comment, Entry, Map, Node, Scalar, Text, Value, show};
use super::{Fill, Format, SopsError, dotenv, scalar};

/// What is fed first when the MAC covers encrypted values only: SHA-256 of `sops`.
const MAC_ONLY_SEED: [u8; 32] = [
    0x8a, 0x3f, 0xd2, 0xad, 0x54, 0xce, 0x66, 0x52, 0x7b, 0x10, 0x34, 0xf3, 0xd1, 0x47, 0xbe, 0x0b, 0x0b,
    0x97, 0x5b, 0x3b, 0xf4, 0x4f, 0x72, 0xc6, 0xfd, 0xad, 0xec, 0x81, 0x76, 0xf2, 0x7d, 0x69,
];

/// The MAC under construction.
struct Mac {
    hash: Sha512,
    only_encrypted: bool,
}

impl Mac {
    fn new(only_encrypted: bool) -> Self {
        let hash = if only_encrypted { Sha512::new_with_prefix(MAC_ONLY_SEED) } else { Sha512::new() };
        Mac { hash, only_encrypted }
    }

    fn feed(&mut self, bytes: &[u8], encrypted: bool) {
        if encrypted || !self.only_encrypted {
            self.hash.update(bytes);
        }
    }

    /// 128 upper-case hexadecimal digits.
    fn finish(self) -> String {
        self.hash.finalize().iter().fold(String::with_capacity(128), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02X}");
            text
        })
    }
}

/// The keys above a leaf, joined and ended with colons: what binds a value to its place.
#[derive(Default)]
struct Path {
    text: Vec<u8>,
    depth: usize,
}

impl Path {
    fn enter(&mut self, key: &[u8]) -> usize {
        let before = self.text.len();
        self.text.extend_from_slice(key);
        self.text.push(b':');
        self.depth += 1;
        before
    }

    fn leave(&mut self, before: usize) {
        self.text.truncate(before);
        self.depth -= 1;
    }

    fn aad(&self) -> &[u8] {
        if self.depth == 0 { b":" } else { &self.text }
    }

    fn show(&self) -> String {
        if self.depth == 0 { "a comment".to_owned() } else { show(&self.text) }
    }
}

/// What the rule has met above a leaf.
#[derive(Clone, Copy, Default)]
struct Met {
    key: bool,
    comment: bool,
}

impl Matcher {
    fn chooses(&self, met: Met) -> bool {
        (met.key || met.comment) != self.spares
    }
}

/// Decrypts every leaf the rule chooses and checks the MAC.
///
/// # Errors
/// [`SopsError::Value`] for the first leaf that does not decrypt, else one of the MAC errors.
pub(super) fn open(branches: &[Map], metadata: &Metadata, cipher: &Cipher) -> Result<Vec<Map>, SopsError> {
    let (plain, mac) = unverified(branches, metadata, cipher)?;
    if metadata.mac.is_empty() {
        return Err(SopsError::NoMac);
    }
    let unreadable = |reason| SopsError::MacUnreadable { reason };
    let parts = cipher::parts(&metadata.mac).ok_or_else(|| unreadable("it is no encrypted value"))?;
    let stored = cipher.open(&parts, metadata.modified.as_bytes()).map_err(unreadable)?;
    if stored.as_slice() != mac.as_bytes() {
        return Err(SopsError::MacMismatch);
    }
    Ok(plain)
}

/// Decrypts every value the rule chooses; the MAC that the file should have is left to the caller.
pub(super) fn unverified(
    branches: &[Map],
    metadata: &Metadata,
    cipher: &Cipher,
) -> Result<(Vec<Map>, String), SopsError> {
    let mut opener = Opener {
        cipher,
        matcher: Matcher::for_reading(&metadata.rule),
        mac: Mac::new(metadata.mac_only),
        path: Path::default(),
    };
    let plain: Result<Vec<_>, _> = branches.iter().map(|branch| opener.map(branch, Met::default())).collect();
    Ok((plain?, opener.mac.finish()))
}

struct Opener<'a> {
    cipher: &'a Cipher,
    matcher: Matcher,
    mac: Mac,
    path: Path,
}

impl Opener<'_> {
    fn map(&mut self, map: &Map, above: Met) -> Result<Map, SopsError> {
        let mut entries = Vec::with_capacity(map.0.len());
        let mut run = false;
        for entry in &map.0 {
            entries.push(match entry {
                Entry::Comment(comment) => Entry::Comment(self.comment(comment, above, &mut run)),
                Entry::Pair(key, node) => {
                    let before = self.path.enter(key);
                    let met = Met { key: above.key || self.matcher.key(key), comment: above.comment || run };
                    let node = self.node(node, met)?;
                    self.path.leave(before);
                    run = false;
                    Entry::Pair(key.clone(), node)
                }
            });
        }
        Ok(Map(entries))
    }

    fn node(&mut self, node: &Node, met: Met) -> Result<Node, SopsError> {
        Ok(match node {
            Node::Map(map) => Node::Map(self.map(map, met)?),
            Node::Comment(comment) => Node::Comment(self.comment(comment, met, &mut false)),
            Node::Scalar(leaf) => self.leaf(&leaf.value, met)?,
            Node::List(items) => {
                let mut out = Vec::with_capacity(items.len());
                let mut run = false;
                for item in items {
                    out.push(if let Node::Comment(comment) = item {
                        Node::Comment(self.comment(comment, met, &mut run))
                    } else {
                        let item = self.node(item, Met { comment: met.comment || run, ..met })?;
                        run = false;
                        item
                    });
                }
                Node::List(out)
            }
        })
    }

    /// A comment that does not decrypt is kept as it is.
    fn comment(&self, comment: &Comment, above: Met, run: &mut bool) -> Comment {
        let own = self.matcher.comment(&comment.text);
        let met = Met { comment: above.comment || *run || (self.matcher.spares && own), ..above };
        *run |= own;
        if !self.matcher.chooses(met) {
            return comment.clone();
        }
        let Some(parts) = cipher::parts(&comment.text) else { return comment.clone() };
        let sealed = Some(parts.text.to_vec());
        // In YAML it can belong to a container further up than where it stands.
        let mut aad = self.path.aad();
        loop {
            if let Ok(text) = self.cipher.open(&parts, aad) {
                return Comment { text, sealed, element: false };
            }
            let Some(rest) = aad.strip_suffix(b":").filter(|rest| !rest.is_empty()) else {
                return Comment { text: comment.text.clone(), sealed, element: false };
            };
            aad = memchr::memrchr(b':', rest).map_or(b":", |at| &aad[..=at]);
        }
    }

    fn leaf(&mut self, value: &Value, met: Met) -> Result<Node, SopsError> {
        if matches!(value, Value::Null) {
            return Ok(Node::leaf(Value::Null));
        }
        let fail = |path: &Path, reason| SopsError::Value { key: path.show(), reason };
        if !self.matcher.chooses(met) {
            let bytes =
                scalar::bytes(value).ok_or_else(|| fail(&self.path, "it is a number sops cannot hold"))?;
            self.mac.feed(&bytes, false);
            return Ok(Node::leaf(value.clone()));
        }
        let text =
            value.as_str().ok_or_else(|| fail(&self.path, "it is in clear, and the rule says encrypted"))?;
        if text.is_empty() {
            return Ok(Node::leaf(value.clone()));
        }
        let parts =
            cipher::parts(text).ok_or_else(|| fail(&self.path, "it is in clear or damaged: not ENC[...]"))?;
        let plain = self.cipher.open(&parts, self.path.aad()).map_err(|reason| fail(&self.path, reason))?;
        let sealed = Some(parts.text.to_vec());
        if parts.label == b"comment" {
            return Ok(Node::Comment(Comment { text: plain, sealed, element: true }));
        }
        let value = scalar::from_label(parts.label, plain).map_err(|reason| fail(&self.path, reason))?;
        if let Some(bytes) = scalar::bytes(&value) {
            self.mac.feed(&bytes, true);
        }
        Ok(Node::Scalar(Scalar { value, sealed }))
    }
}

/// A document ready to be written, and the plain MAC over it.
pub(super) struct Sealed {
    pub(super) branches: Vec<Map>,
    pub(super) mac: String,
}

/// Encrypts every leaf the rule chooses; unchanged leaves keep the ciphertext they had.
///
/// # Errors
/// For leaves sops cannot encrypt, and for those it would write and could not read back.
pub(super) fn seal(
    branches: &[Map],
    metadata: &Metadata,
    cipher: &Cipher,
    format: Format,
    fill: &mut Fill<'_>,
) -> Result<Sealed, SopsError> {
    let matcher = Matcher::for_reading(&metadata.rule);
    let mac = Mac::new(metadata.mac_only);
    let mut sealer = Sealer { cipher, matcher, mac, path: Path::default(), format, fill };
    let top = Seen { plain: Met::default(), sealed: Met::default() };
    let sealed: Result<Vec<_>, _> = branches.iter().map(|branch| sealer.map(branch, top)).collect();
    Ok(Sealed { branches: sealed?, mac: sealer.mac.finish() })
}

/// What the rule meets when the file is written, and what it will meet when the file is read.
#[derive(Clone, Copy)]
struct Seen {
    plain: Met,
    sealed: Met,
}

impl Seen {
    fn with(self, run: (bool, bool)) -> Self {
        let add = |met: Met, run| Met { comment: met.comment || run, ..met };
        Seen { plain: add(self.plain, run.0), sealed: add(self.sealed, run.1) }
    }
}

struct Sealer<'a, 'f> {
    cipher: &'a Cipher,
    matcher: Matcher,
    mac: Mac,
    path: Path,
    format: Format,
    fill: &'a mut Fill<'f>,
}

impl Sealer<'_, '_> {
    fn refuse(&self, reason: &'static str) -> SopsError {
        SopsError::NotEncryptable { key: self.path.show(), reason }
    }

    /// Comments are encrypted too, so a pattern can meet other text on reading than on writing.
    fn chooses(&self, seen: Seen) -> Result<bool, SopsError> {
        let chosen = self.matcher.chooses(seen.plain);
        if chosen != self.matcher.chooses(seen.sealed) {
            return Err(self.refuse("the comment rule would choose otherwise when the file is read"));
        }
        Ok(chosen)
    }

    fn map(&mut self, map: &Map, above: Seen) -> Result<Map, SopsError> {
        let mut entries = Vec::with_capacity(map.0.len());
        let mut run = (false, false);
        for entry in &map.0 {
            entries.push(match entry {
                Entry::Comment(comment) => match self.comment(comment, above, &mut run)? {
                    Node::Comment(comment) => Entry::Comment(comment),
                    _ => continue,
                },
                Entry::Pair(key, node) => {
                    let before = self.path.enter(key);
                    if self.format == Format::Dotenv {
                        let refuse = |reason| SopsError::NotRepresentable {
                            key: show(key),
                            format: Format::Dotenv,
                            reason,
                        };
                        dotenv::check_key(key).map_err(refuse)?;
                    }
                    let mut seen = above.with(run);
                    seen.plain.key |= self.matcher.key(key);
                    seen.sealed.key = seen.plain.key;
                    let node = self.node(node, seen)?;
                    self.path.leave(before);
                    run = (false, false);
                    Entry::Pair(key.clone(), node)
                }
            });
        }
        Ok(Map(entries))
    }

    fn node(&mut self, node: &Node, seen: Seen) -> Result<Node, SopsError> {
        Ok(match node {
            Node::Map(map) => Node::Map(self.map(map, seen)?),
            Node::Comment(comment) => self.comment(comment, seen, &mut (false, false))?,
            Node::Scalar(leaf) => self.leaf(leaf, seen)?,
            Node::List(items) => {
                let mut out = Vec::with_capacity(items.len());
                let mut run = (false, false);
                for item in items {
                    out.push(if let Node::Comment(comment) = item {
                        self.comment(comment, seen, &mut run)?
                    } else {
                        let item = self.node(item, seen.with(run))?;
                        run = (false, false);
                        item
                    });
                }
                Node::List(out)
            }
        })
    }

    fn comment(&mut self, comment: &Comment, above: Seen, run: &mut (bool, bool)) -> Result<Node, SopsError> {
        let own = self.matcher.comment(&comment.text);
        let spared = own && self.matcher.spares;
        let mut seen = above.with(*run);
        seen.plain.comment |= spared;
        if !self.matcher.chooses(seen.plain) || comment.text.is_empty() {
            let clear = Comment { text: comment.text.clone(), sealed: None, element: false };
            seen.sealed.comment |= spared;
            self.chooses(seen)?;
            *run = (run.0 || own, run.1 || own);
            return Ok(Node::Comment(clear));
        }
        let text = match &comment.sealed {
            Some(sealed) => sealed.clone(),
            None => {
                let aad = self.path.aad();
                let sealed = self.cipher.seal(&comment.text, "comment", aad, self.fill);
                sealed.ok_or_else(|| self.refuse("it is too long"))?
            }
        };
        if comment.element {
            // An element is no comment to a reader: it ends the run.
            *run = (run.0 || own, false);
            return Ok(Node::text(text));
        }
        let met = self.matcher.comment(&text);
        seen.sealed.comment |= met && self.matcher.spares;
        self.chooses(seen)?;
        *run = (run.0 || own, run.1 || met);
        Ok(Node::Comment(Comment::new(text)))
    }

    fn leaf(&mut self, leaf: &Scalar, seen: Seen) -> Result<Node, SopsError> {
        let dotenv = self.format == Format::Dotenv;
        if matches!(leaf.value, Value::Null) {
            // Dotenv knows no null: `<nil>` could not be read back, and both add nothing to the MAC.
            return Ok(Node::leaf(if dotenv { Value::text("") } else { Value::Null }));
        }
        let chosen = self.chooses(seen)?;
        let bytes = scalar::bytes(&leaf.value)
            .ok_or_else(|| self.refuse("it is above the largest signed integer"))?;
        self.mac.feed(&bytes, chosen);
        if !chosen {
            if dotenv && memchr::memmem::find(&bytes, b"\\n").is_some() {
                return Err(SopsError::NotRepresentable {
                    key: self.path.show(),
                    format: Format::Dotenv,
                    reason: "a clear value cannot hold a backslash before an n",
                });
            }
            // A bool would be written `true` while the MAC covers `True`: write what the MAC covers.
            let value = if dotenv { Value::Str(Text::new(bytes.into_owned())) } else { leaf.value.clone() };
            return Ok(Node::leaf(value));
        }
        if bytes.is_empty() {
            return Ok(Node::text(""));
        }
        if let Some(sealed) = &leaf.sealed {
            return Ok(Node::text(sealed.as_slice()));
        }
        let label = if matches!(leaf.value, Value::Bytes(_)) { "str" } else { leaf.value.label() };
        let sealed = self.cipher.seal(&bytes, label, self.path.aad(), self.fill);
        Ok(Node::text(sealed.ok_or_else(|| self.refuse("it is too long"))?))
    }
}
