//! What was typed, read.

use std::ffi::OsString;

use clap::{CommandFactory as _, FromArgMatches as _};

use super::kept_as::{OWN, kept_as};
use super::{Cli, Command};

/// Reads the command line. A word that is no verb is taken for a pipeline of the project's own, with the flags of
/// a verb after it.
pub(crate) fn parse(words: Vec<OsString>) -> Result<Cli, clap::Error> {
    let cli = parse_words(&words)?;
    let Command::Other(other) = &cli.command else { return Ok(cli) };
    let mut words = words;
    words.insert(words.len() - other.len(), OWN.into());
    parse_words(&words)
}

fn parse_words(words: &[OsString]) -> Result<Cli, clap::Error> {
    let matches = Cli::command().try_get_matches_from(words)?;
    let mut cli = Cli::from_arg_matches(&matches)?;
    cli.kept_as = kept_as(&matches);
    Ok(cli)
}
