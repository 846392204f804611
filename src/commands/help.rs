//! What is said about the command line: help on one screen (all of it with `--help --all`), and what a line that was
//! refused would have to be.

use std::collections::BTreeSet;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, CommandFactory as _};

use super::{Cli, examples, habits, pages, read_on, target};

/// Help, with examples and the project's own pipelines, without the flags that many verbs share; an error, with the line
/// to type if it is known.
pub(crate) fn told(error: clap::Error, words: &[String]) -> String {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let all = words.iter().any(|word| word == "--all");
            let again = command(all).try_get_matches_from(words).err();
            again.unwrap_or(error).render().ansi().to_string()
        }
        ErrorKind::DisplayVersion => error.render().ansi().to_string(),
        _ => refused(error, words),
    }
}

/// The line to type instead of one that was refused.
pub(crate) fn instead(words: &[String]) -> Option<String> {
    let rest = words.get(1..)?;
    habits::line(rest, &target::names(), &Cli::command()).map(|line| format!("type `{line}`"))
}

fn refused(mut error: clap::Error, words: &[String]) -> String {
    let Some(help) = instead(words) else { return error.render().ansi().to_string() };
    // A tip of clap would be another line to type; and it has read `-target=x` as `-t`.
    error.remove(ContextKind::Suggested);
    let short = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(short)) if short.len() == 2 => Some(short.clone()),
        _ => None,
    };
    let typed = short.and_then(|short| words.iter().find(|word| word.starts_with(&short)));
    if let Some(typed) = typed {
        error.insert(ContextKind::InvalidArg, ContextValue::String(typed.clone()));
    }
    let text = error.render().ansi().to_string();
    let message = text.split("\n\n").next().unwrap_or(&text);
    format!("{message}\n  help: {help}\n")
}

/// The command line, as help shows it: with all flags, or without those that many verbs share.
fn command(all: bool) -> Command {
    let mut cli = Cli::command();
    if let Some(own) = own_pipelines() {
        let after = cli.get_after_help().map(ToString::to_string).unwrap_or_default();
        cli = cli.after_help(format!("{own}\n\n{after}"));
    }
    // Flags that all verbs have are copied into each by this.
    cli.build();
    let verbs: BTreeSet<String> = cli.get_subcommands().map(|verb| verb.get_name().to_owned()).collect();
    cli.mut_subcommands(|verb| told_verb(verb, "", all, &verbs))
}

fn own_pipelines() -> Option<String> {
    let names: Vec<String> = target::own_pipelines();
    (!names.is_empty())
        .then(|| format!("Pipelines of this project (`infractl NAME ENV`): {}", names.join(", ")))
}

fn told_verb(verb: Command, above: &str, all: bool, verbs: &BTreeSet<String>) -> Command {
    let name = format!("{above}{}", verb.get_name());
    let verb = verb
        // Those of a group are shared.
        .mut_args(
            |argument| if argument.get_help_heading().is_some() { argument.hide(!all) } else { argument },
        )
        .mut_subcommands(|part| told_verb(part, &format!("{name} "), all, verbs));
    let mut after = examples::of(&name).fold(String::new(), |text, (line, what)| {
        let title = if text.is_empty() { "Examples:\n" } else { "" };
        format!("{text}{title}  infractl {line:<34}  {what}\n")
    });
    let pages = read_on::of(name.split(' ').next().unwrap_or_default()).iter();
    let mut manual: Vec<String> =
        pages.map(|page| format!("`{}`", pages::line(page, verbs.contains(*page)))).collect();
    if !all {
        manual.truncate(1);
        after = format!("{after}\nMore flags: `infractl {name} --help --all`.");
    }
    if !manual.is_empty() {
        after = format!("{after}{}Manual: {}", if all { "\n" } else { " " }, manual.join(", "));
    }
    verb.after_help(after.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The verbs that people see.
    fn verbs() -> Vec<String> {
        let cli = Cli::command();
        cli.get_subcommands()
            .filter(|verb| !verb.is_hide_set())
            .map(|verb| verb.get_name().to_owned())
            .collect()
    }

    #[test]
    fn the_help_of_a_verb_fits_a_screen_and_has_examples() {
        for verb in verbs() {
            let words = ["infractl", &verb, "--help"].map(str::to_owned);
            let error = Cli::command().try_get_matches_from(&words).unwrap_err();
            let text = anstream::adapter::strip_str(&told(error, &words)).to_string();
            assert!(text.contains("Examples:") || text.contains("Commands:"), "{verb}: {text}");
            assert!(!text.contains("--log-file"), "{verb}: {text}");
            assert!(text.lines().count() <= 40, "{verb}: {} lines", text.lines().count());
            let words = ["infractl", &verb, "--help", "--all"].map(str::to_owned);
            let error = Cli::command().try_get_matches_from(&words).unwrap_err();
            assert!(told(error, &words).contains("--log-file"), "{verb}");
        }
    }

    #[test]
    fn every_example_is_a_line_that_is_understood() {
        let verbs = verbs();
        for (verb, line, _) in examples::ALL {
            let first = verb.split(' ').next().unwrap();
            assert!(verbs.iter().any(|known| known == first), "{verb}");
            let words = shell_words::split(&format!("infractl {line}")).unwrap();
            let read = crate::commands::parse(words.iter().map(Into::into).collect());
            assert!(read.is_ok(), "{line}: {}", read.unwrap_err());
            assert!(line.starts_with(verb), "{line} is no example of {verb}");
        }
    }
}
