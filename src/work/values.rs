//! Values that a step needs as text: variables of terraform, backend settings, entries of the environment file.

use indexmap::IndexMap;
use secrecy::SecretString;
use serde_json::Value as Json;

use crate::config::model::Input;
use crate::config::template::{Foreign, Name, Rendered, Scope, Template, TemplateError, shown_value};
use crate::exec;
use crate::failure::Failure;
use crate::tools::terraform::Output;
use crate::tools::terraform::declared::{Declared, Type};
use crate::work::StepCx;
use crate::work::kind::StepKind;
use crate::work::needs::Needs;

/// What the names of a template stand for, at this point of the run.
#[derive(Default)]
pub(crate) struct Known {
    outputs: IndexMap<String, Rendered>,
    foreign: IndexMap<Foreign, Rendered>,
    secrets: IndexMap<String, SecretString>,
    values: IndexMap<String, Rendered>,
    images: IndexMap<String, String>,
}

impl Known {
    /// Everything the step knows now.
    pub(crate) fn of(step: &StepCx<'_>) -> Self {
        let outputs = step.facts.outputs.iter().flatten();
        let foreign = step.facts.foreign.outputs.iter().flat_map(|(environment, outputs)| {
            let all = outputs.iter();
            all.map(|(name, output)| {
                let foreign = Foreign { environment: environment.clone(), output: name.clone() };
                (foreign, rendered(output))
            })
        });
        Known {
            outputs: outputs.map(|(name, output)| (name.clone(), rendered(output))).collect(),
            foreign: foreign.collect(),
            values: step.facts.values.clone(),
            images: step.facts.images.iter().map(|(name, image)| (name.clone(), image.reference())).collect(),
            secrets: step.secrets().map(|(name, value)| (name.to_owned(), value.clone())).collect(),
        }
    }

    /// For a dry run: what is not known yet stands there as the name it has in the file.
    pub(crate) fn shown(step: &StepCx<'_>, kind: &dyn StepKind) -> Self {
        Known::named(step, Needs::of(step.env, kind, None))
    }

    /// The same for these.
    pub(crate) fn named(step: &StepCx<'_>, needs: Needs) -> Self {
        let mut known = Known::of(step);
        for name in needs.output_names {
            let shown = format!("{{{{output.{name}}}}}");
            known.outputs.entry(name).or_insert(Rendered::Plain(shown));
        }
        for foreign in needs.foreign {
            let shown = format!("{{{{{foreign}}}}}");
            known.foreign.entry(foreign).or_insert(Rendered::Plain(shown));
        }
        for name in needs.value_names {
            known.values.entry(name).or_insert_with_key(|name| Rendered::Plain(shown_value(name)));
        }
        for name in needs.secret_names {
            known.secrets.entry(name).or_insert_with(|| "***".into());
        }
        known
    }

    /// For a script: this output, secret or value stands there as the name it has in the file.
    pub(crate) fn mark(&mut self, kind: &str, name: &str) {
        let marker = format!("{{{{{kind}.{name}}}}}");
        let environment = kind.strip_prefix("env.").and_then(|rest| rest.strip_suffix(".output"));
        if kind == "value" {
            self.values.insert(name.to_owned(), Rendered::Plain(marker));
        } else if kind == "secret" {
            self.secrets.insert(name.to_owned(), marker.into());
        } else if let Some(environment) = environment {
            let foreign = Foreign { environment: environment.to_owned(), output: name.to_owned() };
            self.foreign.insert(foreign, Rendered::Plain(marker));
        } else {
            self.outputs.insert(name.to_owned(), Rendered::Plain(marker));
        }
    }

    /// Renders a template for a program's argument: nothing sensitive.
    pub(crate) fn argument(&self, step: &StepCx<'_>, template: &Template) -> Result<String, Failure> {
        template.argument(&self.scope(step)).map_err(|error| no_value(step, error))
    }

    /// For rendering templates of the environment.
    pub(crate) fn scope<'a>(&'a self, step: &'a StepCx<'_>) -> Scope<'a> {
        Scope {
            environment: &step.env.name,
            project: &step.env.project,
            outputs: &self.outputs,
            foreign: &self.foreign,
            secrets: &self.secrets,
            values: &self.values,
            images: &self.images,
            cluster: step.env.cluster.as_ref(),
            vars: &step.cx.vars.0,
            addresses: step.env.addresses(),
            is_dry: step.frame.is_dry,
        }
    }

    /// Whether all values that these name are known.
    pub(crate) fn has_values<'t>(
        &self,
        step: &StepCx<'_>,
        all: impl IntoIterator<Item = &'t Template>,
    ) -> bool {
        let mut names = all.into_iter().flat_map(Template::names);
        step.frame.is_dry
            || names.all(|name| !matches!(name, Name::Value(name) if !self.values.contains_key(name)))
    }

    /// An output by name.
    pub(crate) fn output(&self, name: &str) -> Option<Rendered> {
        self.outputs.get(name).cloned()
    }

    /// A secret by name.
    pub(crate) fn secret(&self, name: &str) -> Option<Rendered> {
        self.secrets.get(name).cloned().map(Rendered::Secret)
    }

    /// Renders a template; a value that does not exist is an error of the configuration.
    pub(crate) fn render(&self, step: &StepCx<'_>, template: &Template) -> Result<Rendered, Failure> {
        template.render(&self.scope(step)).map_err(|error| no_value(step, error))
    }
}

