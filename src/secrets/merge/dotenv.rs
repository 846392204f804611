//! The text of a dotenv file with the changes of the other side, key by key.

use zeroize::Zeroizing;

use super::change::Change;
use crate::sops::PathStep;

/// The lines of ours with the changes: a new key goes where it stands in theirs, with the comments above it.
pub(super) fn changed(
    ours: &[u8],
    theirs: &[u8],
    changes: &[(Vec<PathStep>, Change<'_>)],
) -> Zeroizing<Vec<u8>> {
    let lines = |text: &'_ [u8]| -> Vec<Zeroizing<Vec<u8>>> {
        text.split(|&b| b == b'\n').filter(|line| !line.is_empty()).map(|line| line.to_vec().into()).collect()
    };
    let (mut out, theirs) = (lines(ours), lines(theirs));
    for (path, change) in changes {
        let Some(PathStep::Key(key)) = path.first() else { continue };
        let is = |line: &Zeroizing<Vec<u8>>| key_of(line) == Some(key);
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
    let mut text =
        Zeroizing::new(Vec::with_capacity(ours.len() + theirs.iter().map(|l| l.len()).sum::<usize>()));
    for line in out {
        text.extend_from_slice(&line);
        text.push(b'\n');
    }
    text
}

fn key_of(line: &[u8]) -> Option<&[u8]> {
    if line.starts_with(b"#") { None } else { line.split(|&b| b == b'=').next() }
}
