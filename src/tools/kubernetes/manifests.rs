//! Manifests: the documents of a file, the order in which they go, and the objects that kubectl tells of.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

use crate::text;

/// Documents in the order in which they go.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Ordered {
    /// Namespaces.
    pub namespaces: Vec<String>,
    /// Definitions of kinds.
    pub definitions: Vec<String>,
    /// Everything else.
    pub rest: Vec<String>,
}

impl Ordered {
    /// Sorts the documents of these files; within one rank they stay in their order.
    pub(crate) fn of<'t>(files: impl IntoIterator<Item = &'t str>) -> Ordered {
        let mut all = Ordered::default();
        for document in files.into_iter().flat_map(documents) {
            let rank = match word(&document, "kind").as_deref() {
                Some("Namespace") => &mut all.namespaces,
                Some("CustomResourceDefinition") => &mut all.definitions,
                _ => &mut all.rest,
            };
            rank.push(document);
        }
        all
    }

    /// What goes together, in order.
    pub(crate) fn ranks(&self) -> impl Iterator<Item = &Vec<String>> {
        [&self.namespaces, &self.definitions, &self.rest].into_iter().filter(|rank| !rank.is_empty())
    }

    /// How many documents there are.
    pub(crate) fn len(&self) -> usize {
        self.namespaces.len() + self.definitions.len() + self.rest.len()
    }

    /// All of them in one list.
    pub(crate) fn into_all(self) -> Vec<String> {
        [self.namespaces, self.definitions, self.rest].concat()
    }
}

/// One text for kubectl, which takes it for JSON when it begins like that: not even then.
pub(crate) fn joined(documents: &[String]) -> String {
    format!("---\n{}", documents.join("\n---\n"))
}

/// The documents of a file; those with nothing in them are none.
fn documents(text: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    for line in text.trim_start_matches('\u{feff}').lines() {
        let is_mark = line == "---" || line.starts_with("--- ") || line.trim_end() == "---" || line == "...";
        match all.last_mut() {
            Some(document) if !is_mark => {
                document.push_str(line);
                document.push('\n');
            }
            // What stands behind the mark belongs to the next document.
            _ => all.push(line.strip_prefix("--- ").map_or_else(String::new, |rest| format!("{rest}\n"))),
        }
    }
    let has_content = |document: &String| {
        document.lines().map(str::trim).any(|line| !line.is_empty() && !line.starts_with('#'))
    };
    all.retain(has_content);
    // As a part of YAML, where no tab may stand.
    let compact = |text: String| match serde_json::from_str::<Json>(&text) {
        Ok(json) if json.is_object() => json.to_string(),
        _ => text,
    };
    all.into_iter().map(compact).collect()
}

/// A word of a document, where it stands as people write it.
fn word(document: &str, key: &str) -> Option<String> {
    if document.trim_start().starts_with('{') {
        let json: Json = serde_json::from_str(document).ok()?;
        return Some(json.get(key)?.as_str()?.to_owned());
    }
    let line = document.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
    let word = line.split(" #").next().unwrap_or_default().trim().trim_matches(['"', '\'']);
    Some(word.to_owned())
}

static UNKNOWN: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"no matches for kind "([^"]+)" in version "([^"]+)""#).ok());

/// The documents without those whose kind kubectl said that the cluster does not know.
pub(crate) fn known(documents: Vec<String>, said: &str) -> Vec<String> {
    let found = UNKNOWN.iter().flat_map(|pattern| pattern.captures_iter(said));
    let unknown: Vec<(String, String)> = found.map(|one| (one[1].to_owned(), one[2].to_owned())).collect();
    let is_unknown = |document: &String| {
        let (kind, version) = (word(document, "kind"), word(document, "apiVersion"));
        kind.zip(version).is_some_and(|one| unknown.contains(&one))
    };
    documents.into_iter().filter(|document| !is_unknown(document)).collect()
}

/// A document that names an object and says nothing else of it.
pub(crate) fn name_of(object: &Json) -> String {
    let text = |pointer: &str| object.pointer(pointer).cloned().unwrap_or_default();
    let mut metadata = json!({ "name": text("/metadata/name") });
    if let Some(namespace) = object.pointer("/metadata/namespace") {
        metadata["namespace"] = namespace.clone();
    }
    let all = json!({ "apiVersion": text("/apiVersion"), "kind": text("/kind"), "metadata": metadata });
    all.to_string()
}

/// What tells one object from another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Id {
    /// Its kind, with its group.
    pub kind: String,
    /// Its namespace; empty if it is in none.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl Id {
    fn of(object: &Json) -> Option<Id> {
        let text = |pointer: &str| object.pointer(pointer).and_then(Json::as_str).unwrap_or_default();
        let group =
            text("/apiVersion").split_once('/').map_or(String::new(), |(group, _)| format!(".{group}"));
        let id = Id {
            kind: format!("{}{group}", text("/kind")),
            namespace: text("/metadata/namespace").to_owned(),
            name: text("/metadata/name").to_owned(),
        };
        (!id.name.is_empty()).then_some(id)
    }

    /// It defines a kind.
    pub(crate) fn is_definition(&self) -> bool {
        self.kind == "CustomResourceDefinition.apiextensions.k8s.io"
    }
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = self.kind.split('.').next().unwrap_or_default();
        write!(f, "{kind} {}", self.name)?;
        if self.namespace.is_empty() { Ok(()) } else { write!(f, " in {}", self.namespace) }
    }
}

