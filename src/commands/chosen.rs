//! Some of the environments that were named: those that changed since a commit, and a share of them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

use crate::config::{Environment, Project};
use crate::context::Ctx;
use crate::disk;
use crate::exec::{Cmd, Done};
use crate::failure::{Failure, Kind};
use crate::tools::git;
use crate::tools::terraform::root::module_sources;
use crate::work::modules;

/// Some of the environments that were named.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Narrow {
    /// Work on those that changed since COMMIT: folder, root module and modules on this disk, secrets, configuration
    #[arg(long, value_name = "COMMIT", conflicts_with = "environment", help_heading = SEVERAL)]
    changed_since: Option<String>,
    /// Work on a share of them, for instance the second of five: by name, so that shares never move
    #[arg(long, value_name = "2/5", conflicts_with = "environment", help_heading = SEVERAL)]
    shard: Option<Shard>,
}

/// The heading of flags about several environments.
pub(super) const SEVERAL: &str = "Several environments";

impl Narrow {
    /// Those that changed since a commit, or all.
    pub(super) fn since(commit: Option<String>) -> Narrow {
        Narrow { changed_since: commit, shard: None }
    }

    /// Not all of them are meant.
    pub(super) fn is_asked(&self) -> bool {
        self.changed_since.is_some() || self.shard.is_some()
    }

    /// Those of the environments that are meant; when there are none, says why.
    pub(super) async fn of(
        &self,
        cx: &Ctx,
        project: &Project,
        mut names: Vec<String>,
    ) -> Result<Vec<String>, Failure> {
        if let Some(commit) = &self.changed_since {
            names = changed_since(cx, project, names, commit).await?;
            if names.is_empty() {
                cx.ui.note(format!("no environment changed since `{commit}`: nothing to do"));
            }
        }
        if let Some(shard) = self.shard.filter(|_| !names.is_empty()) {
            names.retain(|name| shard.holds(name));
            if names.is_empty() {
                cx.ui.note(format!("no environment is in share {shard}: nothing to do"));
            }
        }
        Ok(names)
    }
}

/// A share of the environments: `2/5`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shard {
    /// From 1.
    number: u64,
    count: u64,
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed = text.split_once('/').and_then(|(number, count)| {
            let shard = Shard { number: number.parse().ok()?, count: count.parse().ok()? };
            (1..=shard.count).contains(&shard.number).then_some(shard)
        });
        parsed.ok_or_else(|| "write it as `2/5`: the second of five".to_owned())
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.number, self.count)
    }
}

impl Shard {
    /// This one of so many, from 1.
    pub(super) fn new(number: u16, count: u16) -> Shard {
        Shard { number: number.into(), count: count.into() }
    }

    /// Whether an environment is in it: by its name alone, so that one more or less moves no other.
    pub(super) fn holds(self, name: &str) -> bool {
        let digest = Sha256::digest(name);
        let number = digest.iter().take(8).fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        number % self.count + 1 == self.number
    }
}

/// Those of the environments whose folder, root module, modules on this disk, files of variables and secrets, or
/// configuration differ from where the work since `commit` began.
async fn changed_since(
    cx: &Ctx,
    project: &Project,
    names: Vec<String>,
    commit: &str,
) -> Result<Vec<String>, Failure> {
    let files = changed_files(cx, &project.root, commit).await?;
    let root = real(&project.root);
    if files.contains(&root.join("environments/defaults.toml")) {
        return Ok(names);
    }
    let is_changed = |name: &String| {
        // One whose files are wrong says so itself.
        let Some(places) = places_of(project, name) else { return true };
        files.iter().any(|file| places.iter().any(|place| file.starts_with(place)))
    };
    Ok(names.into_iter().filter(is_changed).collect())
}

/// Where everything is that an environment is made of, and those whose outputs it names.
fn places_of(project: &Project, name: &str) -> Option<BTreeSet<PathBuf>> {
    let mut all = BTreeSet::new();
    let (mut open, mut seen) = (vec![name.to_owned()], BTreeSet::new());
    while let Some(name) = open.pop() {
        if seen.insert(name.clone()) {
            let env = project.outline(&name)?;
            all.extend(places(&env));
            open.extend(project.names_outputs_of(&name));
        }
    }
    Some(all)
}

