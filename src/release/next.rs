//! The next version, and which commit decided it.

use semver::{BuildMetadata, Prerelease, Version};

use super::commits::{Change, Commit};
use crate::config::model::Zero;

/// What a change asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Bump {
    /// The last number.
    Patch,
    /// The number in the middle.
    Minor,
    /// The first number.
    Major,
}

/// What is asked for on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asked {
    /// What the commits say.
    Commits,
    /// This number.
    Bump(Bump),
    /// This version.
    Version(Version),
}

/// A version, and why it is that one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Next {
    /// The version.
    pub version: Version,
    /// The rule and the commit that decided.
    pub why: String,
}

/// Why there is no next version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoNext {
    /// No commit since the last release, or none that asks for one.
    Nothing(String),
    /// There are commits, and not one is conventional.
    Unconventional,
    /// It would not be greater than the last one.
    NotGreater(Version),
    /// The footer of a commit names what is no version.
    NotAVersion(String),
}

/// The version after `tagged`, all versions that were released from here.
pub(crate) fn next(
    tagged: &[Version],
    commits: &[Commit],
    asked: &Asked,
    pre: Option<&Prerelease>,
    zero: Zero,
) -> Result<Next, NoNext> {
    let last = tagged.iter().filter(|version| version.pre.is_empty()).max();
    let next = match asked {
        Asked::Version(version) => Next { version: version.clone(), why: "as asked for".to_owned() },
        Asked::Bump(bump) => Next { version: bumped(last, *bump), why: "as asked for".to_owned() },
        Asked::Commits => by_commits(last, commits, zero)?,
    };
    let next = match pre {
        Some(pre) => Next { version: numbered(&next.version, pre, tagged), why: next.why },
        None => next,
    };
    match tagged.iter().max() {
        Some(greatest) if *greatest >= next.version => Err(NoNext::NotGreater(greatest.clone())),
        _ => Ok(next),
    }
}

fn by_commits(last: Option<&Version>, commits: &[Commit], zero: Zero) -> Result<Next, NoNext> {
    if commits.is_empty() {
        return Err(NoNext::Nothing("there is no commit since then".to_owned()));
    }
    // The newest comes first.
    if let Some((commit, asked)) =
        commits.iter().find_map(|commit| Some((commit, commit.release_as.as_ref()?)))
    {
        let version = Version::parse(asked).map_err(|_| NoNext::NotAVersion(asked.clone()))?;
        return Ok(Next { version, why: format!("`Release-As` of {}", named(commit)) });
    }
    if commits.iter().all(|commit| commit.changes.is_empty()) {
        return Err(NoNext::Unconventional);
    }
    let asks = commits.iter().flat_map(|commit| commit.changes.iter().map(move |change| (commit, change)));
    let decided = asks.filter_map(|(commit, change)| Some((bump(change)?, commit)));
    // Of those that ask for as much, the oldest.
    let Some((bump, commit)) = decided.max_by_key(|(bump, _)| *bump) else {
        return Err(NoNext::Nothing(format!(
            "none of {} asks for a release (`feat`, `fix`, `perf`, `revert`, or what breaks)",
            crate::text::plural(commits.len(), "commit")
        )));
    };
    let Some(last) = last else {
        return Ok(Next { version: Version::new(0, 1, 0), why: "the first release".to_owned() });
    };
    let is_young = last.major == 0 && bump == Bump::Major && zero == Zero::Minor;
    let bump = if is_young { Bump::Minor } else { bump };
    let rule = match bump {
        Bump::Minor if is_young => "minor, as something breaks below 1.0.0",
        Bump::Patch => "patch",
        Bump::Minor => "minor",
        Bump::Major => "major, as something breaks",
    };
    Ok(Next { version: bumped(Some(last), bump), why: format!("{rule}: {}", named(commit)) })
}

/// What a change asks for: nothing, if users see nothing of it.
fn bump(change: &Change) -> Option<Bump> {
    match change.kind.as_str() {
        _ if !change.breaks.is_empty() => Some(Bump::Major),
        "feat" => Some(Bump::Minor),
        "fix" | "perf" | "revert" => Some(Bump::Patch),
        _ => None,
    }
}

