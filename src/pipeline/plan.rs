//! Which steps a verb has. Pure: nothing is touched.

use std::path::PathBuf;

use super::{Pipeline, Step};
use crate::config::Environment;
use crate::steps::Work;
use crate::steps::env_file::Action as EnvFile;
use crate::steps::terraform::Action as Terraform;

/// A verb that is a pipeline, with what was asked of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verb {
    /// Connect to the backend, install providers and modules.
    Init,
    /// Preview.
    Plan {
        /// Keep the plan.
        out: Option<PathBuf>,
        /// JSON lines instead of text.
        json: bool,
    },
    /// Make the environment match, then write its files.
    Apply {
        /// A saved plan.
        plan: Option<PathBuf>,
        /// Show the plan and ask for the environment's name before anything is changed.
        ask: bool,
    },
    /// Take the environment down, then remove its files.
    Destroy {
        /// Show what goes and ask for the environment's name first.
        ask: bool,
    },
    /// Check root module and configuration.
    Validate,
    /// Format the root module.
    Fmt {
        /// Only say which files differ.
        check: bool,
    },
    /// Read the outputs.
    Output,
    /// Write the environment file again.
    Genenv,
}

impl Verb {
    /// As it is typed.
    pub fn name(&self) -> &'static str {
        match self {
            Verb::Init => "init",
            Verb::Plan { .. } => "plan",
            Verb::Apply { .. } => "apply",
            Verb::Destroy { .. } => "destroy",
            Verb::Validate => "validate",
            Verb::Fmt { .. } => "fmt",
            Verb::Output => "output",
            Verb::Genenv => "genenv",
        }
    }

    /// Changes or ends something that a protected environment guards.
    pub fn is_guarded(&self) -> bool {
        matches!(self, Verb::Apply { .. } | Verb::Destroy { .. })
    }
}

/// The steps of a verb for an environment.
pub fn pipeline(env: &Environment, verb: &Verb) -> Pipeline {
    let has_root = env.terraform.is_some();
    let prepare = |env_file| Step::new("prepare", Work::Prepare { env_file });
    let terraform = |name: &str, action| Step::new(name, Work::Terraform(action));
    let confirm = |what: &str| {
        let question = format!("`{what}` on the protected environment `{}`", env.name);
        Step::new("confirm", Work::Confirm { question })
    };
    let plan = |destroy| Terraform::Plan { out: None, json: false, keep: true, destroy };
    let outputs = || Step::new("outputs", Work::Outputs);
    let write = || Step::new("environment file", Work::EnvFile(EnvFile::Write));
    let steps = match verb {
        Verb::Init => vec![prepare(false), terraform("terraform init", Terraform::Init)],
        Verb::Plan { out, json } => {
            let action = Terraform::Plan { out: out.clone(), json: *json, keep: false, destroy: false };
            vec![prepare(false), terraform("terraform plan", action)]
        }
        Verb::Apply { .. } if !has_root => vec![prepare(true), outputs(), write()],
        Verb::Apply { plan: saved, ask } => {
            let mut steps = vec![prepare(true)];
            if *ask {
                if saved.is_none() {
                    steps.push(terraform("terraform plan", plan(false)));
                }
                steps.push(confirm("apply"));
            }
            steps.push(terraform("terraform apply", Terraform::Apply { plan: saved.clone() }));
            steps.extend([outputs(), write()]);
            steps
        }
        Verb::Destroy { ask } => {
            let mut steps = vec![prepare(false)];
            if *ask {
                if has_root {
                    steps.push(terraform("terraform plan", plan(true)));
                }
                steps.push(confirm("destroy"));
            }
            if has_root {
                steps.push(terraform("terraform destroy", Terraform::Destroy));
            }
            steps.push(Step::new("environment file", Work::EnvFile(EnvFile::Remove)));
            steps
        }
        Verb::Validate if !has_root => vec![],
        Verb::Validate => vec![prepare(false), terraform("terraform validate", Terraform::Validate)],
        Verb::Fmt { check } => vec![terraform("terraform fmt", Terraform::Fmt { check: *check })],
        Verb::Output if !has_root => vec![outputs()],
        Verb::Output => vec![prepare(false), outputs()],
        Verb::Genenv => vec![prepare(false), outputs()],
    };
    Pipeline { verb: verb.name().to_owned(), steps }
}
