//! The machines behind a host of `[hosts]`: one, or several when its address is an output that is a list or a map.

use std::path::PathBuf;

use indexmap::IndexMap;
use secrecy::ExposeSecret as _;
use serde_json::Value as Json;

use crate::config::model::{Host, Input};
use crate::config::template::{Rendered, Template};
use crate::failure::{Failure, Kind};
use crate::net::connect::bare;
use crate::text::nearest;
use crate::work::StepCx;
use crate::work::typed::whole_output;
use crate::work::values::{Known, text};

/// A machine to log in to.
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    /// Its name: that of the host; with several of them `NAME-1`, `NAME-2` for a list, `NAME-KEY` for a map.
    pub name: String,
    /// Name or address.
    pub address: String,
    /// User to log in as; what ssh's configuration says if none.
    pub user: Option<String>,
    /// Port; what ssh's configuration says if none.
    pub port: Option<u16>,
    /// Its name at the cloud.
    pub server: Option<String>,
    /// Secret with the private key.
    pub identity: Option<String>,
    /// File of the private key.
    pub identity_file: Option<PathBuf>,
    /// Machine to go through.
    pub jump: Option<Box<Machine>>,
    /// Public host key.
    pub host_key: Option<String>,
    /// Variables of the inventory.
    pub vars: IndexMap<String, Input>,
}

/// The machines of a host by its name, or the one machine of that name.
pub(crate) fn machines(step: &StepCx<'_>, known: &Known, name: &str) -> Result<Vec<Machine>, Failure> {
    if let Some(host) = step.env.hosts.get(name) {
        return of_host(step, known, name, host);
    }
    let owner = step.env.hosts.iter().find(|(host, _)| name.strip_prefix(&format!("{host}-")).is_some());
    if let Some((host, settings)) = owner {
        let all = of_host(step, known, host, settings)?;
        if let Some(one) = all.iter().find(|machine| machine.name == name) {
            return Ok(vec![one.clone()]);
        }
        let names: Vec<&str> = all.iter().map(|machine| machine.name.as_str()).collect();
        return Err(unknown(step, name, &names));
    }
    let names: Vec<&str> = step.env.hosts.keys().map(String::as_str).collect();
    Err(unknown(step, name, &names))
}

/// All machines of the environment, in the order of `[hosts]`.
pub(crate) fn all(step: &StepCx<'_>, known: &Known) -> Result<Vec<Machine>, Failure> {
    let mut all = Vec::new();
    for (name, host) in &step.env.hosts {
        all.extend(of_host(step, known, name, host)?);
    }
    Ok(all)
}

fn unknown(step: &StepCx<'_>, name: &str, names: &[&str]) -> Failure {
    let failure = Failure::new(Kind::Usage, format!("`{}` has no host `{name}`", step.env.name));
    match (nearest(name, names.iter().copied()), names) {
        (Some(near), _) => failure.help(format!("did you mean `{near}`?")),
        (None, []) => failure.help("add it to `[hosts]`"),
        (None, names) => failure.help(format!("its hosts are {}", names.join(", "))),
    }
}

fn of_host(step: &StepCx<'_>, known: &Known, name: &str, host: &Host) -> Result<Vec<Machine>, Failure> {
    let whole = |template: &Template| whole_output(step, template).map(|output| &output.value);
    let several = whole(&host.address.0);
    let keys: Vec<Option<String>> = match several {
        Some(Json::Array(items)) => (1..=items.len()).map(|number| Some(number.to_string())).collect(),
        Some(Json::Object(fields)) => fields.keys().map(|key| Some(key.clone())).collect(),
        _ => vec![None],
    };
    let jump = match &host.jump {
        None => None,
        Some(jump) => {
            let Some(settings) = step.env.hosts.get(&jump.0) else {
                return Err(unknown(step, &jump.0, &[]));
            };
            of_host(step, known, &jump.0, settings)?.into_iter().next().map(Box::new)
        }
    };
    let mut machines = Vec::new();
    for (index, key) in keys.iter().enumerate() {
        let value = |template: &Template| -> Result<String, Failure> {
            let found = key.as_ref().zip(whole(template)).and_then(|(key, value)| match value {
                Json::Array(items) => items.get(index),
                Json::Object(fields) => fields.get(key),
                _ => None,
            });
            found.map_or_else(|| known.argument(step, template), |value| Ok(text(value)))
        };
        let address = match known.render(step, &host.address.0)? {
            _ if key.is_some() => value(&host.address.0)?,
            // An address is no secret, even where the output that gives it is marked as one.
            Rendered::Plain(text) => text,
            Rendered::Secret(text) => text.expose_secret().to_owned(),
        };
        let address = bare(address.trim()).to_owned();
        if address.is_empty() || address.contains(char::is_whitespace) || address.starts_with('-') {
            return Err(Failure::new(Kind::Failed, format!("`{name}` has no usable address: `{address}`"))
                .help(format!("correct `address` of `[hosts.{name}]`, or the output it names")));
        }
        machines.push(Machine {
            name: key.as_ref().map_or_else(|| name.to_owned(), |key| format!("{name}-{key}")),
            address,
            user: host.user.as_ref().map(|user| value(&user.0)).transpose()?,
            port: host.port,
            server: host.server.as_ref().map(|server| value(&server.0)).transpose()?,
            identity: host.identity.as_ref().map(|secret| secret.0.clone()),
            identity_file: host.identity_file.as_ref().map(|file| file.0.clone()),
            jump: jump.clone(),
            host_key: host.host_key.as_ref().map(|key| value(&key.0)).transpose()?,
            vars: host.vars.clone(),
        });
    }
    Ok(machines)
}
