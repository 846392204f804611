//! `ansible-playbook`.

use toml::{Table, Value};

use super::call::{Call, Options};
use crate::make::maker::Maker;
use crate::make::note::Verdict;
use crate::make::settings::{Step, list, table};
use crate::make::words::join;

/// The steps that a call means.
pub(super) fn steps(maker: &mut Maker<'_>, call: &Call) -> Option<Vec<Step>> {
    let at = &call.at;
    let (mut playbook, mut inventory, mut vars, mut env) = (None, None, Table::new(), Table::new());
    let (mut tags, mut skip, mut user, mut forks, mut is_check) = (Vec::new(), Vec::new(), None, None, false);
    let mut options = Options::new(&call.words[1..]);
    while let Some((word, value)) = options.next() {
        match word {
            "-i" | "--inventory" | "--inventory-file" => {
                inventory = Some(maker.plain(at, options.value(value)?)?);
            }
            "-e" | "--extra-vars" => {
                let text = maker.plain(at, options.value(value)?)?;
                // `-e name=value` was cut at its `=` only when the option came first.
                for pair in shell_words::split(&text).ok()? {
                    let (name, value) = pair.split_once('=')?;
                    vars.insert(name.to_owned(), value.into());
                }
            }
            "-C" | "--check" => is_check = true,
            "-D" | "--diff" | "-v" | "-vv" | "-vvv" | "--verbose" => {}
            "-t" | "--tags" => {
                tags.extend(maker.plain(at, options.value(value)?)?.split(',').map(str::to_owned));
            }
            "--skip-tags" => {
                skip.extend(maker.plain(at, options.value(value)?)?.split(',').map(str::to_owned));
            }
            "-u" | "--user" => user = Some(maker.plain(at, options.value(value)?)?),
            "-f" | "--forks" => {
                forks = Some(options.value(value)?.parse::<i64>().ok().filter(|forks| *forks > 0)?);
            }
            "-b" | "--become" => drop(env.insert("ANSIBLE_BECOME".to_owned(), "true".into())),
            "--private-key" | "--key-file" => {
                let key = maker.plain(at, options.value(value)?)?;
                env.insert("ANSIBLE_PRIVATE_KEY_FILE".to_owned(), key.into());
            }
            "--vault-password-file" => {
                let file = maker.plain(at, options.value(value)?)?;
                env.insert("ANSIBLE_VAULT_PASSWORD_FILE".to_owned(), file.into());
            }
            _ if word.starts_with('-') || playbook.is_some() => return None,
            _ => playbook = Some(maker.plain(at, word)?),
        }
    }
    if call.out.is_some() {
        return None;
    }
    let playbook = join(&call.dir, &playbook?)?;
    let inventory = match inventory {
        // A list of hosts is no file.
        Some(text) if text.contains(',') => return None,
        Some(text) => Some(join(&call.dir, &text)?),
        None => None,
    };
    for (name, value) in &call.env {
        env.insert(name.clone(), maker.plain(at, value)?.into());
    }
    maker.saw_playbook(&call.at, &playbook);
    maker.report.say(at, Verdict::Understood, if is_check { "ansible, without a change" } else { "ansible" });
    if maker.main.playbook.as_deref() != Some(playbook.as_str()) {
        // What a step has no key for is only in `[ansible]`.
        if !env.is_empty() || user.is_some() || forks.is_some() {
            return None;
        }
        let mut inside = table([("playbook", playbook.into())]);
        inside.extend(inventory.map(|path| ("inventory".to_owned(), path.into())));
        return Some(vec![step(inside, vars, tags, skip, is_check)]);
    }
    let dir = if call.dir.is_empty() { "." } else { &call.dir };
    maker.set(at, &["ansible", "dir"], dir.into());
    maker.set(at, &["ansible", "playbook"], playbook.into());
    if let Some(path) = inventory {
        maker.set(at, &["ansible", "inventory"], path.into());
    }
    for (key, value) in [("user", user.map(Value::from)), ("forks", forks.map(Value::from))] {
        if let Some(value) = value {
            maker.set(at, &["ansible", key], value);
        }
    }
    for (name, value) in env {
        maker.set(at, &["ansible", "env", &name], value);
    }
    let mut own = Table::new();
    for (name, value) in vars {
        match maker.settings.get(&["ansible", "vars", &name]) {
            Some(known) if *known != value => drop(own.insert(name, value)),
            _ => maker.set(at, &["ansible", "vars", &name], value),
        }
    }
    Some(vec![step(Table::new(), own, tags, skip, is_check)])
}

fn step(mut inside: Table, vars: Table, tags: Vec<String>, skip: Vec<String>, is_check: bool) -> Step {
    if !vars.is_empty() {
        inside.insert("vars".to_owned(), Value::Table(vars));
    }
    for (key, names) in [("tags", tags), ("skip-tags", skip)] {
        if !names.is_empty() {
            inside.insert(key.to_owned(), list(names));
        }
    }
    if is_check {
        inside.insert("check".to_owned(), true.into());
    }
    Step::Own(table([("ansible", Value::Table(inside))]))
}
