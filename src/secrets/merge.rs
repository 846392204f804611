//! Three versions of a file made one: by key, not by line.

use std::collections::BTreeSet;

use crate::sops::{Format, KeyGroups, Map, Node, Plain, SopsError, Step};

/// Which side wins where both changed the same value differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prefer {
    /// Neither: it is a conflict, and ours stays.
    Neither,
    /// Ours.
    Ours,
    /// Theirs.
    Theirs,
}

/// What came of a merge.
#[derive(Debug)]
pub struct Merged {
    /// Ours, with what they changed.
    pub plain: Plain,
    /// The places that both changed differently.
    pub conflicts: Vec<String>,
    /// The places taken from theirs.
    pub taken: Vec<String>,
    /// Who can open it, when that is not as in ours.
    pub recipients: Option<KeyGroups>,
    /// True when they removed somebody: the data key has to be made anew.
    pub removed: bool,
}

enum Change<'a> {
    Set(&'a Node),
    Unset,
}

#[derive(Default)]
struct Found<'a> {
    changes: Vec<(Vec<Step>, Change<'a>)>,
    conflicts: Vec<String>,
}

/// Merges what they changed since the common version into ours.
pub fn merge(
    base: Option<&Plain>,
    ours: &Plain,
    theirs: &Plain,
    prefer: Prefer,
) -> Result<Merged, SopsError> {
    let empty = Map::default();
    let first = |plain: &'_ Plain| plain.branches().first().cloned().unwrap_or_default();
    let (base_map, our_map) = (base.map(first), first(ours));
    let their_map = theirs.branches().first().unwrap_or(&empty);
    let mut found = Found::default();
    let mut path = Vec::new();
    compare(base_map.as_ref().unwrap_or(&empty), &our_map, their_map, prefer, &mut path, &mut found);

    let mut plain = ours.clone();
    let taken = found.changes.iter().map(|(path, _)| show(path)).collect();
    if ours.format() == Format::Dotenv {
        let text = dotenv(&ours.to_bytes(Format::Dotenv)?, &theirs.to_bytes(Format::Dotenv)?, &found.changes);
        plain.replace(&text)?;
    } else {
        for (path, change) in &found.changes {
            match change {
                Change::Set(node) => plain.set(path, (*node).clone().unsealed())?,
                Change::Unset => plain.unset(path)?,
            }
        }
    }
    let (recipients, removed) = recipients(base, ours, theirs, &mut found.conflicts);
    Ok(Merged { plain, conflicts: found.conflicts, taken, recipients, removed })
}

fn compare<'a>(
    base: &Map,
    ours: &Map,
    theirs: &'a Map,
    prefer: Prefer,
    path: &mut Vec<Step>,
    found: &mut Found<'a>,
) {
    let empty = Map::default();
    let mut seen = BTreeSet::new();
    for (key, _) in theirs.pairs().chain(base.pairs()) {
        if !seen.insert(key.to_vec()) {
            continue;
        }
        let of = |map: &'_ Map| -> Vec<Node> {
            map.pairs().filter(|(k, _)| *k == key).map(|(_, n)| n.clone()).collect()
        };
        let (b, o, t) = (of(base), of(ours), of(theirs));
        if same_all(&t, &b) || same_all(&o, &t) {
            continue;
        }
        path.push(Step::Key(key.to_vec()));
        let their_node = theirs.pairs().filter(|(k, _)| *k == key).map(|(_, node)| node).last();
        let change = their_node.map_or(Change::Unset, Change::Set);
        if same_all(&o, &b) {
            found.changes.push((path.clone(), change));
        } else if let (Some(Node::Map(o)), Some(Node::Map(t))) = (o.first(), their_node) {
            let b = if let Some(Node::Map(map)) = b.first() { map } else { &empty };
            compare(b, o, t, prefer, path, found);
        } else {
            match prefer {
                Prefer::Ours => {}
                Prefer::Theirs => found.changes.push((path.clone(), change)),
                Prefer::Neither => found.conflicts.push(show(path)),
            }
        }
        path.pop();
    }
}

fn same_all(a: &[Node], b: &[Node]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
}

/// Equal but for comments.
fn same(a: &Node, b: &Node) -> bool {
    let items = |items: &'_ [Node]| -> Vec<Node> {
        items.iter().filter(|item| !matches!(item, Node::Comment(_))).cloned().collect()
    };
    match (a, b) {
        (Node::Scalar(a), Node::Scalar(b)) => a.value == b.value,
        (Node::List(a), Node::List(b)) => same_all(&items(a), &items(b)),
        (Node::Map(a), Node::Map(b)) => {
            let (a, b): (Vec<_>, Vec<_>) = (a.pairs().collect(), b.pairs().collect());
            a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| a.0 == b.0 && same(a.1, b.1))
        }
        _ => false,
    }
}

