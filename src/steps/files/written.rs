//! The environment file of an earlier run: what is secret in it is masked although this run opens no secrets.

use crate::config::Environment;
use crate::config::model::Value;
use crate::config::template::{Name, Template};
use crate::disk;
use crate::files::dotenv;
use crate::steps::files::env_file::dialect;
use crate::steps::terraform::known::declared_sensitive;
use crate::work::{StepCx, values};

/// Masks its values: those that come from secrets and sensitive outputs, and those under names that say so.
pub(crate) fn mask(step: &StepCx<'_>) {
    let file = &step.env.env_file;
    // One that cannot be read shows nothing by itself either.
    let Ok(Some(text)) = disk::read_lossy_if_there(&file.path) else { return };
    let secret = secret_keys(step.env);
    for (key, value) in dotenv::decode(dialect(file.dialect), &text).entries {
        if value.len() >= 4 && (secret.contains(&key) || is_private(&key)) {
            values::mask(step, &key, &value);
        }
    }
}

/// Keys whose values come from secrets and sensitive outputs.
fn secret_keys(env: &Environment) -> Vec<String> {
    let outputs =
        env.terraform.as_ref().map(|terraform| declared_sensitive(&terraform.dir)).unwrap_or_default();
    let Some(sections) = &env.env_file.sections else {
        return outputs.iter().map(|name| crate::text::upper_snake(name)).collect();
    };
    let names_secret = |template: &Template| {
        template.names().any(|name| match name {
            Name::Secret(_) => true,
            Name::Output(name) => outputs.contains(name),
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
    all.filter(|(_, value)| is_secret(value)).map(|(key, _)| key.clone()).collect()
}

/// Whether a variable of this name holds what nobody should see.
pub(crate) fn is_private(name: &str) -> bool {
    let name = name.to_uppercase();
    let words =
        ["PASSWORD", "PASSWD", "SECRET", "TOKEN", "CREDENTIAL", "CONNECTION_STRING", "PRIVATE", "DSN", "KEY"];
    words.iter().any(|word| name.contains(word))
}
