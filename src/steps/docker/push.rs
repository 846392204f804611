//! Pushes the images of `[images]`: a login of its own just before, the digest that the registry then has just after.

use std::collections::BTreeSet;

use secrecy::SecretString;

use crate::config::model::Docker;
use crate::exec::Cmd;
use crate::failure::{Failure, Kind};
use crate::net::manifest::Manifest;
use crate::steps::docker::behind;
use crate::steps::docker::ended::judge;
use crate::steps::docker::image::{self, Names};
use crate::steps::docker::login::{ANSWER, Login, Session};
use crate::text::last_line;
use crate::tools::aws::ecr;
use crate::tools::docker::registry::{self, Refusal};
use crate::work::images::{self, Built, Image};
use crate::work::values::Known;
use crate::work::{StepCx, child};

/// Pushes one with all its tags. The text says what the registry has now, by its digest.
pub(super) async fn run(step: &mut StepCx<'_>, name: &str) -> Result<String, Failure> {
    let names = Names::of(step, name).await?;
    step.facts.look_up_images(step.env, &BTreeSet::from([name.to_owned()]));
    let before = step.facts.images.get(name).cloned();
    refuse_dirty(step, name, &names, before.as_ref())?;
    if let Some(Image::There { tag, reference }) = &before
        && names.tags == [tag.as_str()]
        && names.has(reference)
    {
        return Ok(format!("{reference} is there already"));
    }
    let first = names.pushed().next().unwrap_or_default();
    let id = image::identifier(step, &first).await?;
    if let (Some(id), Some(Image::Here(built) | Image::Pushed { built, .. })) = (&id, &before)
        && *id != built.id
    {
        let message = format!("`{first}` is another image now than `{}` has built", step.env.name);
        return Err(Failure::new(Kind::Failed, message)
            .help("another environment has built one of the same name, or somebody by hand")
            .help(format!("run `infractl build {}` and push again", step.env.name)));
    }
    let mut session = match Login::of(step, &Known::of(step))? {
        Some(login) => Some(Session::open(step, login).await?),
        None => None,
    };
    let mut digest = None;
    for (reference, tag) in names.pushed().zip(&names.tags) {
        digest = Some(one(step, &mut session, &names, &reference, tag).await?);
    }
    let Some(reference) = digest.and_then(|digest| names.by_digest(&digest)) else {
        return Ok(String::new());
    };
    let built = Built { id: id.unwrap_or_default(), is_dirty: names.is_dirty() };
    let image = Image::Pushed { built, reference: reference.clone() };
    images::remember(step.env, name, &image)?;
    step.facts.images.insert(name.to_owned(), image);
    Ok(reference)
}

/// What is in no commit is not for an environment that is protected: nobody could build it again.
fn refuse_dirty(step: &StepCx<'_>, name: &str, names: &Names, before: Option<&Image>) -> Result<(), Failure> {
    let was_dirty = match before {
        Some(Image::Here(built) | Image::Pushed { built, .. }) => built.is_dirty,
        Some(Image::There { .. } | Image::Given { .. }) | None => false,
    };
    if !step.env.protected || !(was_dirty || names.is_dirty()) {
        return Ok(());
    }
    let message = format!(
        "the image `{name}` has changes that are in no commit, and `{}` is protected: it is not pushed",
        step.env.name
    );
    Err(Failure::new(Kind::Failed, message).help(format!(
        "commit the changes or take them back, then `infractl build {}` and push again",
        step.env.name
    )))
}

/// The login and the pushes as lines, each command in its own words.
pub(super) fn lines(
    step: &StepCx<'_>,
    docker: &Docker,
    known: &Known,
    mut word: impl FnMut(&Cmd) -> String,
) -> Result<Vec<String>, Failure> {
    let mut lines = Vec::new();
    if let Some(login) = Login::of(step, known)? {
        let (password, login) = login.commands(known);
        let login = word(&login);
        lines.push(password.map_or_else(|| login.clone(), |cmd| format!("{} | {login}", word(&cmd))));
    }
    if let Some(name) = &docker.push {
        let image = image::find(step, &name.0)?;
        let commit = image.tags.is_empty().then_some("COMMIT");
        let names = Names::known(step, &name.0, image, known, commit)?;
        lines.extend(names.pushed().map(|reference| word(&registry::push(&reference))));
    }
    Ok(lines)
}

