//! Three versions of a file made one: by key, not by line.

mod dotenv;
mod lines;
mod metadata;
mod change;

use change::Change;
pub(crate) use change::Prefer;

use std::collections::BTreeSet;

use crate::sops::{Entry, Format, KeyGroups, Map, Node, PathStep, Plain, SopsError, Text};

/// What came of a merge.
#[derive(Debug)]
pub(crate) struct Merged {
    /// Ours, with what they changed.
    pub plain: Plain,
    /// The places that both changed differently.
    pub conflicts: Vec<String>,
    /// The places taken from theirs.
    pub taken: Vec<String>,
    /// Who can open it, when that is not as in ours.
    pub recipients: Option<KeyGroups>,
    /// The data key has to be made anew: they removed somebody, or made a new one.
    pub new_key: bool,
    /// Comments that only they changed, and that could not be brought over.
    pub lost_comments: bool,
}

#[derive(Default)]
struct Found<'a> {
    changes: Vec<(Vec<PathStep>, Change<'a>)>,
    conflicts: Vec<String>,
}

/// Merges what they changed since the common version into ours. By key; and where the lines of the texts can be merged to
/// the same end, by line, so that comments, order and blank lines of both sides stay.
pub(crate) fn merge(
    base: Option<&Plain>,
    ours: &Plain,
    theirs: &Plain,
    prefer: Prefer,
) -> Result<Merged, SopsError> {
    let empty = Map::default();
    let nothing: &[Map] = &[];
    let base_maps = base.map_or(nothing, Plain::branches);
    let of = |maps: &'_ [Map], at: usize| maps.get(at).cloned().unwrap_or_default();
    let mut found = Found::default();
    let their_map = theirs.branches().first().unwrap_or(&empty);
    let (base_map, our_map) = (of(base_maps, 0), of(ours.branches(), 0));
    compare(&base_map, &our_map, their_map, prefer, &mut Vec::new(), &mut found);
    let mut taken: Vec<String> = found.changes.iter().map(|(path, _)| show(path)).collect();
    // Further documents of a YAML file.
    let mut further = Vec::new();
    let mut is_further_taken = false;
    for at in 1..base_maps.len().max(ours.branches().len()).max(theirs.branches().len()) {
        let (b, o) = (of(base_maps, at), of(ours.branches(), at));
        let their_map = theirs.branches().get(at).unwrap_or(&empty);
        let mut found = Found::default();
        compare(&b, &o, their_map, prefer, &mut Vec::new(), &mut found);
        is_further_taken |= !found.changes.is_empty();
        taken.extend(found.changes.iter().map(|(path, _)| format!("{} of document {}", show(path), at + 1)));
        further.extend(found.conflicts.iter().map(|path| format!("{path} of document {}", at + 1)));
    }
    found.conflicts.extend(further);

    let mut lost_comments = false;
    let plain = if let Some(plain) = by_line(base, ours, theirs, prefer)? {
        plain
    } else {
        lost_comments = comments(theirs) != base.map_or_else(Vec::new, comments)
            && comments(theirs) != comments(ours)
            && ours.format() != Format::Dotenv;
        if is_further_taken {
            found.conflicts.push("documents after the first".to_owned());
        }
        by_key(ours, theirs, &found.changes)?
    };
    let (recipients, removed) = metadata::recipients(base, ours, theirs, prefer, &mut found.conflicts);
    metadata::rules(base, ours, theirs, prefer, &mut found.conflicts);
    let was_rotated =
        base.is_some_and(|base| base.data_key() == ours.data_key() && base.data_key() != theirs.data_key());
    let new_key = removed || was_rotated;
    Ok(Merged { plain, conflicts: found.conflicts, taken, recipients, new_key, lost_comments })
}

/// The texts merged by line, if what comes out is what the merge by key says.
fn by_line(
    base: Option<&Plain>,
    ours: &Plain,
    theirs: &Plain,
    prefer: Prefer,
) -> Result<Option<Plain>, SopsError> {
    let Some(base) = base.filter(|_| ours.format() != Format::Binary) else { return Ok(None) };
    let text = lines::merge(&base.to_editor()?, &ours.to_editor()?, &theirs.to_editor()?, prefer);
    let mut plain = ours.clone();
    if plain.replace(&text).is_err() {
        return Ok(None);
    }
    let all = [base, ours, theirs, &plain].map(Plain::branches);
    let documents = all.iter().map(|maps| maps.len()).max().unwrap_or(0);
    let empty = Map::default();
    let is_right = (0..documents).all(|at| {
        let [base, ours, theirs, merged] = all.map(|maps| maps.get(at).unwrap_or(&empty));
        is_merge(merged, [base, ours, theirs], prefer)
    });
    Ok(is_right.then_some(plain))
}

