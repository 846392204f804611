//! The images of a release that is there already: their registry has them still, and where the environment has another
//! registry it gets them by the same digest. Nothing is built.

use indexmap::IndexMap;
use secrecy::SecretString;

use crate::config::Environment;
use crate::config::model::Docker;
use crate::config::verbs::Effect;
use crate::exec::BoxFuture;
use crate::failure::{Failure, Kind};
use crate::steps::docker::behind;
use crate::steps::docker::ended::judge;
use crate::steps::docker::image::{self, Names};
use crate::steps::docker::login::{self, Login, Session};
use crate::steps::meet::meet;
use crate::tools::docker::registry;
use crate::work::images::Image;
use crate::work::kind::{Mention, StepKind};
use crate::work::needs::Needs;
use crate::work::script::Script;
use crate::work::values::Known;
use crate::work::{Facts, StepCx};

/// The images of a release that is there already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carry {
    /// By name: where they are, by their digests.
    pub images: IndexMap<String, String>,
    /// The environment that they come from; none if they ran in this one.
    pub from: Option<String>,
    /// What they are part of.
    pub release: String,
    /// They are copied; else only looked for.
    pub copies: bool,
}

impl StepKind for Carry {
    fn visit(&self, env: &Environment, see: &mut dyn FnMut(Mention<'_>)) {
        login::templates(env).for_each(|template| see(Mention::Template(template)));
        login::visit(env, see);
        if self.copies {
            see(Mention::Starts("docker"));
        }
    }

    fn effect(&self) -> Option<Effect> {
        // A registry has more than before; nothing that runs is changed, and no deployment has begun.
        Some(if self.copies { Effect::Writes } else { Effect::Reads })
    }

    fn run<'a>(&'a self, step: &'a mut StepCx<'_>) -> BoxFuture<'a, Result<String, Failure>> {
        if self.copies { Box::pin(copy(step, self)) } else { Box::pin(look(step, self)) }
    }

    fn describe(&self, step: &mut StepCx<'_>) -> Result<Vec<String>, Failure> {
        let known = Known::shown(step, self);
        let mut lines = Vec::new();
        for (name, reference) in &self.images {
            let there = place(step, &known, name, reference)?;
            if !self.copies {
                lines.push(format!("# asks the registry for {reference}"));
            } else if there != *reference {
                lines.push(registry::copy(reference, &tagged(&there, &self.release), true).to_string());
            }
        }
        Ok(lines)
    }

    fn script(&self, step: &StepCx<'_>, _: &mut Script) -> Result<Vec<String>, Failure> {
        Err(Failure::new(
            Kind::Usage,
            format!("`{}` is nothing for a script: only infractl has the records", step.name),
        ))
    }
}

/// Who asks the registry of an environment; none where docker has a login of its own, or nobody is needed.
async fn asks(step: &mut StepCx<'_>) -> Result<Option<(Login, SecretString)>, Failure> {
    if step.env.registry.is_none() {
        return Ok(None);
    }
    let login = Docker { login: Some(true), ..Docker::default() };
    meet(step, &Needs::of(step.env, &login, None)).await?;
    let Some(login) = Login::of(step, &Known::of(step))? else { return Ok(None) };
    let password = login.known_password(step).await?;
    Ok(Some((login, password)))
}

/// What of these images is gone, in words: the registry of the environment is asked for each.
pub(crate) async fn gone(
    step: &mut StepCx<'_>,
    images: &IndexMap<String, String>,
) -> Result<Vec<String>, Failure> {
    let asks = asks(step).await?;
    let mut gone = Vec::new();
    for (name, reference) in images {
        let Some((place, digest)) = reference.split_once('@') else {
            if image::identifier(step, reference).await?.is_none() {
                gone.push(format!(
                    "`{name}` ({reference:.19}) was never pushed, and this machine has no such image"
                ));
            }
            continue;
        };
        let host = place.split('/').next().unwrap_or_default();
        let login = asks.as_ref().filter(|(login, _)| login.server == host);
        let pair = login.map(|(login, password)| (login.user.clone(), password.clone()));
        let found = behind::digest(step, place, digest, pair).await.map_err(|why| {
            Failure::new(Kind::Failed, why).help("look at the registry and its login: nothing was changed")
        })?;
        match found {
            Some(found) if found.digest == digest => {}
            Some(found) => gone.push(format!("`{reference}` is given as {} by its registry", found.digest)),
            None => gone.push(format!("`{reference}` is gone from its registry")),
        }
    }
    Ok(gone)
}

/// The same in the registry of the environment that they come from.
async fn gone_there(step: &mut StepCx<'_>, carry: &Carry) -> Result<Vec<String>, Failure> {
    let Some(from) = environment(step, carry)? else { return gone(step, &carry.images).await };
    let mut facts = Facts::default();
    let mut there = StepCx::new(step.cx, &from, step.name, &[], &mut facts);
    gone(&mut there, &carry.images).await
}

