//! The project's own pipelines as if they were verbs, and what `help` can be about: for completion.

use clap::{Args as _, Command, CommandFactory as _};

use super::pipeline::VerbArgs;
use super::{Cli, Global, pages, target};

/// The command line, with the project's own pipelines as if they were verbs, and the pages of the manual below `help`. The words
/// are those that were typed, the program's name first: a verb that is not among them is known by its name only, for a shell
/// asks at each press of a key, and to describe all of them takes most of the answer.
pub(crate) fn command(words: &[String]) -> Command {
    let cli = Cli::command();
    let is_typed = |name: &str| words.iter().any(|word| word == name);
    let is_verb = |name: &str| name == HELP || cli.find_subcommand(name).is_some();
    // Behind a verb, nobody asks for another.
    let first = words.get(1).filter(|_| words.len() > 2);
    let own = if first.is_some_and(|first| is_verb(first)) { Vec::new() } else { target::own_pipelines() };
    let own: Vec<String> = own.into_iter().filter(|name| !is_verb(name)).collect();
    let only = first.filter(|first| is_verb(first) || own.contains(first));
    let is_wanted = |name: &str| only.is_none_or(|only| only == name);
    let mut verbs: Vec<Command> = cli
        .get_subcommands()
        .filter(|verb| is_wanted(verb.get_name()))
        .map(|verb| if is_typed(verb.get_name()) { verb.clone() } else { name_of(verb) })
        .collect();
    verbs.extend(own.into_iter().filter(|name| is_wanted(name)).map(|name| {
        let about = "A pipeline of the project's own";
        let is_typed = is_typed(&name);
        // Lives as long as the process, which answers one question of a shell.
        let verb = Command::new(&*name.leak());
        (if is_typed { VerbArgs::augment_args(verb) } else { verb }).about(about)
    }));
    if is_wanted(HELP) {
        verbs.push(help(is_typed(HELP)));
    }
    let cli = Command::new("infractl").version(env!("CARGO_PKG_VERSION"));
    Global::augment_args(cli).disable_help_subcommand(true).subcommands(verbs)
}

const HELP: &str = "help";

/// Verbs, their parts, and pages.
fn help(is_typed: bool) -> Command {
    let help = Command::new(HELP).about("Print the help of a verb, or a page of the manual");
    if !is_typed {
        return help;
    }
    let mut cli = Cli::command();
    cli.build();
    let verbs: Vec<Command> = cli.get_subcommands().filter(|verb| !verb.is_hide_set()).map(named).collect();
    let is_verb = |name: &str| verbs.iter().any(|verb| verb.get_name() == name);
    let page = |name: &str, title: &'static str| {
        Command::new(&*pages::topic(name, is_verb(name)).leak()).about(title)
    };
    let written = pages::WRITTEN.iter().map(|(name, text)| page(name, pages::title(text)));
    let generated = pages::GENERATED.iter().map(|name| page(name, "generated from the code"));
    let topics: Vec<Command> =
        written.chain(generated).chain([page("topics", "all pages of the manual")]).collect();
    help.subcommands(verbs).subcommands(topics)
}

/// A verb and its parts, without their flags.
fn named(verb: &Command) -> Command {
    name_of(verb).subcommands(verb.get_subcommands().filter(|part| part.get_name() != HELP).map(named))
}

fn name_of(verb: &Command) -> Command {
    let name = Command::new(&*verb.get_name().to_owned().leak()).hide(verb.is_hide_set());
    name.about(verb.get_about().cloned().unwrap_or_default())
}
