//! What an environment can go back to. Pure.

use jiff::Timestamp;

use super::{Deployment, Standing};
use crate::config::model::Migrations;

/// What is gone back to: the one that is named, else the last that was verified and is another than what runs; the last
/// that ended well if none ever was verified. What was left once is not offered again.
pub(crate) fn target<'a>(standing: &'a Standing, to: Option<&str>) -> Result<&'a Deployment, String> {
    let Some(last) = standing.last() else { return Err("nothing was deployed yet".to_owned()) };
    let Some(to) = to else {
        let others: Vec<&Deployment> = candidates(standing).collect();
        let verified = others.iter().find(|deployment| deployment.verified.is_some());
        return verified.or(others.first()).copied().ok_or_else(|| {
            format!("nothing else than {} ended well, or it was left once: name it with `--to`", last.name)
        });
    };
    let mut named =
        standing.deployments.iter().rev().filter(|deployment| is_named(deployment, to)).peekable();
    if named.peek().is_none() {
        return Err(format!("{to} was never deployed here"));
    }
    let done =
        named.find(|deployment| deployment.is_done()).ok_or_else(|| format!("{to} never ended well here"))?;
    if last.is_done() && done.is_same_as(last) {
        return Err(format!("{} is what runs", last.name));
    }
    Ok(done)
}

/// The last one that was verified, for a deployment that fails.
pub(crate) fn verified(standing: &Standing) -> Option<&Deployment> {
    candidates(standing).find(|deployment| deployment.verified.is_some())
}

/// Why this run of a forge has nothing to go back from, if that is so.
pub(crate) fn why_not(standing: &Standing, job: &str) -> Option<String> {
    let Some(last) = standing.last() else { return Some("nothing was deployed yet".to_owned()) };
    let name = &last.name;
    if last.job.as_deref() != Some(job) {
        return Some(format!("this run deployed nothing since {name} (deployment {})", last.number));
    }
    if last.leaves.is_some() {
        return Some(format!("this run went back to {name} already"));
    }
    last.verified.map(|_| format!("{name} was verified"))
}

/// What ended well and is another than what runs, the newest first.
fn candidates(standing: &Standing) -> impl Iterator<Item = &Deployment> {
    let last = standing.last();
    standing.deployments.iter().rev().filter(move |deployment| {
        let runs = last.is_some_and(|last| {
            last.number == deployment.number || (last.is_done() && last.is_same_as(deployment))
        });
        deployment.is_done() && !deployment.is_left && !deployment.dirty && !runs
    })
}

/// `v1.2.0`, `1.2.0`, the beginning of a commit.
fn is_named(deployment: &Deployment, to: &str) -> bool {
    let release = deployment.release.as_deref();
    let is_release = release.is_some_and(|release| {
        release == to
            || release
                .strip_suffix(to)
                .is_some_and(|prefix| !prefix.ends_with(|c: char| c.is_ascii_digit() || c == '.'))
    });
    let is_commit = to.len() >= 7 && deployment.commit.as_ref().is_some_and(|commit| commit.starts_with(to));
    is_release || (is_commit && !deployment.dirty)
}

/// The deployments since then that have changed the schema of the data for good, the oldest first.
fn changing<'a>(standing: &'a Standing, to: &'a Deployment) -> impl Iterator<Item = &'a Deployment> {
    let is_between = move |deployment: &&Deployment| {
        deployment.number > to.number
            && deployment.migrations == Some(Migrations::ForwardOnly)
            && !(deployment.commit == to.commit && deployment.commit.is_some())
    };
    standing.deployments.iter().filter(is_between)
}

/// The releases that these are.
pub(crate) fn schemas<'a>(standing: &'a Standing, to: &'a Deployment) -> Vec<&'a str> {
    let mut names: Vec<&str> = changing(standing, to).map(|deployment| deployment.name.as_str()).collect();
    names.dedup();
    names
}

/// When the schema was changed first since then.
pub(crate) fn changed(standing: &Standing, to: &Deployment) -> Option<Timestamp> {
    changing(standing, to).next().map(|deployment| deployment.began)
}

#[cfg(test)]
mod tests {
    use super::super::record::{Begun, Deployed, Line, Release, SCHEMA, What};
    use indexmap::IndexMap;

    use super::*;
    use crate::history::State;

