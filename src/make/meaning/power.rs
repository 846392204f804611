//! Machines and databases that are stopped, started and shown: `openstack`, `aws`, `az`.

use super::call::{Call, Options};
use crate::make::maker::Maker;
use crate::make::note::Verdict;
use crate::make::settings::Step;

/// What a call does to which machines.
struct Power {
    provider: &'static str,
    verb: &'static str,
    /// The key that names the machines.
    key: &'static str,
    names: Vec<String>,
    others: Vec<(&'static str, String)>,
}

/// The steps that a call means.
pub(super) fn steps(maker: &mut Maker<'_>, call: &Call) -> Option<Vec<Step>> {
    let words: Vec<&str> = call.words.iter().map(String::as_str).collect();
    let power = match words.as_slice() {
        ["openstack", "server", action, ..] => openstack(action, call)?,
        ["aws", "ec2", action, ..] => ec2(action, call)?,
        ["aws", "rds", action, ..] => rds(action, call)?,
        ["az", "vm", action, ..] => az(action, call)?,
        _ => return None,
    };
    if power.names.is_empty() || call.out.is_some() || !call.env.is_empty() {
        return None;
    }
    let at = &call.at;
    let names = power.names.iter().map(|name| maker.plain(at, name)).collect::<Option<Vec<String>>>()?;
    let known = maker.settings.get(&["power", "provider"]).and_then(toml::Value::as_str);
    if known.is_some_and(|known| known != power.provider) {
        return None;
    }
    maker.set(at, &["power", "provider"], power.provider.into());
    for name in names {
        maker.settings.add(&["power", power.key], name, at);
    }
    for (key, value) in power.others {
        let value = maker.plain(at, &value)?;
        maker.set(at, &["power", key], value.into());
    }
    maker.report.say(at, Verdict::Understood, format!("infractl {}", power.verb));
    Some(vec![Step::Do(power.verb.to_owned())])
}

fn openstack(action: &str, call: &Call) -> Option<Power> {
    let (verb, mode) = match action {
        "stop" => ("stop", None),
        "shelve" => ("stop", Some("shelve")),
        "suspend" => ("stop", Some("suspend")),
        "start" | "unshelve" | "resume" => ("start", None),
        "show" => ("state", None),
        _ => return None,
    };
    let (mut names, mut options) = (Vec::new(), Options::new(&call.words[3..]));
    while let Some((word, value)) = options.next() {
        match word {
            // How it is shown is ours to say.
            "-f" | "--format" | "-c" | "--column" => drop(options.value(value)?),
            "--wait" => {}
            _ if word.starts_with('-') => return None,
            _ => names.push(word.to_owned()),
        }
    }
    let others = mode.map(|mode| ("mode", mode.to_owned())).into_iter().collect();
    Some(Power { provider: "openstack", verb, key: "servers", names, others })
}

fn ec2(action: &str, call: &Call) -> Option<Power> {
    let verb = match action {
        "stop-instances" => "stop",
        "start-instances" => "start",
        "describe-instances" | "describe-instance-status" => "state",
        _ => return None,
    };
    amazon(verb, "servers", "--instance-ids", call)
}

fn rds(action: &str, call: &Call) -> Option<Power> {
    let verb = match action {
        "stop-db-instance" => "stop",
        "start-db-instance" => "start",
        "describe-db-instances" => "state",
        _ => return None,
    };
    amazon(verb, "databases", "--db-instance-identifier", call)
}

fn amazon(verb: &'static str, key: &'static str, names_after: &str, call: &Call) -> Option<Power> {
    let mut power = Power { provider: "aws", verb, key, names: Vec::new(), others: Vec::new() };
    let mut options = Options::new(&call.words[3..]);
    let mut in_names = false;
    while let Some((word, value)) = options.next() {
        match word {
            _ if word == names_after => {
                in_names = true;
                power.names.extend(value.map(str::to_owned));
            }
            "--region" => power.others.push(("region", options.value(value)?.to_owned())),
            "--query" | "--output" if verb == "state" => drop(options.value(value)?),
            _ if word.starts_with('-') => return None,
            _ if in_names => power.names.push(word.to_owned()),
            _ => return None,
        }
        in_names &= !word.starts_with('-') || word == names_after;
    }
    Some(power)
}

fn az(action: &str, call: &Call) -> Option<Power> {
    let (verb, mode) = match action {
        "deallocate" => ("stop", None),
        "stop" => ("stop", Some("stop")),
        "start" => ("start", None),
        "show" | "get-instance-view" => ("state", None),
        _ => return None,
    };
    let mut power = Power { provider: "azure", verb, key: "servers", names: Vec::new(), others: Vec::new() };
    power.others.extend(mode.map(|mode| ("mode", mode.to_owned())));
    let mut options = Options::new(&call.words[3..]);
    while let Some((word, value)) = options.next() {
        match word {
            "-n" | "--name" => power.names.push(options.value(value)?.to_owned()),
            "-g" | "--resource-group" => {
                power.others.push(("resource-group", options.value(value)?.to_owned()));
            }
            "--query" | "-o" | "--output" if verb == "state" => drop(options.value(value)?),
            "-d" | "--show-details" | "--no-wait" => {}
            _ => return None,
        }
    }
    Some(power)
}
