//! Is everything there that the runs of an environment need? Looks, and changes nothing.

mod programs;
mod keys;
mod answers;
mod hosts;
mod state;
mod git;
mod machine;
mod needs;
mod clock;
mod network;
mod asks;
pub(crate) mod finding;

use std::path::Path;

use crate::config::Environment;
use crate::context::Ctx;
use crate::doctor::asks::Asks;
use crate::doctor::finding::Finding;
use crate::work::{Facts, StepCx};

/// Looks at what an environment needs; everything that can is asked at the same time.
pub(crate) async fn environment(cx: &Ctx, env: &Environment) -> Vec<Finding> {
    let asks = Asks::of(env);
    let mut facts = Facts::default();
    let mut step = StepCx::new(cx, env, "doctor", &[], &mut facts);
    // The others are asked with what they open.
    let keys = keys::check(&mut step).await;
    let mut other = Facts { secrets: step.facts.secrets.clone(), ..Facts::default() };
    let plain = StepCx::new(cx, env, "doctor", &[], &mut other);
    let reached = async {
        let state = state::check(&mut step).await;
        let hosts = hosts::check(&mut step, &asks).await;
        [state, hosts].concat()
    };
    let (programs, reached, answers, git, clock, needs) = tokio::join!(
        programs::check(cx, env, &asks),
        reached,
        answers::check(&plain, &asks),
        git::check(&plain),
        clock::check(&plain),
        needs::check(cx, env, &asks),
    );
    [programs, keys, reached, answers, git, machine::check(cx, &env.root), needs, vec![clock]].concat()
}

/// Looks at what a project needs whose environment is not known.
pub(crate) fn project(cx: &Ctx, root: &Path) -> Vec<Finding> {
    machine::check(cx, root)
}