/// The lines of ours with the changes: a new key goes where it stands in theirs, with the comments above it.
fn dotenv(ours: &[u8], theirs: &[u8], changes: &[(Vec<Step>, Change<'_>)]) -> zeroize::Zeroizing<Vec<u8>> {
    let lines = |text: &'_ [u8]| -> Vec<zeroize::Zeroizing<Vec<u8>>> {
        text.split(|&b| b == b'\n').filter(|line| !line.is_empty()).map(|line| line.to_vec().into()).collect()
    };
    let (mut out, theirs) = (lines(ours), lines(theirs));
    for (path, change) in changes {
        let Some(Step::Key(key)) = path.first() else { continue };
        let is = |line: &zeroize::Zeroizing<Vec<u8>>| key_of(line) == Some(key);
        let place = out.iter().position(is);
        let new: Vec<_> = match change {
            Change::Unset => Vec::new(),
            Change::Set(_) => theirs.iter().filter(|line| is(line)).cloned().collect(),
        };
        let at = match (place, theirs.iter().position(is)) {
            (Some(at), _) => at,
            (None, Some(there)) => {
                let start =
                    theirs[..there].iter().rposition(|line| key_of(line).is_some()).map_or(0, |at| at + 1);
                let before = start.checked_sub(1).and_then(|at| key_of(&theirs[at]));
                let at = before.and_then(|key| out.iter().rposition(|line| key_of(line) == Some(key)));
                let mut at = match (at, start) {
                    (Some(at), _) => at + 1,
                    (None, 0) => 0,
                    (None, _) => out.len(),
                };
                for comment in theirs[start..there]
                    .iter()
                    .filter(|comment| !out.contains(comment))
                    .cloned()
                    .collect::<Vec<_>>()
                {
                    out.insert(at, comment);
                    at += 1;
                }
                at
            }
            (None, None) => out.len(),
        };
        out.retain(|line| !is(line));
        let at = at.min(out.len());
        out.splice(at..at, new);
    }
    let mut text = zeroize::Zeroizing::new(Vec::with_capacity(
        ours.len() + theirs.iter().map(|l| l.len()).sum::<usize>(),
    ));
    for line in out {
        text.extend_from_slice(&line);
        text.push(b'\n');
    }
    text
}

fn key_of(line: &[u8]) -> Option<&[u8]> {
    if line.starts_with(b"#") { None } else { line.split(|&b| b == b'=').next() }
}

/// Recipients that either side added, without those that either side removed.
fn recipients(
    base: Option<&Plain>,
    ours: &Plain,
    theirs: &Plain,
    conflicts: &mut Vec<String>,
) -> (Option<KeyGroups>, bool) {
    let groups = |plain: &Plain| plain.metadata().age_groups();
    let (o, t) = (groups(ours), groups(theirs));
    if o == t {
        return (None, false);
    }
    let b = base.map(groups).unwrap_or_default();
    let ([o], [t]) = (o.as_slice(), t.as_slice()) else {
        if o == b {
            let threshold = Some(theirs.metadata().threshold()).filter(|_| t.len() > 1);
            return (Some(KeyGroups { groups: t, threshold }), true);
        }
        if t != b {
            conflicts.push("the key groups".to_owned());
        }
        return (None, false);
    };
    let b = b.first().cloned().unwrap_or_default();
    let mut wanted: Vec<String> =
        o.iter().filter(|key| t.contains(key) || !b.contains(key)).cloned().collect();
    wanted.extend(t.iter().filter(|key| !o.contains(key) && !b.contains(key)).cloned());
    let removed = b.iter().any(|key| !t.contains(key) && o.contains(key));
    if wanted == *o { (None, removed) } else { (Some(KeyGroups::any_of(wanted)), removed) }
}

/// A place as people type it.
fn show(path: &[Step]) -> String {
    match path {
        [Step::Key(key)] => String::from_utf8_lossy(key).into_owned(),
        path => path
            .iter()
            .map(|step| match step {
                Step::Key(key) => format!("[\"{}\"]", String::from_utf8_lossy(key)),
                Step::Index(at) => format!("[{at}]"),
            })
            .collect(),
    }
}

#[cfg(test)]
#[path = "merge_tests.rs"]
mod tests;
