//! One folder, from its files to the repository that has them.

use std::path::PathBuf;

use super::api::{self, Api};
use super::content::{self, Content, ask};
use super::remote::{Head, Pushed, Remote};
use super::wanted::{Server, Target, Wanted};
use crate::failure::{Failure, Kind};
use crate::text::plural;
use crate::tools::git::publish as git;
use crate::work::{StepCx, relative};

/// How often somebody else may be faster.
const TRIES: usize = 6;

/// How one ended.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) became: Became,
    /// The commit that the branch is at.
    pub(super) revision: String,
}

/// What became of a repository, and in how many files.
#[derive(Debug)]
pub(super) enum Became {
    Created(usize),
    Updated(usize),
    Unchanged,
}

/// Does it.
pub(super) async fn publish(
    step: &StepCx<'_>,
    wanted: &Wanted,
    forge: Option<&Api<'_>>,
    target: &Target,
    own: PathBuf,
) -> Result<Outcome, Failure> {
    // What cannot be published leaves no empty repository behind.
    let content = content::of(step, &target.folder, own, &wanted.allow).await?;
    let there = if let Some(forge) = forge {
        Some(forge.ensure(&target.name, wanted.visibility, &wanted.branch).await?)
    } else {
        make_folder(step, wanted, target).await?;
        None
    };
    let is_new = there.as_ref().is_some_and(|there| there.is_new);
    let remote = remote(step, wanted, &content, target, there.is_some());
    let outcome = push(&remote, target, is_new).await?;
    if let (Some(forge), Some(there)) = (forge, there) {
        // The first push to an empty one sets it.
        let is_other = there.default.is_some_and(|default| default != wanted.branch);
        if is_other && (is_new || wanted.takes_default) {
            forge.set_default(&target.name, &wanted.branch).await?;
        }
    }
    Ok(outcome)
}

/// The repository somewhere else.
pub(super) fn remote<'a>(
    step: &'a StepCx<'a>,
    wanted: &'a Wanted,
    content: &'a Content,
    target: &Target,
    is_there: bool,
) -> Remote<'a> {
    let scopes = match &wanted.server {
        Server::Forge(place) => place.scopes(),
        Server::Plain(_) => "let whoever runs this push there",
    };
    let way = wanted.way(step, &target.name);
    Remote { step, content, way, branch: &wanted.branch, scopes, is_there, until: api::until(step) }
}

/// A repository in a folder of this machine.
async fn make_folder(step: &StepCx<'_>, wanted: &Wanted, target: &Target) -> Result<(), Failure> {
    let Some(place) = wanted.server.folder(&target.name).filter(|place| !place.exists()) else {
        return Ok(());
    };
    ask(step, &git::make(&step.env.root, &place, &wanted.branch), "make the repository").await.map(drop)
}

async fn push(remote: &Remote<'_>, target: &Target, is_new: bool) -> Result<Outcome, Failure> {
    let (step, content) = (remote.step, remote.content);
    // Nothing is in what was made just now.
    let mut head = if is_new { None } else { remote.head().await? };
    for _ in 0..TRIES {
        if let Some(head) = head.as_ref().filter(|head| head.tree == content.tree) {
            return Ok(Outcome { became: Became::Unchanged, revision: head.commit.clone() });
        }
        let message = format!("Publish {}", relative(step, &target.folder));
        let parent = head.as_ref().map(|head| head.commit.as_str());
        let commit =
            ask(step, &content.bench.commit(&content.tree, parent, &message), "make the commit").await?;
        let commit = commit.trim().to_owned();
        match remote.push(&commit).await? {
            Pushed::Done => {
                let became = became(step, content, head.as_ref()).await?;
                return Ok(Outcome { became, revision: commit });
            }
            Pushed::Behind => head = remote.head().await?,
        }
    }
    let message =
        format!("others pushed to `{}` meanwhile, {} in a row", remote.branch, plural(TRIES, "time"));
    Err(Failure::new(Kind::Failed, message).help("let them end, and run it again"))
}

async fn became(step: &StepCx<'_>, content: &Content, head: Option<&Head>) -> Result<Became, Failure> {
    let Some(head) = head else { return Ok(Became::Created(content.files)) };
    Ok(Became::Updated(differing(step, content, head).await?.len()))
}

/// The files that differ from what is there.
pub(super) async fn differing(
    step: &StepCx<'_>,
    content: &Content,
    head: &Head,
) -> Result<Vec<String>, Failure> {
    let text = ask(step, &content.bench.differing(&head.tree, &content.tree), "compare the files").await?;
    Ok(text.split_terminator('\0').map(str::to_owned).collect())
}
