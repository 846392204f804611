//! The cluster of an environment: made, started, waited for until it can be used, deleted.

mod script;
mod up;
mod down;
mod host;
mod merge;
mod ready;
mod make;
mod registry;
mod look;
mod kubeconfig;
mod record;
mod ask;

pub(crate) use record::{Known, known};

use crate::config::model::{ClusterKind, ClusterStep};
use crate::config::verbs::Effect;
use crate::config::{Cluster, Environment};
use crate::exec::BoxFuture;
use crate::failure::{Failure, Kind};
use crate::work::StepCx;
use crate::work::kind::{Mention, StepKind};
use crate::work::script::Script;

impl StepKind for ClusterStep {
    fn visit(&self, env: &Environment, see: &mut dyn FnMut(Mention<'_>)) {
        let Some(cluster) = &env.cluster else { return };
        see(Mention::Starts("kubectl"));
        if *self == ClusterStep::Wait {
            return;
        }
        cluster.section.config.iter().for_each(|file| see(Mention::File(&file.0)));
        match cluster.kind {
            ClusterKind::K3d => see(Mention::Starts("k3d")),
            ClusterKind::Kind => {
                see(Mention::Starts("kind"));
                see(Mention::Starts("docker"));
            }
            ClusterKind::K3s | ClusterKind::Existing => {}
        }
    }

    fn effect(&self) -> Option<Effect> {
        Some(match self {
            ClusterStep::Up => Effect::Changes,
            ClusterStep::Down => Effect::Destroys,
            ClusterStep::Wait => Effect::Reads,
        })
    }

    fn run<'a>(&'a self, step: &'a mut StepCx<'_>) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(async move {
            let cluster = section(step.env)?;
            match self {
                ClusterStep::Up => up::run(step, cluster).await,
                ClusterStep::Down => down::run(step, cluster).await,
                ClusterStep::Wait => ready::wait(step, cluster).await,
            }
        })
    }

    fn describe(&self, step: &mut StepCx<'_>) -> Result<Vec<String>, Failure> {
        script::described(step, section(step.env)?, *self)
    }

    fn script(&self, step: &StepCx<'_>, script: &mut Script) -> Result<Vec<String>, Failure> {
        script::lines(step, script, section(step.env)?, *self)
    }
}

/// The cluster of the environment.
fn section(env: &Environment) -> Result<&Cluster, Failure> {
    env.cluster.as_ref().ok_or_else(|| {
        Failure::new(Kind::Config, format!("`{}` has no cluster", env.name))
            .help("declare it: `[cluster]` with `kind`")
    })
}
