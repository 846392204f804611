//! Which snapshot is meant by a name.

use super::name as named;
use super::shelf::Shelf;
use crate::config::Environment;
use crate::config::model::SnapshotKind;
use crate::failure::{Failure, Kind};
use crate::text::{list as listed, nearest};

/// An entry of `[snapshots]`, and the copy if one was named.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// The entry.
    pub entry: String,
    /// The copy.
    pub copy: Option<String>,
}

/// What is meant by a name: an entry of `[snapshots]`, or one copy.
pub(crate) fn found(env: &Environment, name: Option<&str>) -> Result<Vec<Found>, Failure> {
    let names: Vec<&String> = env.snapshots.keys().collect();
    let Some(name) = name else {
        if names.is_empty() {
            return Err(Failure::new(Kind::Usage, format!("`{}` has no snapshots", env.name))
                .help("say what is kept: `[snapshots.NAME]` with `kind` and what it needs"));
        }
        return Ok(names.into_iter().map(|entry| Found { entry: entry.clone(), copy: None }).collect());
    };
    if env.snapshots.contains_key(name) {
        return Ok(vec![Found { entry: name.to_owned(), copy: None }]);
    }
    for entry in &names {
        if let Some(kept) = Shelf::of(env, entry).named(name)? {
            let own = names.iter().find(|own| **own == &kept.manifest.snapshot).unwrap_or(entry);
            return Ok(vec![Found { entry: (*own).clone(), copy: Some(name.to_owned()) }]);
        }
    }
    // Whether a cloud has it is known when the cloud is asked.
    let is_named = |entry: &&&String| {
        let is_away = env.snapshots[**entry].kind().is_some_and(SnapshotKind::is_away);
        is_away
            && named::time_of(name)
                .is_some_and(|time| named::name(&env.project, &env.name, entry, time) == name)
    };
    if let Some(entry) = names.iter().find(is_named) {
        return Ok(vec![Found { entry: (*entry).clone(), copy: Some(name.to_owned()) }]);
    }
    let failure = Failure::new(Kind::Usage, format!("`{}` has no snapshot `{name}`", env.name));
    Err(match (nearest(name, &names), names.as_slice()) {
        (Some(near), _) => failure.help(format!("did you mean `{near}`?")),
        (None, []) => failure.help(format!("declare it: `[snapshots.{name}]`")),
        (None, names) => failure.help(format!("name one of {}", listed(names, "or"))),
    })
}
