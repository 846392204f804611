//! Show a page of the manual, which is in the program: `infractl help TOPIC`.

mod shown;

use std::collections::BTreeSet;

use clap::{Command, ValueEnum as _};
use secrecy::SecretString;

use super::docs::{self, Page};
use super::pages;
use crate::context::{Ctx, Vars};
use crate::exec::{Cmd, Io};
use crate::failure::{Failure, Kind};
use crate::text::nearest;
use crate::ui;

/// The hidden verb that `infractl help TOPIC` becomes when no verb is called TOPIC.
pub(super) const MANUAL: &str = "manual-page";
/// The topic that is the list of all.
const TOPICS: &str = "topics";

/// Show a page of the manual
#[derive(Debug, clap::Args)]
pub struct ManualArgs {
    /// `topics`, or one of them
    #[arg(value_name = "TOPIC", required = true)]
    topics: Vec<String>,
}

/// Runs it; `program` is the command line that the manual tells of.
pub(crate) async fn run(cx: &Ctx, args: &ManualArgs, program: &Command) -> Result<(), Failure> {
    let verbs: BTreeSet<String> = program.get_subcommands().map(|verb| verb.get_name().to_owned()).collect();
    let [topic] = &args.topics[..] else {
        return Err(Failure::new(Kind::Usage, "the manual is shown one page at a time")
            .help("list the pages: `infractl help topics`"));
    };
    let topic = topic.trim_start_matches("docs/").trim_end_matches(".md").to_lowercase();
    let text = if topic == TOPICS {
        list(program, &verbs)?
    } else {
        page(&topic, program)?.ok_or_else(|| unknown(&topic, &verbs))?
    };
    show(cx, &text, &verbs).await
}

/// The text of a page by its name, with or without its folder.
fn page(topic: &str, program: &Command) -> Result<Option<String>, Failure> {
    let is_it = |name: &str| name == topic || name.rsplit('/').next() == Some(topic);
    if let Some((_, text)) = pages::WRITTEN.iter().find(|(name, _)| is_it(name)) {
        return Ok(Some((*text).to_owned()));
    }
    let generated = pages::GENERATED.contains(&topic).then(|| Page::from_str(topic, false).ok());
    generated.flatten().map(|page| docs::page(page, program.clone())).transpose()
}

/// All pages, in the order and the parts of the site.
fn list(program: &Command, verbs: &BTreeSet<String>) -> Result<String, Failure> {
    let mut text = String::from(
        "# The manual\n\n`infractl help VERB` shows the help of a verb, `infractl help TOPIC` a page.\n",
    );
    for line in pages::SUMMARY.lines().skip(1) {
        if let Some(part) = line.strip_prefix("# ") {
            text.push_str(&format!("\n## {part}\n\n"));
        }
        let name = line.split_once("](").and_then(|(_, rest)| rest.strip_suffix(".md)"));
        let Some(name) = name.filter(|name| !name.starts_with("cli/")) else { continue };
        let Some(page) = page(name, program)? else { continue };
        let topic = pages::topic(name, verbs.contains(name));
        text.push_str(&format!("    {topic:<24}{}\n", pages::title(&page)));
    }
    Ok(text)
}

/// No page has that name: which has a name like it, or else speaks of it?
fn unknown(topic: &str, verbs: &BTreeSet<String>) -> Failure {
    let message = format!("no verb and no page of the manual is called `{topic}`");
    let written = pages::WRITTEN.iter().map(|(name, _)| *name);
    let names = written.chain(pages::GENERATED).chain(verbs.iter().map(String::as_str));
    let mut failure = Failure::new(Kind::Usage, message);
    let near = nearest(topic, names);
    if let Some(near) = near {
        let is_page = pages::WRITTEN.iter().any(|(name, _)| *name == near);
        failure = failure.help(format!("type `{}`", pages::line(near, is_page && verbs.contains(near))));
    }
    let mut speaking: Vec<(usize, &str)> = pages::WRITTEN
        .iter()
        .map(|(name, text)| (mentions(&text.to_lowercase(), topic), *name))
        .filter(|(count, name)| *count > 0 && topic.len() > 2 && near != Some(*name))
        .collect();
    speaking.sort_by_key(|(count, name)| (usize::MAX - count, *name));
    for (_, name) in speaking.iter().take(3) {
        failure =
            failure.help(format!("read `{}`, which speaks of it", pages::line(name, verbs.contains(*name))));
    }
    failure.help("list the pages: `infractl help topics`")
}

