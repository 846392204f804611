//! What was typed, read.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory as _, FromArgMatches as _};

use super::kept_as::{OWN, kept_as};
use super::manual::MANUAL;
use super::{Cli, Command};

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
    let matches = Cli::command().try_get_matches_from(words)?;
    let mut cli = Cli::from_arg_matches(&matches)?;
    cli.kept_as = kept_as(&matches);
    Ok(cli)
}
