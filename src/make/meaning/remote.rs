//! Machines that are reached by ssh: `ssh`, `scp`, `rsync`.

use toml::{Table, Value};

use super::call::{Call, Options};
use super::compose;
use crate::make::maker::Maker;
use crate::make::marks::{self, Part};
use crate::make::note::Verdict;
use crate::make::settings::{Step, list, table};
use crate::make::words::join;

/// Flags of ssh that infractl has its own way for.
const SILENT: [&str; 6] = ["-t", "-tt", "-q", "-A", "-T", "-C"];

/// Where a login goes.
pub(super) struct Login {
    /// The name of the host in `[hosts]`.
    pub name: String,
    /// What is left of the words.
    pub rest: Vec<String>,
}

/// The steps that a call means.
pub(super) fn steps(maker: &mut Maker<'_>, call: &Call) -> Option<Vec<Step>> {
    if call.out.is_some() || !call.env.is_empty() {
        return None;
    }
    match call.words[0].as_str() {
        "ssh" => ssh(maker, call),
        "scp" | "rsync" => copy(maker, call),
        _ => None,
    }
}

/// The host that words of `ssh` name, and the command behind it.
pub(super) fn login(maker: &mut Maker<'_>, call: &Call) -> Option<Login> {
    let (mut key, mut port, mut user) = (None, None, None);
    let mut options = Options::new(&call.words[1..]);
    let target = loop {
        let (word, value) = options.next()?;
        match word {
            "-i" => key = Some(options.value(value)?),
            "-p" => port = Some(options.value(value)?.parse::<i64>().ok()?),
            "-l" => user = Some(options.value(value)?),
            // Time limits and host keys are ours to care for.
            "-o" => drop(options.value(value)?),
            _ if word.starts_with("-o") || SILENT.contains(&word) => {}
            _ if word.starts_with('-') => return None,
            _ => break word,
        }
    };
    let rest = options.rest().to_vec();
    let (user, address) =
        target.split_once('@').map_or((user, target), |(user, address)| (Some(user), address));
    let name = host(maker, call, user, address, key, port)?;
    Some(Login { name, rest })
}

/// Declares a host and gives it a name.
fn host(
    maker: &mut Maker<'_>,
    call: &Call,
    user: Option<&str>,
    address: &str,
    key: Option<&str>,
    port: Option<i64>,
) -> Option<String> {
    let at = &call.at;
    let address = maker.plain(at, address)?;
    let name = host_name(&address);
    if let Some(known) = maker.settings.get(&["hosts", &name, "address"])
        && known.as_str() != Some(&address)
    {
        return None;
    }
    let user = match user {
        Some(user) => Some(maker.plain(at, user)?),
        None => None,
    };
    let key = match key {
        Some(key) => Some(maker.plain(at, key)?),
        None => None,
    };
    maker.set(at, &["hosts", &name, "address"], address.into());
    for (field, value) in [
        ("user", user.map(Value::from)),
        ("identity-file", key.map(Value::from)),
        ("port", port.map(Value::from)),
    ] {
        if let Some(value) = value {
            maker.set(at, &["hosts", &name, field], value);
        }
    }
    Some(name)
}

/// `backend` for the output `backend_public_ip`, `app` for `app.example.com`.
fn host_name(address: &str) -> String {
    let words = match marks::parts(address).as_slice() {
        [Part::Output(name)] => {
            let ends = ["_address", "_public_ip", "_ipv4", "_ip", "_host", "_fqdn", "_public", "_dns"];
            ends.iter().fold((*name).to_owned(), |name, end| {
                name.strip_suffix(end).map_or(name.clone(), str::to_owned)
            })
        }
        _ => address.split('.').next().unwrap_or_default().replace(marks::ENVIRONMENT, ""),
    };
    let name: String = words.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let name = name.trim_matches('-');
    let is_name =
        name.starts_with(|c: char| c.is_ascii_alphabetic()) && !matches!(name, "ip" | "public" | "server");
    if is_name { name.to_owned() } else { "server".to_owned() }
}

