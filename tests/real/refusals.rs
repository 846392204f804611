//! What infractl refuses to write into an environment file: nothing that could have been written.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use infractl::testing::files::dotenv::{Dialect, encode};
use serde_json::Value;

use crate::common::{need, output, program};
use crate::dotenv::{environment, sourcing};
use crate::values::{PEM, PUNCTUATION, known, random};

#[test]
fn no_more_is_refused_than_the_table_forces() {
    let refused = |dialect| -> Vec<String> {
        known().into_iter().filter(|value| encode(dialect, "K", value).is_err()).collect()
    };
    assert_eq!(known().len(), 45);
    assert_eq!(refused(Dialect::Compose), ["x${FOO}y"]);
    assert_eq!(refused(Dialect::Docker), ["line1\nline2", "line1\n", PEM]);
    assert_eq!(refused(Dialect::Shell), [""; 0]);
    assert_eq!(refused(Dialect::Portable), ["x${FOO}y", "it's \"x\"", "abc\\", PUNCTUATION]);
}

/// A value, one way to write it, and the file that holds it so, with two more lines.
struct Attempt {
    value: String,
    file: PathBuf,
}

impl Attempt {
    /// Each way to write each refused value, in a file of its own.
    fn all(dialect: Dialect, folder: &Path) -> Vec<Attempt> {
        let refused = |value: &String| encode(dialect, "K", value).is_err() && !value.contains("{{");
        let escaped = |value: &str, special: &str| -> String {
            value.chars().flat_map(|c| special.contains(c).then_some('\\').into_iter().chain([c])).collect()
        };
        let mut attempts: Vec<Attempt> = Vec::new();
        for value in known().into_iter().chain(random(500)).filter(refused) {
            let forms = [
                value.clone(),
                format!("'{value}'"),
                format!("'{}'", value.replace('\'', r"'\''")),
                format!("\"{value}\""),
                format!("\"{}\"", escaped(&value, "\\\"")),
                format!("\"{}\"", escaped(&value, "\\\"$`")),
                format!("\"{}\"", escaped(&value, "\\\"$`").replace('\n', "\\n").replace('\r', "\\r")),
            ];
            for form in forms {
                let file = folder.join(format!("{}.env", attempts.len()));
                fs::write(&file, format!("K={form}\nA='q'\nB=\"w\"\n")).unwrap();
                attempts.push(Attempt { value: value.clone(), file });
            }
        }
        attempts
    }

    fn is_read(&self, got: &HashMap<String, Option<String>>) -> bool {
        let is = |key, value| matches!(got.get(key), Some(Some(got)) if got == value);
        is("K", self.value.as_str()) && is("A", "q") && is("B", "w")
    }
}

type Got = HashMap<String, Option<String>>;

/// Those that python-dotenv reads (and so, by its code, Compose 1).
fn by_python(attempts: Vec<Attempt>, folder: &Path) -> Option<Vec<Attempt>> {
    let script = "import dotenv, json, logging, sys; logging.disable(logging.CRITICAL)
print(json.dumps([dotenv.dotenv_values(f) for f in sys.argv[1:]]))";
    let mut python = program(need("python")?, folder);
    let files = attempts.iter().map(|attempt| &attempt.file);
    let got: Vec<Got> = serde_json::from_slice(&output(python.args(["-c", script]).args(files))).unwrap();
    Some(
        attempts.into_iter().zip(got).filter(|(attempt, got)| attempt.is_read(got)).map(|(a, _)| a).collect(),
    )
}

