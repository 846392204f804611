//! Can a release be made from here? What is there, and every reason why not.

use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use semver::Version;

use super::call::{ask, call, failed};
use crate::config::model::Release;
use crate::context::Ctx;
use crate::failure::{Failure, Kind};
use crate::text;
use crate::tools::git;
use crate::ui::ci::Ci;

/// Where releases are made, with what stands in for keys that are not set.
#[derive(Debug)]
pub(crate) struct Rules<'a> {
    /// `[release]`.
    pub release: &'a Release,
    /// The folder of the project.
    pub root: &'a Path,
}

impl Rules<'_> {
    /// The tag of a version.
    pub(crate) fn tag(&self, version: &Version) -> String {
        format!("{}{version}", self.prefix())
    }

    fn prefix(&self) -> &str {
        self.release.tag_prefix.as_deref().unwrap_or("v")
    }

    /// The branch that releases are made on.
    pub(crate) fn branch(&self) -> &str {
        self.release.branch.as_deref().unwrap_or("main")
    }

    /// The remote that they are pushed to.
    pub(crate) fn remote(&self) -> &str {
        self.release.remote.as_deref().unwrap_or("origin")
    }

    /// Releases of an older version are mended on such a branch.
    fn is_hotfix(&self, branch: &str) -> bool {
        self.release.hotfix.as_deref().is_some_and(|pattern| text::matches(pattern, branch))
    }

    fn version(&self, tag: &str) -> Option<Version> {
        Version::parse(tag.strip_prefix(self.prefix())?).ok()
    }
}

/// The repository, in a state that a release can be made from.
#[derive(Debug)]
pub(crate) struct Repository {
    /// Its top folder.
    pub top: PathBuf,
    /// The path from there to the project: empty, or with `/` at its end.
    pub prefix: String,
    /// The commit that is checked out.
    pub head: String,
    /// The branch that is released.
    pub branch: String,
    /// It mends an older release.
    pub is_hotfix: bool,
    /// The versions it descends from, and their commits.
    pub tagged: IndexMap<Version, String>,
    /// Tags that it does not descend from, and the commits they name.
    others: IndexMap<String, String>,
    /// The tags that the remote has, and the commits they name.
    remote_tags: IndexMap<String, String>,
}

impl Repository {
    /// The last release: the commits since then are what is new.
    pub(crate) fn last(&self) -> Option<(&Version, &str)> {
        let finals = self.tagged.iter().filter(|(version, _)| version.pre.is_empty());
        finals.max_by_key(|(version, _)| *version).map(|(version, commit)| (version, commit.as_str()))
    }

    /// The version that this very commit has: one for good counts more than those before it.
    pub(crate) fn here(&self) -> Option<&Version> {
        self.tagged.iter().filter(|(_, commit)| **commit == self.head).map(|(version, _)| version).max()
    }

    /// An error when a tag has this name already, here or at the remote.
    pub(crate) fn check_free(&self, tag: &str, remote: &str) -> Result<(), Failure> {
        let place = match self.others.get(tag) {
            Some(commit) => format!("here, and names {commit:.12}, which is not part of what is checked out"),
            None if self.remote_tags.contains_key(tag) => format!("at `{remote}`"),
            None => return Ok(()),
        };
        Err(Failure::new(Kind::Failed, format!("the tag `{tag}` exists {place}"))
            .help("release another version: `infractl release --version X.Y.Z`; a tag that moves is no tag"))
    }

    /// An error when a tag that is here is not at the remote.
    pub(crate) fn check_pushed(&self, tag: &str, remote: &str) -> Result<(), Failure> {
        if self.remote_tags.contains_key(tag) {
            return Ok(());
        }
        Err(Failure::new(Kind::Failed, format!("the tag `{tag}` is here and not at `{remote}`"))
            .help(format!("push it: `git push {remote} {tag}`; or remove it: `git tag -d {tag}`")))
    }
}

