//! Commits since a release, as far as they are conventional.

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Commit {
    /// Its name.
    pub id: String,
    /// Its first line.
    pub subject: String,
    /// What it says it does: none if it is not conventional, several when it was squashed from several.
    pub changes: Vec<Change>,
    /// The version that its footer `Release-As` asks for.
    pub release_as: Option<String>,
}

/// One thing that a commit does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    /// `feat`, `fix`…, in small letters.
    pub kind: String,
    /// What it is about.
    pub scope: Option<String>,
    /// What it does.
    pub text: String,
    /// What it breaks, in its words; empty if nothing.
    pub breaks: Vec<String>,
}

/// Kinds that a line of a squashed commit may have: any word with a colon would make too much of prose.
const KINDS: [&str; 11] =
    ["feat", "fix", "perf", "revert", "docs", "ci", "chore", "style", "test", "refactor", "build"];

/// Reads what `git log` printed: per commit its name, a line feed, the message, and NUL.
pub(crate) fn read(log: &str) -> Vec<Commit> {
    let texts = log.split('\0').map(|text| text.trim_start_matches('\n'));
    texts.filter_map(|text| text.split_once('\n')).map(|(id, message)| commit(id, message)).collect()
}

fn commit(id: &str, message: &str) -> Commit {
    let message = message.replace("\r\n", "\n");
    let message = message.trim();
    let subject = message.lines().next().unwrap_or_default();
    // Without a blank line below its first line, only that one is read.
    let parsed =
        git_conventional::Commit::parse(message).or_else(|_| git_conventional::Commit::parse(subject)).ok();
    let mut changes: Vec<Change> = parsed.iter().map(change).collect();
    for change in message.lines().skip(1).filter_map(squashed) {
        if !changes.contains(&change) {
            changes.push(change);
        }
    }
    let footers = parsed.iter().flat_map(git_conventional::Commit::footers);
    let release_as = footers
        .filter(|footer| footer.token().as_str().eq_ignore_ascii_case("release-as"))
        .map(|footer| footer.value().trim().to_owned())
        .next();
    Commit { id: id.to_owned(), subject: subject.to_owned(), changes, release_as }
}

/// A line of the body that is the first line of a commit that was squashed into this one.
fn squashed(line: &str) -> Option<Change> {
    let line = line.strip_prefix("* ").or_else(|| line.strip_prefix("- ")).unwrap_or(line);
    let change = change(&git_conventional::Commit::parse(line).ok()?);
    KINDS.contains(&change.kind.as_str()).then_some(change)
}

fn change(commit: &git_conventional::Commit<'_>) -> Change {
    let footers = commit.footers().iter().filter(|footer| footer.breaking());
    let mut breaks: Vec<String> = footers.map(|footer| one_line(footer.value())).collect();
    if breaks.is_empty() && commit.breaking() {
        breaks.push(one_line(commit.description()));
    }
    Change {
        kind: commit.type_().as_str().to_ascii_lowercase(),
        scope: commit.scope().map(|scope| scope.as_str().to_owned()),
        text: one_line(commit.description()),
        breaks,
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(message: &str) -> Vec<(String, Vec<String>)> {
        commit("1", message).changes.into_iter().map(|change| (change.kind, change.breaks)).collect()
    }

    fn one(kind: &str, breaks: &[&str]) -> (String, Vec<String>) {
        (kind.to_owned(), breaks.iter().map(|&text| text.to_owned()).collect())
    }

    #[test]
    fn a_message_says_what_it_does() {
        for (message, wanted) in [
            ("feat(api): routes", vec![one("feat", &[])]),
            ("FIX: it", vec![one("fix", &[])]),
            ("chore!: drop 1.0", vec![one("chore", &["drop 1.0"])]),
            ("fix: a\n\nBREAKING CHANGE: b\n  and c", vec![one("fix", &["b and c"])]),
            ("fix: a\r\n\r\nBREAKING-CHANGE: b\r\n", vec![one("fix", &["b"])]),
            ("fix: a\n\nBREAKING CHANGE: b\nBREAKING CHANGE: c", vec![one("fix", &["b", "c"])]),
            // What is quoted breaks nothing.
            ("fix: a\n\nIt was said to be a\nBREAKING CHANGE: and was none", vec![one("fix", &[])]),
            ("docs: a\n\n> BREAKING CHANGE: quoted\n\n    BREAKING CHANGE: code", vec![one("docs", &[])]),
            ("fix: a\nno blank line", vec![one("fix", &[])]),
            ("Squashed (#7)\n\n* feat: a\n* fix: b\n* fix: b", vec![one("feat", &[]), one("fix", &[])]),
            ("Update it\n\nSigned-off-by: A <a@example.org>\nnote: this", vec![]),
            ("wip", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(kinds(message), wanted, "{message}");
        }
    }

    #[test]
    fn a_log_is_read_commit_by_commit() {
        let log = "aa\nfeat: one\n\0bb\nfix: two\n\nRelease-As: 2.0.0\n\0cc\n\0";
        let read = read(log);
        assert_eq!(read.iter().map(|commit| commit.id.as_str()).collect::<Vec<_>>(), ["aa", "bb", "cc"]);
        assert_eq!(read[1].release_as.as_deref(), Some("2.0.0"));
        assert_eq!((read[2].subject.as_str(), read[2].changes.len()), ("", 0));
    }
}