/// The objects that kubectl prints as JSON, each with a digest of what it means: one, a list, or nothing.
pub(crate) fn objects(stdout: &[u8]) -> BTreeMap<Id, String> {
    // Several of them may stand one after the other.
    let values = serde_json::Deserializer::from_slice(stdout).into_iter::<Json>().map_while(Result::ok);
    let all = values.flat_map(|value| match value.get("items").and_then(Json::as_array) {
        Some(items) => items.clone(),
        None => vec![value],
    });
    all.filter_map(|object| Some((Id::of(&object)?, meaning(object)))).collect()
}

/// A digest without what the cluster counts and reports by itself: a version changes without a reason.
fn meaning(mut object: Json) -> String {
    if let Some(all) = object.as_object_mut() {
        all.remove("status");
    }
    if let Some(metadata) = object.get_mut("metadata").and_then(Json::as_object_mut) {
        for key in ["resourceVersion", "generation", "managedFields"] {
            metadata.remove(key);
        }
    }
    text::hex(&Sha256::digest(object.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespaces_and_kinds_go_before_what_needs_them() {
        let file = "# all of it\n---\napiVersion: v1\nkind: ConfigMap\ndata: { text: |\n  ---not a mark }\n---\n---\n# nothing\n--- \nkind: \"Namespace\" # first\nmetadata: { name: a }\n";
        let json = "{\n\t\"kind\": \"CustomResourceDefinition\",\n\t\"metadata\": { \"name\": \"x\" } }";
        let other = "\u{feff}metadata:\n  kind: Namespace\nkind: Thing\n...\n--- {kind: Other}\n";
        let all = Ordered::of([file, json, other]);
        assert_eq!(all.namespaces.len(), 1, "{all:?}");
        assert_eq!(all.definitions, [r#"{"kind":"CustomResourceDefinition","metadata":{"name":"x"}}"#]);
        assert_eq!(all.rest.len(), 3);
        assert!(all.rest[0].contains("---not a mark"), "{:?}", all.rest);
        assert!(all.rest[1].contains("Thing") && all.rest[2].contains("Other"));
        assert_eq!((all.len(), all.ranks().count()), (5, 3));
        assert_eq!(joined(&all.rest[1..]).matches("\n---\n").count(), 1);
        assert_eq!(Ordered::of(["", "# a\n---\n"]).len(), 0);
    }

    #[test]
    fn documents_of_unknown_kinds_are_left_out() {
        let one = |kind: &str| format!("apiVersion: x.example.com/v1\nkind: {kind}\n");
        let named = name_of(
            &json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "a", "namespace": "b", "uid": "c" } }),
        );
        assert_eq!(named, r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"b"}}"#);
        let said = "error: resource mapping not found for name: \"a\" namespace: \"\" from \"STDIN\": no matches for kind \"Nothing\" in version \"x.example.com/v1\"\nensure CRDs are installed first";
        let left = known(vec![one("Nothing"), one("Thing"), named.clone()], said);
        assert_eq!(left, [one("Thing"), named]);
        assert_eq!(known(left.clone(), "other"), left);
    }

    #[test]
    fn objects_are_read_from_one_a_list_and_nothing() {
        let one = r#"{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"a","resourceVersion":"3"}}"#;
        let two = r#"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"a","resourceVersion":"4"}}"#;
        let list = format!(r#"{{"kind":"List","items":[{one},{two}]}}"#);
        assert!(objects(b"").is_empty() && objects(b"Error").is_empty());
        assert_eq!(objects(one.as_bytes()).len(), 1);
        assert_eq!(objects(format!("{one}\n{two}").as_bytes()), objects(list.as_bytes()));
        let counted = one.replace("\"resourceVersion\":\"3\"", "\"resourceVersion\":\"4\",\"generation\":2");
        assert_eq!(objects(one.as_bytes()), objects(counted.as_bytes()), "it means the same");
        let labelled = one.replace("\"name\":\"a\"", "\"name\":\"a\",\"labels\":{\"b\":\"c\"}");
        assert_ne!(objects(one.as_bytes()), objects(labelled.as_bytes()));
        let shown: Vec<String> = objects(list.as_bytes()).keys().map(ToString::to_string).collect();
        assert_eq!(shown, ["Deployment web in a", "Namespace a"]);
        let id = Id {
            kind: "CustomResourceDefinition.apiextensions.k8s.io".into(),
            ..objects(one.as_bytes()).into_keys().next().unwrap()
        };
        assert!(id.is_definition());
    }
}
