//! A command as written: a line for the shell, a list of arguments, or a table.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Argument, FilePath, Variables};
use crate::config::template::Template;

/// A command: a line for the shell, a list of arguments, or a table
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged)] // as above
pub enum CommandLine {
    /// A line for the shell.
    Shell(Argument),
    /// A program and its arguments, without a shell.
    Argv(Vec<Argument>),
    /// With folder, variables and input.
    Table(CommandTable),
}

/// A command with its folder, variables and input
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CommandTable {
    /// A line for the shell, or a list of arguments
    #[schemars(example = &"./announce")]
    pub run: Invocation,
    /// Folder to run in
    ///
    /// Default: the root of the project
    #[schemars(example = &"scripts")]
    pub dir: Option<FilePath>,
    /// More variables; values may name secrets
    #[schemars(example = serde_json::json!({"TOKEN": "{{secret.TOKEN}}"}))]
    #[serde(default)]
    pub env: Variables,
    /// What it reads on standard input; may name secrets
    #[schemars(example = &"{{secret.TOKEN}}")]
    pub input: Option<Template>,
    /// Hand terminal and keyboard over to it
    #[serde(default)]
    pub interactive: bool,
}

/// A line for the shell, or a list of arguments
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged)] // as above
pub enum Invocation {
    /// A line for the shell.
    Shell(Argument),
    /// A program and its arguments, without a shell.
    Argv(Vec<Argument>),
}

impl CommandLine {
    /// The same as a table.
    pub fn into_table(self) -> CommandTable {
        let run = match self {
            CommandLine::Shell(line) => Invocation::Shell(line),
            CommandLine::Argv(argv) => Invocation::Argv(argv),
            CommandLine::Table(table) => return table,
        };
        CommandTable { run, dir: None, env: Variables::new(), input: None, interactive: false }
    }
}

impl CommandTable {
    /// Every template in it.
    pub(crate) fn templates(&self) -> Vec<&Template> {
        self.run.templates().into_iter().chain(self.env.values()).chain(&self.input).collect()
    }
}

impl Invocation {
    /// Every template in it.
    pub(crate) fn templates(&self) -> Vec<&Template> {
        match self {
            Invocation::Shell(line) => vec![&line.0],
            Invocation::Argv(words) => words.iter().map(|word| &word.0).collect(),
        }
    }
}

impl Invocation {
    /// The command on one line, cut where it gets long.
    pub fn name(&self) -> String {
        let line = match self {
            Invocation::Shell(line) => line.0.to_string(),
            Invocation::Argv(argv) => argv.iter().map(|word| word.0.as_str()).collect::<Vec<_>>().join(" "),
        };
        let first = line.trim().lines().next().unwrap_or_default();
        let mut short: String = first.chars().take(60).collect();
        if short.len() < line.trim().len() {
            short.push('…');
        }
        short
    }
}
