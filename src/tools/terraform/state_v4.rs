//! A state in terraform's format 4: outputs, serial, lineage, and what is managed.

use indexmap::IndexMap;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value as Json;

use super::document;

/// One output of a root module.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Output {
    /// The value as JSON; numbers keep every digit.
    pub value: Json,
    /// Declared `sensitive = true`.
    #[serde(default)]
    pub sensitive: bool,
}

/// What a state says that we ask for.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub(crate) struct State {
    /// The format; none in one that is encrypted.
    #[serde(default)]
    version: Option<u64>,
    /// Counts the changes of the state; none before the first apply.
    #[serde(default)]
    pub serial: Option<u64>,
    /// Which state it is: the same for all serials of one.
    #[serde(default)]
    pub lineage: String,
    /// Outputs by name. A null output is not there.
    #[serde(default)]
    pub outputs: IndexMap<String, Output>,
    #[serde(default)]
    resources: Vec<Resource>,
}

/// A resource in a state.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Resource {
    mode: String,
    module: Option<String>,
    #[serde(rename = "type")]
    kind: String,
    name: String,
    instances: Vec<IgnoredAny>,
}

impl State {
    /// Addresses of what is managed, without the keys of instances.
    pub(crate) fn resources(&self) -> Vec<String> {
        let managed = self.resources.iter().filter(|one| one.mode == "managed" && !one.instances.is_empty());
        let address = |one: &Resource| {
            let module = one.module.as_ref().map_or_else(String::new, |module| format!("{module}."));
            format!("{module}{}.{}", one.kind, one.name)
        };
        managed.map(address).collect()
    }
}

/// Reads what `state pull` printed. Nothing printed is no state.
pub(crate) fn parse_state(stdout: &[u8]) -> Result<State, serde_json::Error> {
    if stdout.iter().all(u8::is_ascii_whitespace) {
        return Ok(State::default());
    }
    serde_json::from_slice(document(stdout))
}

/// Reads what a backend keeps, as terraform would; where that is in doubt, why. No bytes are no state.
pub(crate) fn read(bytes: &[u8]) -> Result<State, &'static str> {
    if bytes.is_empty() {
        return Ok(State::default());
    }
    let mut state: State = serde_json::from_slice(bytes).map_err(|_| "it is not whole")?;
    if state.version != Some(4) {
        return Err("its format is not 4, or it is encrypted");
    }
    if state.serial.is_none() || state.lineage.is_empty() {
        return Err("it has no serial or no lineage");
    }
    if !state.outputs.values().all(|output| is_as_written(&output.value)) {
        return Err("terraform would write one of its numbers in another way");
    }
    // Whoever wrote it by hand may have had another order.
    state.outputs.sort_unstable_keys();
    state.outputs.values_mut().for_each(|output| output.value.sort_all_objects());
    Ok(state)
}

/// All numbers have the digits that terraform gives them: no exponent, nothing that could be left out.
fn is_as_written(value: &Json) -> bool {
    match value {
        Json::Number(number) => is_plain(&number.to_string()),
        Json::Array(items) => items.iter().all(is_as_written),
        Json::Object(fields) => fields.values().all(is_as_written),
        Json::Null | Json::Bool(_) | Json::String(_) => true,
    }
}

/// terraform reckons with 512 bits: a number has no more digits that mean something.
const DIGITS: usize = 156;

fn is_plain(number: &str) -> bool {
    let is_whole = !number.contains('.');
    let digits = number.trim_start_matches(['-', '0', '.']).trim_end_matches('0');
    digits.len() <= DIGITS
        && !number.contains(['e', 'E'])
        && number != "-0"
        && (is_whole || !number.ends_with('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(version: &str, outputs: &str) -> String {
        format!(r#"{{"version":{version},"serial":3,"lineage":"l","outputs":{{{outputs}}},"resources":[]}}"#)
    }

    #[test]
    fn a_state_is_read_as_terraform_shows_it() {
        let outputs = r#""z":{"value":{"b":[1,1.5,1000000000000000000000],"a":null},"type":"x"},"a":{"value":"\u003c\u00e9","sensitive":true}"#;
        let found = read(state("4", outputs).as_bytes()).unwrap();
        assert_eq!((found.serial, found.lineage.as_str()), (Some(3), "l"));
        assert_eq!(found.outputs.keys().collect::<Vec<_>>(), ["a", "z"]);
        assert_eq!(found.outputs["z"].value.to_string(), r#"{"a":null,"b":[1,1.5,1000000000000000000000]}"#);
        assert_eq!(found.outputs["a"].value, "<é");
        assert!(found.outputs["a"].sensitive && !found.outputs["z"].sensitive);
        assert_eq!(read(b"").unwrap(), State::default());
    }

    #[test]
    fn what_is_in_doubt_is_left_to_terraform() {
        let whole = state("4", "");
        for text in [
            &whole[..whole.len() - 1],
            &format!("{whole}{whole}"),
            " ",
            "[]",
            "null",
            r#"{"version":4}"#,
            r#"{"serial":3,"lineage":"l","meta":{},"encrypted_data":"AAAA","encryption_version":"v0"}"#,
            &state("3", ""),
            &state("5", ""),
            &state("\"4\"", ""),
            &state("4", r#""a":{"value":1e3}"#),
            &state("4", r#""a":{"value":[{"b":1.50}]}"#),
            &state("4", r#""a":{"value":-0}"#),
            &state("4", &format!(r#""a":{{"value":{}}}"#, "1".repeat(200))),
            &state("4", r#""a":{}"#),
        ] {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
    }
}
