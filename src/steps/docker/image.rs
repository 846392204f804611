//! An image of `[images]`: its names and tags, here and in the registry.

use std::path::Path;

use crate::config::model::Image;
use crate::failure::{Failure, Kind};
use crate::text::list;
use crate::tools::git;
use crate::work::values::Known;
use crate::work::{StepCx, relative};

/// What an image is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Names {
    /// Without registry and tag.
    pub repository: String,
    /// The registry, if there is one: a server, maybe with a folder.
    pub registry: Option<String>,
    /// Its tags, in order.
    pub tags: Vec<String>,
}

impl Names {
    /// Those of an image of the environment; the commit is asked for where that is the tag.
    pub(crate) async fn of(step: &mut StepCx<'_>, name: &str) -> Result<Names, Failure> {
        let image = find(step, name)?.clone();
        let known = Known::of(step);
        let commit = if image.tags.is_empty() { Some(commit(step, &image).await?) } else { None };
        Names::known(step, name, &image, &known, commit.as_deref())
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
        Ok(Names { repository, registry, tags })
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

    /// All of them.
    pub(crate) fn all(&self) -> Vec<String> {
        self.here().chain(self.pushed()).collect()
    }
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

/// The commit that is checked out; changes besides it are warned about.
async fn commit(step: &mut StepCx<'_>, image: &Image) -> Result<String, Failure> {
    let root = &step.env.root;
    let head = step.cx.runner.run(&git::head(root), &|_, _| ()).await.ok().filter(|done| done.code == 0);
    let Some(head) = head else {
        return Err(Failure::new(Kind::Config, "there is no git commit to tag the image with")
            .help("commit, or write `tags = [\"latest\"]`"));
    };
    let commit = String::from_utf8_lossy(&head.stdout).trim().to_owned();
    let context = context(step, image);
    if context.is_dir()
        && let Ok(status) = step.cx.runner.run(&git::status(context), &|_, _| ()).await
        && !status.stdout.is_empty()
    {
        step.cx.ui.warn_once(format!(
            "`{}` has changes that are not in commit {}, which the image is named after",
            relative(step, context),
            &commit[..commit.len().min(12)]
        ));
    }
    Ok(commit)
}
