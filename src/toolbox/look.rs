//! Which program would be started, and its version.

use std::path::{Path, PathBuf};

use semver::Version;

use super::kept::{self, Kept};
use crate::config::Environment;
use crate::config::wanted::first_version;
use crate::context::Ctx;
use crate::toolbox::path;
use crate::tools::version;

/// A program as it would be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// Where it is.
    pub path: PathBuf,
    /// Its version; none if it does not tell.
    pub version: Option<Version>,
}

/// Looks for programs of an environment.
pub(crate) struct Looker<'a> {
    cx: &'a Ctx,
    env: &'a Environment,
    path: String,
    kept: Kept,
}

impl<'a> Looker<'a> {
    /// One for this environment.
    pub(crate) fn new(cx: &'a Ctx, env: &'a Environment) -> Self {
        let path = path::with_tools(env, &cx.vars).or_else(|| cx.vars.get("PATH").map(str::to_owned));
        Looker { cx, env, path: path.unwrap_or_default(), kept: Kept::read(&env.root) }
    }

    /// The program that would be started; none if there is none. `program` is a name, or a path in the project.
    pub(crate) async fn find(&self, program: &str) -> Option<Found> {
        let dir = self.dir(program);
        let found = self.place_of(program)?;
        let name = program.rsplit('/').next().unwrap_or(program);
        let stamp = kept::stamp(name, &found, dir, &self.cx.vars);
        let known = stamp.as_ref().and_then(|stamp| self.kept.version(&found, stamp));
        if known.is_some() {
            return Some(Found { path: found, version: known });
        }
        let cmd = version::ask(name, &found.to_string_lossy()).dir(dir);
        let done = self.cx.runner.run(&cmd, &|_, _| ()).await.ok().filter(|done| done.code == 0);
        let version = done.and_then(|done| {
            first_version(&String::from_utf8_lossy(&done.stdout)).or_else(|| first_version(&done.tail))
        });
        if let (Some(version), Some(stamp)) = (&version, stamp) {
            self.kept.set(&found, stamp, version);
        }
        Some(Found { path: found, version })
    }

    /// Where the program is that would be started.
    pub(crate) fn place_of(&self, program: &str) -> Option<PathBuf> {
        which::which_in(self.place(program), Some(&self.path), &self.env.root).ok()
    }

    /// Keeps what was found out.
    pub(crate) fn done(self) {
        self.kept.write();
    }

    /// A path is meant from the project.
    fn place(&self, program: &str) -> String {
        match program.contains('/') {
            true => self.env.root.join(program).to_string_lossy().into_owned(),
            false => program.to_owned(),
        }
    }

    /// Where it would be started: a version manager looks there for what it is to start.
    fn dir(&self, program: &str) -> &Path {
        let own = self.env.terraform.as_ref().filter(|terraform| terraform.program == program);
        own.map_or(&self.env.root, |terraform| &terraform.dir)
    }
}
