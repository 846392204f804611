//! What was typed, read.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args as _, CommandFactory as _, FromArgMatches as _, Subcommand as _};

use super::kept_as::{OWN, kept_as};
use super::manual::MANUAL;
use super::{Cli, Command, Global};

/// Reads the command line. A word that is no verb is taken for a pipeline of the project's own, with the flags of
/// a verb after it.
pub(crate) fn parse(words: Vec<OsString>) -> Result<Cli, clap::Error> {
    let cli = match parse_words(&words) {
        Err(error) if error.kind() == ErrorKind::InvalidSubcommand => {
            let page = of_manual(&words, &error).ok_or(error)?;
            parse_words(&page)?
        }
        result => result?,
    };
    let Command::Other(other) = &cli.command else { return Ok(cli) };
    let mut words = words;
    words.insert(words.len() - other.len(), OWN.into());
    parse_words(&words)
}

/// `infractl help TOPIC`, where no verb is called TOPIC: a page of the manual is meant.
fn of_manual(words: &[OsString], error: &clap::Error) -> Option<Vec<OsString>> {
    let Some(ContextValue::String(unknown)) = error.get(ContextKind::InvalidSubcommand) else { return None };
    let at = words.windows(2).position(|pair| pair[0] == "help" && pair[1] == unknown.as_str())?;
    let program = Cli::command();
    let is_verb = |word: &OsString| program.get_subcommands().any(|verb| word == verb.get_name());
    if words[..at].iter().skip(1).any(is_verb) {
        return None;
    }
    let mut words = words.to_vec();
    words[at] = MANUAL.into();
    Some(words)
}

fn parse_words(words: &[OsString]) -> Result<Cli, clap::Error> {
    // Help names all verbs, and an error may suggest one.
    if words.iter().any(|word| word == "help") {
        return read(Cli::command(), words);
    }
    match read(of_typed(words), words) {
        Err(error) if error.kind() != ErrorKind::DisplayVersion => read(Cli::command(), words),
        read => read,
    }
}

fn read(command: clap::Command, words: &[OsString]) -> Result<Cli, clap::Error> {
    let matches = command.try_get_matches_from(words)?;
    let mut cli = Cli::from_arg_matches(&matches)?;
    cli.kept_as = kept_as(&matches);
    Ok(cli)
}

/// The command line with those verbs only that stand somewhere in it: each verb gets a copy of all flags that verbs share,
/// which takes most of the time of a short run.
fn of_typed(words: &[OsString]) -> clap::Command {
    let all = Command::augment_subcommands(clap::Command::new("infractl"));
    let verbs =
        all.get_subcommands().filter(|verb| words.iter().any(|word| word == verb.get_name())).cloned();
    let command = Global::augment_args(clap::Command::new("infractl").version(env!("CARGO_PKG_VERSION")));
    command
        .allow_external_subcommands(true)
        .external_subcommand_value_parser(clap::value_parser!(OsString))
        .disable_help_subcommand(true)
        .subcommands(verbs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::examples;

    #[test]
    fn what_is_read_with_the_verbs_that_were_typed_is_what_is_read_with_all() {
        let lines = examples::ALL.iter().map(|(_, line, _)| shell_words::split(line).unwrap());
        let others = [
            "plan dev --dir plan -v",
            "--dir apply plan dev",
            "-C env env list",
            "--version",
            "plan --version",
            "aply dev",
            "smoke dev --dry-run",
            "--output json smoke dev",
            "plan apply destroy",
            "help",
            "help plan",
            "help secrets set",
            "plan --help",
            "secrets help set",
            "",
            "-q",
            "plan dev --nothing",
            "--nothing plan dev",
            "exec dev -- plan --help",
            "own-pipeline smoke dev",
        ];
        let others = others.map(|line| shell_words::split(line).unwrap());
        for line in lines.chain(others) {
            let words: Vec<OsString> =
                std::iter::once("infractl".to_owned()).chain(line).map(Into::into).collect();
            let shown = |read: Result<Cli, clap::Error>| match read {
                Ok(cli) => format!("{cli:?}"),
                Err(error) => format!("{:?} {error}", error.kind()),
            };
            assert_eq!(shown(parse_words(&words)), shown(read(Cli::command(), &words)), "{words:?}");
        }
    }
}
