//! The project's own pipelines as if they were verbs: for completion.

use clap::{Args as _, CommandFactory as _};

use super::pipeline::VerbArgs;
use super::{Cli, target};

/// The command line, with the project's own pipelines as if they were verbs: for completion.
pub(crate) fn command() -> clap::Command {
    let cli = Cli::command();
    let known: Vec<String> = cli.get_subcommands().map(|verb| verb.get_name().to_owned()).collect();
    let own = target::pipelines().into_iter().filter_map(|candidate| {
        let name = candidate.get_value().to_str().filter(|name| !known.iter().any(|verb| verb == name))?;
        // Lives as long as the process, which answers one question of a shell.
        let verb = clap::Command::new(&*name.to_owned().leak());
        Some(VerbArgs::augment_args(verb).about("A pipeline of the project's own"))
    });
    let own: Vec<clap::Command> = own.collect();
    cli.subcommands(own)
}