/// Looks at it, and refuses what no release can be made from.
pub(crate) async fn look(cx: &Ctx, rules: &Rules<'_>) -> Result<Repository, Failure> {
    let root = rules.root;
    let place = ask(cx, &git::place(root), "find what is checked out").await?;
    let mut lines = place.lines();
    let mut line = || lines.next().unwrap_or_default().to_owned();
    let (is_shallow, top, prefix, head) = (line() == "true", PathBuf::from(line()), line(), line());
    if is_shallow {
        return Err(refused("the clone is shallow: commits and tags since the last release may be missing")
            .help("fetch the rest: `git fetch --unshallow --tags` (GitHub Actions: `fetch-depth: 0`; GitLab: `GIT_DEPTH: 0`)"));
    }
    let (branch, is_hotfix) = on_branch(cx, rules).await?;
    let differences = ask(cx, &git::differences(&top), "look for changes").await?;
    if let Some(first) = differences.lines().next() {
        let more = match differences.lines().count() - 1 {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        let path = first.get(3..).unwrap_or(first);
        return Err(refused(format!("there are changes that are not committed: {path}{more}"))
            .help("commit them, or put them aside: `git stash --include-untracked`"));
    }
    let listed = ask(cx, &git::tags(root, rules.prefix(), None), "list the tags").await?;
    let mut others: IndexMap<String, String> = listed.lines().filter_map(tag).collect();
    let remote_tags = at_remote(cx, rules, &branch, &head, &others).await?;
    let listed = ask(cx, &git::tags(root, rules.prefix(), Some("HEAD")), "list the tags").await?;
    let mut tagged = IndexMap::new();
    for (name, commit) in listed.lines().filter_map(tag) {
        if let Some(version) = rules.version(&name) {
            others.shift_remove(&name);
            tagged.insert(version, commit);
        }
    }
    Ok(Repository { top, prefix, head, branch, is_hotfix, tagged, others, remote_tags })
}

/// A line of the list of tags: its name, and the commit it names.
fn tag(line: &str) -> Option<(String, String)> {
    let mut words = line.split(' ');
    let (name, object) = (words.next()?, words.next()?);
    let commit = words.next().filter(|commit| !commit.is_empty()).unwrap_or(object);
    Some((name.to_owned(), commit.to_owned()))
}

/// The branch that is released, and whether it mends an older release.
async fn on_branch(cx: &Ctx, rules: &Rules<'_>) -> Result<(String, bool), Failure> {
    let done = call(cx, &git::branch(rules.root)).await?;
    let (current, wanted) = (String::from_utf8_lossy(&done.stdout).trim().to_owned(), rules.branch());
    let here = match done.code {
        0 if current == wanted => return Ok((current, false)),
        0 if rules.is_hotfix(&current) => return Ok((current, true)),
        0 => format!("`{current}` is checked out"),
        // CI checks out commits.
        _ if Ci::of(|name| cx.vars.get(name)).is_some() => return Ok((wanted.to_owned(), false)),
        _ => "no branch is checked out".to_owned(),
    };
    Err(refused(format!("releases are made on `{wanted}`, and {here}"))
        .help(format!("change to it: `git switch {wanted}`; or name another one: `[release] branch`")))
}

/// The tags at the remote, if nothing there is missing here.
async fn at_remote(
    cx: &Ctx,
    rules: &Rules<'_>,
    branch: &str,
    head: &str,
    here: &IndexMap<String, String>,
) -> Result<IndexMap<String, String>, Failure> {
    let (root, remote) = (rules.root, rules.remote());
    let done = call(cx, &git::ls_remote(root, remote, branch, rules.prefix())).await?;
    if done.code != 0 {
        return Err(failed(&done, &format!("ask `{remote}` what it has"))
            .help("name the remote that releases are pushed to: `[release] remote`"));
    }
    let text = String::from_utf8_lossy(&done.stdout);
    let (mut tags, mut tip) = (IndexMap::new(), None);
    for (object, name) in text.lines().filter_map(|line| line.split_once('\t')) {
        match name.strip_prefix("refs/tags/") {
            // What an annotated tag names comes after the tag itself.
            Some(name) => {
                tags.insert(name.trim_end_matches("^{}").to_owned(), object.to_owned());
            }
            None if name == format!("refs/heads/{branch}") => tip = Some(object.to_owned()),
            _ => {}
        }
    }
    if let Some(tip) = tip.filter(|tip| tip != head)
        && call(cx, &git::is_ancestor(root, &tip, head)).await?.code != 0
    {
        return Err(refused(format!("`{branch}` of `{remote}` has commits that are missing here"))
            .help(format!("take them: `git pull --ff-only --tags {remote} {branch}`")));
    }
    let is_missing = |name: &&String| rules.version(name).is_some() && !here.contains_key(*name);
    if let Some(name) = tags.keys().find(is_missing) {
        return Err(refused(format!("`{remote}` has the tag `{name}`, which is missing here"))
            .help(format!("fetch the tags: `git fetch --tags {remote}`")));
    }
    let is_other = |(name, there): &(&String, &String)| {
        rules.version(name).is_some() && here.get(*name).is_some_and(|commit| commit != *there)
    };
    if let Some((name, there)) = tags.iter().find(is_other) {
        return Err(refused(format!(
            "the tag `{name}` of `{remote}` names {there:.12}, and the one here another commit"
        ))
        .help(format!("take the one that everybody has: `git fetch --force {remote} tag {name}`")));
    }
    Ok(tags)
}

fn refused(message: impl Into<String>) -> Failure {
    Failure::new(Kind::Failed, message)
}
