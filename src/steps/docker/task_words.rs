//! What a task says, and its words with the values in them.

use crate::config::model::{Argument, CommandLine, Invocation, Task};
use crate::config::template::Template;
use crate::failure::Failure;
use crate::tools::ssh::remote_shell::shell_words;
use crate::work::StepCx;
use crate::work::values::Known;

/// Where a task says what its variables and its container are.
pub(super) fn templates(task: &Task) -> Vec<&Template> {
    let one = [&task.image, &task.service, &task.shared, &task.network];
    let arguments = one.into_iter().flatten().chain(&task.files).chain(&task.volumes);
    let mut all: Vec<&Template> = arguments.map(|argument| &argument.0).chain(task.env.values()).collect();
    match &task.command {
        Some(CommandLine::Shell(line)) => all.push(&line.0),
        Some(CommandLine::Argv(words)) => all.extend(words.iter().map(|word| &word.0)),
        Some(CommandLine::Table(table)) => {
            all.extend(table.env.values());
            match &table.run {
                Invocation::Shell(line) => all.push(&line.0),
                Invocation::Argv(words) => all.extend(words.iter().map(|word| &word.0)),
            }
        }
        None => {}
    }
    all
}

/// Texts with their values.
pub(super) fn many(step: &StepCx<'_>, known: &Known, arguments: &[Argument]) -> Result<Vec<String>, Failure> {
    arguments.iter().map(|argument| known.argument(step, &argument.0)).collect()
}

/// The command of a task; none where it has none of its own.
pub(crate) fn words(step: &StepCx<'_>, known: &Known, task: &Task) -> Result<Vec<String>, Failure> {
    let shell = |line: &Argument| -> Result<Vec<String>, Failure> {
        Ok(shell_words(&known.argument(step, &line.0)?).map(str::to_owned).into())
    };
    let argv = |words: &[Argument]| words.iter().map(|word| known.argument(step, &word.0)).collect();
    match &task.command {
        None => Ok(Vec::new()),
        Some(CommandLine::Shell(line)) => shell(line),
        Some(CommandLine::Argv(words)) => argv(words),
        Some(CommandLine::Table(table)) => match &table.run {
            Invocation::Shell(line) => shell(line),
            Invocation::Argv(words) => argv(words),
        },
    }
}