/// Where everything is that an environment is made of.
fn places(env: &Environment) -> BTreeSet<PathBuf> {
    let mut places = BTreeSet::from([real(&env.root.join("environments").join(&env.name))]);
    places.extend(env.secrets.files.iter().map(|file| real(file)));
    if let Some(terraform) = &env.terraform {
        places.extend(terraform.var_files.iter().map(|file| real(file)));
        called(&terraform.dir, &mut places);
    }
    places
}

/// A module and those on this disk that it calls, also when they are gone.
fn called(dir: &Path, places: &mut BTreeSet<PathBuf>) {
    let mut open = vec![dir.to_owned()];
    let mut seen = BTreeSet::new();
    while let Some(dir) = open.pop() {
        let place = real(&dir);
        if !seen.insert(place.clone()) {
            continue;
        }
        for file in modules::files(&dir).unwrap_or_default() {
            let text = disk::read_lossy_if_there(&file).ok().flatten().unwrap_or_default();
            open.extend(module_sources(&file.to_string_lossy(), &text).iter().map(|source| dir.join(source)));
        }
        places.insert(place);
    }
}

/// The place behind links, as far as it is there.
fn real(path: &Path) -> PathBuf {
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    match (path.parent(), path.file_name()) {
        (Some(above), Some(name)) => real(above).join(name),
        (Some(above), None) => real(above).parent().map_or_else(PathBuf::new, Path::to_owned),
        _ => path.to_owned(),
    }
}

/// Files that differ from the commit where the work since this one began, new ones included.
async fn changed_files(cx: &Ctx, root: &Path, commit: &str) -> Result<BTreeSet<PathBuf>, Failure> {
    if commit.is_empty() || commit.starts_with('-') {
        return Err(Failure::new(Kind::Usage, format!("`{commit}` is no commit"))
            .help("name a branch, a tag or a commit: `--changed-since origin/main`"));
    }
    let top = answer(cx, &git::top(root), commit).await?.stdout;
    let top = PathBuf::from(String::from_utf8_lossy(&top).trim_end_matches('\n'));
    let mut files = BTreeSet::new();
    for cmd in [git::changed_since(root, commit), git::untracked(root)] {
        let listed = answer(cx, &cmd, commit).await?.stdout;
        let names = listed.split(|byte| *byte == 0).filter(|name| !name.is_empty());
        files.extend(names.map(|name| top.join(&*String::from_utf8_lossy(name))));
    }
    Ok(files)
}

async fn answer(cx: &Ctx, cmd: &Cmd, commit: &str) -> Result<Done, Failure> {
    let done = cx.runner.run(cmd, &|_, _| ()).await?;
    if done.interrupted {
        return Err(cx.interrupts.failure("interrupted"));
    }
    if done.code == 0 {
        return Ok(done);
    }
    Err(Failure::new(Kind::Usage, git::reason(&done.tail))
        .context(format!("git does not say what changed since `{commit}`"))
        .help("fetch its history, if this is a shallow clone: `git fetch --unshallow`")
        .help("name a branch, a tag or a commit that is here: `git branch --all`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_disjoint_and_complete_and_do_not_move() {
        let names: Vec<String> = (0..200).map(|at| format!("env-{at}")).collect();
        let shards: Vec<Shard> = (1..=5).map(|number| format!("{number}/5").parse().unwrap()).collect();
        for name in &names {
            assert_eq!(shards.iter().filter(|shard| shard.holds(name)).count(), 1, "{name}");
        }
        for shard in &shards {
            let count = names.iter().filter(|name| shard.holds(name)).count();
            assert!((20..=60).contains(&count), "{shard}: {count}");
        }
        // What CI of yesterday gave to a machine it gives to it tomorrow.
        assert!("2/2".parse::<Shard>().unwrap().holds("dev"));
        assert!("1/1".parse::<Shard>().unwrap().holds("anything"));
        for wrong in ["0/5", "6/5", "2", "a/b", "1/0", "-1/2", ""] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }
}
