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
use crate::steps::files::{env_file, inventory};
use crate::steps::{Work, command, git, terraform};
pub(crate) use crate::tools::ssh::remote_shell::literal;
use crate::work::values::{self, Known};
use crate::work::{StepCx, needs, relative, templates};

/// What the lines of a script need besides themselves.
#[derive(Debug, Default)]
pub(crate) struct Script {
    /// Functions that are called.
    pub helpers: BTreeSet<&'static str>,
    /// Secrets that are used.
    pub secrets: BTreeSet<String>,
    /// Outputs that the step under way uses: the variable of the script and the name of the output.
    outputs: BTreeMap<String, String>,
}

/// A name whose value only the run of the script knows.
static MARKER: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\{\{\s*(output|secret)\.([\w-]+)\s*\}\}").ok());

impl Script {
    /// A text as one word of bash: quoted, with variables where a value is not known yet.
    pub(crate) fn word(&mut self, text: &str) -> String {
        let mut word = String::new();
        let mut at = 0;
        for found in MARKER.iter().flat_map(|marker| marker.captures_iter(text)) {
            let (whole, kind, name) = (found.get(0), &found[1], &found[2]);
            let Some(whole) = whole else { continue };
            word.push_str(&literal(&text[at..whole.start()]));
            at = whole.end();
            if kind == "secret" {
                self.secrets.insert(name.to_owned());
                word.push_str(&format!("\"${name}\""));
            } else {
                let variable = format!("out_{}", name.replace('-', "_"));
                word.push_str(&format!("\"${variable}\""));
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
        for arg in &cmd.args {
            line.push(' ');
            line.push_str(&self.word(arg));
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

    /// The lines of one piece of work; each goes on only when the one before went well.
    pub(crate) fn lines(&mut self, step: &StepCx<'_>, work: &Work) -> Result<Vec<String>, Failure> {
        Ok(match work {
            Work::Prepare { .. } | Work::Outputs | Work::Clean => Vec::new(),
            Work::Nothing(_) => vec![":".to_owned()],
            Work::Refused { why, help } => {
                return Err(Failure::new(crate::failure::Kind::Config, why.as_str()).help(help.as_str()));
            }
            Work::Confirm { question } => {
                self.helpers.insert("confirm");
                vec![format!("confirm {} {}", literal(&question.replace('`', "")), literal(&step.env.name))]
            }
            Work::Forget => crate::hosts::login::describe_forget(step),
            Work::Terraform(action) => self.terraform(step, action)?,
            Work::EnvFile(env_file::Action::Remove) => {
                vec![format!("rm -f -- {}", literal(&relative(step, &step.env.env_file.path)))]
            }
            Work::EnvFile(env_file::Action::Write) => self.env_file(step)?,
            Work::Command(table) => {
                let cmd = command::build(step, table, &marked(step, work))?;
                let mut cmd = cmd;
                // Those of the project are exported once; those of the step say where it is.
                let own: BTreeSet<&String> = table.env.keys().collect();
                cmd.env.retain(|name, _| own.contains(name) || name.starts_with("INFRACTL_STEP"));
                for name in mentioned_outputs(table) {
                    let marker = format!("{{{{output.{}}}}}", name.to_lowercase());
                    cmd.env.insert(command::output_variable(&name), Value::Plain(marker));
                }
                vec![self.command(step, &cmd)]
            }
            Work::Copy(copy) if copy.host.is_some() => return Err(no_script(step)),
            Work::Wait(wait) if wait.until.host().is_some() => return Err(no_script(step)),
            Work::Wait(wait) => self.wait(step, wait, &marked(step, work))?,
            Work::Copy(copy) if !copy.templates.is_empty() => return Err(no_script(step)),
            Work::Copy(copy) => self.copy(step, copy, &marked(step, work))?,
            Work::Git(git) => git::script(self, step, git, &marked(step, work))?,
            Work::Inventory(action) => inventory::script(self, step, action)?,
            Work::Compose(compose) => self.compose(step, compose, &marked(step, work))?,
            Work::Docker(docker) => {
                let needs = needs::Needs::of(step.env, work, None);
                self.docker(step, docker, &marked_needs(&needs))?
            }
            Work::EnvFile(env_file::Action::Compare)
            | Work::Ansible(_)
            | Work::Remote(_)
            | Work::Power(_) => return Err(no_script(step)),
        })
    }

    fn terraform(&mut self, step: &StepCx<'_>, action: &terraform::Action) -> Result<Vec<String>, Failure> {
        use terraform::Action;
        let root = terraform::root(step)?;
        let mut extra = step.extra;
        let cmd = match action {
            Action::Init => root.init(&values::backend(step)?),
            // Only shown before a question; the script asks all the same.
            Action::Plan { keep: true, destroy, .. } => {
                let cmd = root.plan(None);
                if *destroy { cmd.arg("-destroy") } else { cmd }
            }
            Action::Plan { out, .. } => root.plan(out.as_deref()),
            Action::Apply { plan: Some(file) } => root.apply_plan(file, std::mem::take(&mut extra)),
            Action::Apply { plan: None } => root.apply(),
            Action::Destroy => root.destroy(),
            Action::Validate => root.validate(),
            Action::Fmt { check } => root.fmt(*check),
        };
        let mut all = Vec::new();
        if !matches!(action, Action::Init | Action::Fmt { .. }) {
            all.push(self.tool(step, root.init(&values::backend(step)?)));
        }
        all.push(self.tool(step, cmd.args(extra.iter().cloned())));
        Ok(all)
    }

    /// A tool for people instead of for infractl.
    fn tool(&mut self, step: &StepCx<'_>, mut cmd: Cmd) -> String {
        cmd.args.retain(|arg| arg != "-json" && arg != "-detailed-exitcode");
        self.command(step, &cmd)
    }
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

/// Values for a script: what only its run knows stands there as a marker.
pub(crate) fn marked(step: &StepCx<'_>, work: &Work) -> Known {
    let hosts = step.env.hosts.values().map(|host| host.address.0.as_str());
    let texts: Vec<&str> =
        templates::of(work).into_iter().map(crate::config::template::Template::as_str).chain(hosts).collect();
    marked_text(&texts.join("\n"))
}

/// The same for what something needs.
fn marked_needs(needs: &needs::Needs) -> Known {
    let mut known = Known::default();
    needs.output_names.iter().for_each(|name| known.mark("output", name));
    needs.secret_names.iter().for_each(|name| known.mark("secret", name));
    known
}

/// The same for the names in a text.
pub(crate) fn marked_text(text: &str) -> Known {
    let mut known = Known::default();
    for found in MARKER.iter().flat_map(|marker| marker.captures_iter(text)) {
        known.mark(&found[1], &found[2]);
    }
    known
}

/// Outputs whose variables a line of shell reads.
fn mentioned_outputs(table: &crate::config::model::CommandTable) -> Vec<String> {
    let text = match &table.run {
        crate::config::model::Run::Shell(line) => line.0.as_str().to_owned(),
        crate::config::model::Run::Argv(words) => {
            words.iter().map(|word| word.0.as_str()).collect::<Vec<_>>().join(" ")
        }
    };
    let pattern = Regex::new(&format!("{}([A-Z0-9_]+)", needs::OUTPUT_VARIABLE));
    pattern.iter().flat_map(|pattern| pattern.captures_iter(&text)).map(|found| found[1].to_owned()).collect()
}

/// A step that only infractl can do.
pub(crate) fn no_script(step: &StepCx<'_>) -> Failure {
    let message = format!("`{}` has no script that does the same without infractl", step.name);
    Failure::new(crate::failure::Kind::Usage, message).help("leave it out with `--skip`")
}
