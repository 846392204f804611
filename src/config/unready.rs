//! What the configuration has words for and this version cannot do yet: refused until it works, never taken in silence.
//! A key stops the file that has it; a kind of step or a verb stops the run that would need it.

use super::check::Issue;
use super::node::Node;

/// A key that has no effect yet: where it stands, what it is about, what to do meanwhile.
const KEYS: [(&[&str], &str, &str); 1] = [(
    &["release", "snapshots"],
    "snapshots that a release takes",
    "require them in `[hooks]`: `{ snapshot = { require = … } }`",
)];

/// The same for what stands in a step, and for verbs.
const WORDS: [(&str, &str, &str); 1] =
    [("verb", "steps of its own for this verb", "write your own: `[pipelines] NAME = [ … ]`")];

/// Why a step or verb cannot be done yet: the reason, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unready {
    /// Why.
    pub why: String,
    /// What to do.
    pub help: String,
}

/// The reason for one of the words of this table; `shown` is what the user wrote.
pub(crate) fn word(word: &str, shown: &str) -> Option<Unready> {
    let (_, what, help) = WORDS.iter().find(|(known, ..)| *known == word)?;
    Some(Unready { why: refused(shown, what), help: help.replace("NAME", shown) })
}

/// Says which of the keys a file has.
pub(crate) fn keys(root: &Node, issues: &mut Vec<Issue>) {
    for (path, what, help) in KEYS {
        let Some((last, above)) = path.split_last() else { continue };
        let entry = root.at(above).and_then(Node::table).and_then(|table| table.get(*last));
        if let Some(entry) = entry {
            let message = refused(&path.join("."), what);
            issues.push(Issue { place: entry.key.clone(), message, help: vec![help.to_owned()] });
        }
    }
}

/// Whether a key, written `table.key`, is one of them.
pub(crate) fn is_key(path: &str) -> bool {
    KEYS.iter().any(|(key, ..)| key.join(".") == path)
}

fn refused(shown: &str, what: &str) -> String {
    format!("`{shown}` is refused until it works: this version of infractl has no {what}")
}