/// How much a page says of it: what a heading names is what it is about.
fn mentions(page: &str, topic: &str) -> usize {
    page.lines().map(|line| line.matches(topic).count() * if line.starts_with('#') { 10 } else { 1 }).sum()
}

/// As it is for a program; for a person in a pager, as wide as the terminal.
async fn show(cx: &Ctx, text: &str, verbs: &BTreeSet<String>) -> Result<(), Failure> {
    let (_, _, is_terminal) = ui::terminals();
    if !is_terminal || cx.ui.mode.json {
        return cx.ui.data(text.as_bytes());
    }
    let shown = shown::on_terminal(text, cx.ui.mode.width, cx.ui.mode.color, verbs);
    if let Some(pager) = pager(&cx.vars) {
        let _given = cx.ui.give_terminal();
        let pager = pager.input(SecretString::from(shown.clone()));
        // One that is not there, or fails, has shown nothing that could be lost by showing it again.
        if cx.runner.run(&pager, &|_, _| ()).await.is_ok_and(|done| done.code == 0) {
            return Ok(());
        }
    }
    cx.ui.data(shown.as_bytes())
}

/// `PAGER`, else less, which ends by itself when the page fits the terminal; none if that is empty.
fn pager(vars: &Vars) -> Option<Cmd> {
    let wanted = vars.get("PAGER").unwrap_or("less");
    let words = shell_words::split(wanted).ok()?;
    let (program, rest) = words.split_first()?;
    let cmd = Cmd::new(program).args(rest.iter().cloned()).io(Io::Attach);
    Some(if vars.get("LESS").is_none() { cmd.env("LESS", "FRX") } else { cmd })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::commands::{Cli, read_on};

    #[test]
    fn every_verb_names_pages_that_are_there() {
        let program = Cli::command();
        for verb in program.get_subcommands().filter(|verb| !verb.is_hide_set()) {
            let pages = read_on::of(verb.get_name());
            assert!(!pages.is_empty(), "commands/read_on.rs has no page about {}", verb.get_name());
            for name in pages {
                assert!(page(name, &program).unwrap().is_some(), "{}: no page {name}", verb.get_name());
            }
        }
    }

    #[test]
    fn a_page_is_found_by_what_people_call_it_and_another_word_leads_to_pages() {
        let program = Cli::command();
        let verbs: BTreeSet<String> =
            program.get_subcommands().map(|verb| verb.get_name().to_owned()).collect();
        let signals = page("signals", &program).unwrap().unwrap();
        assert_eq!(page("design/signals", &program).unwrap(), Some(signals));
        assert!(page("config", &program).unwrap().unwrap().contains("`protected`"));
        let help = unknown("lock", &verbs).help;
        assert_eq!(help[0], "type `infractl help locks`");
        let help = unknown("canary", &verbs).help;
        assert_eq!(help[0], "read `infractl help traffic.md`, which speaks of it");
        assert_eq!(unknown("zzzz", &verbs).help, ["list the pages: `infractl help topics`"]);
        let all = list(&program, &verbs).unwrap();
        for (name, _) in pages::WRITTEN.iter().chain(&[("config", "")]) {
            let topic = name.rsplit('/').next().unwrap();
            let is_there = all.lines().any(|line| {
                line.split_whitespace().next().is_some_and(|word| word.trim_end_matches(".md") == topic)
            });
            assert!(is_there, "{name} is not in docs/SUMMARY.md");
        }
    }

    #[test]
    fn every_generated_page_is_made() {
        for name in pages::GENERATED {
            assert!(page(name, &Cli::command()).unwrap().is_some_and(|text| text.contains("# ")), "{name}");
        }
    }
}
