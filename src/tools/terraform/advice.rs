//! What terraform's errors mean, and what to do about them.

use crate::failure::Kind;
use crate::tools::terraform::Root;

/// Says terraform that the folder has to be initialised (again) before anything else can work?
pub(crate) fn needs_init(text: &str) -> bool {
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
pub(crate) struct Advice {
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
pub(crate) fn explain(root: &Root, tail: &str) -> Advice {
    let environment = &root.environment;
    let by_hand = root.by_hand();
    if tail.contains("Error acquiring the state lock") {
        return lock_advice(&by_hand, tail);
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
        return moved_backend(root);
    }
    if tail.contains("Saved plan is stale") {
        return help(format!(
            "run `infractl plan {environment} --out FILE` again: the state changed after the plan was made"
        ));
    }
    // OpenTofu compares them all; terraform those that it was given.
    if tail.contains("Mismatch between input and plan variable value") {
        return help(format!(
            "run `infractl plan {environment} --out FILE` again: a value is another one than when the plan was made"
        ));
    }
    if tail.contains("as a plan file") {
        return help(format!(
            "run `infractl plan {environment} --out FILE` again: the file is no whole plan"
        ));
    }
    if tail.contains("No value for required variable") {
        return help(
            "set the variable in `[terraform] vars`, or add a secret with its name in upper case to the credentials"
                .into(),
        );
    }
    if tail.contains("Invalid value for input variable") && tail.contains("required.") {
        return help(
            "look at the value of the variable; in a secret or another text write it as JSON: `[\"a\"]`"
                .into(),
        );
    }
    if tail.contains("Error saving state") || tail.contains("errored.tfstate") {
        return help(format!(
            "run `{by_hand} state push errored.tfstate` as soon as the backend answers again; do not delete the \
             file before, and apply nothing"
        ));
    }
    Advice::default()
}

/// A move of the state is not for us to decide. Where several environments share the folder it would be a mistake: what
/// terraform takes for the old place is the state of another one.
fn moved_backend(root: &Root) -> Advice {
    let environment = &root.environment;
    let is_own = root.dir.components().any(|part| part.as_os_str() == environment.as_str());
    let mut help = vec![
        format!("run `infractl init {environment} -- -reconfigure` if the state is already at the new place"),
        format!(
            "run `infractl init {environment} -- -migrate-state -force-copy` to copy the state of the old place there"
        ),
    ];
    if !is_own {
        help.truncate(1);
        help.insert(
            0,
            "set `[terraform.env] TF_DATA_DIR = \".terraform/{{environment}}\"` if other environments use this root \
             module too: each then has its own connection to its state"
                .into(),
        );
    }
    Advice { kind: None, help }
}

/// Who holds the lock depends on the backend: local and s3 name the holder in "Lock Info", http names it in
/// "already locked: ID=…", pg does not; the "Lock Info" of http and pg describes our own attempt.
fn lock_advice(by_hand: &str, tail: &str) -> Advice {
    // terraform breaks long lines of its text at spaces.
    let words = tail.split_whitespace().collect::<Vec<_>>().join(" ");
    // Before it S3 names its own: RequestID, HostID.
    let info = tail.split_once("Lock Info:").map(|(_, info)| info);
    let mut kind = Some(Kind::Busy);
    let mut help = Vec::new();
    let other = after(&words, "already locked: ID=").and_then(|rest| rest.split(' ').next());
    if let Some(id) = other {
        help.push(format!(
            "wait for the run that holds lock {id}, or, if it is dead, run `{by_hand} force-unlock {id}`"
        ));
    } else if words.contains("Workspace is already locked") {
        help.push(
            "wait for the run that holds the state; the lock ends with its connection to the database".into(),
        );
    } else if let Some((info, id)) = info.and_then(|info| Some((info, after(info, " ID:")?))) {
        let who = after(info, "Who:").unwrap_or("somebody");
        let since = after(info, "Created:").unwrap_or("an unknown time");
        let verb = after(info, "Operation:").unwrap_or("an operation");
        help.push(format!("wait: {who} holds the state since {since} ({verb}, lock {id})"));
        help.push(format!("run `{by_hand} force-unlock {id}` if that run is dead"));
    } else {
        kind = None;
        help.push("look at the backend: it could not give the lock".into());
    }
    help.push("pass `-- -lock-timeout=5m` to wait for it".into());
    Advice { kind, help }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> Root {
        Root {
            environment: "prod".into(),
            program: "terraform".into(),
            dir: "/p/environments/dev".into(),
            workspace: "default".into(),
            values: None,
            var_files: vec!["/p/common.tfvars".into()],
            lock_timeout: None,
            parallelism: None,
            color: false,
            container: None,
        }
    }

    #[test]
    fn a_held_lock_names_its_holder_and_the_way_out() {
        let tail = "Error: Error acquiring the state lock\nLock Info:\n  ID:        1f2c\n  Path:      x\n  \
                    Operation: OperationTypeApply\n  Who:       deploy@ci-7\n  Created:   2026-01-14 14:02";
        let advice = explain(&root(), tail);
        assert!(
            advice.help[0].contains("deploy@ci-7") && advice.help[0].contains("2026-01-14 14:02"),
            "{advice:?}"
        );
        assert!(advice.help[1].contains("force-unlock 1f2c"));
    }

    #[test]
    fn the_lock_info_of_http_is_our_own_attempt() {
        for gap in [" ", "\n"] {
            let tail = format!(
                "Error acquiring the state lock\nError message: HTTP remote state already locked:{gap}ID=aaa\nLock Info:\n  \
                 ID: bbb\n Who: me@here"
            );
            let advice = explain(&root(), &tail);
            assert!(
                advice.help[0].contains("lock aaa,") && !advice.help.concat().contains("me@here"),
                "{advice:?}"
            );
            assert_eq!(advice.kind, Some(Kind::Busy));
        }
        let broken =
            explain(&root(), "Error acquiring the state lock\nError message: Failed to lock: LOCK http://x");
        assert_eq!(broken.kind, None);
    }

    #[test]
    fn the_ids_of_requests_are_not_that_of_the_lock() {
        for gap in [" ", "\n"] {
            let tail = format!(
                "Error: Error acquiring the state lock\n\nError message: operation error S3: PutObject, https response error\n\
                 StatusCode: 412, RequestID:{gap}1bKVph, HostID:{gap}9Gjjt1,\napi error PreconditionFailed: At least one\n\
                 Lock Info:\n  ID:        d92c\n  Path:      b/k\n  Operation: OperationTypeApply\n  Who:       ann@ci\n"
            );
            let advice = explain(&root(), &tail);
            assert!(advice.help[0].contains("ann@ci") && advice.help[0].contains("lock d92c"), "{advice:?}");
            assert!(advice.help[1].ends_with("force-unlock d92c` if that run is dead"), "{advice:?}");
            assert_eq!(advice.kind, Some(Kind::Busy));
        }
    }

    #[test]
    fn an_old_terraform_is_a_missing_tool() {
        assert_eq!(explain(&root(), "Error: Unsupported Terraform Core version").kind, Some(Kind::Tool));
    }
}
