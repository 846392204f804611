//! Templates inside a JSON value.

use secrecy::ExposeSecret as _;
use serde_json::Value as Json;

use super::{Rendered, Scope, TemplateError};
use crate::config::template::Template;

/// A JSON value with its texts rendered, and whether one of them was sensitive.
pub(crate) fn fill_json(value: &Json, scope: &Scope<'_>) -> Result<(Json, bool), TemplateError> {
    let mut sensitive = false;
    Ok((filled(value, scope, &mut sensitive)?, sensitive))
}

fn filled(value: &Json, scope: &Scope<'_>, sensitive: &mut bool) -> Result<Json, TemplateError> {
    Ok(match value {
        Json::String(text) => match Template::parse(text) {
            Ok(template) => match template.render(scope)? {
                Rendered::Plain(text) => text.into(),
                Rendered::Secret(text) => {
                    *sensitive = true;
                    text.expose_secret().into()
                }
            },
            // What is malformed was refused when the file was read.
            Err(_) => text.as_str().into(),
        },
        Json::Array(items) => {
            items.iter().map(|item| filled(item, scope, sensitive)).collect::<Result<Json, _>>()?
        }
        Json::Object(entries) => {
            let entries = entries.iter();
            entries
                .map(|(key, value)| Ok((key.clone(), filled(value, scope, sensitive)?)))
                .collect::<Result<Json, _>>()?
        }
        other => other.clone(),
    })
}