/// The environment that they come from.
fn environment(step: &StepCx<'_>, carry: &Carry) -> Result<Option<Environment>, Failure> {
    let project = step.cx.project.get();
    carry.from.as_ref().zip(project).map(|(name, project)| project.environment(name)).transpose()
}

/// Refuses what is gone; what is there is what `{{image.NAME}}` means from now on.
async fn look(step: &mut StepCx<'_>, carry: &Carry) -> Result<String, Failure> {
    let gone = gone_there(step, carry).await?;
    if !gone.is_empty() {
        return Err(Failure::new(Kind::Failed, gone.join("; "))
            .context(format!("the images of {} are not all there", carry.release))
            .help("nothing was changed: take another release, or build and release anew"));
    }
    let known = Known::of(step);
    for (name, reference) in &carry.images {
        let reference = match &carry.from {
            Some(_) => place(step, &known, name, reference)?,
            None => reference.clone(),
        };
        let given = Image::Given { release: carry.release.clone(), reference };
        step.facts.images.insert(name.clone(), given);
    }
    Ok(format!("{}: {}", carry.release, carry.images.keys().cloned().collect::<Vec<_>>().join(", ")))
}

/// What an image is called in the registry of this environment.
fn place(step: &StepCx<'_>, known: &Known, name: &str, reference: &str) -> Result<String, Failure> {
    let names = Names::known(step, name, image::find(step, name)?, known, None)?;
    let digest = reference.split_once('@').map(|(_, digest)| digest);
    Ok(digest.and_then(|digest| names.by_digest(digest)).unwrap_or_else(|| reference.to_owned()))
}

/// `REGISTRY/etl:v1.2.0` for `REGISTRY/etl@sha256:…`.
fn tagged(reference: &str, release: &str) -> String {
    let place = reference.split_once('@').map_or(reference, |(place, _)| place);
    let is_kept = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let tag: String = release.chars().map(|c| if is_kept(c) { c } else { '_' }).take(128).collect();
    format!("{place}:{tag}")
}

/// Copies those that the registry of this environment has not, and asks it afterwards.
async fn copy(step: &mut StepCx<'_>, carry: &Carry) -> Result<String, Failure> {
    let here = asks(step).await?;
    let known = Known::of(step);
    let mut missing = Vec::new();
    for (name, reference) in &carry.images {
        let there = place(step, &known, name, reference)?;
        let one = IndexMap::from([(name.clone(), there.clone())]);
        if there != *reference && !gone(step, &one).await?.is_empty() {
            missing.push((reference.clone(), there));
        }
    }
    if missing.is_empty() {
        return Ok("nothing to copy".to_owned());
    }
    let from = match environment(step, carry)? {
        Some(from) => {
            let mut facts = Facts::default();
            asks(&mut StepCx::new(step.cx, &from, step.name, &[], &mut facts)).await?
        }
        None => None,
    };
    // Where one of both has no login here, that of docker counts for both.
    let session = match (here, from) {
        (Some((here, _)), Some((from, password))) => {
            let session = Session::open(step, here).await?;
            session.also(step, &from, password).await?;
            Some(session)
        }
        _ => None,
    };
    let mut copied = IndexMap::new();
    for (reference, there) in missing {
        let to = tagged(&there, &carry.release);
        let copy = |is_alone| {
            let cmd = registry::copy(&reference, &to, is_alone);
            session.as_ref().map_or_else(|| cmd.clone(), |session| session.inside(cmd.clone()))
        };
        let mut done = step.run(&copy(true)).await?;
        if registry::makes_indexes(&done.tail) {
            done = step.run(&copy(false)).await?;
        }
        judge(step, &done, &format!("`docker buildx imagetools create` of `{reference}`")).map_err(
            |failure| {
                failure.help("install `docker-buildx`, which copies between registries, if docker has none")
            },
        )?;
        copied.insert(there.clone(), there);
    }
    let lost = gone(step, &copied).await?;
    if !lost.is_empty() {
        return Err(Failure::new(Kind::Failed, lost.join("; "))
            .context("what was copied is not what was there")
            .help("look at the registry: it must keep what is pushed as it is"));
    }
    Ok(copied.into_keys().collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_a_tag() {
        assert_eq!(tagged("r.example/team/etl@sha256:1", "v1.2.0+x"), "r.example/team/etl:v1.2.0_x");
        assert_eq!(tagged("127.0.0.1:5000/etl@sha256:1", "0123456789ab"), "127.0.0.1:5000/etl:0123456789ab");
    }
}
