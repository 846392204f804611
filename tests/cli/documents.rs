//! What verbs print for programs: docs/output.schema.json has each of them, and tests see each.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use regex::Regex;

use crate::common::{Sandbox, documents};

/// Verbs with a flag for JSON whose document is not infractl's.
const FOREIGN: [&str; 3] = ["plan", "output", "secrets set"];

fn verbs(text: &str) -> Vec<(String, String)> {
    let pages = text.split("\n## infractl").skip(1);
    pages
        .map(|page| {
            page.split_once('\n').map(|(verb, help)| (verb.trim().to_owned(), help.to_owned())).unwrap()
        })
        .collect()
}

#[test]
fn every_flag_for_json_has_a_document_in_the_schema() {
    let pages = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/cli")).unwrap();
    let pages = pages.map(|page| std::fs::read_to_string(page.unwrap().path()).unwrap());
    let help: String =
        pages.map(|page| format!("\n{page}").replace("\n# infractl", "\n## infractl")).collect();
    let json = Regex::new(r"(?m)^ +--json$|^ +- json(:|$)|\[possible values: [^\]]*json").unwrap();
    let mut seen = 0;
    for (verb, help) in verbs(&help) {
        if verb.is_empty()
            || !json.is_match(&help)
            || FOREIGN.contains(&verb.as_str())
            || verb.starts_with("secrets")
        {
            continue;
        }
        seen += 1;
        let is_known = documents::all().any(|document| document.split(" --").next() == Some(&verb));
        assert!(is_known, "`{verb}` prints JSON that no schema has: {help}");
    }
    assert!(seen > 9, "{seen}");
}

#[test]
fn every_document_is_printed_in_a_test_which_holds_it_against_the_schema() {
    let call = Regex::new(r#"\[((?:\s*"[^"]*",?)+\s*)\]"#).unwrap();
    let word = Regex::new(r#""([^"]*)""#).unwrap();
    let mut seen = BTreeSet::new();
    for folder in ["tests/cli", "tests/real"] {
        for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap() {
            let Ok(text) = fs::read_to_string(entry.unwrap().path()) else { continue };
            for found in call.captures_iter(&text) {
                let words: Vec<&str> =
                    word.captures_iter(&found[1]).map(|word| word.extract::<1>().1[0]).collect();
                seen.extend(documents::asked(&words));
            }
        }
    }
    let never: Vec<&str> = documents::all().filter(|document| !seen.contains(document)).collect();
    assert!(never.is_empty(), "no test prints {never:?}");
}

/// Those that no other test prints.
#[test]
fn what_is_looked_up_seldom_fits_too() {
    let project = Sandbox::empty();
    project.environment(
        "dev",
        "[ttl]\nafter = \"8h\"\n[power]\nprovider = \"command\"\nstop = \"true\"\nstart = \"true\"\n[snapshots.data]\n\
         kind = \"command\"\ncreate = \"echo $INFRACTL_SNAPSHOT >> copies\"\nlist = \"cat copies\"\n",
    );
    project.environment("wrong", "nothing = 1\n");
    project.infractl(&["env", "list", "--output", "json"]).code(0).prints("problem");
    project.infractl(&["env", "show", "dev", "--origin", "--output", "json"]).code(0).prints("\"default\"");
    project
        .infractl(&["env", "show", "dev", "--explain", "PATH", "--output", "json"])
        .code(0)
        .prints("sources");
    project.infractl(&["start", "dev"]).code(0);
    project.infractl(&["expire", "dev", "--dry-run", "--output", "json"]).code(0).prints("up_since");
    project.infractl(&["snapshot", "create", "dev", "data"]).code(0);
    project.infractl(&["snapshot", "show", "dev", "data", "--json"]).code(0).prints("age-seconds");
}