fn ssh(maker: &mut Maker<'_>, call: &Call) -> Option<Vec<Step>> {
    let login = login(maker, call)?;
    if login.rest.is_empty() {
        maker.report.say(&call.at, Verdict::Understood, "infractl ssh");
        let verb = vec!["ssh".to_owned(), marks::ENVIRONMENT.to_string(), login.name.clone()];
        let line = ["infractl".to_owned(), "ssh".to_owned(), marks::ENVIRONMENT.to_string(), login.name];
        let inside = table([("run", list(line)), ("interactive", true.into())]);
        return Some(vec![Step::Call(verb, table([("command", Value::Table(inside))]))]);
    }
    let line = login.rest.join(" ");
    maker.report.say(&call.at, Verdict::Understood, format!("on `{}`", login.name));
    if let Some(step) = remote_compose(maker, call, &login.name, &line) {
        return Some(vec![step]);
    }
    let line = maker.plain(&call.at, &line)?;
    let inside = table([("host", login.name.into()), ("run", line.into())]);
    Some(vec![Step::Own(table([("remote", Value::Table(inside))]))])
}

/// `cd /srv/app && docker compose up -d` on a host.
fn remote_compose(maker: &mut Maker<'_>, call: &Call, host: &str, line: &str) -> Option<Step> {
    let (dir, line) = match line.trim().strip_prefix("cd ").and_then(|rest| rest.split_once("&&")) {
        Some((dir, line)) => (Some(dir.trim()), line.trim()),
        None => (None, line.trim()),
    };
    if line.contains([';', '&', '|', '<', '>', '$', '`']) {
        return None;
    }
    let words = shell_words::split(line).ok()?;
    let words = match words.as_slice() {
        [docker, compose, rest @ ..] if docker == "docker" && compose == "compose" => rest,
        [compose, rest @ ..] if compose == "docker-compose" => rest,
        _ => return None,
    };
    let mut inside = Table::new();
    inside.insert("host".to_owned(), host.into());
    if let Some(dir) = dir {
        inside.insert("dir".to_owned(), maker.plain(&call.at, dir)?.into());
    }
    inside.extend(compose::table_of(words, |text| maker.plain(&call.at, text))?);
    Some(Step::Own(table([("compose", Value::Table(inside))])))
}

/// Files to a host: `scp files user@host:folder`, `rsync -az files user@host:folder`.
fn copy(maker: &mut Maker<'_>, call: &Call) -> Option<Vec<Step>> {
    let at = &call.at;
    let is_rsync = call.words[0] == "rsync";
    let (mut key, mut port, mut is_exact, mut words) = (None, None, false, Vec::new());
    let mut options = Options::new(&call.words[1..]);
    while let Some((word, value)) = options.next() {
        match word {
            "-i" if !is_rsync => key = Some(options.value(value)?),
            "-P" if !is_rsync => port = Some(options.value(value)?.parse::<i64>().ok()?),
            "-o" if !is_rsync => drop(options.value(value)?),
            "-r" | "-q" | "-p" | "-C" | "-a" | "-z" | "-v" | "-az" | "-avz" | "-av" | "-rv"
            | "--progress" => {}
            _ if !is_rsync && word.starts_with("-o") => {}
            "--delete" if is_rsync => is_exact = true,
            _ if word.starts_with('-') => return None,
            _ => words.push(word),
        }
    }
    let (target, files) = words.split_last()?;
    let (place, to) = target.split_once(':')?;
    if files.is_empty() || files.iter().any(|file| file.contains(':') && !file.contains(marks::OUTER)) {
        return None;
    }
    let (user, address) =
        place.split_once('@').map_or((None, place), |(user, address)| (Some(user), address));
    let files: Vec<String> =
        files.iter().map(|file| join(&call.dir, &maker.plain(at, file)?)).collect::<Option<_>>()?;
    let to = maker.plain(at, to)?;
    let last = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    let to = match (to.strip_suffix('/'), files.as_slice()) {
        (Some(folder), _) => folder.to_owned(),
        // To a file of the same name: its folder.
        (None, [file]) if last(file) == last(&to) => to.rsplit_once('/')?.0.to_owned(),
        // What has an end is a file of another name.
        (None, [_]) if last(&to).contains('.') => return None,
        _ => to,
    };
    let to = if to.is_empty() || to == "~" { ".".to_owned() } else { to };
    let host = host(maker, call, user, address, key, port)?;
    let mut inside = table([("files", list(files)), ("host", host.as_str().into()), ("to", to.into())]);
    if is_exact {
        inside.insert("delete".to_owned(), true.into());
    }
    maker.report.say(at, Verdict::Understood, format!("copy to `{host}`"));
    Some(vec![Step::Own(table([("copy", Value::Table(inside))]))])
}
