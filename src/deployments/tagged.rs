//! What is checked out: the tag of its release, else its commit.

use semver::Version;

use super::record::Release;
use crate::config::Environment;
use crate::context::Ctx;
use crate::disk::repository;
use crate::exec::Cmd;
use crate::failure::Failure;
use crate::tools::git;

/// Looks at the checkout; nothing where there is no commit.
pub(crate) async fn here(cx: &Ctx, env: &Environment) -> Result<Release, Failure> {
    let Some(commit) = repository::head(&env.root) else { return Ok(Release::default()) };
    let dirty = !asked(cx, &git::differences(&env.root)).await?.trim().is_empty();
    let prefix = env.release.tag_prefix.as_deref().unwrap_or("v");
    let tags = asked(cx, &git::tags(&env.root, prefix, Some(&commit))).await?;
    let release = newest(&tags, prefix, &commit).filter(|_| !dirty);
    Ok(Release { release, commit: Some(commit), dirty })
}

async fn asked(cx: &Ctx, cmd: &Cmd) -> Result<String, Failure> {
    let done = cx.runner.run(cmd, &|_, _| ()).await?;
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}

/// The greatest version among the tags of this commit: `NAME OBJECT COMMIT` a line, the commit only for annotated ones.
fn newest(tags: &str, prefix: &str, commit: &str) -> Option<String> {
    let here = tags.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let (name, object) = (words.next()?, words.next()?);
        (words.next().unwrap_or(object) == commit).then_some(name)
    });
    let versions =
        here.filter_map(|name| Some((Version::parse(name.strip_prefix(prefix)?).ok()?, name.to_owned())));
    versions.max().map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greatest_version_of_the_commit_counts() {
        let tags = "v1.0.0 aaa ccc\nv1.1.0 ccc \nv1.10.0 bbb ccc\nv2.0.0 ddd eee\nvery ccc\n";
        assert_eq!(newest(tags, "v", "ccc").as_deref(), Some("v1.10.0"));
        assert_eq!(newest(tags, "v", "fff"), None);
    }
}
