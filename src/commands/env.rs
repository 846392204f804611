//! See environments and their configuration.

use serde_json::json;

use super::{Global, OutputMode, target};
use crate::config::Environment;
use crate::context::Ctx;
use crate::failure::Failure;
use crate::secrets;

/// See environments and their configuration
#[derive(Debug, clap::Subcommand)]
pub enum EnvCommand {
    /// List the environments of the project
    List,
    /// Show the configuration of an environment, defaults and its own merged
    Show(ShowArgs),
}

/// Show the configuration of an environment, defaults and its own merged
#[derive(Debug, clap::Args)]
pub struct ShowArgs {
    #[command(flatten)]
    target: target::Target,
    /// Show the file and line that each value comes from
    #[arg(long)]
    origin: bool,
    /// Show all sources of a variable that tools get, and which one wins; values are masked
    #[arg(long, value_name = "VARIABLE", conflicts_with = "origin")]
    explain: Option<String>,
}

/// Runs it.
pub(crate) fn run(cx: &Ctx, global: &Global, command: &EnvCommand) -> Result<(), Failure> {
    match command {
        EnvCommand::List => list(cx, global),
        EnvCommand::Show(args) => show(cx, global, args),
    }
}

fn list(cx: &Ctx, global: &Global) -> Result<(), Failure> {
    let project = target::project(cx)?;
    let loaded = project.environments.iter().map(|name| (name, project.environment(name)));
    if global.output == OutputMode::Json {
        let all: Vec<_> = loaded
            .map(|(name, env)| match env {
                Ok(env) => json!({"name": name, "description": env.description, "protected": env.protected}),
                Err(failure) => json!({"name": name, "problem": format!("{:#}", failure.error)}),
            })
            .collect();
        return cx.ui.document(format!("{}\n", json!(all)).as_bytes());
    }
    let width = project.environments.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (name, env) in loaded {
        let about = match env {
            Ok(env) => about(&env),
            Err(_) => format!("(its configuration is wrong: run `infractl validate {name}`)"),
        };
        text.push_str(format!("{name:width$}  {about}").trim_end());
        text.push('\n');
    }
    cx.ui.page(&text)
}

fn about(env: &Environment) -> String {
    let mut words = Vec::new();
    if env.protected {
        words.push("protected".to_owned());
    }
    words.extend(env.description.clone());
    words.join(", ")
}

fn show(cx: &Ctx, global: &Global, args: &ShowArgs) -> Result<(), Failure> {
    let env = args.target.environment(cx)?;
    if let Some(variable) = &args.explain {
        return explain(cx, global, &env, variable);
    }
    let origins = env.document.origins();
    if global.output == OutputMode::Json {
        let value = if args.origin {
            let place =
                |o: &crate::config::origin::Origin| json!({"value": o.value, "file": o.file, "line": o.line});
            origins.iter().map(|origin| (origin.key.clone(), place(origin))).collect()
        } else {
            env.document.to_json()
        };
        return cx.ui.document(format!("{value:#}\n").as_bytes());
    }
    let width =
        origins.iter().map(|o| o.key.chars().count() + o.value.chars().count() + 3).max().unwrap_or(0);
    let mut text = String::new();
    for origin in &origins {
        let line = format!("{} = {}", origin.key, origin.value);
        if args.origin {
            text.push_str(&format!(
                "{line:width$}  # {}:{}\n",
                origin.file,
                origin.line,
                width = width.min(70)
            ));
        } else {
            text.push_str(&line);
            text.push('\n');
        }
    }
    cx.ui.page(&text)
}

/// Every source of a variable in the order in which a later one wins. Opens no secret: names are readable
/// without a key.
fn explain(cx: &Ctx, global: &Global, env: &Environment, variable: &str) -> Result<(), Failure> {
    let mut sources = Vec::new();
    if cx.vars.get(variable).is_some() {
        sources.push("infractl's own environment".to_owned());
    }
    for file in &env.secrets.files {
        for key in secrets::names(file)?
            .iter()
            .filter(|key| secrets::variables_of(key).contains(&variable.to_owned()))
        {
            let shown = file.strip_prefix(&env.root).unwrap_or(file).display();
            sources.push(format!("secret `{key}` of {shown}"));
        }
    }
    if let Some(terraform) = &env.terraform {
        let place = |key: String| match env.document.origin(&key) {
            Some(origin) => format!("`{key}` ({}:{})", origin.file, origin.line),
            None => format!("`{key}`"),
        };
        if let Some(name) = variable.strip_prefix("TF_VAR_").filter(|name| terraform.vars.contains_key(*name))
        {
            sources.push(place(format!("terraform.vars.{name}")));
        }
        if terraform.env.contains_key(variable) {
            sources.push(place(format!("terraform.env.{variable}")));
        }
    }
    if global.output == OutputMode::Json {
        return cx.ui.document(format!("{}\n", json!({"variable": variable, "sources": sources})).as_bytes());
    }
    let mut text = String::new();
    let last = sources.len().saturating_sub(1);
    for (index, source) in sources.iter().enumerate() {
        let verdict = if index == last { "wins" } else { "overridden" };
        text.push_str(&format!("{variable}=***  {source}: {verdict}\n"));
    }
    if text.is_empty() {
        text = format!("{variable}: no source sets it for tools of `{}`\n", env.name);
    }
    cx.ui.page(&text)
}
