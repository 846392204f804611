//! Decrypts a document and checks its MAC.

use super::{Mac, Met, Path};
use crate::sops::cipher::{self, Cipher};
use crate::sops::metadata::Metadata;
use crate::sops::rule::Matcher;
use crate::sops::tree::{Comment, Entry, Map, Node, Scalar, Value};
use crate::sops::{SopsError, scalar};

/// Decrypts every leaf the rule chooses and checks the MAC.
///
/// # Errors
/// [`SopsError::Value`] for the first leaf that does not decrypt, else one of the MAC errors.
pub(in crate::sops) fn open(
    branches: &[Map],
    metadata: &Metadata,
    cipher: &Cipher,
) -> Result<Vec<Map>, SopsError> {
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

/// Decrypts every leaf the rule chooses; the MAC that the file should have is left to the caller.
pub(in crate::sops) fn unverified(
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