    /// Deployments, each a release with its outcome: `!` failed, `?` done, `+` verified, `<N` went back from number N.
    fn standing(all: &[&str]) -> Standing {
        let mut lines: Vec<Line> = Vec::new();
        let mut add = |what| {
            let (number, at) = (lines.len() as u64 + 1, "2026-01-02T03:04:05Z".parse().unwrap());
            let (by, host) = ("ada".to_owned(), "ci".to_owned());
            lines.push(Line { schema: SCHEMA, number, at, by, host, run: None, what, before: String::new() });
            number
        };
        for one in all {
            let (release, left) = one.split_once('<').unwrap_or((one, ""));
            let name = release.trim_end_matches(['!', '?', '+', 'm']);
            let of = Release {
                release: Some(name.to_owned()),
                commit: Some(format!("{name}{name}{name}")),
                dirty: false,
            };
            let migrations = release.ends_with('m').then_some(Migrations::ForwardOnly);
            let deployment =
                add(What::Began(Begun { of, migrations, leaves: left.parse().ok(), ..Begun::default() }));
            let outcome = if release.contains('!') { State::Failed } else { State::Done };
            add(What::Deployed(Deployed { deployment, outcome, images: IndexMap::new(), snapshot: None }));
            if release.contains('+') {
                add(What::Verified { deployment });
            }
        }
        Standing::of(&lines)
    }

    #[test]
    fn where_it_goes_back_to() {
        for (all, to, wanted) in [
            (vec!["v1?", "v2?"], None, Ok("v1")),
            (vec!["v1+", "v2?", "v3?"], None, Ok("v1")),
            (vec!["v1+", "v2+", "v3!"], None, Ok("v2")),
            (vec!["v1+", "v2!"], None, Ok("v1")),
            (vec!["v1+", "v1+"], None, Err("nothing else than v1")),
            (vec!["v0+", "v1+", "v2+", "v1+<7"], None, Ok("v0")),
            (vec!["v1!"], None, Err("nothing else")),
            (vec![], None, Err("nothing was deployed")),
            (vec!["v1?", "v2+", "v3+"], Some("v1"), Ok("v1")),
            (vec!["v1?", "v2+", "v3+"], Some("1"), Ok("v1")),
            (vec!["v11?", "v2+"], Some("1"), Err("never deployed")),
            (vec!["v1!", "v2+"], Some("v1"), Err("never ended well")),
            (vec!["v1+", "v2+"], Some("v2"), Err("v2 is what runs")),
            (vec!["v100?", "v2+"], Some("v100v10"), Ok("v100")),
        ] {
            let standing = standing(&all);
            let found = target(&standing, to).map(|deployment| deployment.name.as_str());
            match (found, wanted) {
                (Ok(found), Ok(wanted)) => assert_eq!(found, wanted, "{all:?} {to:?}"),
                (Err(why), Err(wanted)) => assert!(why.contains(wanted), "{all:?} {to:?}: {why}"),
                (found, _) => panic!("{all:?} {to:?}: {found:?}"),
            }
        }
    }

    #[test]
    fn a_run_of_a_forge_goes_back_from_what_it_deployed_and_only_once() {
        let why = |all: &[&str], job: &str| {
            let mut standing = standing(all);
            standing.deployments.iter_mut().last().into_iter().for_each(|last| last.job = Some(job.into()));
            why_not(&standing, "github a/b 7").unwrap_or_default()
        };
        assert_eq!(why(&["v1+", "v2!"], "github a/b 7"), "");
        assert_eq!(why(&["v1+", "v2?"], "github a/b 7"), "", "what came after the deployment failed");
        assert!(why(&["v1+", "v2!"], "github a/b 6").contains("deployed nothing since v2"));
        assert!(why(&["v1+", "v2!", "v1?<2"], "github a/b 7").contains("went back to v1 already"));
        assert!(why(&["v1+", "v2+"], "github a/b 7").contains("was verified"));
        assert!(why(&[], "github a/b 7").contains("nothing was deployed"));
    }

    #[test]
    fn a_schema_between_is_seen() {
        let standing = standing(&["v1+", "v2+m", "v3!m", "v4?"]);
        assert_eq!(schemas(&standing, target(&standing, Some("v1")).unwrap()), ["v2", "v3"]);
        assert_eq!(schemas(&standing, target(&standing, Some("v2")).unwrap()), ["v3"]);
        assert!(changed(&standing, target(&standing, Some("v1")).unwrap()).is_some());
        assert_eq!(verified(&standing).unwrap().name, "v2");
    }
}