fn by_key(ours: &Plain, theirs: &Plain, changes: &[(Vec<PathStep>, Change<'_>)]) -> Result<Plain, SopsError> {
    let mut plain = ours.clone();
    if ours.format() == Format::Dotenv {
        plain.replace(&dotenv::changed(
            &ours.to_bytes(Format::Dotenv)?,
            &theirs.to_bytes(Format::Dotenv)?,
            changes,
        ))?;
        // Exactly what they have: a line of text cannot say every value.
        for (path, change) in changes {
            let Some(PathStep::Key(key)) = path.first() else { continue };
            let times = |plain: &Plain| {
                plain.branches().iter().flat_map(Map::pairs).filter(|(name, _)| name == key).count()
            };
            if let Change::Set(node) = change
                && times(theirs) == 1
            {
                plain.set(path, (*node).clone().unsealed())?;
            }
        }
        return Ok(plain);
    }
    for (path, change) in changes {
        match change {
            Change::Set(node) => plain.set(path, (*node).clone().unsealed())?,
            Change::Unset => plain.unset(path)?,
        }
    }
    Ok(plain)
}

/// True when a map has, key by key, what a merge of the three others has.
fn is_merge(merged: &Map, [base, ours, theirs]: [&Map; 3], prefer: Prefer) -> bool {
    let mut keys = BTreeSet::new();
    for map in [merged, base, ours, theirs] {
        keys.extend(map.pairs().map(|(key, _)| key));
    }
    keys.into_iter().all(|key| {
        let of = |map: &'_ Map| -> Vec<Node> {
            map.pairs().filter(|(k, _)| *k == key).map(|(_, n)| n.clone()).collect()
        };
        let [m, b, o, t] = [merged, base, ours, theirs].map(of);
        if same_all(&t, &b) || same_all(&o, &t) {
            return same_all(&m, &o);
        }
        if same_all(&o, &b) {
            return same_all(&m, &t);
        }
        let empty = Map::default();
        match (m.as_slice(), o.as_slice(), t.as_slice()) {
            ([Node::Map(m)], [Node::Map(o), ..], [.., Node::Map(t)]) => {
                let b = if let Some(Node::Map(map)) = b.first() { map } else { &empty };
                is_merge(m, [b, o, t], prefer)
            }
            _ => same_all(&m, if prefer == Prefer::Theirs { &t } else { &o }),
        }
    })
}

/// All comments of a document, to see whether somebody changed one.
fn comments(plain: &Plain) -> Vec<Text> {
    fn of(node: &Node, found: &mut Vec<Text>) {
        match node {
            Node::Comment(comment) => found.push(comment.text.clone()),
            Node::List(items) => items.iter().for_each(|item| of(item, found)),
            Node::Map(map) => map.entries().iter().for_each(|entry| match entry {
                Entry::Comment(comment) => found.push(comment.text.clone()),
                Entry::Pair(_, node) => of(node, found),
            }),
            Node::Scalar(_) => {}
        }
    }
    let mut found = Vec::new();
    plain.branches().iter().for_each(|map| of(&Node::Map(map.clone()), &mut found));
    found
}

fn compare<'a>(
    base: &Map,
    ours: &Map,
    theirs: &'a Map,
    prefer: Prefer,
    path: &mut Vec<PathStep>,
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
        path.push(PathStep::Key(key.to_vec()));
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

/// A place as people type it.
fn show(path: &[PathStep]) -> String {
    match path {
        [PathStep::Key(key)] => String::from_utf8_lossy(key).into_owned(),
        path => path
            .iter()
            .map(|step| match step {
                PathStep::Key(key) => format!("[\"{}\"]", String::from_utf8_lossy(key)),
                PathStep::Index(at) => format!("[{at}]"),
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests;
