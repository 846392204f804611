//! The root module of an environment: where it is, and how it is driven.

use super::call::program;
use super::container;
use crate::config::environment::Terraform;
use crate::failure::{Failure, Kind};
use crate::tools::terraform::Root;
use crate::work::{StepCx, values};

/// Where and how the root module of this environment is driven.
pub(crate) fn root(step: &StepCx<'_>) -> Result<Root, Failure> {
    let Some(terraform) = &step.env.terraform else {
        return Err(Failure::new(
            Kind::Config,
            format!("`{}` has no root module: its outputs are given by hand", step.env.name),
        )
        .help(format!("put `*.tf` files into `environments/{}`, or set `[terraform] dir`", step.env.name)));
    };
    let Terraform { dir, workspace, var_files, lock_timeout, parallelism, .. } = terraform;
    if !dir.is_dir() {
        return Err(Failure::new(Kind::Config, format!("there is no folder `{}`", dir.display()))
            .help("create it, or set `[terraform] dir`"));
    }
    let root = Root {
        environment: step.env.name.clone(),
        program: program(step.env, terraform),
        dir: dir.clone(),
        workspace: values::argument(step, workspace)?,
        values: None,
        var_files: var_files.clone(),
        lock_timeout: lock_timeout.map(|limit| format!("{}s", limit.as_secs_f64().ceil())),
        parallelism: *parallelism,
        color: step.cx.ui.mode.color,
        container: None,
    };
    Ok(Root { container: container::of(step, &root)?, ..root })
}
