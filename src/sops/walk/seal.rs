//! Encrypts a document and computes its MAC.

use super::{Mac, Met, Path};
use crate::sops::cipher::Cipher;
use crate::sops::metadata::Metadata;
use crate::sops::rule::Matcher;
use crate::sops::tree::{Comment, Entry, Map, Node, Scalar, Text, Value, show};
use crate::sops::{Fill, Format, SopsError, dotenv, scalar};

/// A document ready to be written, and the plain MAC over it.
pub(in crate::sops) struct Sealed {
    pub(in crate::sops) branches: Vec<Map>,
    pub(in crate::sops) mac: String,
}

/// Encrypts every leaf the rule chooses; unchanged leaves keep the ciphertext they had.
///
/// # Errors
/// For leaves sops cannot encrypt, and for those it would write and could not read back.
pub(in crate::sops) fn seal(
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
                Entry::Comment(comment) => {
                    let Node::Comment(comment) = self.comment(comment, above, &mut run)? else { continue };
                    Entry::Comment(comment)
                }
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
        let text = if let Some(sealed) = &comment.sealed {
            sealed.clone()
        } else {
            let sealed = self.cipher.seal(&comment.text, "comment", self.path.aad(), self.fill);
            sealed.ok_or_else(|| self.refuse("it is too long"))?
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
            if !dotenv
                && matches!(leaf.value, Value::Float(number) if number == 0.0 && number.is_sign_negative())
            {
                return Err(self.refuse("a clear -0.0 is read back as 0: quote it or encrypt it"));
            }
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
