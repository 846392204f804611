//! `terraform init`, when it is needed and not when nothing changed.
//!
//! A stamp in `.infractl/init/` remembers the files of the root module (time and size), a digest of what in them
//! decides about init, the backend settings and the lock file. When the times say that nothing changed, no file
//! is opened.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};

use crate::disk;
use crate::exec::Cmd;
use crate::failure::{Failure, Kind};
use crate::steps::terraform::call;
use crate::steps::terraform::seen::Seen;
use crate::text::hex;
use crate::tools::terraform::Root;
use crate::tools::terraform::root::{Needs, is_module_file};
use crate::ui::event::Level;
use crate::work::StepCx;
use crate::work::modules::{self, Modules, Stat, stat};

/// What the last init saw.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    /// Module files and the lock file.
    files: BTreeMap<PathBuf, Stat>,
    /// SHA-256 of everything that decides about init.
    digest: String,
    /// terraform works here without any init.
    unneeded: bool,
    /// What the init left in the data folder.
    #[serde(default)]
    left: Vec<String>,
}

/// What an init leaves in the data folder, if the root module needs it.
const LEFT: [&str; 3] = ["modules/modules.json", "providers", "terraform.tfstate"];

/// Why there is to be an init.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Only if something changed.
    IfNeeded,
    /// terraform wants it.
    Again,
    /// The user wants it: what was given after `--` is for it.
    Asked,
}

/// Runs `init` when something it depends on changed, or always when that is wished.
pub(crate) async fn run(step: &mut StepCx<'_>, root: &Root, wish: Wish) -> Result<(), Failure> {
    if step.facts.initialised {
        return Ok(());
    }
    let force = wish != Wish::IfNeeded;
    let backend = crate::work::values::backend(step)?;
    let state = look(step, root, &backend)?;
    if !force && state.is_current {
        return Ok(());
    }
    if !force && state.stamp.unneeded {
        return save(step, &state.stamp);
    }
    let mut needs = Needs::default();
    gather(&step.facts.modules, &root.dir, &mut BTreeMap::new(), &mut needs, 0)?;
    let cache = crate::steps::terraform::providers::cache(step, root, &needs).await?;
    step.progress("init");
    let mut cmd = command(step, root, &backend, wish)?;
    if let Some(cache) = &cache {
        cmd = cmd.env("TF_PLUGIN_CACHE_DIR", cache.dir().to_string_lossy());
    }
    let done = step.quietly(&cmd).await;
    let data = data_dir(root, &Seen::of(step)?);
    let kept = match cache {
        Some(cache) => cache.filled(data.clone(), done.as_ref().is_ok_and(|done| done.code == 0)).await,
        None => Ok(()),
    };
    let done = done.map_err(|error| step.unanswered(error))?;
    if done.interrupted {
        return Err(step.interrupted(format!("stopped during the init of `{}`", step.env.name)));
    }
    if done.code != 0 {
        let mut found = crate::tools::terraform::text::Diagnostics::default();
        for line in done.tail.lines() {
            step.line(Level::Important, line);
            found.line(line);
        }
        found.finish().iter().for_each(|found| crate::steps::terraform::diagnostics::tell(step, found));
        return Err(call::failed(step, root, "init", done.code, &done.tail));
    }
    kept?;
    step.facts.initialised = true;
    // Looked at again: init wrote the lock file.
    let mut stamp = look(step, root, &backend)?.stamp;
    stamp.left = LEFT.map(str::to_owned).into_iter().filter(|part| data.join(part).exists()).collect();
    save(step, &stamp)
}

fn command(
    step: &StepCx<'_>,
    root: &Root,
    backend: &IndexMap<String, Json>,
    wish: Wish,
) -> Result<Cmd, Failure> {
    let cmd = call::equip(step, root.init(backend))?;
    // What the user wants of every plan is nothing for an init that nobody asked for.
    Ok(if wish == Wish::Asked { cmd.args(step.extra.iter().cloned()) } else { cmd.unset("TF_CLI_ARGS") })
}

/// The init a dry run would show.
pub(crate) fn describe(step: &mut StepCx<'_>, root: &Root, force: bool) -> Result<Vec<String>, Failure> {
    let backend = crate::work::values::backend(step)?;
    let state = look(step, root, &backend)?;
    if !force && (state.is_current || state.stamp.unneeded) {
        return Ok(Vec::new());
    }
    let wish = if force { Wish::Asked } else { Wish::IfNeeded };
    Ok(vec![crate::work::shown_in(&command(step, root, &backend, wish)?)])
}

struct Looked {
    stamp: Stamp,
    is_current: bool,
}

