//! Every case of the manifests: files that real tools wrote, and what sops makes of them.

use std::collections::BTreeSet;
use std::path::Path;

use crate::common::{identities, own, shared};
use infractl::testing::sops::{DataKey, Encrypted, Format, Plain, SopsError};
use serde_json::Value;

fn text<'a>(case: &'a Value, field: &str) -> &'a str {
    case[field].as_str().unwrap_or_default()
}

fn open(base: &Path, case: &Value, with_data_key: bool) -> Result<Plain, SopsError> {
    let format = match text(case, "format") {
        "dotenv" => Format::Dotenv,
        "yaml" => Format::Yaml,
        "json" => Format::Json,
        _ => Format::Binary,
    };
    let bytes = std::fs::read(base.join(text(case, "file"))).unwrap();
    let encrypted = Encrypted::parse(&bytes, format)?;
    let key = if let Some(hex) = case["data_key"].as_str().filter(|_| with_data_key) {
        let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        DataKey::from_bytes(&(0..hex.len()).step_by(2).map(byte).collect::<Vec<_>>())?
    } else {
        let keys = case["keys"].as_array().cloned().unwrap_or_default();
        let keys = keys.iter().flat_map(|key| identities(&base.join(key.as_str().unwrap())));
        encrypted.data_key(&keys.collect::<Vec<_>>())?
    };
    encrypted.decrypt(&key)
}

/// What is wrong with our answer, if anything.
fn check(base: &Path, case: &Value) -> Result<(), String> {
    let outcome = open(base, case, true);
    if case["needs"] == "post-quantum" {
        return match outcome {
            Err(error @ SopsError::PostQuantum { .. }) if error.to_string().contains("post-quantum") => {
                Ok(())
            }
            other => Err(format!("post-quantum keys should be refused: {other:?}")),
        };
    }
    if case["lenient"] == true {
        return match outcome {
            Err(error) if error.sops_exit() == 1 && error.to_string().contains("rops") => Ok(()),
            other => Err(format!("a file of rops should be refused as such: {other:?}")),
        };
    }
    if case["data_key"].is_string() {
        match open(base, case, false) {
            Err(error @ SopsError::OtherBackends { .. }) if error.to_string().contains("PGP") => {}
            other => return Err(format!("without the data key the error should name PGP: {other:?}")),
        }
    }
    let plain = match (outcome, text(case, "expect")) {
        (Ok(plain), "ok") => plain,
        (Err(error), expect) if expect == format!("exit {}", error.sops_exit()) => return Ok(()),
        (outcome, expect) => {
            return Err(format!(
                "expected {expect}, got {:?}",
                outcome.map_err(|error| (error.sops_exit(), error))
            ));
        }
    };
    for (kind, name) in case["plain"].as_object().into_iter().flatten() {
        let name = name.as_str().unwrap();
        let expected = std::fs::read(base.join(name)).unwrap();
        let format = match kind.as_str() {
            "dotenv" => Format::Dotenv,
            "json" => Format::Json,
            _ => Format::Binary,
        };
        let got = plain.to_bytes(format).map_err(|error| error.to_string())?;
        let same = if format == Format::Json {
            let data = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap();
            data(&got) == data(&expected)
        } else {
            *got == expected
        };
        if !same {
            return Err(format!("{kind} differs from {name}"));
        }
        // Printed as sops prints it, to the byte, wherever its output is kept.
        let native =
            base.join(name.strip_suffix(".json").filter(|native| native.contains("expected/")).unwrap_or(""));
        if plain.format() == Format::Yaml && native.is_file() {
            let got = plain.to_bytes(Format::Yaml).map_err(|error| error.to_string())?;
            if *got != std::fs::read(&native).unwrap() {
                return Err(format!(
                    "YAML differs from {}:\n{}",
                    native.display(),
                    String::from_utf8_lossy(&got)
                ));
            }
        }
        if format == Format::Json && name.contains("expected/") && *got != expected {
            return Err(format!("JSON has other bytes than {name}"));
        }
    }
    Ok(())
}

fn run(base: &Path) -> usize {
    let manifest: Value =
        serde_json::from_slice(&std::fs::read(base.join("manifest.json")).unwrap()).unwrap();
    let cases = manifest["fixtures"].as_array().unwrap();
    let wrong: Vec<_> = cases
        .iter()
        .filter_map(|case| check(base, case).err().map(|why| format!("{}: {why}", text(case, "file"))))
        .collect();
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    cases.len()
}

#[test]
fn files_written_for_this_project_open_as_sops_opens_them() {
    assert_eq!(run(&own()), 87 + 6);
}

#[test]
fn every_file_of_the_shared_manifest_opens_as_sops_opens_it() {
    if let Some(base) = shared("fixtures/sops") {
        assert_eq!(run(&base), 133);
    }
}

#[test]
fn yaml_is_printed_as_sops_prints_it() {
    let base = own();
    let mut seen = BTreeSet::new();
    for entry in std::fs::read_dir(base.join("expected")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "yaml") {
            continue;
        }
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let bytes = std::fs::read(base.join("enc").join(&name)).unwrap();
        let encrypted = Encrypted::parse(&bytes, Format::Yaml).unwrap();
        let keys: Vec<_> = ["a", "b", "c"]
            .iter()
            .flat_map(|key| identities(&base.join(format!("keys/{key}.txt"))))
            .collect();
        let plain = encrypted.decrypt(&encrypted.data_key(&keys).unwrap()).unwrap();
        let got = plain.to_bytes(Format::Yaml).unwrap();
        assert_eq!(String::from_utf8_lossy(&got), std::fs::read_to_string(&path).unwrap(), "{name}");
        seen.insert(name);
    }
    assert!(seen.len() >= 7, "{seen:?}");
}
