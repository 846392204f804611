//! kubectl for the cluster of the environment: called, and its refusals explained.

use std::time::Duration;

use crate::config::Cluster;
use crate::exec::{Cmd, Done, Io, RunError};
use crate::failure::{Failure, Kind};
use crate::text::last_line;
use crate::tools::kubernetes;
use crate::tools::kubernetes::refusals::Refusal;
use crate::work::StepCx;

/// How long a question may take that only looks.
pub(crate) const EACH: Duration = Duration::from_secs(20);

/// The cluster that the step works with.
pub(crate) fn cluster<'a>(step: &StepCx<'a>) -> Result<&'a Cluster, Failure> {
    let env = step.env;
    env.cluster.as_ref().ok_or_else(|| {
        let message = format!(
            "`{}` works with a cluster, and `{}` has none: there is no `[cluster]`",
            step.name, env.name
        );
        Failure::new(Kind::Config, message)
            .help("add `[cluster]`; one of your own is `kind = \"existing\"` with `kubeconfig` and `context`")
    })
}

/// kubectl for it. What logs in to the cluster sees the secrets that the step names.
pub(crate) fn kubectl(step: &StepCx<'_>) -> Result<Cmd, Failure> {
    let mut cmd = kubernetes::kubectl(cluster(step)?).io(Io::Capture);
    if step.frame.secrets.is_some() {
        for (name, value) in step.secret_variables() {
            cmd = cmd.secret(name, value);
        }
    }
    Ok(cmd)
}

/// A call that only looks; when it brings nothing, whether another one may go well.
pub(crate) async fn try_look(step: &StepCx<'_>, cmd: &Cmd) -> Result<Done, Unseen> {
    let cmd = cmd.clone().timeout(Some(EACH));
    match step.quietly(&cmd).await {
        Ok(done) if done.interrupted => {
            Err(Unseen::new(step.interrupted(format!("`{}` was stopped", step.name))))
        }
        Ok(done) if done.code == 0 => Ok(done),
        Ok(done) => {
            let refusal = Refusal::of(&done.tail);
            let is_passing = refusal.is_none_or(Refusal::is_passing);
            Err(Unseen { failure: refused(&done), refusal, is_passing, said: done.tail })
        }
        Err(error) => {
            let is_passing = matches!(error, RunError::TimedOut { .. });
            Err(Unseen { is_passing, ..Unseen::new(step.unanswered(error)) })
        }
    }
}

/// Why a look brought nothing.
pub(crate) struct Unseen {
    /// In words.
    pub failure: Failure,
    /// What kubectl meant.
    pub refusal: Option<Refusal>,
    /// Another look may go well.
    pub is_passing: bool,
    /// What kubectl said.
    pub said: String,
}

impl Unseen {
    /// No other look will go better.
    pub(crate) fn new(failure: Failure) -> Unseen {
        Unseen { failure, refusal: None, is_passing: false, said: String::new() }
    }
}

/// Why kubectl ended so, and what to do.
pub(crate) fn refused(done: &Done) -> Failure {
    match Refusal::found(&done.tail) {
        Some((refusal, line)) => {
            Failure::new(refusal.kind(), format!("kubectl: {line}")).help(refusal.help())
        }
        None => match last_line(&done.tail) {
            "" => Failure::new(Kind::Failed, format!("kubectl ended with {}", done.code)),
            line => Failure::new(Kind::Failed, format!("kubectl: {line}")),
        },
    }
}

/// The JSON that a call printed; none when it printed nothing.
pub(crate) fn json(done: &Done) -> Result<Option<serde_json::Value>, Failure> {
    if done.stdout.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    let value = serde_json::from_slice(&done.stdout);
    value.map(Some).map_err(|error| Failure::new(Kind::Failed, format!("kubectl printed no JSON: {error}")))
}
