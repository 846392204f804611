//! Where an environment has its state, as far as its files say: two with the same place have one state.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::Path;

use indexmap::IndexMap;

use crate::config::Environment;
use crate::config::environment::Terraform;
use crate::config::template::{Rendered, Scope};
use crate::disk;
use crate::failure::{Failure, Kind};
use crate::secrets;
use crate::steps::terraform::seen::Seen;
use crate::tools::terraform::backend::Backend;
use crate::work::{StepCx, root_module, values};

/// The backend that the root module declares, with what the configuration adds.
pub(crate) fn backend(step: &StepCx<'_>) -> Result<Backend, Failure> {
    let mut backend = root_module::of(step).declared.backend.clone().unwrap_or_else(local);
    let dir = step.env.terraform.as_ref().map(|terraform| terraform.dir.clone()).unwrap_or_default();
    let words = Seen::of(step)?.get(INIT).unwrap_or_default();
    if configure(&mut backend, &words, &dir).is_none() {
        return Err(Failure::new(
            Kind::Usage,
            format!("`{INIT}` cannot be read, or names a file that cannot"),
        )
        .help("say where the state is in `[terraform.backend]`"));
    }
    for (key, value) in values::backend(step)? {
        backend.set(&key, &value);
    }
    Ok(backend)
}

/// Words of the user for every init.
const INIT: &str = "TF_CLI_ARGS_init";

/// What these words say of the backend; none when something of it cannot be read.
fn configure(backend: &mut Backend, words: &str, dir: &Path) -> Option<()> {
    backend.configure(&shell_words::split(words).ok()?, |file| disk::read_text(&dir.join(file)).ok())
}

/// The workspace of the state.
pub(crate) fn workspace(step: &StepCx<'_>) -> Result<String, Failure> {
    match &step.env.terraform {
        Some(terraform) => values::argument(step, &terraform.workspace),
        None => Ok("default".to_owned()),
    }
}

/// The backend of a module that declares none.
fn local() -> Backend {
    Backend { kind: "local".to_owned(), ..Backend::default() }
}

/// The place, as a text to compare with others; it may hold a password. None when something of it is not known before
/// the run. `backend` is the one that the root module declares.
pub(crate) fn of(
    env: &Environment,
    vars: &BTreeMap<OsString, OsString>,
    backend: Option<Backend>,
) -> Option<String> {
    let terraform = env.terraform.as_ref()?;
    let (outputs, secrets) = (IndexMap::new(), IndexMap::new());
    let scope = Scope {
        environment: &env.name,
        project: &env.project,
        outputs: &outputs,
        foreign: &IndexMap::new(),
        secrets: &secrets,
        values: &IndexMap::new(),
        images: &IndexMap::new(),
        cluster: env.cluster.as_ref(),
        vars,
        addresses: env.addresses(),
        is_dry: false,
    };
    let dir = fs::canonicalize(&terraform.dir).unwrap_or_else(|_| terraform.dir.clone());
    let mut backend = backend.unwrap_or_else(local);
    // What the configuration says comes after these words, and wins.
    let words = said(env, terraform, &scope, INIT).unwrap_or_default();
    configure(&mut backend, &words, &dir)?;
    for (name, input) in &terraform.backend {
        backend.set(name, &input.fill(&scope).ok()?);
    }
    let workspace = terraform.workspace.argument(&scope).ok()?;
    let place = backend.place(&dir, &workspace, |name| variable(env, terraform, &scope, name))?;
    Some(if backend.kind == "local" {
        disk::place_of(Path::new(&place)).to_string_lossy().into_owned()
    } else {
        place
    })
}

/// What terraform would find in a variable; of a secret, the file that it is in.
fn variable(env: &Environment, terraform: &Terraform, scope: &Scope<'_>, name: &str) -> Option<String> {
    let holds = |file: &&std::path::PathBuf| {
        secrets::names(file).is_ok_and(|names| names.iter().any(|known| known == name))
    };
    let kept = || env.secrets.files.iter().rev().find(holds).map(|file| file.to_string_lossy().into_owned());
    if terraform.env.contains_key(name) {
        return said(env, terraform, scope, name);
    }
    kept().or_else(|| said(env, terraform, scope, name))
}

/// The same of a variable that is no secret: no file is opened.
fn said(env: &Environment, terraform: &Terraform, scope: &Scope<'_>, name: &str) -> Option<String> {
    let Some(template) = terraform.env.get(name) else {
        return scope.vars.get(OsStr::new(name)).map(|value| value.to_string_lossy().into_owned());
    };
    match template.render(scope) {
        Ok(Rendered::Plain(text)) => Some(text),
        _ => Some(format!("{}: {template}", env.name)),
    }
}
