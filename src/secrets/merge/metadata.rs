//! Who can open the merged file, and what of it is encrypted.

use super::change::Prefer;
use crate::sops::{KeyGroups, Plain, Recipient};

/// What of a file is encrypted, and keys that only sops uses: as in ours, or somebody has to look.
pub(super) fn rules(
    base: Option<&Plain>,
    ours: &Plain,
    theirs: &Plain,
    prefer: Prefer,
    conflicts: &mut Vec<String>,
) {
    let others = |plain: &Plain| -> Vec<Recipient> {
        let all = plain.metadata().recipients().into_iter();
        all.filter(|recipient| matches!(recipient, Recipient::Other { .. })).collect()
    };
    let rule = |plain: &Plain| (plain.metadata().rule().clone(), plain.metadata().mac_only_encrypted());
    if prefer == Prefer::Ours {
        return;
    }
    if rule(ours) != rule(theirs) && base.is_none_or(|base| rule(base) != rule(theirs)) {
        conflicts.push("what of the file is encrypted".to_owned());
    }
    if others(ours) != others(theirs) && base.is_none_or(|base| others(base) != others(theirs)) {
        conflicts.push("keys that only sops uses".to_owned());
    }
}

/// Recipients that either side added, without those that either side removed.
pub(super) fn recipients(
    base: Option<&Plain>,
    ours: &Plain,
    theirs: &Plain,
    prefer: Prefer,
    conflicts: &mut Vec<String>,
) -> (Option<KeyGroups>, bool) {
    let groups = |plain: &Plain| plain.metadata().age_groups();
    let (o, t) = (groups(ours), groups(theirs));
    if o == t {
        return (None, false);
    }
    let b = base.map(groups).unwrap_or_default();
    let ([o], [t]) = (o.as_slice(), t.as_slice()) else {
        if o == b || (t != b && prefer == Prefer::Theirs) {
            let threshold = Some(theirs.metadata().threshold()).filter(|_| t.len() > 1);
            return (Some(KeyGroups { groups: t, threshold }), true);
        }
        if t != b && prefer == Prefer::Neither {
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
