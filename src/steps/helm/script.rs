//! A release as lines of bash: helm alone, without what infractl looks at around it.

use secrecy::ExposeSecret as _;

use super::call::Call;
use crate::config::model::{Helm, HelmWait};
use crate::exec::Input;
use crate::failure::Failure;
use crate::tools::helm::{self as tool, Major};
use crate::work::StepCx;
use crate::work::marked::marked;
use crate::work::script::{Script, no_script};

/// How the helm that is there is told to wait as helm 3 does.
const WAIT: &str =
    "$(case $(helm version --template '{{.Version}}') in v3*) echo --wait ;; *) echo --wait=legacy ;; esac)";

impl Script {
    /// The call.
    pub(super) fn helm(&mut self, step: &StepCx<'_>, helm: &Helm) -> Result<Vec<String>, Failure> {
        if helm.login || helm.rollback_on_failure {
            // A login of its own, and what is told before anything is taken back.
            return Err(no_script(step));
        }
        let known = marked(step, helm);
        let call = Call::new(step, helm, &known)?;
        if helm.uninstall.is_some() {
            let cmd = tool::uninstall(&call.place, Major::Three, &call.release, call.timeout);
            return Ok(vec![self.command_sparing(step, &cmd.arg("--ignore-not-found"))]);
        }
        let mut wanted = call.wanted(step, helm, &known)?;
        let set = wanted.set.clone();
        let way = wanted.wait;
        let is_legacy =
            helm.waits() && !matches!(way, HelmWait::Way(crate::config::model::WaitStrategy::Watcher));
        if is_legacy {
            wanted.wait = HelmWait::Switch(false);
        }
        let mut cmd = tool::upgrade(&call.place, Major::Four, &wanted);
        cmd.input = Input::None;
        // Without infractl nobody reads it.
        cmd.args.truncate(cmd.args.len() - 2);
        let mut line = self.command_sparing(step, &cmd);
        if is_legacy {
            line = match line.strip_suffix(')') {
                Some(inside) => format!("{inside} {WAIT})"),
                None => format!("{line} {WAIT}"),
            };
        }
        if let Some(set) = set {
            let word = self.json_word(set.expose_secret());
            line = format!("printf %s {word} | {line}");
        }
        Ok(vec![line])
    }
}
