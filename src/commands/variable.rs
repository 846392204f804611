//! Where a variable that tools get comes from.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Global, OutputMode};
use crate::config::{Environment, variables};
use crate::context::Ctx;
use crate::failure::Failure;
use crate::secrets;
use crate::text::document;

/// One place that sets the variable.
struct Source {
    place: String,
    /// As it stands there; none for what nobody is shown.
    value: Option<String>,
}

/// Every place that sets a variable; a later one wins.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Explained {
    /// Its name.
    variable: String,
    /// The places.
    sources: Vec<String>,
    /// What each of them sets, as it stands there; null for what nobody is shown.
    values: Vec<Option<String>>,
}

/// Every source of a variable in the order in which a later one wins. Opens no secret: names are readable without a
/// key, and templates are shown as they are written.
pub(super) fn run(cx: &Ctx, global: &Global, env: &Environment, variable: &str) -> Result<(), Failure> {
    let sources = sources(cx, env, variable)?;
    if global.output == OutputMode::Json {
        let (sources, values) = sources.into_iter().map(|source| (source.place, source.value)).unzip();
        let document = Explained { variable: variable.to_owned(), sources, values };
        return cx.ui.document(document::line(&document).as_bytes());
    }
    if sources.is_empty() {
        return cx.ui.page(&format!("{variable}: no source sets it for tools of `{}`\n", env.name));
    }
    let last = sources.len() - 1;
    let lines = sources.iter().enumerate().map(|(index, Source { place, value })| {
        let verdict = if index == last { "wins" } else { "overridden" };
        format!("{variable}={}  {place}: {verdict}\n", value.as_deref().unwrap_or("***"))
    });
    cx.ui.page(&lines.collect::<String>())
}

fn sources(cx: &Ctx, env: &Environment, variable: &str) -> Result<Vec<Source>, Failure> {
    let mut secret = Vec::new();
    for file in &env.secrets.files {
        for key in secrets::names(file)?
            .iter()
            .filter(|key| secrets::variables_of(key).contains(&variable.to_owned()))
        {
            let shown = file.strip_prefix(&env.root).unwrap_or(file).display();
            secret.push(Source { place: format!("secret `{key}` of {shown}"), value: None });
        }
    }
    let mut sources = Vec::new();
    if let Some(value) = cx.vars.get(variable).filter(|_| !variables::KEYS.contains(&variable)) {
        // What is a secret here is one there too.
        let value = secret.is_empty().then(|| cx.masks.mask(value).into_owned());
        sources.push(Source { place: "infractl's own environment".to_owned(), value });
    }
    sources.append(&mut secret);
    let Some(terraform) = &env.terraform else { return Ok(sources) };
    let mut push = |key: String, value: String| {
        let place = match env.document.origin(&key) {
            Some(origin) => format!("`{key}` ({}:{})", origin.file, origin.line),
            None => format!("`{key}`"),
        };
        sources.push(Source { place, value: Some(value) });
    };
    let written = |key: &str| env.document.origin(key).map(|origin| origin.value).unwrap_or_default();
    if let Some(name) = variable.strip_prefix("TF_VAR_").filter(|name| terraform.vars.contains_key(*name)) {
        let key = format!("terraform.vars.{name}");
        push(key.clone(), written(&key));
    }
    if let Some(template) = terraform.env.get(variable) {
        push(format!("terraform.env.{variable}"), template.to_string());
    }
    if variable == "TF_WORKSPACE" {
        push("terraform.workspace".to_owned(), terraform.workspace.to_string());
    }
    Ok(sources)
}
