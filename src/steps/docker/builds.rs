//! Builds images of `[images]`, several at once.

use futures_util::stream::{self, StreamExt as _};

use crate::config::Environment;
use crate::config::model::{Docker, ImageName};
use crate::config::verbs::Effect;
use crate::exec::BoxFuture;
use crate::failure::{Failure, Kind};
use crate::steps::docker::build::{self, Made, Wanted};
use crate::steps::docker::login::Login;
use crate::steps::meet::meet;
use crate::ui::event::Level;
use crate::work::kind::{Mention, StepKind};
use crate::work::needs::Needs;
use crate::work::script::Script;
use crate::work::values::Known;
use crate::work::{StepCx, images};

/// So many at once: each keeps the engine and the network busy.
const AT_ONCE: usize = 4;

/// Builds images of `[images]`, all at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Builds {
    /// Their names.
    pub images: Vec<String>,
    /// Platform, whatever the images say.
    pub platform: Option<String>,
}

impl Builds {
    fn docker(&self) -> impl Iterator<Item = Docker> {
        let one = |name: &String| Docker { build: Some(ImageName(name.clone())), ..Docker::default() };
        self.images.iter().map(one)
    }
}

impl StepKind for Builds {
    fn visit(&self, env: &Environment, see: &mut dyn FnMut(Mention<'_>)) {
        self.docker().for_each(|docker| docker.visit(env, see));
    }

    fn effect(&self) -> Option<Effect> {
        Some(Effect::Writes)
    }

    fn run<'a>(&'a self, step: &'a mut StepCx<'_>) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(run(step, self))
    }

    fn describe(&self, step: &mut StepCx<'_>) -> Result<Vec<String>, Failure> {
        let known = Known::shown(step, self);
        let platform = self.platform.as_deref();
        let command = |name: &String| build::command(step, name, &known, platform).map(|cmd| cmd.to_string());
        self.images.iter().map(command).collect()
    }

    fn script(&self, step: &StepCx<'_>, script: &mut Script) -> Result<Vec<String>, Failure> {
        script.builds(step, self)
    }
}

/// Makes the login to the registry known. A build needs none: without it everything is built here.
async fn ready_to_ask(step: &mut StepCx<'_>) -> Result<(), Failure> {
    let login = Docker { login: Some(true), ..Docker::default() };
    let needs = Needs::of(step.env, &login, step.frame.secrets.as_deref());
    let known = async {
        meet(step, &needs).await?;
        if let Some(login) = Login::of(step, &Known::of(step))? {
            login.known_password(step).await?;
        }
        Ok::<(), Failure>(())
    };
    match known.await {
        Err(failure) if matches!(failure.kind, Kind::Interrupted | Kind::Terminated) => Err(failure),
        Err(failure) => {
            step.line(Level::Detail, format!("the registry is not asked: {:#}", failure.error));
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

/// Builds them all; one that fails ends none of the others.
pub(super) async fn run(step: &mut StepCx<'_>, builds: &Builds) -> Result<String, Failure> {
    meet(step, &Needs::of(step.env, builds, step.frame.secrets.as_deref())).await?;
    let mut wanted = Vec::new();
    for name in &builds.images {
        wanted.push(Wanted::of(step, name, builds.platform.as_deref()).await?);
    }
    if wanted.iter().any(Wanted::may_be_there) {
        ready_to_ask(step).await?;
    }
    let width = wanted.iter().map(|wanted| wanted.name.chars().count()).max();
    let column = width.filter(|_| wanted.len() > 1);
    let mut made = {
        let step = &*step;
        let mut all: Vec<BoxFuture<'_, (usize, Result<Made, Failure>)>> = Vec::new();
        for (at, wanted) in wanted.iter().enumerate() {
            all.push(Box::pin(async move { (at, wanted.make(step, column).await) }));
        }
        stream::iter(all).buffer_unordered(AT_ONCE).collect::<Vec<_>>().await
    };
    // What is said of them does not depend on which is the first to end.
    made.sort_by_key(|(at, _)| *at);
    let (mut told, mut failures) = (Vec::new(), Vec::new());
    for (wanted, (_, made)) in wanted.iter().zip(made) {
        match made {
            Ok(Made { image, told: text }) => {
                images::remember(step.env, &wanted.name, &image)?;
                step.facts.images.insert(wanted.name.clone(), image);
                told.push(text);
            }
            Err(failure) => failures.push(failure),
        }
    }
    Failure::all(failures)?;
    Ok(told.join(", "))
}
