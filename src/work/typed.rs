//! Values for ansible, with their types.

use serde_json::Value as Json;

use crate::config::template::{Name, Rendered, Template};
use crate::failure::{Failure, Kind};
use crate::files::ansible_value::{Value, holds_template};
use crate::tools::terraform::Output;
use crate::work::StepCx;
use crate::work::values::Known;

/// A value for ansible.
#[derive(Debug, Clone)]
pub(crate) struct Typed {
    /// The value.
    pub value: Value,
    /// It holds a secret or a sensitive output.
    pub is_sensitive: bool,
}

/// A value for ansible: its texts rendered. A text that is an output and nothing else is that output with its type.
/// What stands in the file may be a template of ansible's; what an output or a secret puts into it never is.
pub(crate) fn typed(step: &StepCx<'_>, known: &Known, json: &Json) -> Result<Typed, Failure> {
    let mut is_sensitive = false;
    let value = typed_value(step, known, json, &mut is_sensitive)?;
    Ok(Typed { value, is_sensitive })
}

fn typed_value(
    step: &StepCx<'_>,
    known: &Known,
    json: &Json,
    is_sensitive: &mut bool,
) -> Result<Value, Failure> {
    let mut inside = |json: &Json| typed_value(step, known, json, is_sensitive);
    Ok(match json {
        Json::Array(items) => Value::List(items.iter().map(inside).collect::<Result<_, _>>()?),
        Json::Object(fields) => Value::Map(
            fields
                .iter()
                .map(|(key, value)| Ok((key.clone(), inside(value)?)))
                .collect::<Result<_, Failure>>()?,
        ),
        Json::String(text) => {
            // What is malformed was refused when the file was read.
            let template = Template::parse(text).unwrap_or_else(|_| Template::literal(text));
            if let Some(output) = whole_output(step, &template) {
                *is_sensitive |= output.sensitive;
                return Ok(Value::data(&output.value));
            }
            let is_template = template.literals().any(holds_template);
            let text = match known.render(step, &template)? {
                Rendered::Plain(text) => text,
                Rendered::Secret(text) => {
                    *is_sensitive = true;
                    secrecy::ExposeSecret::expose_secret(&text).to_owned()
                }
            };
            let openings =
                |text: &str| ["{{", "{%", "{#"].iter().map(|o| text.matches(o).count()).sum::<usize>();
            if is_template && openings(&text) > template.literals().map(openings).sum() {
                let message = format!(
                    "a value that `{template}` names holds `{{{{`, `{{%` or `{{#`: ansible would take it for a part of the template"
                );
                return Err(Failure::new(Kind::Config, message)
                    .help("give that value a variable of its own, and name that variable in the template"));
            }
            Value::Text { text, is_template }
        }
        other => Value::data(other),
    })
}

/// The output that a template is, if it is one and nothing else.
pub(crate) fn whole_output<'a>(step: &'a StepCx<'_>, template: &Template) -> Option<&'a Output> {
    let mut names = template.names();
    let (Some(name), None) = (names.next(), names.next()) else { return None };
    if template.as_str().trim() != format!("{{{{{name}}}}}") {
        return None;
    }
    match name {
        Name::Output(name) => step.facts.outputs.as_ref()?.get(name),
        Name::Foreign(foreign) => step.facts.foreign.get(foreign),
        _ => None,
    }
}
