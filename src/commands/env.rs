//! See environments and their configuration.

use clap_complete::engine::ArgValueCandidates;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;

use super::{Global, OutputMode, in_use, target};
use crate::config::Environment;
use crate::config::origin::Origin;
use crate::context::Ctx;
use crate::failure::Failure;
use crate::text::document;

/// See environments and their configuration
#[derive(Debug, clap::Subcommand)]
pub enum EnvCommand {
    /// List the environments of the project
    List,
    /// Show the configuration of an environment, defaults and its own merged
    Show(ShowArgs),
    /// Use an environment from now on in this checkout: it is that of verbs which name none
    ///
    /// Each call that it decides says so. What stops or destroys is never done to it unless it is named.
    Use(UseArgs),
}

/// Use an environment from now on in this checkout
#[derive(Debug, clap::Args)]
pub struct UseArgs {
    /// Environment [default: say which one is in use]
    #[arg(value_name = "ENV", add = ArgValueCandidates::new(target::environments))]
    environment: Option<String>,
    /// Use none
    #[arg(long, conflicts_with = "environment")]
    clear: bool,
}

/// Show the configuration of an environment, defaults and its own merged
#[derive(Debug, clap::Args)]
pub struct ShowArgs {
    #[command(flatten)]
    target: target::Target,
    /// Show the file and line that each value comes from
    #[arg(long)]
    origin: bool,
    /// Show all sources of a variable that tools get, and which one wins; secrets are masked
    #[arg(long, value_name = "VARIABLE", conflicts_with = "origin")]
    explain: Option<String>,
}

/// Runs it.
pub(crate) fn run(cx: &Ctx, global: &Global, command: &EnvCommand) -> Result<(), Failure> {
    match command {
        EnvCommand::List => list(cx, global),
        EnvCommand::Show(args) => show(cx, global, args),
        EnvCommand::Use(args) => use_from_now(cx, args),
    }
}

fn use_from_now(cx: &Ctx, args: &UseArgs) -> Result<(), Failure> {
    let project = target::project(cx)?;
    if args.clear {
        let was = in_use::clear(&project)?;
        cx.ui.note(if was { "no environment is in use any more" } else { "no environment was in use" });
        return Ok(());
    }
    match &args.environment {
        Some(name) => {
            in_use::write(&project, name)?;
            cx.ui.note(format!("`{name}` is in use here; `infractl env use --clear` ends that"));
        }
        None => match in_use::read(&project)? {
            Some(name) => cx.ui.page(&format!("{name}\n"))?,
            None => cx.ui.note("no environment is in use"),
        },
    }
    Ok(())
}

/// An environment of the list.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Listed {
    /// One that loads.
    Whole {
        /// Its name.
        name: String,
        /// One line for people.
        description: Option<String>,
        /// What changes it is asked about by name.
        protected: bool,
    },
    /// One whose configuration is wrong.
    Wrong {
        /// Its name.
        name: String,
        /// What is wrong.
        problem: String,
    },
}

/// Where a value comes from.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Place {
    /// It is written somewhere.
    Written {
        /// The value, as TOML.
        value: String,
        /// The file, relative to the project.
        file: String,
        /// The line, from 1.
        line: usize,
    },
    /// It holds where the files are silent.
    Usual {
        /// The value, as JSON.
        value: String,
        /// Always true.
        default: bool,
    },
}

fn list(cx: &Ctx, global: &Global) -> Result<(), Failure> {
    let project = target::project(cx)?;
    let in_use = in_use::read(&project).ok().flatten();
    let loaded = project.environments.iter().map(|name| (name, project.environment(name)));
    if global.output == OutputMode::Json {
        let all: Vec<_> = loaded
            .map(|(name, env)| match env {
                Ok(env) => Listed::Whole {
                    name: name.clone(),
                    description: env.description,
                    protected: env.protected,
                },
                Err(failure) => Listed::Wrong { name: name.clone(), problem: format!("{:#}", failure.error) },
            })
            .collect();
        return cx.ui.document(document::line(&all).as_bytes());
    }
    let width = project.environments.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (name, env) in loaded {
        let about = match env {
            Ok(env) => about(&env, in_use.as_ref() == Some(name)),
            Err(_) => format!("(its configuration is wrong: run `infractl validate {name}`)"),
        };
        text.push_str(format!("{name:width$}  {about}").trim_end());
        text.push('\n');
    }
    cx.ui.page(&text)
}

fn about(env: &Environment, is_in_use: bool) -> String {
    let mut words = Vec::new();
    if is_in_use {
        words.push("in use".to_owned());
    }
    if env.protected {
        words.push("protected".to_owned());
    }
    words.extend(env.description.clone());
    words.join(", ")
}

/// The document with what holds where the files are silent.
fn with_usual(mut document: Json, usual: impl IntoIterator<Item = (String, Json)>) -> Json {
    for (key, value) in usual {
        let mut at = &mut document;
        for part in key.split('.') {
            // Indexing makes a table of nothing; where the files have something else, they win.
            if !at.is_object() && !at.is_null() {
                break;
            }
            at = &mut at[part];
        }
        if at.is_null() {
            *at = value;
        }
    }
    document
}

fn show(cx: &Ctx, global: &Global, args: &ShowArgs) -> Result<(), Failure> {
    let env = args.target.environment(cx)?;
    if let Some(variable) = &args.explain {
        return super::variable::run(cx, global, &env, variable);
    }
    let origins = env.document.origins();
    if global.output == OutputMode::Json {
        let text = if args.origin {
            let written = origins
                .into_iter()
                .map(|Origin { key, value, file, line }| (key, Place::Written { value, file, line }));
            let usual = env
                .usual()
                .into_iter()
                .map(|(key, value)| (key, Place::Usual { value: value.to_string(), default: true }));
            document::pretty(&written.chain(usual).collect::<IndexMap<_, _>>())
        } else {
            document::pretty(&with_usual(env.document.to_json(), env.usual()))
        };
        return cx.ui.document(text.as_bytes());
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
    for (key, value) in env.usual() {
        text.push_str(&format!("{:width$}  # default\n", format!("{key} = {value}"), width = width.min(70)));
    }
    cx.ui.page(&text)
}
