//! Snapshots that a cloud keeps. What is known of each stands in its tags, so that every machine sees the same. Pure.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::shelf::Kept;
use super::{Manifest, Verified};

/// Tags of ours, without what they begin with.
pub(crate) type Marks = BTreeMap<String, String>;

/// What tags of ours begin with.
pub(crate) const PREFIX: &str = "infractl:";
/// The same where a `:` is no part of a name.
pub(crate) const PROPERTY: &str = "infractl_";
/// A tag that says nothing: clouds differ on whether an empty one is there.
const NONE: &str = "none";
/// What RDS allows for the value of a tag, which asks for the most.
const LONGEST: usize = 255;

/// Whether something can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// It is being made.
    Pending,
    /// It is whole.
    Ready,
    /// It never will be.
    Failed,
}

/// Something that a cloud has: a snapshot, or what was restored of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Thing {
    /// As the cloud calls it.
    pub id: String,
    /// Where it is.
    pub state: State,
    /// The same in the words of the cloud, with how far it is.
    pub status: String,
    /// Size of the disk that it is of: the most that it can take.
    pub bytes: Option<u64>,
    /// Our tags.
    pub marks: Marks,
}

/// The size of a disk, as clouds count it.
pub(crate) fn gib(bytes: u64) -> String {
    format!("{} GiB", bytes.div_ceil(1 << 30))
}

/// The tags of a snapshot; `call` tells this try to make it from all others.
pub(crate) fn marks(manifest: &Manifest, call: &str) -> Marks {
    let all = [
        ("project", manifest.project.clone()),
        ("environment", manifest.environment.clone()),
        ("snapshot", manifest.snapshot.clone()),
        ("name", manifest.name.clone()),
        ("created", manifest.created.to_string()),
        ("by", manifest.by.clone()),
        ("run", manifest.run.clone()),
        ("infractl", manifest.infractl.clone()),
        ("of", manifest.of.clone().unwrap_or_default()),
        ("call", call.to_owned()),
    ];
    all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The tags that say what a check found.
pub(crate) fn found(manifest: &Manifest) -> Marks {
    let none = || NONE.to_owned();
    let checked = manifest.verified.as_ref();
    let all = [
        ("verified", checked.map_or_else(none, |checked| checked.at.to_string())),
        ("verified-how", checked.map_or_else(none, |checked| checked.how.clone())),
        ("verified-seconds", checked.map_or_else(none, |checked| format!("{:.3}", checked.seconds))),
        ("failed", manifest.failed.clone().unwrap_or_else(none)),
    ];
    all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// What is known of a snapshot; none without our tags.
pub(crate) fn kept(thing: &Thing, kind: &str) -> Option<Kept> {
    let said =
        |name: &str| thing.marks.get(name).filter(|value| !value.is_empty() && *value != NONE).cloned();
    let verified = said("verified").and_then(|at| at.parse().ok()).map(|at| Verified {
        at,
        how: said("verified-how").unwrap_or_default(),
        seconds: said("verified-seconds").and_then(|text| text.parse().ok()).unwrap_or_default(),
    });
    let manifest = Manifest {
        format: 1,
        name: said("name")?,
        project: said("project")?,
        environment: said("environment")?,
        snapshot: said("snapshot")?,
        kind: kind.to_owned(),
        created: said("created")?.parse().ok()?,
        by: said("by").unwrap_or_default(),
        run: said("run").unwrap_or_default(),
        infractl: said("infractl").unwrap_or_default(),
        stored: None,
        database: None,
        of: said("of"),
        id: Some(thing.id.clone()),
        size: thing.bytes,
        verified,
        failed: said("failed"),
    };
    let trouble = match (thing.state, &manifest.failed) {
        (State::Failed, _) => Some(format!("the cloud says it is in `{}`", thing.status)),
        (State::Pending, _) => Some(format!("it is not whole yet: {}", thing.status)),
        (State::Ready, Some(why)) => Some(format!("its check failed: {why}")),
        (State::Ready, None) => None,
    };
    Some(Kept { manifest, trouble })
}

/// A value as every cloud takes it: what one of them refuses is written as `=` and two digits a byte.
pub(crate) fn written(value: &str) -> String {
    let mut text = String::new();
    for letter in value.chars() {
        let before = text.len();
        if letter.is_ascii_alphanumeric() || " _.:/+@-".contains(letter) {
            text.push(letter);
        } else {
            let mut bytes = [0; 4];
            for byte in letter.encode_utf8(&mut bytes).bytes() {
                let _ = write!(text, "={byte:02X}");
            }
        }
        if text.len() > LONGEST {
            text.truncate(before);
            break;
        }
    }
    text.trim_end().to_owned()
}

/// The value of a tag, read back.
pub(crate) fn read(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let code = after.get(..2).filter(|_| *first == b'=');
        let byte = code.and_then(|code| u8::from_str_radix(std::str::from_utf8(code).ok()?, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::gate::tests;
    use super::*;

    fn thing(manifest: &Manifest, state: State) -> Thing {
        let mut all = marks(manifest, "c");
        all.extend(found(manifest));
        let marks = all.into_iter().map(|(name, value)| (name, read(&written(&value)))).collect();
        Thing { id: "snap-1".to_owned(), state, status: "completed".to_owned(), bytes: Some(1 << 30), marks }
    }

    #[test]
    fn a_snapshot_is_known_by_its_tags_on_every_machine() {
        let mut manifest = tests::kept("2026-11-28T12:00:00.25Z".parse().unwrap(), true).manifest;
        manifest.of = Some("vol-1".to_owned());
        manifest.project = "Ünser, shop".to_owned();
        let back = kept(&thing(&manifest, State::Ready), "aws").unwrap();
        let wanted =
            Manifest { id: Some("snap-1".into()), size: Some(1 << 30), kind: "aws".into(), ..manifest };
        assert_eq!(back, Kept { manifest: wanted.clone(), trouble: None });

        let failed = Manifest { verified: None, failed: Some("it has 0 bytes".into()), ..wanted.clone() };
        let back = kept(&thing(&failed, State::Ready), "aws").unwrap();
        assert_eq!((back.manifest.verified.is_none(), back.is_good()), (true, false));
        assert!(!kept(&thing(&wanted, State::Pending), "aws").unwrap().is_good());
        assert!(!kept(&thing(&wanted, State::Failed), "aws").unwrap().is_good());
    }

    #[test]
    fn what_has_not_our_tags_is_none_of_ours() {
        let manifest = tests::kept("2026-11-28T12:00:00Z".parse().unwrap(), false).manifest;
        for missing in ["project", "environment", "snapshot", "name", "created"] {
            let mut thing = thing(&manifest, State::Ready);
            thing.marks.remove(missing);
            assert_eq!(kept(&thing, "aws"), None, "{missing}");
        }
    }

    proptest! {
        #[test]
        fn a_value_comes_back_from_a_tag(value in ".{0,20}") {
            let text = written(&value);
            prop_assert!(text.len() <= LONGEST);
            prop_assert!(text.chars().all(|letter| letter.is_ascii_alphanumeric() || " _.:/=+@-".contains(letter)));
            prop_assert_eq!(read(&text), value.trim_end_matches(' '));
        }
    }
}
