//! terraform and tofu: commands, and what their answers mean.

pub(crate) mod advice;
pub(crate) mod state_v4;
pub(crate) mod declared;
pub(crate) mod initialised;
pub(crate) mod understood;
pub(crate) mod backend;
pub(crate) mod flags;
pub(crate) mod subcommand;
pub(crate) mod planned;
pub(crate) mod cost;
pub(crate) mod events;
pub(crate) mod digest;
pub(crate) mod drift;
pub(crate) mod meaning;
mod shown;
pub(crate) mod root;
pub(crate) mod saved_plan;
pub(crate) mod text;
pub(crate) mod diagnostic;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Value as Json;

pub(crate) use self::state_v4::{Output, State, parse_state};
use crate::exec::{Cmd, Container, Io, Stopping};

/// Where and with which program a root module is driven.
#[derive(Debug, Clone)]
pub(crate) struct Root {
    /// The environment whose root module it is.
    pub environment: String,
    /// `terraform`, `tofu`, or a path.
    pub program: String,
    /// The folder of the root module; the working directory.
    pub dir: PathBuf,
    /// The workspace; always given, so that one selected by hand in that folder does not count.
    pub workspace: String,
    /// `-var-file` with values that no variable of the environment carries; all others win over it.
    pub values: Option<PathBuf>,
    /// `-var-file`, absolute.
    pub var_files: Vec<PathBuf>,
    /// `-lock-timeout`, as terraform writes durations.
    pub lock_timeout: Option<String>,
    /// `-parallelism`: resources worked on at once.
    pub parallelism: Option<u32>,
    /// Let terraform colour its text.
    pub color: bool,
    /// Where it runs, if not on this machine.
    pub container: Option<Arc<Container>>,
}

impl Root {
    fn cmd(&self, verb: &[&str]) -> Cmd {
        Cmd::new(&self.program)
            .args(verb.iter().copied())
            .dir(&self.dir)
            .within(self.container.as_ref())
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
                     `{} force-unlock LOCK-ID`",
                    self.by_hand()
                ),
            })
    }

    /// A call whose answer is read by us: nothing of the user's `TF_CLI_ARGS` may change its form.
    fn machine(&self, verb: &[&str]) -> Cmd {
        let words: Vec<&str> = verb.iter().copied().filter(|word| !word.starts_with('-')).collect();
        self.no_color(self.cmd(verb))
            .io(Io::Capture)
            .unset("TF_CLI_ARGS")
            .unset(format!("TF_CLI_ARGS_{}", words.join("_")))
    }

    /// The beginning of a command line that does something with this root module by hand, with the secrets of the
    /// environment.
    pub(crate) fn by_hand(&self) -> String {
        match &self.container {
            Some(_) => format!("infractl tf {} --", self.environment),
            None => by_hand(&self.environment, &self.program, &self.dir),
        }
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
        cmd.args(self.values.iter().chain(&self.var_files).map(var_file))
    }

    /// `init` with the backend configuration. Secrets must not be in `backend`: terraform writes all of it to
    /// `.terraform/terraform.tfstate`.
    pub(crate) fn init(&self, backend: &IndexMap<String, Json>) -> Cmd {
        let text = |value: &Json| value.as_str().map_or_else(|| declared::expression(value), str::to_owned);
        self.no_color(self.cmd(&["init", "-input=false"]))
            .args(backend.iter().map(|(key, value)| format!("-backend-config={key}={}", text(value))))
    }

    /// A preview as text. Exit code 0 no changes, 1 error, 2 changes.
    pub(crate) fn plan(&self, out: Option<&std::path::Path>) -> Cmd {
        let cmd = self.no_color(self.inputs(self.cmd(&["plan", "-detailed-exitcode"])));
        match out {
            Some(file) => cmd.arg(format!("-out={}", file.display())),
            None => cmd,
        }
    }

    /// A preview as one JSON object a line, see [`crate::tools::terraform::events`].
    pub(crate) fn plan_json(&self, out: Option<&std::path::Path>) -> Cmd {
        let mut cmd = self.inputs(self.cmd(&["plan", "-json", "-detailed-exitcode"])).io(Io::Raw);
        cmd.unset.insert("TF_CLI_ARGS".into());
        match out {
            Some(file) => cmd.arg(format!("-out={}", file.display())),
            None => cmd,
        }
    }

    /// Applies without asking, telling its progress as one JSON object a line.
    pub(crate) fn apply(&self) -> Cmd {
        self.inputs(self.cmd(&["apply", "-json", "-auto-approve"])).io(Io::Raw)
    }

    /// Applies a saved plan; its variables are in it, but for those that no plan keeps. Nothing may come after the file.
    pub(crate) fn apply_plan(&self, plan: &std::path::Path, extra: &[String]) -> Cmd {
        let cmd = self.cmd(&["apply", "-json", "-input=false"]).io(Io::Raw);
        let cmd = match &self.lock_timeout {
            Some(limit) => cmd.arg(format!("-lock-timeout={limit}")),
            None => cmd,
        };
        cmd.args(self.values.iter().map(var_file)).args(extra.iter().cloned()).arg(plan.to_string_lossy())
    }

    /// Destroys without asking, telling its progress as one JSON object a line.
    pub(crate) fn destroy(&self) -> Cmd {
        self.inputs(self.cmd(&["destroy", "-json", "-auto-approve"])).io(Io::Raw)
    }

    /// The whole state on standard output: outputs and serial in one call. It holds secrets in clear text and
    /// is never shown. Nothing at all is printed when there is no state.
    pub(crate) fn state_pull(&self) -> Cmd {
        self.machine(&["state", "pull"])
    }

    /// A saved plan as JSON on standard output, secrets in clear text included: never shown.
    pub(crate) fn show_json(&self, plan: &std::path::Path) -> Cmd {
        self.machine(&["show", "-json"]).arg(plan.to_string_lossy())
    }

    /// A saved plan as text for people.
    pub(crate) fn show(&self, plan: &std::path::Path) -> Cmd {
        let cmd = self.no_color(self.cmd(&["show"])).unset("TF_CLI_ARGS").unset("TF_CLI_ARGS_show");
        cmd.arg(plan.to_string_lossy())
    }

    /// Checks the root module; diagnostics as one JSON document on standard output.
    pub(crate) fn validate(&self) -> Cmd {
        self.machine(&["validate", "-json"])
    }

    /// Formats the files of the folder; `check` only says which differ (exit code 3).
    pub(crate) fn fmt(&self, check: bool) -> Cmd {
        let cmd = self.no_color(self.cmd(&["fmt", "-recursive"])).unset("TF_CLI_ARGS");
        if check { cmd.args(["-check", "-diff"]) } else { cmd }
    }
}

fn var_file(file: impl AsRef<Path>) -> String {
    format!("-var-file={}", file.as_ref().display())
}

/// The JSON document in what terraform printed: a wrapper script may have said something before it.
pub(super) fn document(stdout: &[u8]) -> &[u8] {
    let is_begin = |at: &usize| stdout[*at] == b'{' && (*at == 0 || stdout[*at - 1] == b'\n');
    (0..stdout.len()).find(is_begin).map_or(stdout, |at| &stdout[at..])
}

/// See [`Root::by_hand`].
pub(crate) fn by_hand(environment: &str, program: &str, dir: &std::path::Path) -> String {
    format!(
        "infractl exec {environment} -- {} -chdir={}",
        shell_words::quote(program),
        shell_words::quote(&dir.to_string_lossy())
    )
}

#[cfg(test)]
mod tests;