fn stamp_file(step: &StepCx<'_>) -> PathBuf {
    step.env.root.join(".infractl/init").join(format!("{}.json", step.env.name))
}

/// Where terraform keeps what an init made.
pub(super) fn data_dir(root: &Root, seen: &Seen) -> PathBuf {
    root.dir.join(seen.get("TF_DATA_DIR").unwrap_or_else(|| ".terraform".into()))
}

fn look(step: &StepCx<'_>, root: &Root, backend: &IndexMap<String, Json>) -> Result<Looked, Failure> {
    let old: Option<Stamp> =
        disk::read(&stamp_file(step)).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let data = data_dir(root, &Seen::of(step)?);
    let is_whole = |unneeded: bool, left: &[String]| {
        unneeded || (data.is_dir() && left.iter().all(|part| data.join(part).exists()))
    };
    let settings = settings(root, &data, backend);
    if let Some(old) = &old {
        // The quick look: no file is opened when size and time of all of them are as they were.
        if old.digest.starts_with(&settings)
            && !old.files.is_empty()
            && old.files.iter().all(|(path, seen)| stat(path) == Some(*seen))
            && no_file_came(old)
            && is_whole(old.unneeded, &old.left)
        {
            return Ok(Looked { stamp: old.clone(), is_current: true });
        }
    }
    let mut files = BTreeMap::new();
    let mut needs = Needs::default();
    gather(&step.facts.modules, &root.dir, &mut files, &mut needs, 0)?;
    let lock = root.dir.join(".terraform.lock.hcl");
    let lock_text = disk::read(&lock).unwrap_or_default();
    if let Some(seen) = stat(&lock) {
        files.insert(lock, seen);
    }
    let unneeded = needs.is_empty() && backend.is_empty();
    let mut hash = Sha256::new();
    hash.update(serde_json::to_vec(&needs).unwrap_or_default());
    hash.update(&lock_text);
    let digest = format!("{settings}{}", hex(&hash.finalize()));
    let left = old.as_ref().map(|old| old.left.clone()).unwrap_or_default();
    let is_current = old.is_some_and(|old| old.digest == digest) && is_whole(unneeded, &left);
    let stamp = Stamp { files, digest, unneeded, left };
    if is_current {
        save(step, &stamp)?;
    }
    Ok(Looked { stamp, is_current })
}

/// What besides the files decides: program, backend settings, data folder.
fn settings(root: &Root, data: &Path, backend: &IndexMap<String, Json>) -> String {
    let mut hash = Sha256::new();
    for part in [root.program.as_str(), &root.dir.to_string_lossy(), &data.to_string_lossy()] {
        hash.update(part);
        hash.update([0]);
    }
    for (key, value) in backend {
        hash.update(format!("{key}={value}\0"));
    }
    hex(&hash.finalize())
}

fn is_module_path(path: &Path) -> bool {
    path.file_name().is_some_and(|name| is_module_file(&name.to_string_lossy()))
}

/// Every folder of the stamp holds as many module files as it did.
fn no_file_came(old: &Stamp) -> bool {
    let mut seen: BTreeMap<&Path, usize> = BTreeMap::new();
    for file in old.files.keys().filter(|file| is_module_path(file)) {
        *seen.entry(file.parent().unwrap_or(file)).or_default() += 1;
    }
    seen.into_iter().all(|(dir, count)| modules::files(dir).is_ok_and(|all| all.len() == count))
}

/// The files of a module and of the modules on this disk that it calls, and what an init of all of them depends on.
pub(super) fn gather(
    modules: &Modules,
    dir: &Path,
    files: &mut BTreeMap<PathBuf, Stat>,
    needs: &mut Needs,
    depth: u32,
) -> Result<(), Failure> {
    let module = modules.get(dir)?;
    files.extend(module.files.clone());
    let found = &module.declared.needs;
    // A module that calls itself is terraform's to report.
    for local in &found.local_modules {
        let module = dir.join(local);
        let is_new = !files.keys().any(|file| file.parent() == Some(&module));
        if depth < 20 && is_new && module.is_dir() {
            gather(modules, &module, files, needs, depth + 1)?;
        }
    }
    needs.extend(found.clone());
    Ok(())
}

fn save(step: &StepCx<'_>, stamp: &Stamp) -> Result<(), Failure> {
    let bytes = serde_json::to_vec(stamp).map_err(|error| {
        Failure::new(Kind::Bug, format!("the stamp of an init could not be written down: {error}"))
    })?;
    // A project on a read-only disk only loses the shortcut.
    if let Err(error) = crate::disk::write(&stamp_file(step), &bytes, 0o600) {
        step.line(Level::Detail, format!("the stamp of the init was not kept: {error}"));
    }
    Ok(())
}
