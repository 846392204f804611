//! A pipeline as a script for bash that does the same without infractl: `--print`.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::engine::Options;
use super::{Pipeline, Step, What};
use crate::config::Environment;
use crate::context::Ctx;
use crate::failure::{Failure, Kind};
use crate::secrets;
use crate::steps::Work;
use crate::tools::kubernetes::chosen;
use crate::work::child;
use crate::work::marked::marked_text;
use crate::work::needs::Needs;
use crate::work::script::{HELPERS, Script, literal, variable_of};
use crate::work::{Facts, Frame, StepCx, root_module, values};

/// The whole script.
pub(crate) fn print(
    cx: &Ctx,
    env: &Environment,
    pipeline: &Pipeline,
    options: &Options,
) -> Result<String, Failure> {
    let mut writer =
        Writer { cx, env, options, pipeline, script: Script::default(), functions: String::new(), number: 0 };
    let mut calls = Vec::new();
    for step in &pipeline.steps {
        if let Some(call) = writer.step(step, &Frame { verb: pipeline.verb.clone(), ..Frame::default() })? {
            calls.push(format!("{call} || stop {}\n", literal(&step.name)));
        }
    }
    writer.finish(&calls.concat())
}

pub(super) struct Writer<'a> {
    pub(super) cx: &'a Ctx,
    pub(super) env: &'a Environment,
    options: &'a Options,
    pipeline: &'a Pipeline,
    pub(super) script: Script,
    functions: String,
    number: usize,
}

