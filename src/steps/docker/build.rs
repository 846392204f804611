//! Builds the images of `[images]`.

use crate::config::model::{Argument, Image};
use crate::config::template::{Rendered, Template};
use crate::exec::Cmd;
use crate::failure::{Failure, Kind};
use crate::text::list;
use crate::tools::docker::{self as tool, Build};
use crate::tools::git;
use crate::work::values::Known;
use crate::work::{StepCx, relative};

/// Builds one. The text says its name and tag.
pub(crate) async fn run(step: &mut StepCx<'_>, name: &str) -> Result<String, Failure> {
    let image = image(step, name)?.clone();
    let known = Known::of(step);
    let commit = if image.tags.is_empty() { Some(commit(step, &image).await?) } else { None };
    let build = build(step, name, &image, &known, commit.as_deref())?;
    if !std::path::Path::new(&build.context).is_dir() {
        let shown = relative(step, build.context.as_ref());
        return Err(Failure::new(Kind::Config, format!("there is no folder `{shown}`"))
            .help(format!("correct `context` of `[images.{name}]`")));
    }
    let mut cmd = tool::build(&build).dir(&step.env.root);
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
    let done = step.run(&cmd).await?;
    crate::steps::docker::ended::judge(step, &done, &format!("`docker build` of `{name}`"))?;
    Ok(build.tags.join(", "))
}

/// The command, with paths of the project, and `COMMIT` where that is the tag.
pub(crate) fn command(step: &StepCx<'_>, name: &str, known: &Known) -> Result<Cmd, Failure> {
    let image = image(step, name)?;
    let mut build = build(step, name, image, known, image.tags.is_empty().then_some("COMMIT"))?;
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
pub(crate) fn templates(image: &Image) -> Vec<&Template> {
    let one = [&image.platform, &image.target, &image.repository];
    let all = one.into_iter().flatten().chain(&image.tags).chain(image.args.values());
    all.map(|argument| &argument.0).collect()
}

/// The name of an image with the first of its tags, as `run` takes it.
pub(crate) async fn reference(step: &mut StepCx<'_>, name: &str) -> Result<String, Failure> {
    let image = image(step, name)?.clone();
    let known = Known::of(step);
    let commit = if image.tags.is_empty() { Some(commit(step, &image).await?) } else { None };
    Ok(names(step, name, &image, &known, commit.as_deref())?.swap_remove(0))
}

fn image<'a>(step: &'a StepCx<'_>, name: &str) -> Result<&'a Image, Failure> {
    step.env.images.get(name).ok_or_else(|| {
        Failure::new(Kind::Usage, format!("`{}` has no image `{name}`", step.env.name))
            .help(format!("its images are {}", list(step.env.images.keys(), "and")))
    })
}

fn build(
    step: &StepCx<'_>,
    name: &str,
    image: &Image,
    known: &Known,
    commit: Option<&str>,
) -> Result<Build, Failure> {
    let one = |argument: &Option<Argument>| -> Result<Option<String>, Failure> {
        argument.as_ref().map(|argument| known.argument(step, &argument.0)).transpose()
    };
    let path = |path: &std::path::Path| path.to_string_lossy().into_owned();
    Ok(Build {
        context: path(image.context.as_ref().map_or(&step.env.root, |context| &context.0)),
        dockerfile: image.dockerfile.as_ref().map(|file| path(&file.0)),
        platform: one(&image.platform)?,
        target: one(&image.target)?,
        tags: names(step, name, image, known, commit)?,
        args: image
            .args
            .iter()
            .map(|(name, value)| Ok((name.clone(), known.argument(step, &value.0)?)))
            .collect::<Result<_, Failure>>()?,
        secrets: image.secrets.iter().map(|name| name.0.clone()).collect(),
    })
}

/// `etl:TAG`, and `REGISTRY/etl:TAG` where there is a registry, for each tag.
fn names(
    step: &StepCx<'_>,
    name: &str,
    image: &Image,
    known: &Known,
    commit: Option<&str>,
) -> Result<Vec<String>, Failure> {
    let repository = match &image.repository {
        Some(repository) => known.argument(step, &repository.0)?,
        None => name.to_owned(),
    };
    let server =
        step.env.registry.as_ref().map(|registry| known.argument(step, &registry.server.0)).transpose()?;
    let mut tags: Vec<String> = commit.map(str::to_owned).into_iter().collect();
    for tag in &image.tags {
        tags.push(known.argument(step, &tag.0)?);
    }
    let prefixes = [Some(String::new()), server.map(|server| format!("{}/", server.trim_end_matches('/')))];
    let all = prefixes.iter().flatten();
    Ok(all
        .flat_map(|prefix| tags.iter().map(move |tag| (prefix, tag)))
        .map(|(prefix, tag)| format!("{prefix}{repository}:{tag}"))
        .collect())
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
    let context = image.context.as_ref().map_or(root, |context| &context.0);
    if context.is_dir()
        && let Ok(status) = step.cx.runner.run(&git::status(context), &|_, _| ()).await
        && !status.stdout.is_empty()
    {
        let shown = relative(step, context);
        let shown = if shown.is_empty() { ".".to_owned() } else { shown };
        step.cx.ui.warn(format!(
            "`{shown}` has changes that are not in commit {}, which the image is named after",
            &commit[..commit.len().min(12)]
        ));
    }
    Ok(commit)
}
