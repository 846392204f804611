//! Steps as lines of bash that do the same without infractl: for `--print`.

mod helpers;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;
use std::time::Duration;

use regex::Regex;
use secrecy::ExposeSecret as _;

pub(crate) use crate::work::script::helpers::HELPERS;

use crate::exec::{Cmd, Input, Value};
use crate::failure::Failure;
pub(crate) use crate::tools::ssh::remote_shell::literal;
use crate::work::{StepCx, container, relative};

/// What the lines of a script need besides themselves.
#[derive(Debug, Default)]
pub(crate) struct Script {
    /// Functions that are called.
    pub helpers: BTreeSet<&'static str>,
    /// Secrets that are used.
    pub secrets: BTreeSet<String>,
    /// Outputs of other environments that are used, by the variable of the script.
    pub foreign: BTreeMap<String, String>,
    /// Outputs that the step under way uses: the variable of the script and the name of the output.
    outputs: BTreeMap<String, String>,
    /// Values that the step under way uses, by their names.
    values: BTreeSet<String>,
}

/// A name whose value only the run of the script knows.
pub(super) static MARKER: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\{\{\s*(output|secret|value|env\.[\w.-]+\.output)\.([\w-]+)\s*\}\}").ok());

impl Script {
    /// A text as one word of bash: quoted, with variables where a value is not known yet.
    pub(crate) fn word(&mut self, text: &str) -> String {
        self.word_of(text, |variable| format!("\"${variable}\""))
    }

    /// The same; `value` is how the value of a variable is written.
    pub(crate) fn word_of(&mut self, text: &str, value: impl Fn(&str) -> String) -> String {
        let mut word = String::new();
        let mut at = 0;
        for found in MARKER.iter().flat_map(|marker| marker.captures_iter(text)) {
            let (whole, kind, name) = (found.get(0), &found[1], &found[2]);
            let Some(whole) = whole else { continue };
            word.push_str(&literal(&text[at..whole.start()]));
            at = whole.end();
            if kind == "secret" {
                self.secrets.insert(name.to_owned());
                word.push_str(&value(name));
            } else if let Some(environment) = kind.strip_prefix("env.") {
                let environment = environment.trim_end_matches(".output");
                let variable = format!("env_{environment}_{name}").replace(['-', '.'], "_");
                word.push_str(&value(&variable));
                self.foreign.insert(variable, format!("infractl output {environment} {name} --raw"));
            } else if kind == "value" {
                self.values.insert(name.to_owned());
                word.push_str(&value(&variable_of("value", name)));
            } else {
                let variable = variable_of("out", name);
                word.push_str(&value(&variable));
                self.helpers.insert("output");
                self.outputs.insert(variable, name.to_owned());
            }
        }
        word.push_str(&literal(&text[at..]));
        if word.is_empty() { "''".to_owned() } else { word }
    }

    /// A command as a line of bash.
    pub(crate) fn command(&mut self, step: &StepCx<'_>, cmd: &Cmd) -> String {
        self.command_seeing(step, cmd, step.frame.secrets.as_deref())
    }

    /// The same, with these secrets in its environment; all if none are named.
    pub(crate) fn command_seeing(
        &mut self,
        step: &StepCx<'_>,
        cmd: &Cmd,
        secrets: Option<&[String]>,
    ) -> String {
        let in_container = cmd.container.is_some();
        let cmd = &*container::shown(cmd);
        let mut line = String::new();
        match &cmd.input {
            Input::Secret(text) if !text.expose_secret().is_empty() => {
                line.push_str(&format!("printf %s {} | ", self.word(text.expose_secret())));
            }
            _ => {}
        }
        for (name, value) in &cmd.env {
            let text = match value {
                Value::Plain(text) => text.as_str(),
                Value::Secret(text) => text.expose_secret(),
            };
            line.push_str(&format!("{name}={} ", self.word(text)));
        }
        line.push_str(&limit(step));
        line.push_str(&self.word(&cmd.program));
        for (index, arg) in cmd.args.iter().enumerate() {
            line.push(' ');
            line.push_str(&self.word(arg));
            // `docker run`, and what only the run of the script knows.
            if in_container && index == 0 {
                self.helpers.insert("container_variables");
                line.push_str(" --env-file <(container_variables)");
            }
        }
        // In a shell of its own: neither its folder nor its secrets are those of the next command.
        let mut before = Vec::new();
        match secrets {
            None => {
                self.helpers.insert("all_secrets");
                before.push("all_secrets".to_owned());
            }
            Some(names) if !names.is_empty() => {
                self.helpers.insert("some_secrets");
                self.secrets.extend(names.iter().cloned());
                before.push(format!("some_secrets {}", names.join(" ")));
            }
            Some(_) => {}
        }
        if let Some(dir) = cmd.dir.as_ref().filter(|dir| **dir != step.env.root) {
            before.push(format!("cd {}", self.word(&relative(step, dir))));
        }
        if before.is_empty() { line } else { format!("({} && {line})", before.join(" && ")) }
    }

    /// The outputs that were used since the last call.
    pub(crate) fn used_outputs(&mut self) -> BTreeMap<String, String> {
        std::mem::take(&mut self.outputs)
    }

    /// The values that were used since the last call.
    pub(crate) fn used_values(&mut self) -> BTreeSet<String> {
        std::mem::take(&mut self.values)
    }

    /// A command that sees no secrets but those that the step names.
    pub(crate) fn command_sparing(&mut self, step: &StepCx<'_>, cmd: &Cmd) -> String {
        self.command_seeing(step, cmd, Some(step.frame.secrets.as_deref().unwrap_or_default()))
    }
}

/// The variable of a script for an output or a value.
pub(crate) fn variable_of(kind: &str, name: &str) -> String {
    format!("{kind}_{}", name.replace('-', "_"))
}

/// `timeout 300 ` for a step with a limit.
fn limit(step: &StepCx<'_>) -> String {
    match step.frame.timeout {
        Duration::ZERO => String::new(),
        limit => format!("timeout {} ", seconds(limit)),
    }
}

/// A length as `sleep` and `timeout` take it.
pub(crate) fn seconds(length: Duration) -> String {
    let text = format!("{:.3}", length.as_secs_f64());
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A step that only infractl can do.
pub(crate) fn no_script(step: &StepCx<'_>) -> Failure {
    let message = format!("`{}` has no script that does the same without infractl", step.name);
    Failure::new(crate::failure::Kind::Usage, message).help("leave it out with `--skip`")
}