fn rendered(output: &Output) -> Rendered {
    let text = text(&output.value);
    if output.sensitive { Rendered::Secret(text.into()) } else { Rendered::Plain(text) }
}

/// Renders a template for a program's argument: nothing sensitive.
pub(crate) fn argument(step: &StepCx<'_>, template: &Template) -> Result<String, Failure> {
    template.argument(&Known::of(step).scope(step)).map_err(|error| no_value(step, error))
}

/// A template has no value: an output that terraform does not give is a failure of the run.
pub(crate) fn no_value(step: &StepCx<'_>, error: TemplateError) -> Failure {
    let names_output = matches!(error, TemplateError::Output { .. });
    let failure = Failure::from(error);
    let has_outputs = step.facts.outputs.as_ref().is_some_and(|outputs| !outputs.is_empty());
    if names_output && !has_outputs && step.env.terraform.is_some() {
        return failure
            .help(format!("run `infractl apply {}` first: there are no outputs yet", step.env.name));
    }
    failure
}

/// A value as text: strings as they are, everything else as JSON on one line.
pub(crate) fn text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Every text inside a value, for the masks.
pub(crate) fn texts(value: &Json) -> Vec<String> {
    match value {
        Json::String(text) => vec![text.clone()],
        Json::Number(number) => vec![number.to_string()],
        Json::Array(items) => items.iter().flat_map(texts).collect(),
        Json::Object(fields) => fields.values().flat_map(texts).collect(),
        Json::Null | Json::Bool(_) => Vec::new(),
    }
}

/// Never shows this text from now on, nor the texts inside it when it is a JSON document: terraform shows those one by
/// one. One too short to be masked is warned about.
pub(crate) fn mask(step: &StepCx<'_>, name: &str, value: &str) {
    if step.cx.masks.add(name, value) == crate::redact::Weight::TooShort && !value.is_empty() {
        step.cx.ui.warn_once(format!(
            "`{name}` is shorter than 4 characters: it is not masked in what tools print"
        ));
    }
    if value.trim_start().starts_with(['{', '['])
        && let Ok(document) = serde_json::from_str::<Json>(value)
    {
        for text in texts(&document) {
            // Short ones in it are not masked, and not worth a warning.
            let _ = step.cx.masks.add(name, &text);
        }
    }
}

/// A value of `[terraform] vars`, and whether it holds a secret.
pub(crate) fn of_terraform(
    scope: &Scope<'_>,
    declared: &Declared,
    name: &str,
    input: &Input,
) -> Result<(Json, bool), TemplateError> {
    let (value, is_sensitive) = input.fill(scope)?;
    Ok(match (declared.type_of(name), value) {
        // A list stands there as a text where one template is the whole of it.
        (Type::Structure, Json::String(text)) => (Type::Structure.meant(&text), is_sensitive),
        (_, value) => (value, is_sensitive),
    })
}

/// The same as a variable of the environment, as exact as these are.
pub(crate) fn terraform_var(
    scope: &Scope<'_>,
    declared: &Declared,
    name: &str,
    input: &Input,
) -> Result<(String, exec::Value), TemplateError> {
    let (value, is_sensitive) = of_terraform(scope, declared, name, input)?;
    let text = declared.type_of(name).text(&value);
    let value = if is_sensitive { exec::Value::Secret(text.into()) } else { exec::Value::Plain(text) };
    Ok((format!("TF_VAR_{name}"), value))
}

/// As the value of a variable.
pub(crate) fn input_value(rendered: Rendered) -> exec::Value {
    match rendered {
        Rendered::Plain(text) => exec::Value::Plain(text),
        Rendered::Secret(text) => exec::Value::Secret(text),
    }
}

/// The settings of `[terraform.backend]`: they become arguments, so nothing secret.
pub(crate) fn backend(step: &StepCx<'_>) -> Result<IndexMap<String, Json>, Failure> {
    let known = Known::of(step);
    let settings = step.env.terraform.iter().flat_map(|terraform| &terraform.backend);
    settings
        .map(|(name, input)| Ok((name.clone(), input.fill(&known.scope(step))?)))
        .collect::<Result<_, _>>()
        .map_err(|error| no_value(step, error))
}
