//! Builds an image of `[images]`, or finds it in the registry.

use crate::config::model::{Argument, Image};
use crate::config::template::{Rendered, Template};
use crate::disk::{self, PrivateDir};
use crate::exec::Cmd;
use crate::failure::{Failure, Kind};
use crate::steps::docker::ended::judge;
use crate::steps::docker::image::{self, Names};
use crate::steps::docker::login::Login;
use crate::steps::docker::{behind, commit};
use crate::tools::docker::{self as tool, Build};
use crate::ui::event::Level;
use crate::work::images::{self, Built};
use crate::work::values::Known;
use crate::work::{StepCx, relative};

/// An image that is to be built: everything is known of it.
pub(super) struct Wanted {
    /// Its name in `[images]`.
    pub(super) name: String,
    names: Names,
    cmd: Cmd,
    is_of_commit: bool,
}

/// What came of one.
pub(super) struct Made {
    /// For later steps.
    pub(super) image: images::Image,
    /// Its names, or where it was found.
    pub(super) told: String,
}

impl Wanted {
    /// Finds out everything; `platform` counts instead of its own.
    pub(super) async fn of(step: &StepCx<'_>, name: &str, platform: Option<&str>) -> Result<Wanted, Failure> {
        let image = image::find(step, name)?;
        let context = image::context(step, image);
        if !context.is_dir() {
            let shown = relative(step, context);
            return Err(Failure::new(Kind::Config, format!("there is no folder `{shown}`"))
                .help(format!("correct `context` of `[images.{name}]`")));
        }
        let names = Names::of(step, name).await?;
        let commit = names.commit.as_ref().filter(|_| image.tags.is_empty());
        if let Some(commit) = commit.filter(|commit| commit.is_dirty) {
            commit::warn(step, context, commit);
        }
        let is_of_commit =
            commit.is_some_and(|commit| !commit.is_dirty) && platform.is_none() && may_reuse(image);
        let mut cmd =
            tool::build(&build(step, image, &Known::of(step), &names, platform)?).dir(&step.env.root);
        for secret in &image.secrets {
            let Some((_, value)) = step.secrets().find(|(known, _)| *known == secret.0) else {
                return Err(Failure::new(Kind::Secrets, format!("there is no secret `{}`", secret.0))
                    .help(format!("run `infractl secrets set {} {}`", step.env.name, secret.0))
                    .help(format!(
                        "name it in `secrets` of the step `{}`, if that limits what it sees",
                        step.name
                    )));
            };
            cmd = cmd.secret(&secret.0, value.clone());
        }
        Ok(Wanted { name: name.to_owned(), names, cmd, is_of_commit })
    }

    /// Builds it, unless the registry has this commit. `column` is the width of the names before its lines; none where
    /// it is built alone.
    pub(super) async fn make(&self, step: &StepCx<'_>, column: Option<usize>) -> Result<Made, Failure> {
        step.go_on().await?;
        if let Some(made) = self.found(step).await? {
            return Ok(made);
        }
        let title = format!("`docker build` of `{}`", self.name);
        let folder = PrivateDir::new()?;
        let id_file = folder.path().join("id");
        let cmd = tool::with_id_file(self.cmd.clone(), &id_file.to_string_lossy());
        let done = match column {
            None => step.run(&cmd).await?,
            Some(width) => {
                let line = |text: &str| {
                    step.line(Level::Normal, format!("{:width$} │ {text}", self.name));
                };
                step.run_with(&cmd, &line).await.map_err(|error| step.unanswered(error))?
            }
        };
        judge(step, &done, &title)?;
        let tags = self.names.all();
        // Not by the tag: another environment may have built one of this tag meanwhile.
        let printed = disk::read_lossy_if_there(&id_file)?.unwrap_or_default();
        let id = match image::identifier(step, printed.trim()).await? {
            Some(id) => Some(id),
            None => image::identifier(step, tags.first().map_or("", String::as_str)).await?,
        };
        let Some(id) = id else {
            let message = format!("{title} went well, and the engine has no such image");
            return Err(Failure::new(Kind::Failed, message)
                .help("look where it went: `docker buildx ls`; a builder that is not of the engine keeps its images"));
        };
        let built = Built { id, is_dirty: self.names.is_dirty() };
        let before = images::read(step.env).swap_remove(&self.name);
        let before = before.filter(|image| self.names.has(&image.reference()));
        Ok(Made { image: images::Image::rebuilt(before.as_ref(), built), told: tags.join(", ") })
    }

