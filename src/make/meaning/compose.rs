//! `docker compose`.

use toml::{Table, Value};

use super::call::{Call, Options};
use crate::make::maker::Maker;
use crate::make::marks;
use crate::make::note::Verdict;
use crate::make::settings::{Step, list, table};

/// It is `docker compose …` or `docker-compose …`.
pub(super) fn is_one(call: &Call) -> bool {
    call.words[0].ends_with("docker-compose") || call.words.get(1).is_some_and(|word| word == "compose")
}

/// The steps that a call means.
pub(super) fn steps(maker: &mut Maker<'_>, call: &Call) -> Option<Vec<Step>> {
    let from = if call.words[0].ends_with("docker-compose") { 1 } else { 2 };
    let inside = table_of(call.words.get(from..)?, |text| maker.plain(&call.at, text))?;
    let inside = place(inside, call)?;
    maker.report.say(&call.at, Verdict::Understood, "compose");
    Some(vec![Step::Own(table([("compose", Value::Table(inside))]))])
}

fn place(mut inside: Table, call: &Call) -> Option<Table> {
    if call.out.is_some() {
        return None;
    }
    if !call.dir.is_empty() {
        inside.insert("dir".to_owned(), call.dir.as_str().into());
    }
    if !call.env.is_empty() {
        let env =
            call.env.iter().map(|(name, value)| Some((name.clone(), Value::from(marks::plain(value)?))));
        inside.insert("env".to_owned(), Value::Table(env.collect::<Option<Table>>()?));
    }
    Some(inside)
}

/// The keys that words mean; none when there is no key for one of them.
pub(super) fn table_of(words: &[String], mut plain: impl FnMut(&str) -> Option<String>) -> Option<Table> {
    let (mut inside, mut files, mut profiles, mut services) =
        (Table::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut verb, mut is_detached) = (None, false);
    let mut options = Options::new(words);
    while let Some((word, value)) = options.next() {
        match (word, verb) {
            ("-f" | "--file", None) => files.push(plain(options.value(value)?)?),
            ("-p" | "--project-name", None) => {
                inside.insert("project".to_owned(), plain(options.value(value)?)?.into());
            }
            ("--env-file", None) => {
                drop(inside.insert("env-file".to_owned(), plain(options.value(value)?)?.into()));
            }
            ("--profile", None) => profiles.push(plain(options.value(value)?)?),
            ("up" | "down" | "restart" | "stop" | "build", None) => {
                verb = Some(word);
                inside.insert(word.to_owned(), true.into());
            }
            ("-d" | "--detach", Some("up")) => is_detached = true,
            ("--pull", Some("up")) => {
                let pull = options.value(value)?;
                let pull = ["always", "missing", "never"].into_iter().find(|known| *known == pull)?;
                inside.insert("pull".to_owned(), pull.into());
            }
            ("--wait", Some("up")) => drop(inside.insert("wait".to_owned(), true.into())),
            ("--remove-orphans", Some("up" | "down")) => {
                drop(inside.insert("remove-orphans".to_owned(), true.into()));
            }
            ("-v" | "--volumes", Some("down")) => drop(inside.insert("volumes".to_owned(), true.into())),
            ("--quiet-pull", Some(_)) => {}
            (word, Some(_)) if !word.starts_with('-') => services.push(plain(word)?),
            _ => return None,
        }
    }
    // In the foreground it is somebody at a terminal.
    if verb.is_none() || (verb == Some("up") && !is_detached && !inside.contains_key("wait")) {
        return None;
    }
    for (key, names) in [("files", files), ("profiles", profiles), ("services", services)] {
        if !names.is_empty() {
            inside.insert(key.to_owned(), list(names));
        }
    }
    Some(inside)
}