impl Writer<'_> {
    /// Writes the functions of a step; how it is called, if there is anything to do.
    pub(super) fn step(&mut self, step: &Step, above: &Frame) -> Result<Option<String>, Failure> {
        let rules = &step.rules;
        if rules.elsewhere(&self.env.name).is_some() {
            return Ok(None);
        }
        let mut frame = above.clone();
        if rules.secrets.is_some() {
            frame.secrets.clone_from(&rules.secrets);
        }
        if let Some(timeout) = rules.timeout {
            frame.timeout = timeout;
        }
        self.number += 1;
        let number = self.number;
        frame.number = number;
        let mut lines = match &step.what {
            What::Work(work) => self.work(step, work, &frame)?,
            What::Steps(inside) => {
                let calls: Result<Vec<Option<String>>, Failure> =
                    inside.iter().map(|step| self.step(step, &frame)).collect();
                calls?.into_iter().flatten().collect()
            }
        };
        if lines.is_empty() {
            return Ok(None);
        }
        if let Some(verify) = &rules.verify {
            lines.extend(self.wait(step, verify, &frame)?);
        }
        if let Some(unless) = &rules.unless {
            let asked = self.wait(step, unless, &frame)?.join(" && ");
            let _ = write!(self.functions, "\nis_true_{number}() {{\n  {asked}\n}} 2>/dev/null\n");
        }
        let name = comment(&step.name);
        let body = lines.join("\n");
        if body.contains("timeout") && body.contains("-c '") && body.contains('$') {
            self.functions.push_str("\n# shellcheck disable=SC2016 # for sh, not for this shell");
        }
        let _ = write!(self.functions, "\nstep_{number}() {{ # {name}\n  {}\n}}\n", lines.join(" &&\n  "));
        let call = self.called(step, format!("step_{number}"), above)?;
        if rules.unless.is_none() {
            return Ok(Some(call));
        }
        let done = said(&format!("==> {}: nothing to do", step.name));
        let known = self.known_anyway(step);
        Ok(Some(format!("if is_true_{number}; then echo {done} >&2{known}; else {call}; fi")))
    }

    /// The lines of one piece of work.
    fn lines(&mut self, step: &Step, work: &Work, frame: &Frame) -> Result<Vec<String>, Failure> {
        let mut facts = Facts::default();
        let mut step_cx = StepCx::new(self.cx, self.env, &step.name, &self.options.extra, &mut facts);
        step_cx.frame = frame.clone();
        if let Some(image) = Needs::of(self.env, work.kind(), None).image_names.first() {
            let message = format!("`{}` names `{{{{image.{image}}}}}`, which only infractl knows", step.name);
            return Err(Failure::new(Kind::Usage, message).help("leave it out with `--skip`"));
        }
        work.kind().script(&step_cx, &mut self.script)
    }

    /// What is asked before or after a step.
    fn wait(&mut self, step: &Step, work: &Work, frame: &Frame) -> Result<Vec<String>, Failure> {
        let asked = self.lines(step, work, frame)?;
        let known = self.known(false)?;
        Ok(known.into_iter().chain(asked).collect())
    }

    fn work(&mut self, step: &Step, work: &Work, frame: &Frame) -> Result<Vec<String>, Failure> {
        let work_lines = self.lines(step, work, frame)?;
        if work_lines.is_empty() {
            return Ok(work_lines);
        }
        let mut lines = vec![format!("echo {} >&2", said(&format!("==> {}", step.name)))];
        lines.extend(self.known(true)?);
        lines.extend(self.captured(step, work_lines)?);
        Ok(lines)
    }

    fn finish(mut self, calls: &str) -> Result<String, Failure> {
        let outputs = if self.script.helpers.contains("output") { self.output()? } else { String::new() };
        let all_secrets =
            if self.script.helpers.contains("all_secrets") { self.all_secrets()? } else { String::new() };
        let root = escaped(&self.env.root.to_string_lossy());
        let mut text = format!(
            "#!/usr/bin/env bash\n# `{} {}` as a script that needs no infractl, only bash 5 and the tools themselves.\n\
             # Printed by infractl {}. PROJECT may name another copy of the project.\n\
             set -euo pipefail\ncd -- \"${{PROJECT:-{root}}}\"\n",
            comment(&self.pipeline.verb),
            self.env.name,
            env!("CARGO_PKG_VERSION"),
        );
        text.push_str(&super::scenario::comment(self.env));
        if !self.script.secrets.is_empty() {
            text.push_str("\n# Secrets: set them before, for instance from your password store.\n");
            for name in self.script.secrets.clone() {
                let line = match self.env.secrets.from.get(&name) {
                    Some(from) => self.secret(&name, from)?,
                    None => format!(": \"${{{name}:?}}\""),
                };
                let _ = writeln!(text, "{line}");
            }
            let names: Vec<&str> = self.script.secrets.iter().map(String::as_str).collect();
            let _ = writeln!(text, "export -n {}", names.join(" "));
        }
        if !self.script.foreign.is_empty() {
            text.push_str("\n# Outputs of other environments: set them before.\n");
            for (variable, read) in &self.script.foreign {
                let _ = writeln!(text, ": \"${{{variable}:?}}\" # {read}");
            }
        }
        text.push_str("\n# What infractl tells the commands of a pipeline.\nexport");
        let mut facts = Facts::default();
        let mut step_cx = StepCx::new(self.cx, self.env, "", &[], &mut facts);
        step_cx.frame.verb.clone_from(&self.pipeline.verb);
        for (name, value) in child::variables(&step_cx).into_iter().chain(chosen(self.env.cluster.as_ref())) {
            if !name.starts_with("INFRACTL_STEP") && name != "INFRACTL_ATTEMPT" && name != child::WITHIN {
                let value = value
                    .strip_prefix(&*self.env.root.to_string_lossy())
                    .map_or_else(|| literal(&value), |rest| format!("\"$PWD\"{}", literal(rest)));
                let _ = write!(text, " {name}={value}");
            }
        }
        text.push('\n');
        for (_, body) in HELPERS.iter().filter(|(name, _)| self.script.helpers.contains(name)) {
            let _ = write!(text, "\n{body}\n");
        }
        text.push_str("\nstop() { # STEP\n  echo \"error: step \\`$1\\` failed\" >&2\n  exit 1\n}\n");
        text.push_str(&all_secrets);
        text.push_str(&outputs);
        text.push_str(&self.functions);
        text.push('\n');
        for (name, value) in &self.options.values {
            let _ = writeln!(text, "{}={}", variable_of("value", name), literal(value));
        }
        text.push_str(calls);
        if self.script.helpers.contains("traffic_to") {
            text.push_str("trap - EXIT # all went well: the traffic stays where it is\n");
        }
        Ok(text)
    }

    /// Hands on all secrets and the variables of `[terraform]`; called in a shell that runs one command.
    fn all_secrets(&mut self) -> Result<String, Failure> {
        let mut names = BTreeSet::new();
        for file in &self.env.secrets.files {
            names.extend(secrets::names(file)?);
        }
        names.extend(self.env.secrets.from.keys().cloned());
        let mut variables: Vec<(String, String)> = Vec::new();
        for name in names {
            variables.extend(
                secrets::variables_of(&name).into_iter().map(|variable| (variable, format!("\"${name}\""))),
            );
            self.script.secrets.insert(name);
        }
        if let Some(terraform) = &self.env.terraform {
            let mut facts = Facts::default();
            let step_cx = StepCx::new(self.cx, self.env, "", &[], &mut facts);
            let declared = &root_module::of(&step_cx).declared;
            for (name, input) in &terraform.vars {
                let known = marked_text(&input.0.to_string());
                let set = values::terraform_var(&known.scope(&step_cx), declared, name, input);
                variables.extend(set.ok().map(|(name, value)| (name, self.script.word(value.text()))));
            }
            let workspace = [("TF_WORKSPACE".to_owned(), &terraform.workspace)];
            for (name, template) in
                terraform.env.iter().map(|(name, set)| (name.clone(), set)).chain(workspace)
            {
                let value = marked_text(template.as_str()).render(&step_cx, template)?;
                variables.push((name, self.script.word(values::input_value(value).text())));
            }
        }
        // A variable that takes an output or a value is left to the step that knows it.
        variables.retain(|(_, word)| !word.contains("\"$out_") && !word.contains("\"$value_"));
        self.script.used_outputs();
        self.script.used_values();
        let lines: Vec<String> = variables
            .into_iter()
            .map(|(name, word)| {
                if word == format!("\"${name}\"") {
                    format!("  export {name}\n")
                } else {
                    format!("  export {name}={word}\n")
                }
            })
            .collect();
        let lines = if lines.is_empty() { "  :\n".to_owned() } else { lines.concat() };
        Ok(format!("\nall_secrets() {{ # for the commands that this shell starts\n{lines}}}\n"))
    }

    /// `output NAME` prints the value of an output.
    fn output(&mut self) -> Result<String, Failure> {
        if self.env.terraform.is_none() {
            let mut cases = String::new();
            for (name, output) in &self.env.outputs {
                let mut facts = Facts::default();
                let step_cx = StepCx::new(self.cx, self.env, "", &[], &mut facts);
                let known = marked_text(&output.0.to_string());
                let (value, _) = output.render(&known.scope(&step_cx))?;
                let word = self.script.word(&crate::work::values::text(&value));
                let _ = writeln!(cases, "    {}) printf %s {word} ;;", literal(name));
            }
            return Ok(format!(
                "\noutput() {{ # NAME\n  case $1 in\n{cases}    *)\n      echo \"there is no output $1\" >&2\n      return 1\n      ;;\n  esac\n}}\n"
            ));
        }
        let mut facts = Facts::default();
        let step_cx = StepCx::new(self.cx, self.env, "", &[], &mut facts);
        let mut cmd = crate::steps::terraform::root(&step_cx)?.state_pull();
        cmd.args = vec!["output".into(), "-no-color".into()];
        let call = self.script.command(&step_cx, &cmd);
        let call = call.strip_suffix(')').unwrap_or(&call);
        let close = if call.starts_with('(') { ")" } else { "" };
        Ok(format!(
            "\noutput() {{ # NAME: lists and maps come as JSON\n  {call} -raw \"$1\"{close} 2>/dev/null || {call} -json \"$1\"{close}\n}}\n"
        ))
    }
}

/// A text in double quotes, for `echo`.
pub(super) fn said(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

/// As it has to stand in double quotes.
fn escaped(text: &str) -> String {
    text.chars().flat_map(|c| "\"$`\\".contains(c).then_some('\\').into_iter().chain([c])).collect()
}

fn comment(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
