//! Keys that have another name now. The old one is read, with a warning, by the minor version that renames it; later ones
//! refuse it and know it still, so that the error and `config fix` say what it is called. See docs/compatibility.md.

use indexmap::IndexMap;

use super::node::{Entry, Node, Place, Value};

/// A key that was renamed.
#[derive(Debug)]
pub(crate) struct Renaming {
    /// The tables that it stands in, from the top; `*` stands for every name in a table, and every item of a list.
    table: &'static [&'static str],
    old: &'static str,
    new: &'static str,
    /// The minor version of infractl that renamed it.
    since: (u64, u64),
}

#[cfg(test)]
impl Renaming {
    /// One of this version.
    pub(super) const fn of(table: &'static [&'static str], old: &'static str, new: &'static str) -> Renaming {
        Renaming { table, old, new, since: (0, 0) }
    }
}

/// All of them. A row stays for good: it is what an old file is mended by.
pub(crate) const ALL: &[Renaming] = &[
    // The zone of `[routes]` is one of DNS.
    Renaming { table: &["ttl"], old: "zone", new: "time-zone", since: (0, 1) },
    Renaming { table: &["window"], old: "zone", new: "time-zone", since: (0, 1) },
];

/// A key of a file under its old name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Renamed {
    /// Where it stands.
    pub(crate) key: Place,
    /// The table and the old name, `ttl.zone`.
    pub(crate) old: String,
    /// The new name.
    pub(crate) new: &'static str,
    /// What is to be said of it.
    pub(crate) state: State,
    /// The version that renamed it.
    since: (u64, u64),
}

/// What is to be said of a key under its old name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// It is read, for now.
    Read,
    /// It is not read any more.
    Refused,
    /// The new name stands beside it.
    Double,
}

impl Renamed {
    /// What people read.
    pub(crate) fn message(&self) -> String {
        let Renamed { old, new, since: (major, minor), .. } = self;
        match self.state {
            State::Double => format!("`{old}` beside `{new}`: they are the same key"),
            State::Read => format!(
                "`{old}` is called `{new}` since infractl {major}.{minor}, and not read any more by {major}.{}",
                minor + 1
            ),
            State::Refused => format!("`{old}` is called `{new}` since infractl {major}.{minor}"),
        }
    }

    /// What to do.
    pub(crate) fn help(&self) -> String {
        match self.state {
            State::Double => format!("remove `{}`", self.old.rsplit('.').next().unwrap_or(&self.old)),
            State::Read | State::Refused => {
                "run `infractl config fix`, and look at what it changed".to_owned()
            }
        }
    }
}

/// Gives the keys of a file their new names, as an infractl of this version (major and minor) reads them.
pub(crate) fn rename(root: &mut Node, all: &[Renaming], own: (u64, u64)) -> Vec<Renamed> {
    let mut found = Vec::new();
    for row in all {
        tables(root, row.table, "", &mut |above, entries| {
            let Some((index, _, entry)) = entries.get_full(row.old) else { return };
            let state = match (entries.contains_key(row.new), own > row.since) {
                (true, _) => State::Double,
                (false, true) => State::Refused,
                (false, false) => State::Read,
            };
            let (key, old) = (entry.key.clone(), format!("{above}{}", row.old));
            found.push(Renamed { key, old, new: row.new, state, since: row.since });
            let entry = entries.shift_remove(row.old);
            if let Some(entry) = entry.filter(|_| state != State::Double) {
                entries.shift_insert(index, row.new.to_owned(), entry);
            }
        });
    }
    found.sort_by_key(|found| found.key.span.start);
    found
}

/// The minor version of this infractl.
pub(crate) fn own() -> (u64, u64) {
    let number = |text: &str| text.parse().unwrap_or_default();
    (number(env!("CARGO_PKG_VERSION_MAJOR")), number(env!("CARGO_PKG_VERSION_MINOR")))
}

/// Every table at a way, with the way to it as people write it: `ttl.`.
fn tables(
    node: &mut Node,
    way: &[&str],
    above: &str,
    see: &mut dyn FnMut(&str, &mut IndexMap<String, Entry>),
) {
    match (&mut node.value, way) {
        (Value::Table(entries), []) => see(above, entries),
        (Value::Table(entries), [name, rest @ ..]) => {
            for (key, entry) in entries.iter_mut().filter(|(key, _)| *name == "*" || name == key) {
                tables(&mut entry.node, rest, &format!("{above}{key}."), see);
            }
        }
        (Value::List(items), ["*", rest @ ..]) => {
            for item in items {
                tables(item, rest, above, see);
            }
        }
        _ => {}
    }
}
