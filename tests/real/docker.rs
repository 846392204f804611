//! A project whose steps use the docker of the tests.

use crate::common::{Run, Sandbox, need, output, program};
use std::process::Command;

/// The example project; its environment `local` has no root module.
pub(crate) struct Docker {
    pub(crate) project: Sandbox,
    /// The small image of the tests.
    pub(crate) image: String,
    /// Variables of infractl besides those that programs need.
    pub(crate) vars: Vec<(String, String)>,
}

impl Docker {
    /// One whose environment says this; `IMAGE` in it is replaced. None without docker.
    pub(crate) fn new(toml: &str) -> Option<Docker> {
        need("docker")?;
        let image = need("image")?.into_string().unwrap();
        let project = Sandbox::new();
        let toml = format!(
            "[secrets]\nfiles = [\"credentials/local.enc.env\"]\nrequired = []\n[outputs]\nfqdn = \"app.example\"\n{}",
            toml.replace("IMAGE", &image)
        );
        project.write("environments/local/environment.toml", &toml);
        project.secrets("local", &[("TOKEN", "token"), ("OTHER", "other-secret")]);
        Some(Docker { project, image, vars: Vec::new() })
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = self.project.command(args);
        for variable in ["DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_BUILDKIT"] {
            command.envs(std::env::var_os(variable).map(|value| (variable, value)));
        }
        command.envs(self.vars.iter().cloned());
        command
    }

    /// Runs infractl to its end; no secret may be seen, nor be in a file that is not there for it.
    #[track_caller]
    pub(crate) fn infractl(&self, args: &[&str]) -> Run {
        let run = Run::of(&mut self.command(args));
        self.project.assert_no_canary_on_disk();
        run
    }

    #[track_caller]
    pub(crate) fn pipeline(&self, name: &str) -> Run {
        self.infractl(&["pipeline", "local", name])
    }

    /// What docker itself prints.
    #[track_caller]
    pub(crate) fn docker(&self, args: &[&str]) -> String {
        String::from_utf8(output(program("docker", self.project.root()).args(args))).unwrap()
    }
}

/// A name that no other test has.
pub(crate) fn unique() -> String {
    let thread = std::thread::current();
    let test = thread.name().unwrap().rsplit("::").next().unwrap().replace('_', "-");
    format!("infractl-test-{}-{test}", std::process::id())
}
