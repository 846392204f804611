//! An image of `[images]`: its names and tags, here and in the registry.

use std::collections::BTreeSet;
use std::path::Path;

use crate::config::model::Image;
use crate::failure::{Failure, Kind};
use crate::steps::docker::commit::{self, Commit};
use crate::text::list;
use crate::tools::docker::registry;
use crate::work::values::Known;
use crate::work::{StepCx, images};

/// What an image is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Names {
    /// The commit that it is made of; none outside git.
    pub commit: Option<Commit>,
    /// Without registry and tag.
    pub repository: String,
    /// The registry, if there is one: a server, maybe with a folder.
    pub registry: Option<String>,
    /// Its tags, in order.
    pub tags: Vec<String>,
}

impl Names {
    /// Those of an image of the environment.
    pub(crate) async fn of(step: &StepCx<'_>, name: &str) -> Result<Names, Failure> {
        let image = find(step, name)?;
        let dockerfile = image.dockerfile.as_ref().map(|file| file.0.as_path());
        let paths: Vec<&Path> = std::iter::once(context(step, image)).chain(dockerfile).collect();
        let commit = commit::of(step, &paths).await;
        if image.tags.is_empty() && commit.is_none() {
            return Err(Failure::new(Kind::Config, "there is no git commit to tag the image with")
                .help("commit, or write `tags = [\"latest\"]`"));
        }
        let tag = commit.as_ref().map(Commit::tag).filter(|_| image.tags.is_empty());
        let names = Names::known(step, name, image, &Known::of(step), tag.as_deref())?;
        Ok(Names { commit, ..names })
    }

    /// The same, of what is known.
    pub(crate) fn known(
        step: &StepCx<'_>,
        name: &str,
        image: &Image,
        known: &Known,
        commit: Option<&str>,
    ) -> Result<Names, Failure> {
        let repository = match &image.repository {
            Some(repository) => known.argument(step, &repository.0)?,
            None => name.to_owned(),
        };
        let registry = step.env.registry.as_ref();
        let registry = registry.map(|registry| known.argument(step, &registry.server.0)).transpose()?;
        let mut tags: Vec<String> = commit.map(str::to_owned).into_iter().collect();
        for tag in &image.tags {
            tags.push(known.argument(step, &tag.0)?);
        }
        let registry = registry.map(|server| server.trim_end_matches('/').to_owned());
        Ok(Names { commit: None, repository, registry, tags })
    }

    /// `etl:TAG` for each tag.
    fn here(&self) -> impl Iterator<Item = String> {
        self.tags.iter().map(|tag| format!("{}:{tag}", self.repository))
    }

    /// `REGISTRY/etl:TAG` for each tag; nothing without a registry.
    pub(crate) fn pushed(&self) -> impl Iterator<Item = String> {
        let registry = self.registry.iter();
        registry.flat_map(|registry| self.here().map(move |name| format!("{registry}/{name}")))
    }

    /// `REGISTRY/etl@sha256:…`; nothing without a registry.
    pub(crate) fn by_digest(&self, digest: &str) -> Option<String> {
        let registry = self.registry.as_ref()?;
        Some(format!("{registry}/{}@{digest}", self.repository))
    }

    /// Whether this is a digest of it in the registry: one that was written down may be of another registry.
    pub(crate) fn has(&self, reference: &str) -> bool {
        self.by_digest("").is_some_and(|start| reference.starts_with(&start))
    }

    /// Something is in it that is in no commit.
    pub(crate) fn is_dirty(&self) -> bool {
        self.commit.as_ref().is_some_and(|commit| commit.is_dirty)
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<String> {
        self.here().chain(self.pushed()).collect()
    }
}

/// What a container of it is started from: its first name on this machine, or where the registry has it.
pub(super) async fn runnable(step: &mut StepCx<'_>, name: &str) -> Result<Option<String>, Failure> {
    step.facts.look_up_images(step.env, &BTreeSet::from([name.to_owned()]));
    if let Some(images::Image::Given { reference, .. }) = step.facts.images.get(name) {
        return Ok(Some(reference.clone()));
    }
    let names = Names::of(step, name).await?;
    if let Some(images::Image::There { tag, reference }) = step.facts.images.get(name)
        && names.tags == [tag.as_str()]
    {
        return Ok(Some(reference.clone()));
    }
    let Some(first) = names.all().into_iter().next() else { return Ok(None) };
    if identifier(step, &first).await?.is_none() {
        let message = format!("the image `{first}` is not built yet for `{}`", step.env.name);
        return Err(Failure::new(Kind::Failed, message)
            .help(format!("run `infractl build {} {name}`", step.env.name)));
    }
    Ok(Some(first))
}

/// What the engine of this machine calls an image; none if it has no such image.
pub(super) async fn identifier(step: &StepCx<'_>, reference: &str) -> Result<Option<String>, Failure> {
    if reference.is_empty() {
        return Ok(None);
    }
    let done =
        step.quietly(&registry::identifier(reference)).await.map_err(|error| step.unanswered(error))?;
    if done.interrupted {
        return Err(step.interrupted(format!("`{}` was stopped", step.name)));
    }
    Ok((done.code == 0).then(|| String::from_utf8_lossy(&done.stdout).trim().to_owned()))
}

/// What the configuration says of an image.
pub(crate) fn find<'a>(step: &'a StepCx<'_>, name: &str) -> Result<&'a Image, Failure> {
    step.env.images.get(name).ok_or_else(|| {
        Failure::new(Kind::Usage, format!("`{}` has no image `{name}`", step.env.name))
            .help(format!("its images are {}", list(step.env.images.keys(), "and")))
    })
}

/// The folder that is built.
pub(crate) fn context<'a>(step: &'a StepCx<'_>, image: &'a Image) -> &'a Path {
    image.context.as_ref().map_or(&step.env.root, |context| &context.0)
}
