//! Values that a step needs as text: variables of terraform, backend settings, entries of the environment file.

use indexmap::IndexMap;
use secrecy::SecretString;
use serde_json::Value as Json;

use super::needs::Needs;
use super::{StepCx, Work};
use crate::config::environment::Terraform;
use crate::config::template::{Rendered, Scope, Template, TemplateError};
use crate::exec;
use crate::failure::Failure;

/// What the names of a template stand for, at this point of the run.
#[derive(Default)]
pub struct Known {
    outputs: IndexMap<String, Rendered>,
    secrets: IndexMap<String, SecretString>,
}

impl Known {
    /// Everything the step knows now.
    pub fn of(step: &StepCx<'_>) -> Self {
        let outputs = step.facts.outputs.iter().flatten();
        Known {
            outputs: outputs
                .map(|(name, output)| {
                    let text = text(&output.value);
                    let rendered =
                        if output.sensitive { Rendered::Secret(text.into()) } else { Rendered::Plain(text) };
                    (name.clone(), rendered)
                })
                .collect(),
            secrets: step.secrets().map(|(name, value)| (name.to_owned(), value.clone())).collect(),
        }
    }

    /// For a dry run: what is not known yet stands there as the name it has in the file.
    pub fn shown(step: &StepCx<'_>, work: &Work) -> Self {
        Known::named(step, Needs::of(step.env, work, None))
    }

    /// The same for these.
    pub fn named(step: &StepCx<'_>, needs: Needs) -> Self {
        let mut known = Known::of(step);
        for name in needs.output_names {
            let shown = format!("{{{{output.{name}}}}}");
            known.outputs.entry(name).or_insert(Rendered::Plain(shown));
        }
        for name in needs.secret_names {
            known.secrets.entry(name).or_insert_with(|| "***".into());
        }
        known
    }

    /// For a script: this output or secret stands there as the name it has in the file.
    pub fn mark(&mut self, kind: &str, name: &str) {
        let marker = format!("{{{{{kind}.{name}}}}}");
        if kind == "secret" {
            self.secrets.insert(name.to_owned(), marker.into());
        } else {
            self.outputs.insert(name.to_owned(), Rendered::Plain(marker));
        }
    }

    /// Renders a template for a program's argument: nothing sensitive.
    pub fn argument(&self, step: &StepCx<'_>, template: &Template) -> Result<String, Failure> {
        template.argument(&self.scope(step)).map_err(|error| no_value(step, error))
    }

    /// For rendering templates of the environment.
    pub fn scope<'a>(&'a self, step: &'a StepCx<'_>) -> Scope<'a> {
        Scope {
            environment: &step.env.name,
            project: &step.env.project,
            outputs: &self.outputs,
            secrets: &self.secrets,
            vars: &step.cx.vars.0,
            hosts: &step.env.hosts,
        }
    }

    /// An output by name.
    pub fn output(&self, name: &str) -> Option<Rendered> {
        self.outputs.get(name).cloned()
    }

    /// A secret by name.
    pub fn secret(&self, name: &str) -> Option<Rendered> {
        self.secrets.get(name).cloned().map(Rendered::Secret)
    }

    /// Renders a template; a value that does not exist is an error of the configuration.
    pub fn render(&self, step: &StepCx<'_>, template: &Template) -> Result<Rendered, Failure> {
        template.render(&self.scope(step)).map_err(|error| no_value(step, error))
    }
}

/// Renders a template for a program's argument: nothing sensitive.
pub fn argument(step: &StepCx<'_>, template: &Template) -> Result<String, Failure> {
    template.argument(&Known::of(step).scope(step)).map_err(|error| no_value(step, error))
}

/// A template has no value: an output that terraform does not give is a failure of the run.
fn no_value(step: &StepCx<'_>, error: TemplateError) -> Failure {
    let failure = Failure::from(error);
    if step.facts.outputs.is_none() && step.env.terraform.is_some() {
        return failure
            .help(format!("run `infractl apply {}` first: outputs are not read yet", step.env.name));
    }
    failure
}

/// A value as text: strings as they are, everything else as JSON on one line.
pub fn text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Every text inside a value, for the masks.
pub fn texts(value: &Json) -> Vec<String> {
    match value {
        Json::String(text) => vec![text.clone()],
        Json::Number(number) => vec![number.to_string()],
        Json::Array(items) => items.iter().flat_map(texts).collect(),
        Json::Object(fields) => fields.values().flat_map(texts).collect(),
        Json::Null | Json::Bool(_) => Vec::new(),
    }
}

/// Never shows this text from now on. One too short to be masked is warned about.
pub fn mask(step: &StepCx<'_>, name: &str, value: &str) {
    if step.cx.masks.add(name, value) == crate::redact::Weight::TooShort && !value.is_empty() {
        step.cx
            .ui
            .warn(format!("`{name}` is shorter than 4 characters: it is not masked in what tools print"));
    }
}

/// `TF_VAR_*` from `[terraform] vars`.
pub fn terraform_vars(
    step: &StepCx<'_>,
    terraform: &Terraform,
) -> Result<Vec<(String, exec::Value)>, Failure> {
    let known = Known::of(step);
    let mut all = Vec::new();
    for (name, input) in &terraform.vars {
        let rendered = input.render(&known.scope(step)).map_err(|error| no_value(step, error))?;
        all.push((name.clone(), input_value(rendered)));
    }
    Ok(all)
}

/// Variables of a child's environment.
pub fn variables(
    step: &StepCx<'_>,
    declared: &IndexMap<String, Template>,
) -> Result<Vec<(String, exec::Value)>, Failure> {
    let known = Known::of(step);
    declared
        .iter()
        .map(|(name, template)| Ok((name.clone(), input_value(known.render(step, template)?))))
        .collect()
}

pub(crate) fn input_value(rendered: Rendered) -> exec::Value {
    match rendered {
        Rendered::Plain(text) => exec::Value::Plain(text),
        Rendered::Secret(text) => exec::Value::Secret(text),
    }
}

/// `-backend-config` from `[terraform.backend]`: arguments, so nothing secret.
pub fn backend(step: &StepCx<'_>) -> Result<IndexMap<String, String>, Failure> {
    let mut all = IndexMap::new();
    let Some(terraform) = &step.env.terraform else { return Ok(all) };
    let known = Known::of(step);
    for (name, input) in &terraform.backend {
        let text = input.argument(&known.scope(step)).map_err(|error| no_value(step, error))?;
        all.insert(name.clone(), text);
    }
    Ok(all)
}
