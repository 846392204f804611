//! Everything of a release but the push: its version, its files, its manifest.

use std::path::Path;

use semver::{Prerelease, Version};

use super::call::{ask, call};
use super::look::{Repository, Rules};
use super::manifest::{self, Manifest};
use super::next::{Asked, Next, NoNext, next};
use super::{changelog, commits};
use crate::config::Environment;
use crate::config::model::Write;
use crate::context::Ctx;
use crate::disk;
use crate::failure::Failure;
use crate::tools::git;

/// A release that is not pushed yet.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// Name of its tag.
    pub tag: String,
    /// Why it is this version.
    pub why: String,
    /// What is new.
    pub section: String,
    /// What it is made of.
    pub manifest: Manifest,
    /// The files of its commit, by their paths from the top folder.
    pub files: Vec<(String, Vec<u8>)>,
    /// The file of the version says it already: its commit was merged.
    pub is_written: bool,
    /// The remote is one of GitLab.
    pub is_gitlab: bool,
    /// What people should know.
    pub notes: Vec<String>,
}

/// Prepares it, or says why there is none; and since when.
pub(crate) async fn prepare(
    cx: &Ctx,
    rules: &Rules<'_>,
    repository: &Repository,
    environments: &[Environment],
    (asked, pre): (&Asked, Option<&Prerelease>),
    today: &str,
) -> Result<(Result<Prepared, NoNext>, String), Failure> {
    let last = repository.last();
    let since = last.map_or_else(|| "the beginning".to_owned(), |(version, _)| rules.tag(version));
    let log = git::log(rules.root, last.map(|(_, commit)| commit), &repository.head);
    let commits = commits::read(&ask(cx, &log, "read the commits").await?);
    let tagged: Vec<Version> = repository.tagged.keys().cloned().collect();
    let zero = rules.release.zero.unwrap_or_default();
    let Next { version, why } = match next(&tagged, &commits, asked, pre, zero) {
        Ok(next) => next,
        Err(none) => return Ok((Err(none), since)),
    };
    let section = changelog::section(&version.to_string(), today, &commits);
    let named = rules.release.images.as_ref();
    let named: Option<Vec<String>> = named.map(|names| names.iter().map(|name| name.0.clone()).collect());
    let (images, mut notes) = manifest::images(environments, named.as_deref())?;
    let configuration = environments.iter().map(|env| Ok((env.name.clone(), manifest::configuration(env)?)));
    let manifest = Manifest {
        version: version.to_string(),
        commit: repository.head.clone(),
        images,
        configuration: configuration.collect::<Result<_, Failure>>()?,
        terraform_lock: locks(cx, rules.root).await?,
    };
    let said = said(cx, rules, repository).await?;
    if let (Some(said), Some((last, _))) = (&said, last)
        && *said != last.to_string()
        && *said != manifest.version
    {
        notes.push(format!("the file of the version says `{said}`; the tag counts: {since}"));
    }
    let is_merging = rules.release.write == Some(Write::MergeRequest);
    let address = call(cx, &git::address(rules.root, rules.remote())).await?;
    let prepared = Prepared {
        tag: rules.tag(&version),
        why,
        files: if rules.release.write == Some(Write::None) {
            Vec::new()
        } else {
            files(cx, rules, repository, &manifest.version, &section).await?
        },
        section,
        is_written: is_merging && said.as_deref() == Some(&manifest.version),
        is_gitlab: String::from_utf8_lossy(&address.stdout).contains("gitlab"),
        manifest,
        notes,
    };
    Ok((Ok(prepared), since))
}

/// What the file of the version says.
async fn said(cx: &Ctx, rules: &Rules<'_>, repository: &Repository) -> Result<Option<String>, Failure> {
    let text = committed(cx, repository, &version_file(rules, repository)).await?;
    let text =
        text.map(|bytes| String::from_utf8_lossy(&bytes).trim_start_matches('\u{feff}').trim().to_owned());
    Ok(text.filter(|text| !text.is_empty()))
}

fn version_file(rules: &Rules<'_>, repository: &Repository) -> String {
    let file = rules.release.version_file.as_ref().map_or(Path::new("VERSION"), |file| &file.0);
    path(rules, repository, file)
}

/// From the top folder.
fn path(rules: &Rules<'_>, repository: &Repository, file: &Path) -> String {
    let file = file.strip_prefix(rules.root).unwrap_or(file);
    format!("{}{}", repository.prefix, file.display())
}

/// As the commit has it, whatever git makes of line ends in the folder.
async fn committed(cx: &Ctx, repository: &Repository, path: &str) -> Result<Option<Vec<u8>>, Failure> {
    let done = call(cx, &git::show(&repository.top, &repository.head, path)).await?;
    Ok((done.code == 0).then_some(done.stdout))
}

async fn files(
    cx: &Ctx,
    rules: &Rules<'_>,
    repository: &Repository,
    version: &str,
    section: &str,
) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let mut files = vec![(version_file(rules, repository), format!("{version}\n").into_bytes())];
    if let Some(file) = &rules.release.changelog {
        let path = path(rules, repository, &file.0);
        let old = committed(cx, repository, &path).await?;
        files.push((path, changelog::inserted(old.as_deref(), section)));
    }
    Ok(files)
}

/// The hash of each lock file of terraform.
async fn locks(cx: &Ctx, root: &Path) -> Result<indexmap::IndexMap<String, String>, Failure> {
    let paths = ask(cx, &git::named(root, ".terraform.lock.hcl"), "list the lock files of terraform").await?;
    let paths = paths.split('\0').filter(|path| !path.is_empty());
    paths.map(|path| Ok((path.to_owned(), manifest::hash(&disk::read(&root.join(path))?)))).collect()
}