/// Those that Compose 2 reads.
fn by_compose_2(attempts: Vec<Attempt>, folder: &Path) -> Option<Vec<Attempt>> {
    let compose = need("compose-2")?;
    let service = |(number, attempt): (usize, &Attempt)| {
        (format!("s{number}"), serde_json::json!({ "image": "none", "env_file": [attempt.file] }))
    };
    let services: serde_json::Map<String, Value> = attempts.iter().enumerate().map(service).collect();
    fs::write(folder.join("compose.yml"), serde_json::json!({ "services": services }).to_string()).unwrap();
    let shown = program(compose, folder).args(["config", "--format", "json"]).output().unwrap();
    if !shown.status.success() {
        // one that cannot be read at all spoils it for all: halve them until it is alone
        let (mut left, mut right) = (attempts, Vec::new());
        if left.len() > 1 {
            right = left.split_off(left.len() / 2);
            left = by_compose_2(left, folder)?;
            left.append(&mut by_compose_2(right, folder)?);
            return Some(left);
        }
        return Some(right);
    }
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    let read = |number: usize, attempt: &Attempt| {
        let got: Got =
            serde_json::from_value(shown["services"][format!("s{number}")]["environment"].clone()).unwrap();
        // it shows a `$` so that it could be read again
        attempt.is_read(&got.into_iter().map(|(k, v)| (k, v.map(|v| v.replace("$$", "$")))).collect())
    };
    Some(
        attempts
            .into_iter()
            .enumerate()
            .filter(|(number, attempt)| read(*number, attempt))
            .map(|(_, a)| a)
            .collect(),
    )
}

fn by_dotenvy(attempt: &Attempt) -> bool {
    let got = dotenvy::from_path_iter(&attempt.file).unwrap().collect::<Result<HashMap<_, _>, _>>();
    got.is_ok_and(|got| attempt.is_read(&got.into_iter().map(|(k, v)| (k, Some(v))).collect()))
}

fn by_npm(attempts: Vec<Attempt>, folder: &Path) -> Option<Vec<Attempt>> {
    let script = "const d = require('dotenv'), fs = require('fs')
console.log(JSON.stringify(process.argv.slice(1).map(f => d.parse(fs.readFileSync(f)))))";
    let mut node = program(need("node")?, folder);
    node.env("NODE_PATH", need("node-modules")?).args(["-e", script]);
    let files = attempts.iter().map(|attempt| &attempt.file);
    let got: Vec<Got> = serde_json::from_slice(&output(node.args(files))).unwrap();
    Some(
        attempts.into_iter().zip(got).filter(|(attempt, got)| attempt.is_read(got)).map(|(a, _)| a).collect(),
    )
}

fn by_bash(attempts: Vec<Attempt>, folder: &Path) -> Option<Vec<Attempt>> {
    let bash = need("bash")?;
    let read = |attempt: &Attempt| {
        let bash = sourcing(&bash, &attempt.file, folder).output().unwrap();
        let got = environment(&bash.stdout).into_iter().map(|(k, v)| (k, Some(v))).collect();
        bash.status.success() && attempt.is_read(&got)
    };
    Some(attempts.into_iter().filter(read).collect())
}

fn assert_none(attempts: &[Attempt]) {
    let could: Vec<String> = attempts
        .iter()
        .map(|attempt| format!("{:?} as {:?}", attempt.value, fs::read_to_string(&attempt.file).unwrap()))
        .collect();
    assert!(
        could.is_empty(),
        "{} were refused and could have been written:\n{}",
        could.len(),
        could.join("\n")
    );
}

#[test]
fn compose_refuses_nothing_that_its_readers_agree_on() {
    let dir = tempfile::tempdir().unwrap();
    let attempts = Attempt::all(Dialect::Compose, dir.path());
    assert!(attempts.len() > 100, "{}", attempts.len());
    let Some(attempts) = by_python(attempts, dir.path()) else { return };
    let Some(attempts) = by_compose_2(attempts, dir.path()) else { return };
    assert_none(&attempts);
}

#[test]
fn portable_refuses_nothing_that_five_of_its_readers_agree_on() {
    let dir = tempfile::tempdir().unwrap();
    let attempts = Attempt::all(Dialect::Portable, dir.path()).into_iter().filter(by_dotenvy).collect();
    let Some(attempts) = by_python(attempts, dir.path()) else { return };
    let Some(attempts) = by_npm(attempts, dir.path()) else { return };
    let Some(attempts) = by_compose_2(attempts, dir.path()) else { return };
    let Some(attempts) = by_bash(attempts, dir.path()) else { return };
    assert_none(&attempts);
}
