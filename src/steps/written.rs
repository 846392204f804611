//! The environment file of an earlier run: what is secret in it is masked although this run opens no secrets.

use crate::config::model::Value;
use crate::config::template::{Name, Template};
use crate::disk;
use crate::files::dotenv;
use crate::work::{StepCx, root_module, values};

/// Masks its values: those that come from secrets and sensitive outputs, and those under names that say so.
pub(crate) fn mask(step: &StepCx<'_>) {
    let file = &step.env.env_file;
    // One that cannot be read shows nothing by itself either.
    let Ok(Some(text)) = disk::read_lossy_if_there(&file.path) else { return };
    let secret = secret_keys(step);
    let is_secret = |key: &String| secret.as_ref().is_none_or(|secret| secret.contains(key));
    for (key, value) in dotenv::decode(file.dialect, &text).entries {
        if value.len() >= 4 && (is_secret(&key) || is_private(&key)) {
            values::mask(step, &key, &value);
        }
    }
}

/// Keys whose values come from secrets and sensitive outputs; none when nobody knows, because the root module cannot be
/// read: then it may be any of them.
fn secret_keys(step: &StepCx<'_>) -> Option<Vec<String>> {
    let module = root_module::of(step);
    if module.declared.is_partial {
        return None;
    }
    let outputs = &module.declared.sensitive;
    let Some(sections) = &step.env.env_file.sections else {
        return Some(outputs.iter().map(|name| crate::text::upper_snake(name)).collect());
    };
    let names_secret = |template: &Template| {
        template.names().any(|name| match name {
            Name::Secret(_) => true,
            Name::Output(name) => outputs.contains(name),
            // What is said of a captured one stands at its step.
            Name::Value(name) => step.env.values.get(name).is_none_or(|source| source.secret),
            _ => false,
        })
    };
    let is_secret = |value: &Value| match value {
        Value::Text(template) => names_secret(template),
        Value::Source(source) => {
            source.secret.is_some() || source.output.as_ref().is_some_and(|name| outputs.contains(name))
        }
        _ => false,
    };
    let all = sections.iter().flat_map(|section| &section.values);
    Some(all.filter(|(_, value)| is_secret(value)).map(|(key, _)| key.clone()).collect())
}

/// Whether a variable of this name holds what nobody should see.
pub(crate) fn is_private(name: &str) -> bool {
    let name = name.to_uppercase();
    let words =
        ["PASSWORD", "PASSWD", "SECRET", "TOKEN", "CREDENTIAL", "CONNECTION_STRING", "PRIVATE", "DSN", "KEY"];
    words.iter().any(|word| name.contains(word))
}
