//! Compose and docker steps of this machine as lines of bash.

use crate::config::model::{Compose, Docker};
use crate::failure::Failure;
use crate::steps::docker;
use crate::steps::docker::builds::Builds;
use crate::steps::docker::{build, compose};
use crate::work::StepCx;
use crate::work::marked::marked;
use crate::work::script::{Script, no_script};
use crate::work::values::Known;

impl Script {
    /// With `docker compose`; `--wait` stands in for the looks that infractl takes itself.
    pub(crate) fn compose(
        &mut self,
        step: &StepCx<'_>,
        wanted: &Compose,
        known: &Known,
    ) -> Result<Vec<String>, Failure> {
        if wanted.host.is_some() {
            return Err(no_script(step));
        }
        let mut lines = Vec::new();
        for mut cmd in compose::commands(step, wanted, known)? {
            if let Some(at) = cmd.args.iter().position(|arg| arg == "--detach").filter(|_| wanted.wait) {
                cmd.args.insert(at + 1, "--wait".to_owned());
            }
            cmd.env.retain(|name, _| wanted.env.contains_key(name));
            lines.push(self.command_sparing(step, &cmd));
        }
        Ok(lines)
    }

    /// With `docker build`, one after the other.
    pub(crate) fn builds(&mut self, step: &StepCx<'_>, builds: &Builds) -> Result<Vec<String>, Failure> {
        let known = marked(step, builds);
        let mut lines = Vec::new();
        for name in &builds.images {
            if step.env.images.get(name).is_some_and(|image| image.tags.is_empty()) {
                return Err(no_script(step));
            }
            let cmd = build::command(step, name, &known, builds.platform.as_deref())?;
            lines.push(self.command_sparing(step, &cmd));
        }
        Ok(lines)
    }

    /// With `docker`, as far as its values are not in a file and its tag is not the commit.
    pub(crate) fn docker(
        &mut self,
        step: &StepCx<'_>,
        wanted: &Docker,
        known: &Known,
    ) -> Result<Vec<String>, Failure> {
        let image =
            wanted.build.as_ref().or(wanted.push.as_ref()).and_then(|name| step.env.images.get(&name.0));
        if wanted.env_file.is_some() || image.is_some_and(|image| image.tags.is_empty()) {
            return Err(no_script(step));
        }
        if wanted.push.is_some() || wanted.login.is_some() {
            return docker::push::lines(step, wanted, known, |cmd| self.command_sparing(step, cmd));
        }
        let cmds = docker::commands(step, wanted, known)?;
        Ok(cmds.iter().map(|cmd| self.command_sparing(step, cmd)).collect())
    }
}
