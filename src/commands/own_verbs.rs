//! The project's own pipelines as if they were verbs, and what `help` can be about: for completion.

use clap::{Args as _, Command, CommandFactory as _};

use super::pipeline::VerbArgs;
use super::{Cli, pages, target};

/// The command line, with the project's own pipelines as if they were verbs, and the pages of the manual below `help`.
pub(crate) fn command() -> Command {
    let cli = Cli::command();
    let known: Vec<String> = cli.get_subcommands().map(|verb| verb.get_name().to_owned()).collect();
    let own = target::pipelines().into_iter().filter_map(|candidate| {
        let name = candidate.get_value().to_str().filter(|name| !known.iter().any(|verb| verb == name))?;
        // Lives as long as the process, which answers one question of a shell.
        let verb = Command::new(&*name.to_owned().leak());
        Some(VerbArgs::augment_args(verb).about("A pipeline of the project's own"))
    });
    let own: Vec<Command> = own.collect();
    let help = help(&cli);
    cli.subcommands(own).disable_help_subcommand(true).subcommand(help)
}

/// Verbs, their parts, and pages.
fn help(cli: &Command) -> Command {
    let verbs: Vec<Command> = cli.get_subcommands().filter(|verb| !verb.is_hide_set()).map(named).collect();
    let is_verb = |name: &str| verbs.iter().any(|verb| verb.get_name() == name);
    let page = |name: &str, title: &'static str| {
        Command::new(&*pages::topic(name, is_verb(name)).leak()).about(title)
    };
    let written = pages::WRITTEN.iter().map(|(name, text)| page(name, pages::title(text)));
    let generated = pages::GENERATED.iter().map(|name| page(name, "generated from the code"));
    let topics: Vec<Command> =
        written.chain(generated).chain([page("topics", "all pages of the manual")]).collect();
    Command::new("help")
        .about("Print the help of a verb, or a page of the manual")
        .subcommands(verbs)
        .subcommands(topics)
}

/// A verb and its parts, without their flags.
fn named(verb: &Command) -> Command {
    Command::new(&*verb.get_name().to_owned().leak())
        .about(verb.get_about().cloned().unwrap_or_default())
        .subcommands(verb.get_subcommands().map(named))
}
