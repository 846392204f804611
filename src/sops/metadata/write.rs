//! Changes metadata and leaves the rest of it as it was read.

use super::{AgeEntry, BACKENDS, Group, Metadata};
use crate::sops::VERSION;
use crate::sops::tree::{Entry, Map, Node, Text, Value};

impl Metadata {
    /// Puts a new MAC and its time.
    pub(in crate::sops) fn put_mac(&mut self, mac: Vec<u8>, modified: String) {
        self.put("lastmodified", Node::text(modified.as_str()));
        self.put("mac", Node::text(mac.as_slice()));
        self.modified = modified;
        self.mac = Text::new(mac);
    }

    /// Names our version when the file names an older one.
    pub(in crate::sops) fn raise_version(&mut self) {
        let parse = |text: &str| semver::Version::parse(text.trim_start_matches('v')).ok();
        if parse(&self.version) < parse(VERSION) {
            self.put("version", Node::text(VERSION));
            VERSION.clone_into(&mut self.version);
        }
    }

    /// Puts new age recipients; keys of other backends stay.
    pub(in crate::sops) fn put_groups(&mut self, groups: Vec<Group>, threshold: usize) {
        let list = |group: &Group| Node::List(group.age.iter().map(AgeEntry::node).collect());
        if let [group] = groups.as_slice() {
            let node = list(group);
            if self.raw.remove(b"key_groups") {
                self.raw.remove(b"shamir_threshold");
            }
            if group.age.is_empty() && self.raw.get(b"age").is_none() {
                self.groups = groups;
                return;
            }
            self.put("age", node);
        } else {
            for field in ["age"].into_iter().chain(BACKENDS.map(|backend| backend.0)) {
                self.raw.remove(field.as_bytes());
            }
            let of = |group: &Group| {
                let mut map = Map::default();
                map.push("age", list(group));
                map.push("hc_vault", Node::List(Vec::new()));
                Node::Map(map)
            };
            self.put("key_groups", Node::List(groups.iter().map(of).collect()));
            self.put(
                "shamir_threshold",
                Node::from(Value::Int(i64::try_from(threshold).unwrap_or(i64::MAX))),
            );
            self.threshold = threshold;
        }
        self.groups = groups;
    }

    /// Replaces a field where it stands, or adds it in alphabetical order.
    fn put(&mut self, name: &str, node: Node) {
        if self.raw.get(name.as_bytes()).is_some() {
            self.raw.put(name, node);
            return;
        }
        let after = |key: &[u8]| key > name.as_bytes();
        let at = self.raw.0.iter().position(|entry| matches!(entry, Entry::Pair(key, _) if after(key)));
        let at = at.unwrap_or(self.raw.0.len());
        self.raw.0.insert(at, Entry::Pair(name.as_bytes().to_vec(), node));
    }
}
