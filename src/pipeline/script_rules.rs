//! The rules of a step in a script: tried again, on failure, only when.

use super::script::{Writer, said};
use super::{OnFailure, Step, transient};
use crate::failure::Failure;
use crate::work::Frame;
use crate::work::script::literal;

impl Writer<'_> {
    /// The call of a step with its rules around it: one command.
    pub(super) fn called(&mut self, step: &Step, call: String, above: &Frame) -> Result<String, Failure> {
        let rules = &step.rules;
        let name = literal(&step.name);
        let mut call = call;
        if let Some(retry) = &rules.retry {
            self.script.helpers.insert("retry");
            let patterns: Vec<&str> = if retry.on.is_empty() {
                vec!["transient"]
            } else {
                retry.on.iter().map(String::as_str).collect()
            };
            let pattern = patterns.into_iter().map(|word| match word {
                "any" => String::new(),
                "transient" => transient::PATTERNS.join("|"),
                own => own.to_owned(),
            });
            let pattern = pattern.collect::<Vec<_>>().join("|");
            let pattern = if pattern.is_empty() { "''".to_owned() } else { literal(&pattern) };
            call = format!("retry {} {} {pattern} {call}", retry.attempts, retry.every.as_secs());
        }
        match &rules.on_failure {
            OnFailure::Stop => {}
            OnFailure::Continue => {
                call =
                    format!("{{ {call} || echo {} >&2; }}", said(&format!("warning: {} failed", step.name)));
            }
            OnFailure::Steps(steps) => {
                let mut instead = vec![format!("export INFRACTL_FAILED_STEP={name}")];
                for step in steps {
                    instead.extend(self.step(step, above)?);
                }
                let instead = instead.join(" && ");
                call = if rules.is_for_difference {
                    format!(
                        "{{ {call} || {{ code=$?; [ \"$code\" != 2 ] || {{ {instead}; }}; (exit \"$code\"); }}; }}"
                    )
                } else {
                    format!("{{ {call} || {{ {instead}; false; }}; }}")
                };
            }
        }
        if let Some(when) = &rules.when {
            let path = |path: &crate::config::model::FilePath| {
                literal(&path.0.strip_prefix(&self.env.root).unwrap_or(&path.0).to_string_lossy())
            };
            let mut all = Vec::new();
            all.extend(when.exists.as_ref().map(|file| format!("[ -e {} ]", path(file))));
            all.extend(when.missing.as_ref().map(|file| format!("[ ! -e {} ]", path(file))));
            all.extend(when.var.as_ref().map(|name| format!("[ -n \"${{{name}:-}}\" ]")));
            if let Some(output) = &when.output {
                self.script.helpers.extend(["output", "is_set"]);
                all.push(format!("is_set \"$(output {} 2>/dev/null || true)\"", literal(output)));
            }
            if !all.is_empty() {
                call = format!(
                    "if {}; then {call}; else echo {} >&2; fi",
                    all.join(" && "),
                    said(&format!("==> {}: skipped", step.name))
                );
            }
        }
        Ok(call)
    }
}