/// Pushes one tag. What can be mended is mended once: a login that is over, a repository that is not there.
async fn one(
    step: &mut StepCx<'_>,
    session: &mut Option<Session>,
    names: &Names,
    reference: &str,
    tag: &str,
) -> Result<String, Failure> {
    let (mut logged_in, mut made) = (false, false);
    loop {
        let push = registry::push(reference);
        let push = session.as_ref().map_or_else(|| push.clone(), |session| session.inside(push.clone()));
        let done = step.run(&push).await?;
        if done.code == 0 && !done.interrupted {
            let pushed = registry::pushed_digest(&done.tail).map(str::to_owned);
            return confirmed(step, session.as_ref(), names, reference, tag, pushed).await;
        }
        let refusal = if done.interrupted { Refusal::Other } else { registry::refusal(&done.tail) };
        match (refusal, session.as_mut()) {
            (Refusal::Login, Some(session)) if !logged_in => {
                logged_in = true;
                session.renew(step).await?;
            }
            (Refusal::NoRepository, Some(session)) if !made && creates(step) => {
                made = true;
                create(step, session.login(), &names.repository).await?;
            }
            (Refusal::Immutable, session) => {
                let pair = session.map(|session| session.pair());
                return there_already(step, pair, names, reference, tag).await;
            }
            (refusal, _) => {
                judge(step, &done, &format!("`docker push` of `{reference}`"))
                    .map_err(|failure| with_help(step, refusal, names, failure))?;
            }
        }
    }
}

fn with_help(step: &StepCx<'_>, refusal: Refusal, names: &Names, failure: Failure) -> Failure {
    match refusal {
        Refusal::NoRepository => failure
            .help(format!("make the repository `{}`", names.repository))
            .help("or let it be made: `create = true` in `[registry]`, with `login = \"ecr\"`"),
        Refusal::Cut => failure
            .context("the registry was not reached, or the connection to it broke off")
            .help("push again: layers that the registry has are not sent again"),
        Refusal::NotBuilt => failure.help(format!("run `infractl build {}` first", step.env.name)),
        _ => failure,
    }
}

fn creates(step: &StepCx<'_>) -> bool {
    step.env.registry.as_ref().is_some_and(|registry| registry.create)
}

/// Makes the repository.
async fn create(step: &StepCx<'_>, login: &Login, repository: &str) -> Result<(), Failure> {
    let Some(create) = login.create_repository(repository) else { return Ok(()) };
    match child::answer(step, create, ANSWER).await? {
        Ok(_) => step.cx.ui.note(format!("made the repository `{repository}`")),
        Err(tail) if ecr::is_there(&tail) => {}
        Err(tail) => {
            return Err(Failure::new(Kind::Failed, last_line(&tail))
                .context(format!("the repository `{repository}` could not be made"))
                .help("allow ecr:CreateRepository, or make it by terraform"));
        }
    }
    Ok(())
}

/// What the registry has behind a tag; a warning where it does not say.
async fn asked(
    step: &StepCx<'_>,
    login: Option<(String, SecretString)>,
    names: &Names,
    tag: &str,
) -> Option<Option<Manifest>> {
    behind::tag(step, names, tag, login).await.map_err(|why| step.cx.ui.warn_once(why)).ok()
}

/// The digest that the registry has now, which has to be that of what was pushed.
async fn confirmed(
    step: &StepCx<'_>,
    session: Option<&Session>,
    names: &Names,
    reference: &str,
    tag: &str,
    pushed: Option<String>,
) -> Result<String, Failure> {
    let found = asked(step, session.map(Session::pair), names, tag).await;
    match (pushed, found) {
        (Some(pushed), Some(Some(found))) if found.digest != pushed => {
            let message =
                format!("`{reference}` was pushed as {pushed}, and the registry has {} now", found.digest);
            Err(Failure::new(Kind::Failed, message)
                .help("look who else pushes this tag: it must not be used before that is known"))
        }
        (_, Some(None)) => Err(Failure::new(
            Kind::Failed,
            format!("`{reference}` was pushed, and the registry has no such tag"),
        )
        .help("look at the registry, then push again")),
        (Some(digest), _) | (None, Some(Some(Manifest { digest, .. }))) => Ok(digest),
        (None, None) => Err(Failure::new(Kind::Failed, format!("docker says no digest for `{reference}`"))
            .help("use a newer version of docker")),
    }
}

/// A tag that never changes is there already: well, if it is this image.
async fn there_already(
    step: &mut StepCx<'_>,
    login: Option<(String, SecretString)>,
    names: &Names,
    reference: &str,
    tag: &str,
) -> Result<String, Failure> {
    let here = image::identifier(step, reference).await?.unwrap_or_default();
    let found = asked(step, login, names, tag).await.flatten();
    match found {
        // What an engine calls an image: its configuration, or its manifest where containerd keeps it.
        Some(found) if found.config.as_ref() == Some(&here) || found.digest == here => Ok(found.digest),
        found => {
            let has = found.map_or_else(String::new, |found| format!(", which is {}", found.digest));
            Err(Failure::new(
                Kind::Failed,
                format!("`{reference}` is there already{has}, and another image than this one"),
            )
            .help("commit, or choose another tag: this one never changes"))
        }
    }
}
