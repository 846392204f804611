//! What terraform's errors mean, and what to do about them.

use super::terraform::Root;
use crate::failure::Kind;

/// Says terraform that the folder has to be initialised (again) before anything else can work?
pub fn needs_init(text: &str) -> bool {
    [
        "Backend initialization required",
        "Inconsistent dependency lock file",
        "Required plugins are not installed",
        "Module not installed",
        "Module source has changed",
        "Module version requirements have changed",
        "Could not load plugin",
        "Missing required provider",
        "Backend type changed",
    ]
    .iter()
    .any(|sign| text.contains(sign))
}

/// What an error of terraform means for the run: another family than "a tool failed", and what to do.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Advice {
    /// Another exit code than 1.
    pub kind: Option<Kind>,
    /// Lines that begin with a verb.
    pub help: Vec<String>,
}

fn after<'t>(text: &'t str, label: &str) -> Option<&'t str> {
    let rest = text.split_once(label)?.1;
    Some(rest.split(['\n', '"']).next().unwrap_or("").trim()).filter(|word| !word.is_empty())
}

/// Looks for known errors in the last lines of terraform.
pub fn explain(root: &Root, environment: &str, tail: &str) -> Advice {
    let chdir = format!("{} -chdir={}", root.program, root.dir.display());
    if tail.contains("Error acquiring the state lock") {
        return lock_advice(&chdir, tail);
    }
    let help = |line: String| Advice { kind: None, help: vec![line] };
    if tail.contains("Unsupported Terraform Core version")
        || tail.contains("Unsupported OpenTofu Core version")
    {
        return Advice {
            kind: Some(Kind::Tool),
            help: vec![format!(
                "install the version of {} that `required_version` asks for, or set `[terraform] program`",
                root.program
            )],
        };
    }
    if tail.contains("Backend configuration changed") || tail.contains("Backend type changed") {
        return help(format!(
            "run `infractl init {environment} -- -migrate-state` to move the state, or `-- -reconfigure` if it is \
             already at the new place"
        ));
    }
    if tail.contains("Saved plan is stale") {
        return help(format!(
            "run `infractl plan {environment} --out FILE` again: the state changed after the plan was made"
        ));
    }
    if tail.contains("No value for required variable") {
        return help(
            "set the variable in `[terraform] vars`, or add a secret with its name in upper case to the credentials"
                .into(),
        );
    }
    if tail.contains("Error saving state") || tail.contains("errored.tfstate") {
        return help(format!(
            "run `{chdir} state push errored.tfstate` as soon as the backend answers again; do not delete the file"
        ));
    }
    Advice::default()
}

/// Who holds the lock depends on the backend: local and s3 name the holder in "Lock Info", http names it in
/// "already locked: ID=…", pg does not; the "Lock Info" of http and pg describes our own attempt.
fn lock_advice(chdir: &str, tail: &str) -> Advice {
    let mut help = Vec::new();
    if let Some(id) = after(tail, "already locked: ID=") {
        help.push(format!(
            "wait for the run that holds lock {id}, or, if it is dead, run `{chdir} force-unlock {id}`"
        ));
    } else if tail.contains("Workspace is already locked") {
        help.push(
            "wait for the run that holds the state; the lock ends with its connection to the database".into(),
        );
    } else if let Some(id) = after(tail, "ID:") {
        let who = after(tail, "Who:").unwrap_or("somebody");
        let since = after(tail, "Created:").unwrap_or("an unknown time");
        let verb = after(tail, "Operation:").unwrap_or("an operation");
        help.push(format!("wait: {who} holds the state since {since} ({verb}, lock {id})"));
        help.push(format!("run `{chdir} force-unlock {id}` if that run is dead"));
    } else {
        help.push("look at the backend: it could not give the lock".into());
    }
    help.push("pass `-- -lock-timeout=5m` to wait for it".into());
    Advice { kind: None, help }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> Root {
        Root {
            program: "terraform".into(),
            dir: "/p/environments/dev".into(),
            workspace: "default".into(),
            var_files: vec!["/p/common.tfvars".into()],
            lock_timeout: None,
            parallelism: None,
            color: false,
        }
    }

    #[test]
    fn a_held_lock_names_its_holder_and_the_way_out() {
        let tail = "Error: Error acquiring the state lock\nLock Info:\n  ID:        1f2c\n  Path:      x\n  \
                    Operation: OperationTypeApply\n  Who:       deploy@ci-7\n  Created:   2026-01-14 14:02";
        let advice = explain(&root(), "prod", tail);
        assert!(
            advice.help[0].contains("deploy@ci-7") && advice.help[0].contains("2026-01-14 14:02"),
            "{advice:?}"
        );
        assert!(advice.help[1].contains("force-unlock 1f2c"));
    }

    #[test]
    fn the_lock_info_of_http_is_our_own_attempt() {
        let tail = "Error acquiring the state lock\nError message: HTTP remote state already locked: ID=aaa\n  ID: bbb\n \
                    Who: me@here";
        let advice = explain(&root(), "prod", tail);
        assert!(advice.help[0].contains("aaa") && !advice.help.concat().contains("me@here"), "{advice:?}");
    }

    #[test]
    fn an_old_terraform_is_a_missing_tool() {
        assert_eq!(
            explain(&root(), "dev", "Error: Unsupported Terraform Core version").kind,
            Some(Kind::Tool)
        );
    }
}
