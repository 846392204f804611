//! Task definitions of ECS: what a file says, and whether what AWS has means the same. Pure.

mod differences;
mod meaning;

use serde_json::{Map, Value as Json};
use sha2::{Digest as _, Sha256};

use crate::text::{hex, list};

pub(crate) use differences::differences;
use meaning::meaning;

/// The tag under which a revision keeps what it was registered from: whatever AWS has added since, it is the same.
pub(crate) const TAG: &str = "infractl:definition";

/// What AWS says of a revision and does not take back.
const OUTPUT_ONLY: [&str; 9] = [
    "taskDefinitionArn",
    "revision",
    "status",
    "requiresAttributes",
    "compatibilities",
    "registeredAt",
    "registeredBy",
    "deregisteredAt",
    "deleteRequestedAt",
];

/// A definition that can be registered.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Definition(Map<String, Json>);

/// What a file was cleaned of, for people; nothing if it was clean.
pub(crate) type Cleaned = Option<String>;

impl Definition {
    /// What a file says. It may be a whole answer of `describe-task-definition`.
    pub(crate) fn of(file: Json) -> Result<(Definition, Cleaned), String> {
        let Json::Object(mut all) = file else { return Err("it is no JSON object".to_owned()) };
        let is_answer = all.get("taskDefinition").is_some_and(Json::is_object);
        if is_answer && let Some(Json::Object(mut inner)) = all.remove("taskDefinition") {
            if let Some(tags) = all.remove("tags") {
                inner.entry("tags").or_insert(tags);
            }
            all = inner;
        }
        let dropped: Vec<&str> = OUTPUT_ONLY.into_iter().filter(|key| all.remove(*key).is_some()).collect();
        drop_nulls(&mut all);
        // The program wants these as text, and people write numbers.
        for key in ["cpu", "memory"] {
            if let Some(Json::Number(number)) = all.get(key) {
                let text = number.to_string();
                all.insert(key.to_owned(), Json::String(text));
            }
        }
        if !all.get("containerDefinitions").is_some_and(Json::is_array) {
            return Err("it has no list `containerDefinitions`".to_owned());
        }
        let cleaned = match (is_answer, dropped.as_slice()) {
            (false, []) => None,
            (true, []) => Some("it is an answer of AWS: only `taskDefinition` is taken".to_owned()),
            (_, dropped) => {
                Some(format!("what AWS says of a revision is left out: {}", list(dropped, "and")))
            }
        };
        Ok((Definition(all), cleaned))
    }

    /// Its family, if the file names one.
    pub(crate) fn family(&self) -> Option<&str> {
        self.0.get("family").and_then(Json::as_str)
    }

    /// Gives it another family.
    pub(crate) fn set_family(&mut self, family: &str) {
        self.0.insert("family".to_owned(), family.into());
    }

    /// Its containers, as the file has them.
    pub(crate) fn containers(&self) -> impl Iterator<Item = &Json> {
        self.0.get("containerDefinitions").and_then(Json::as_array).into_iter().flatten()
    }

    /// Puts an image into a container; whether there is one of that name.
    pub(crate) fn set_image(&mut self, container: &str, reference: &str) -> bool {
        let all = self.0.get_mut("containerDefinitions").and_then(Json::as_array_mut);
        let found = all.into_iter().flatten().find(|known| known["name"] == container);
        match found.and_then(Json::as_object_mut) {
            Some(found) => {
                found.insert("image".to_owned(), reference.into());
                true
            }
            None => false,
        }
    }

    /// What it means, in few letters.
    pub(crate) fn hash(&self) -> String {
        hex(&Sha256::digest(meaning(&self.0).to_string()))
    }

    /// As it is registered; with the tag unless that is not allowed.
    pub(crate) fn input(&self, is_tagged: bool) -> Json {
        let mut all = self.0.clone();
        if is_tagged {
            let tag = serde_json::json!({ "key": TAG, "value": self.hash() });
            match all.get_mut("tags").and_then(Json::as_array_mut) {
                Some(tags) => {
                    tags.retain(|known| known["key"] != TAG);
                    tags.push(tag);
                }
                None => drop(all.insert("tags".to_owned(), Json::Array(vec![tag]))),
            }
        }
        Json::Object(all)
    }
}

/// A revision that AWS has.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Revision {
    /// `etl:41`.
    pub(crate) name: String,
    /// The answer of DescribeTaskDefinition.
    answer: Json,
}

impl Revision {
    /// Of an answer of DescribeTaskDefinition or RegisterTaskDefinition.
    pub(crate) fn of(answer: Json) -> Option<Revision> {
        let definition = answer.get("taskDefinition")?;
        let family = definition.get("family")?.as_str()?;
        let name = format!("{family}:{}", definition.get("revision")?);
        Some(Revision { name, answer })
    }

    /// Its definition.
    pub(crate) fn definition(&self) -> &Json {
        &self.answer["taskDefinition"]
    }

    fn tags(&self) -> impl Iterator<Item = &Json> {
        self.answer.get("tags").and_then(Json::as_array).into_iter().flatten()
    }

    /// The hash of what it was registered from, if infractl did so.
    fn hash(&self) -> Option<&str> {
        self.tags().find(|tag| tag["key"] == TAG).and_then(|tag| tag["value"].as_str())
    }

    /// How a file differs from it: none where it means the same.
    pub(crate) fn differs(&self, wanted: &Definition) -> Vec<String> {
        if self.hash() == Some(wanted.hash().as_str()) {
            return Vec::new();
        }
        let mut here = self.definition().as_object().cloned().unwrap_or_default();
        // Tags of this revision that the file does not name are somebody else's.
        let named = wanted.0.get("tags").and_then(Json::as_array);
        if let Some(named) = named.filter(|named| !named.is_empty()) {
            let is_named = |tag: &&Json| named.iter().any(|named| named["key"] == tag["key"]);
            here.insert("tags".to_owned(), self.tags().filter(is_named).cloned().collect());
        }
        differences(&here, &wanted.0)
    }
}

fn drop_nulls(all: &mut Map<String, Json>) {
    all.retain(|_, value| !value.is_null());
    for value in all.values_mut() {
        drop_nulls_inside(value);
    }
}

fn drop_nulls_inside(value: &mut Json) {
    match value {
        Json::Object(fields) => drop_nulls(fields),
        Json::Array(items) => {
            items.retain(|item| !item.is_null());
            items.iter_mut().for_each(drop_nulls_inside);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