fn bumped(last: Option<&Version>, bump: Bump) -> Version {
    let last = last.cloned().unwrap_or(Version::new(0, 0, 0));
    match bump {
        Bump::Patch => Version::new(last.major, last.minor, last.patch + 1),
        Bump::Minor => Version::new(last.major, last.minor + 1, 0),
        Bump::Major => Version::new(last.major + 1, 0, 0),
    }
}

/// The next pre-release of a version: `rc.1`, `rc.2`…
fn numbered(version: &Version, pre: &Prerelease, tagged: &[Version]) -> Version {
    let same =
        |tag: &&Version| (tag.major, tag.minor, tag.patch) == (version.major, version.minor, version.patch);
    let start = format!("{pre}.");
    let numbers =
        tagged.iter().filter(same).filter_map(|tag| tag.pre.strip_prefix(&*start)?.parse::<u64>().ok());
    let number = numbers.max().map_or(1, |number| number.saturating_add(1));
    let pre = Prerelease::new(&format!("{start}{number}")).unwrap_or_else(|_| pre.clone());
    Version { pre, build: BuildMetadata::EMPTY, ..version.clone() }
}

fn named(commit: &Commit) -> String {
    format!("{:.12} {}", commit.id, commit.subject)
}

#[cfg(test)]
mod tests {
    use super::super::commits;
    use super::*;

    fn versions(texts: &[&str]) -> Vec<Version> {
        texts.iter().map(|text| Version::parse(text).unwrap()).collect()
    }

    fn after(tagged: &[&str], messages: &[&str], zero: Zero) -> String {
        let log: String = messages.iter().map(|message| ["abc\n", message, "\0"].concat()).collect();
        match next(&versions(tagged), &commits::read(&log), &Asked::Commits, None, zero) {
            Ok(next) => next.version.to_string(),
            Err(none) => format!("{none:?}").split('(').next().unwrap_or_default().to_owned(),
        }
    }

    #[test]
    fn the_greatest_change_decides() {
        for (tagged, messages, wanted) in [
            ("1.2.3", &["fix: a", "docs: b"] as &[&str], "1.2.4"),
            ("1.2.3", &["perf: a"], "1.2.4"),
            ("1.2.3", &["fix: a", "feat: b", "wip"], "1.3.0"),
            ("1.2.3", &["feat: a", "docs!: b"], "2.0.0"),
            ("0.2.3", &["feat!: a"], "0.3.0"),
            ("0.2.3", &["fix: a"], "0.2.4"),
            ("1.2.3", &["docs: a", "chore: b"], "Nothing"),
            ("1.2.3", &[], "Nothing"),
            ("1.2.3", &["wip", "more"], "Unconventional"),
            ("1.2.3", &["fix: a\n\nRelease-As: 4.0.0"], "4.0.0"),
            ("1.2.3", &["fix: a\n\nRelease-As: 1.2.3"], "NotGreater"),
            ("1.2.3", &["fix: a\n\nRelease-As: four"], "NotAVersion"),
        ] {
            assert_eq!(after(&[tagged], messages, Zero::Minor), wanted, "{tagged} {messages:?}");
        }
        assert_eq!(after(&["0.2.3"], &["feat!: a"], Zero::Major), "1.0.0");
        assert_eq!(after(&[], &["fix: a"], Zero::Minor), "0.1.0");
        assert_eq!(after(&["1.0.0", "1.1.0-rc.1"], &["feat: a"], Zero::Minor), "1.1.0");
    }

    #[test]
    fn pre_releases_are_counted_and_lower_versions_refused() {
        let tagged = versions(&["1.0.0", "1.1.0-rc.9", "1.1.0-rc.10", "1.1.0-beta.3"]);
        let commits = commits::read("abc\nfeat: a\0");
        let rc = Prerelease::new("rc").unwrap();
        let of = |asked: &Asked, pre| next(&tagged, &commits, asked, pre, Zero::Minor);
        assert_eq!(of(&Asked::Commits, Some(&rc)).unwrap().version.to_string(), "1.1.0-rc.11");
        assert_eq!(of(&Asked::Bump(Bump::Major), Some(&rc)).unwrap().version.to_string(), "2.0.0-rc.1");
        let low = Asked::Version(Version::new(1, 0, 0));
        assert!(matches!(of(&low, None), Err(NoNext::NotGreater(_))));
        let why = of(&Asked::Commits, None).unwrap().why;
        assert_eq!(why, "minor: abc feat: a");
    }
}
