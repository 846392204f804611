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
use crate::secrets;
use crate::tools::terraform::backend::{self, Backend};
use crate::work::root_module;

/// The backend that the files in a folder declare; `local` if there is none.
pub(crate) fn declared(dir: &Path) -> Backend {
    let mut files = root_module::files(dir).into_iter();
    let declared =
        files.find_map(|path| backend::backend(&path.to_string_lossy(), &disk::read_text(&path).ok()?));
    declared.unwrap_or_else(|| Backend { kind: "local".to_owned(), ..Backend::default() })
}

/// The place, as a text to compare with others; it may hold a password. None when something of it is not known before
/// the run.
pub(crate) fn of(env: &Environment, vars: &BTreeMap<OsString, OsString>) -> Option<String> {
    let terraform = env.terraform.as_ref()?;
    let (outputs, secrets) = (IndexMap::new(), IndexMap::new());
    let scope = Scope {
        environment: &env.name,
        project: &env.project,
        outputs: &outputs,
        secrets: &secrets,
        vars,
        addresses: env.addresses(),
        is_dry: false,
    };
    let dir = fs::canonicalize(&terraform.dir).unwrap_or_else(|_| terraform.dir.clone());
    let mut backend = declared(&dir);
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
    if let Some(template) = terraform.env.get(name) {
        return match template.render(scope) {
            Ok(Rendered::Plain(text)) => Some(text),
            _ => Some(format!("{}: {template}", env.name)),
        };
    }
    let holds = |file: &&std::path::PathBuf| {
        secrets::names(file).is_ok_and(|names| names.iter().any(|known| known == name))
    };
    match env.secrets.files.iter().rev().find(holds) {
        Some(file) => Some(file.to_string_lossy().into_owned()),
        None => scope.vars.get(OsStr::new(name)).map(|value| value.to_string_lossy().into_owned()),
    }
}
