//! Installed programs that an environment asks for: first on the PATH of what is started for it.

use std::path::PathBuf;

use crate::config::Environment;
use crate::context::Vars;
use crate::toolbox::lock_file::LockFile;
use crate::toolbox::pin::{Platform, pins};
use crate::toolbox::store;

/// `PATH` where the environment has none, as programs are looked for then.
const USUAL: &str = "/usr/local/bin:/usr/bin:/bin";

/// The folders of those that are installed. What is damaged is told where versions are checked.
fn folders(env: &Environment, vars: &Vars) -> Vec<PathBuf> {
    if env.tools.is_empty() {
        return Vec::new();
    }
    let (Ok(lock), Ok(root)) = (LockFile::read(&env.root), store::root(vars)) else { return Vec::new() };
    let here = Platform::here();
    let installed = pins(&env.tools).into_iter().filter_map(|(_, pin)| {
        let pin = pin.ok()?;
        let folder = store::folder(&root, &pin, lock.sha256(&pin, &here)?);
        store::is_installed(&folder, &pin).then_some(folder)
    });
    installed.collect()
}

/// The PATH with them; none where it stays as it is.
pub(crate) fn with_tools(env: &Environment, vars: &Vars) -> Option<String> {
    let folders = folders(env, vars);
    if folders.is_empty() {
        return None;
    }
    let path = vars.get("PATH").unwrap_or(USUAL);
    std::env::join_paths(folders.into_iter().chain(std::env::split_paths(path))).ok()?.into_string().ok()
}
