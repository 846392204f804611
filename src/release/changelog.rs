//! What is new, in the form of Keep a Changelog: inserted, nothing else is changed.

use std::fmt::Write as _;

use super::commits::{Change, Commit};

const TITLE: &str = "# Changelog\n\nThe form is that of [Keep a Changelog](https://keepachangelog.com), the numbers \
    are those of\n[SemVer](https://semver.org).\n";

/// The headings, in order, and the kinds of changes below them.
const GROUPS: [(&str, &[&str]); 3] =
    [("Added", &["feat"]), ("Changed", &["perf", "revert"]), ("Fixed", &["fix"])];

/// The section of a release: what users see of it, the oldest first.
pub(crate) fn section(version: &str, date: &str, commits: &[Commit]) -> String {
    let mut text = format!("## [{version}] - {date}\n");
    let changes: Vec<(&Commit, &Change)> = (commits.iter().rev())
        .flat_map(|commit| commit.changes.iter().map(move |change| (commit, change)))
        .collect();
    let breaks = changes
        .iter()
        .flat_map(|(commit, change)| change.breaks.iter().map(move |text| line(commit, change, text)));
    group(&mut text, "Breaking", breaks);
    for (heading, kinds) in GROUPS {
        let lines = changes.iter().filter(|(_, change)| kinds.contains(&change.kind.as_str()));
        group(&mut text, heading, lines.map(|(commit, change)| line(commit, change, &change.text)));
    }
    text
}

fn group(text: &mut String, heading: &str, lines: impl Iterator<Item = String>) {
    let lines: String = lines.collect();
    if !lines.is_empty() {
        let _ = write!(text, "\n### {heading}\n\n{lines}");
    }
}

fn line(commit: &Commit, change: &Change, text: &str) -> String {
    let scope = change.scope.as_ref().map_or_else(String::new, |scope| format!("**{scope}:** "));
    format!("- {scope}{text} ({:.7})\n", commit.id)
}

/// The file with the section in it: above the newest release, below what is unreleased. Its line ends are kept.
pub(crate) fn inserted(old: Option<&[u8]>, section: &str) -> Vec<u8> {
    let Some(old) = old.filter(|old| !old.is_empty()) else {
        return format!("{TITLE}\n{section}").into_bytes();
    };
    let has_crlf = memchr::memmem::find(old, b"\r\n").is_some();
    let place = place(old);
    let (above, below) = old.split_at(place);
    let gap = match above {
        [] => "",
        [.., b'\n'] if above.ends_with(b"\n\n") || above.ends_with(b"\n\r\n") => "",
        [.., b'\n'] => "\n",
        _ => "\n\n",
    };
    let end = if below.is_empty() { "" } else { "\n" };
    let new = format!("{gap}{section}{end}");
    let new = if has_crlf { new.replace('\n', "\r\n") } else { new };
    [above, new.as_bytes(), below].concat()
}

/// Where the first section of a release begins; the end if there is none.
fn place(old: &[u8]) -> usize {
    let (mut at, mut is_code) = (0, false);
    for line in old.split_inclusive(|byte| *byte == b'\n') {
        is_code ^= line.starts_with(b"```");
        if !is_code
            && line.starts_with(b"## ")
            && !line.to_ascii_lowercase().starts_with(b"## [unreleased]")
            && !line.to_ascii_lowercase().starts_with(b"## unreleased")
        {
            return at;
        }
        at += line.len();
    }
    at
}

#[cfg(test)]
mod tests {
    use super::super::commits;
    use super::*;

    #[test]
    fn a_section_has_what_users_see() {
        let log =
            "ccccccccc\nfeat(api): routes\0bbbbbbbbb\nchore!: drop 1.0\0aaaaaaaaa\nfix: it\0ddd\ndocs: no\0";
        assert_eq!(
            section("1.0.0", "2026-01-02", &commits::read(log)),
            "## [1.0.0] - 2026-01-02\n\n### Breaking\n\n- drop 1.0 (bbbbbbb)\n\n### Added\n\n\
             - **api:** routes (ccccccc)\n\n### Fixed\n\n- it (aaaaaaa)\n"
        );
    }

    #[test]
    fn nothing_of_the_old_text_changes() {
        let new = "## [2.0.0] - x\n";
        for (old, wanted) in [
            (
                "# C\n\n## Unreleased\n\n- u\n\n## [1.0.0]\n",
                "# C\n\n## Unreleased\n\n- u\n\n## [2.0.0] - x\n\n## [1.0.0]\n",
            ),
            ("# C\n\n## 1.0.0\n", "# C\n\n## [2.0.0] - x\n\n## 1.0.0\n"),
            ("# C\r\n\r\n## 1.0.0\r\n", "# C\r\n\r\n## [2.0.0] - x\r\n\r\n## 1.0.0\r\n"),
            ("# C\n", "# C\n\n## [2.0.0] - x\n"),
            ("# C", "# C\n\n## [2.0.0] - x\n"),
            ("# C\n\n```\n## no\n```\n\n## 1\n", "# C\n\n```\n## no\n```\n\n## [2.0.0] - x\n\n## 1\n"),
            ("## 1\n", "## [2.0.0] - x\n\n## 1\n"),
        ] {
            assert_eq!(String::from_utf8(inserted(Some(old.as_bytes()), new)).unwrap(), wanted);
        }
        assert!(inserted(None, new).starts_with(b"# Changelog\n"));
        let latin = b"# C\xe9\n\n## 1\xe9\n";
        let bytes = inserted(Some(latin), new);
        assert!(bytes.starts_with(b"# C\xe9\n\n## [2") && bytes.ends_with(b"## 1\xe9\n"));
    }
}