    /// Whether the registry is asked for it first.
    pub(super) fn may_be_there(&self) -> bool {
        self.is_of_commit && self.names.registry.is_some()
    }

    /// The image of this commit, where the registry has it.
    async fn found(&self, step: &StepCx<'_>) -> Result<Option<Made>, Failure> {
        let Some(tag) = self.names.tags.first().filter(|_| self.may_be_there()) else { return Ok(None) };
        let pair = match Login::of(step, &Known::of(step))? {
            None => None,
            Some(login) => match step.facts.registry_passwords.get(&login.server) {
                Some(password) => Some((login.user, password.clone())),
                None => return Ok(None),
            },
        };
        let found = behind::tag(step, &self.names, tag, pair).await.unwrap_or_else(|why| {
            step.line(Level::Detail, format!("{why}: it is built here"));
            None
        });
        Ok(found.and_then(|found| self.names.by_digest(&found.digest)).map(|reference| Made {
            told: format!("{reference} has this commit"),
            image: images::Image::There { tag: tag.clone(), reference },
        }))
    }
}

/// Whether a commit that the registry has is not built again. What names something may be another image in each
/// environment, whatever the commit.
fn may_reuse(image: &Image) -> bool {
    let is_fixed = || templates(image).iter().all(|template| template.names().next().is_none());
    image.reuse.unwrap_or_else(is_fixed)
}

/// The command, with paths of the project, and `COMMIT` where that is the tag.
pub(super) fn command(
    step: &StepCx<'_>,
    name: &str,
    known: &Known,
    platform: Option<&str>,
) -> Result<Cmd, Failure> {
    let image = image::find(step, name)?;
    let names = Names::known(step, name, image, known, image.tags.is_empty().then_some("COMMIT"))?;
    let mut build = build(step, image, known, &names, platform)?;
    build.context = relative(step, build.context.as_ref());
    if build.context.is_empty() {
        build.context.push('.');
    }
    build.dockerfile = build.dockerfile.map(|file| relative(step, file.as_ref()));
    let mut cmd = tool::build(&build);
    for secret in &image.secrets {
        if let Some(Rendered::Secret(value)) = known.secret(&secret.0) {
            cmd = cmd.secret(&secret.0, value);
        }
    }
    Ok(cmd)
}

/// Every template of an image.
pub(super) fn templates(image: &Image) -> Vec<&Template> {
    let one = [&image.platform, &image.target, &image.repository];
    let all = one.into_iter().flatten().chain(&image.tags).chain(image.args.values());
    all.map(|argument| &argument.0).collect()
}

fn build(
    step: &StepCx<'_>,
    image: &Image,
    known: &Known,
    names: &Names,
    platform: Option<&str>,
) -> Result<Build, Failure> {
    let one = |argument: &Option<Argument>| -> Result<Option<String>, Failure> {
        argument.as_ref().map(|argument| known.argument(step, &argument.0)).transpose()
    };
    let path = |path: &std::path::Path| path.to_string_lossy().into_owned();
    Ok(Build {
        context: path(image::context(step, image)),
        dockerfile: image.dockerfile.as_ref().map(|file| path(&file.0)),
        platform: platform.map_or_else(|| one(&image.platform), |given| Ok(Some(given.to_owned())))?,
        target: one(&image.target)?,
        tags: names.all(),
        args: image
            .args
            .iter()
            .map(|(name, value)| Ok((name.clone(), known.argument(step, &value.0)?)))
            .collect::<Result<_, Failure>>()?,
        secrets: image.secrets.iter().map(|name| name.0.clone()).collect(),
        attestations: image.attestations,
    })
}
