//! terraform and tofu: commands, and what their answers mean.

use std::path::PathBuf;
use std::sync::LazyLock;

use indexmap::IndexMap;
use regex::Regex;
use serde::Deserialize;
use serde_json::Value as Json;

use crate::exec::{Cmd, Io, Stopping};
use crate::failure::Kind;

/// Where and with which program a root module is driven.
#[derive(Debug, Clone)]
pub struct Root {
    /// `terraform`, `tofu`, or a path.
    pub program: String,
    /// The folder of the root module; the working directory.
    pub dir: PathBuf,
    /// The workspace; always given, so that one selected by hand in that folder does not count.
    pub workspace: String,
    /// `-var-file`, absolute.
    pub var_files: Vec<PathBuf>,
    /// `-lock-timeout`, as terraform writes durations.
    pub lock_timeout: Option<String>,
    /// `-parallelism`: resources worked on at once.
    pub parallelism: Option<u32>,
    /// Let terraform colour its text.
    pub color: bool,
}

impl Root {
    fn cmd(&self, verb: &[&str]) -> Cmd {
        Cmd::new(&self.program)
            .args(verb.iter().copied())
            .dir(&self.dir)
            .env("TF_IN_AUTOMATION", "1")
            .env("TF_INPUT", "0")
            .env("TF_WORKSPACE", &self.workspace)
            // Neither an update check nor anything else that is sent somewhere.
            .env("CHECKPOINT_DISABLE", "1")
            .grace(None)
            .stopping(Stopping {
                waits_for: "terraform stops after the operations under way, saves its state and releases its lock"
                    .into(),
                loses: "killing terraform now can lose track of resources it has just made, and leaves the state locked"
                    .into(),
                after_kill: format!(
                    "terraform was killed: look for `errored.tfstate` and, if the state is locked, release it with \
                     `{} -chdir={} force-unlock LOCK-ID`",
                    self.program,
                    self.dir.display()
                ),
            })
    }

    /// A call whose answer is read by us: nothing of the user's `TF_CLI_ARGS` may change its form.
    fn machine(&self, verb: &[&str]) -> Cmd {
        let mut cmd = self.cmd(verb).io(Io::Capture).unset("TF_CLI_ARGS");
        for word in verb.iter().filter(|word| !word.starts_with('-')) {
            cmd = cmd.unset(format!("TF_CLI_ARGS_{word}"));
        }
        cmd
    }

    fn no_color(&self, cmd: Cmd) -> Cmd {
        if self.color { cmd } else { cmd.arg("-no-color") }
    }

    fn inputs(&self, cmd: Cmd) -> Cmd {
        let cmd = cmd.arg("-input=false");
        let cmd = match &self.lock_timeout {
            Some(limit) => cmd.arg(format!("-lock-timeout={limit}")),
            None => cmd,
        };
        let cmd = match self.parallelism {
            Some(count) => cmd.arg(format!("-parallelism={count}")),
            None => cmd,
        };
        cmd.args(self.var_files.iter().map(|file| format!("-var-file={}", file.display())))
    }

    /// `init` with the backend configuration. Secrets must not be in `backend`: terraform writes all of it to
    /// `.terraform/terraform.tfstate`.
    pub fn init(&self, backend: &IndexMap<String, String>) -> Cmd {
        self.no_color(self.cmd(&["init", "-input=false"]))
            .args(backend.iter().map(|(key, value)| format!("-backend-config={key}={value}")))
    }

    /// A preview as text. Exit code 0 no changes, 1 error, 2 changes.
    pub fn plan(&self, out: Option<&std::path::Path>) -> Cmd {
        let cmd = self.no_color(self.inputs(self.cmd(&["plan", "-detailed-exitcode"])));
        match out {
            Some(file) => cmd.arg(format!("-out={}", file.display())),
            None => cmd,
        }
    }

    /// A preview as one JSON object a line, see [`super::terraform_events`].
    pub fn plan_json(&self, out: Option<&std::path::Path>) -> Cmd {
        let mut cmd = self.inputs(self.cmd(&["plan", "-json", "-detailed-exitcode"])).io(Io::Raw);
        cmd.unset.insert("TF_CLI_ARGS".into());
        match out {
            Some(file) => cmd.arg(format!("-out={}", file.display())),
            None => cmd,
        }
    }

    /// Applies without asking, telling its progress as one JSON object a line.
    pub fn apply(&self) -> Cmd {
        self.inputs(self.cmd(&["apply", "-json", "-auto-approve"])).io(Io::Raw)
    }

