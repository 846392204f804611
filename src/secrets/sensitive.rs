//! What never belongs into a commit, whatever it is called: states and saved plans, which hold secrets in clear, environment
//! files, infractl's own notes, and what a killed infractl left.

use memchr::memmem::find;

use super::wrong::Wrong;
use crate::disk;
use crate::files::env_file;

/// What a file that is about to be committed is, if it is one of those.
pub(super) fn found(file: &str, bytes: &[u8]) -> Option<Wrong> {
    let what = kind(file, bytes)?;
    Some(Wrong {
        file: file.to_owned(),
        message: what.to_owned(),
        help: Some(format!(
            "take it out of the commit with `git rm --cached {}` and name it in .gitignore",
            shell_words::quote(file)
        )),
    })
}

fn kind(file: &str, bytes: &[u8]) -> Option<&'static str> {
    let name = file.rsplit('/').next().unwrap_or(file);
    let has = |mark: &str| find(bytes, mark.as_bytes()).is_some();
    if file.split('/').any(|part| part == ".infractl") {
        return Some("is infractl's own: history, logs, locks");
    }
    if file.split('/').any(|part| part.contains(disk::MARK) && !part.ends_with("-lock")) {
        return Some("is what an infractl that was killed left, maybe in clear");
    }
    // tofu can encrypt them; then they are no secret.
    if bytes.is_empty() || has("\"encrypted_data\"") {
        return None;
    }
    let is_state = has("\"terraform_version\"") && has("\"lineage\"") && has("\"serial\"");
    let is_called_state =
        (name.ends_with(".tfstate") || name.contains(".tfstate.")) && !name.ends_with(".lock.info");
    if is_state || is_called_state {
        return Some("is a state of terraform, which holds secrets in clear");
    }
    let is_zip = bytes.starts_with(b"PK\x03\x04") && has("tfplan") && has("tfstate");
    let is_json = has("\"format_version\"") && has("\"planned_values\"");
    let is_called_plan = name.ends_with(".tfplan") && find(bytes, b"age-encryption.org/").is_none();
    if is_zip || is_json || is_called_plan {
        return Some("is a plan of terraform, which holds secrets in clear");
    }
    let is_env_file = has("DO NOT EDIT")
        && std::str::from_utf8(bytes).is_ok_and(|text| env_file::environment_of(text).is_some());
    is_env_file.then_some("is an environment file that infractl wrote, with values in clear")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_secrets_is_known_by_its_name_or_its_content() {
        let state =
            br#"{"version": 4, "terraform_version": "1.11.0", "serial": 1, "lineage": "x"}"#.as_slice();
        for (file, bytes, what) in [
            ("environments/dev/terraform.tfstate", state, "state"),
            ("environments/dev/terraform.tfstate.backup", b"{".as_slice(), "state"),
            ("errored.tfstate", b"x", "state"),
            ("copy.json", state, "state"),
            ("dev.tfplan", b"PK", "plan"),
            ("out", b"PK\x03\x04..tfplan..tfstate", "plan"),
            ("plan.json", br#"{"format_version":"1.2","planned_values":{}}"#, "plan"),
            (".infractl/history/1.jsonl", b"{}", "own"),
            ("sub/.infractl/locks/dev.json", b"{}", "own"),
            ("shared/.env.dev.infractl-12-ab/next", b"A=1", "killed"),
            ("credentials/.dev.enc.env.infractl-12-ab", b"A=1", "killed"),
        ] {
            let found = found(file, bytes);
            assert!(found.is_some_and(|wrong| wrong.message.contains(what)), "{file}");
        }
        let sealed =
            br#"{"serial":1,"lineage":"x","meta":{},"encrypted_data":"eA==","encryption_version":"v0"}"#;
        for (file, bytes) in [
            ("main.tf", b"x".as_slice()),
            ("terraform.tfstate", sealed),
            ("dev.tfplan", b"age-encryption.org/v1\n"),
            ("terraform.tfstate.infractl-lock", b""),
            (".terraform.tfstate.lock.info", b"{}"),
        ] {
            assert_eq!(found(file, bytes), None, "{file}");
        }
    }
}
