//! What infractl prints for programs fits docs/output.schema.json: looked at in every call of every test that goes through
//! `Sandbox`.

use std::sync::LazyLock;

use serde_json::Value;

use super::schema::check;

static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/output.schema.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
});

/// What these print is somebody else's: the configuration, outputs of terraform, terraform's own JSON, documentation.
const FOREIGN: [&str; 6] = ["env show", "output", "plan", "tf", "docs", "secrets"];

/// The documents of which the schema knows, each by the words of its verb and a flag where that makes it.
pub(crate) fn all() -> impl Iterator<Item = &'static str> {
    SCHEMA["properties"].as_object().unwrap().keys().map(String::as_str).filter(|name| *name != "events")
}

/// Whether a call asks for JSON.
fn asks(words: &[&str]) -> bool {
    let pair = |flag, value| words.windows(2).any(|two| two == [flag, value]);
    words.contains(&"--json")
        || pair("--output", "json")
        || pair("--format", "json")
        || is(words, "ci matrix")
}

/// Whether a call is one of this verb, with this flag.
fn is(words: &[&str], document: &str) -> bool {
    let (flags, verb): (Vec<&str>, Vec<&str>) = document.split(' ').partition(|word| word.starts_with("--"));
    let mut rest = words.iter();
    let mut own = Vec::new();
    while let Some(word) = rest.next() {
        match *word {
            "--output" | "-C" => drop(rest.next()),
            word if word.starts_with('-') => {}
            word => own.push(word),
        }
    }
    own.starts_with(&verb) && flags.iter().all(|flag| words.contains(flag))
}

/// The document that a call asks for.
pub(crate) fn asked(words: &[&str]) -> Option<&'static str> {
    all().filter(|document| asks(words) && is(words, document)).max_by_key(|document| document.len())
}

/// Fails when what was printed is not what the schema says.
#[track_caller]
pub(crate) fn fits(words: &[&str], out: &str) {
    let words = words.split(|word| *word == "--").next().unwrap();
    if !asks(words) || FOREIGN.iter().any(|verb| is(words, verb) && asked(words).is_none()) {
        return;
    }
    for value in serde_json::Deserializer::from_str(out).into_iter::<Value>() {
        // What a program of the run prints is its own.
        let Ok(value) = value else { return };
        if !value["event"].is_string() {
            document(words, &value);
            continue;
        }
        let problems = check(&SCHEMA, &SCHEMA["properties"]["events"], &value, "");
        assert!(problems.is_empty(), "{words:?}: {problems:#?}\n{value:#}");
        if let Some(value) = value.get("value").filter(|_| value["event"] == "data") {
            document(words, value);
        }
    }
}

#[track_caller]
fn document(words: &[&str], value: &Value) {
    let Some(name) = asked(words) else { panic!("no schema for what {words:?} prints: {value:#}") };
    let problems = check(&SCHEMA, &SCHEMA["properties"][name], value, "");
    assert!(problems.is_empty(), "{name}: {problems:#?}\n{value:#}");
}