    /// Applies a saved plan; its variables are in it.
    pub fn apply_plan(&self, plan: &std::path::Path) -> Cmd {
        let cmd = self.cmd(&["apply", "-json", "-input=false"]).io(Io::Raw);
        let cmd = match &self.lock_timeout {
            Some(limit) => cmd.arg(format!("-lock-timeout={limit}")),
            None => cmd,
        };
        cmd.arg(plan.to_string_lossy())
    }

    /// Destroys without asking, telling its progress as one JSON object a line.
    pub fn destroy(&self) -> Cmd {
        self.inputs(self.cmd(&["destroy", "-json", "-auto-approve"])).io(Io::Raw)
    }

    /// The whole state on standard output: outputs and serial in one call. It holds secrets in clear text and
    /// is never shown. Nothing at all is printed when there is no state.
    pub fn state_pull(&self) -> Cmd {
        self.machine(&["state", "pull"])
    }

    /// Checks the root module; diagnostics as one JSON document on standard output.
    pub fn validate(&self) -> Cmd {
        self.machine(&["validate", "-json"])
    }

    /// Formats the files of the folder; `check` only says which differ (exit code 3).
    pub fn fmt(&self, check: bool) -> Cmd {
        let cmd = self.no_color(self.cmd(&["fmt", "-recursive"]));
        if check { cmd.args(["-check", "-diff"]) } else { cmd }
    }
}

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
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct State {
    /// Counts the changes of the state; none before the first apply.
    #[serde(default)]
    pub serial: Option<u64>,
    /// Outputs by name. A null output is not there.
    #[serde(default)]
    pub outputs: IndexMap<String, Output>,
}

/// Reads what `state pull` printed. Nothing printed is no state.
pub fn parse_state(stdout: &[u8]) -> Result<State, serde_json::Error> {
    if stdout.iter().all(u8::is_ascii_whitespace) {
        return Ok(State::default());
    }
    serde_json::from_slice(stdout)
}

/// How many resources a plan or an apply touches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Digest {
    /// To create (or created).
    pub add: u64,
    /// To change in place.
    pub change: u64,
    /// To destroy.
    pub destroy: u64,
    /// To destroy and create again; not counted in `add` and `destroy`.
    pub replace: u64,
    /// To take over from the world.
    pub import: u64,
    /// Outputs or other things that are no resources change too.
    pub outputs: bool,
}

impl Digest {
    /// No resource is touched.
    pub fn is_empty(&self) -> bool {
        *self == Digest { outputs: self.outputs, ..Digest::default() }
    }
}

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "+{} ~{} \u{2212}{} ±{}", self.add, self.change, self.destroy, self.replace)?;
        if self.import > 0 {
            write!(f, " ←{}", self.import)?;
        }
        if self.outputs && self.is_empty() {
            write!(f, " (outputs only)")?;
        }
        Ok(())
    }
}

/// Counts what the text of a plan announces, line by line.
#[derive(Debug, Default)]
pub struct PlanText {
    digest: Digest,
    seen: bool,
}

static PLAN_LINE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^Plan: (?:(\d+) to import, )?(\d+) to add, (\d+) to change, (\d+) to destroy").ok()
});

impl PlanText {
    /// Takes one line of `plan`, with or without colours.
    pub fn line(&mut self, line: &str) {
        let line = anstream::adapter::strip_str(line).to_string();
        if line.starts_with("  # ") && line.trim_end().ends_with("replaced") {
            self.digest.replace += 1;
        } else if line.starts_with("Changes to Outputs:") {
            self.digest.outputs = true;
        } else if let Some(found) = PLAN_LINE.as_ref().and_then(|pattern| pattern.captures(&line)) {
            let number = |group| found.get(group).and_then(|m| m.as_str().parse().ok()).unwrap_or(0);
            (self.digest.import, self.digest.add) = (number(1), number(2));
            (self.digest.change, self.digest.destroy) = (number(3), number(4));
            self.seen = true;
        }
    }

    /// The digest, once all lines were taken.
    pub fn digest(&self) -> Digest {
        let replace = if self.seen { self.digest.replace } else { 0 };
        Digest {
            replace,
            add: self.digest.add.saturating_sub(replace),
            destroy: self.digest.destroy.saturating_sub(replace),
            ..self.digest
        }
    }
}

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
mod tests;
