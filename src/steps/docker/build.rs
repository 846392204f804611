//! Builds the images of `[images]`.

use crate::config::model::{Argument, Image};
use crate::config::template::{Rendered, Template};
use crate::exec::Cmd;
use crate::failure::{Failure, Kind};
use crate::steps::docker::image::{self, Names};
use crate::tools::docker::{self as tool, Build};
use crate::work::values::Known;
use crate::work::{StepCx, relative};

/// Builds one. The text says its name and tag.
pub(crate) async fn run(step: &mut StepCx<'_>, name: &str) -> Result<String, Failure> {
    let image = image::find(step, name)?.clone();
    let context = image::context(step, &image);
    if !context.is_dir() {
        let shown = relative(step, context);
        return Err(Failure::new(Kind::Config, format!("there is no folder `{shown}`"))
            .help(format!("correct `context` of `[images.{name}]`")));
    }
    let names = Names::of(step, name).await?;
    let build = build(step, &image, &Known::of(step), &names)?;
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
    let image = image::find(step, name)?;
    let names = Names::known(step, name, image, known, image.tags.is_empty().then_some("COMMIT"))?;
    let mut build = build(step, image, known, &names)?;
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

fn build(step: &StepCx<'_>, image: &Image, known: &Known, names: &Names) -> Result<Build, Failure> {
    let one = |argument: &Option<Argument>| -> Result<Option<String>, Failure> {
        argument.as_ref().map(|argument| known.argument(step, &argument.0)).transpose()
    };
    let path = |path: &std::path::Path| path.to_string_lossy().into_owned();
    Ok(Build {
        context: path(image::context(step, image)),
        dockerfile: image.dockerfile.as_ref().map(|file| path(&file.0)),
        platform: one(&image.platform)?,
        target: one(&image.target)?,
        tags: names.all(),
        args: image
            .args
            .iter()
            .map(|(name, value)| Ok((name.clone(), known.argument(step, &value.0)?)))
            .collect::<Result<_, Failure>>()?,
        secrets: image.secrets.iter().map(|name| name.0.clone()).collect(),
    })
}
