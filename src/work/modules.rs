//! Folders of module files: what is in them, read once.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use crate::disk;
use crate::failure::{Failure, Kind};
use crate::tools::terraform::backend::Backend;
use crate::tools::terraform::declared::Declared;
use crate::tools::terraform::root::{is_module_file, is_override};

/// Size of a file, and its modification time in ns.
pub(crate) type Stat = (u64, u128);

/// A folder of module files, read.
#[derive(Debug, Default)]
pub(crate) struct Module {
    /// Its files as they were then.
    pub(crate) files: BTreeMap<PathBuf, Stat>,
    /// What they declare.
    pub(crate) declared: Declared,
}

/// The modules of a run: each is read once, and again only when a step changed its files.
#[derive(Debug, Default)]
pub struct Modules(Mutex<HashMap<PathBuf, Arc<Module>>>);

impl Modules {
    /// The module in a folder.
    pub(crate) fn get(&self, dir: &Path) -> Result<Arc<Module>, Failure> {
        let paths = files(dir)?;
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(module) = known.get(dir)
            && module.files.len() == paths.len()
            && paths.iter().all(|path| module.files.get(path).copied() == stat(path))
        {
            return Ok(Arc::clone(module));
        }
        let module = Arc::new(read(&paths)?);
        known.insert(dir.to_owned(), Arc::clone(&module));
        Ok(module)
    }
}

/// The backend or cloud that the module in a folder declares. A file without these words is not parsed: where all environments are
/// looked at, that is most of the time it takes.
pub(crate) fn backend(dir: &Path) -> Option<Backend> {
    let mut declared = Declared::default();
    for path in files(dir).ok()? {
        let bytes = disk::read(&path).ok()?;
        if [&b"backend"[..], b"cloud"].iter().any(|word| memchr::memmem::find(&bytes, word).is_some()) {
            declared.add(&name(&path), &String::from_utf8_lossy(&bytes));
        }
    }
    declared.backend
}

/// Size and time of a file; none if it is not there.
pub(crate) fn stat(path: &Path) -> Option<Stat> {
    let meta = fs::metadata(path).ok()?;
    let time = meta.modified().ok()?.duration_since(UNIX_EPOCH).ok()?.as_nanos();
    Some((meta.len(), time))
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The files that terraform reads in a folder, in its order.
pub(crate) fn files(dir: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = fs::read_dir(dir).map_err(|error| {
        Failure::new(Kind::Config, format!("`{}` could not be read: {error}", dir.display()))
    })?;
    let paths = entries.flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> =
        paths.filter(|path| is_module_file(&name(path)) && !name(path).starts_with('.')).collect();
    files.sort_by_cached_key(|path| {
        let name = name(path);
        (is_override(&name), name)
    });
    Ok(files)
}

fn read(paths: &[PathBuf]) -> Result<Module, Failure> {
    let mut module = Module::default();
    for path in paths {
        // Looked at first: what is written meanwhile is read again.
        let stat = stat(path);
        let bytes = disk::read(path)?;
        let text = String::from_utf8_lossy(&bytes);
        module.declared.add(&name(path), &text);
        module.declared.is_partial |= matches!(text, std::borrow::Cow::Owned(_));
        module.files.extend(stat.map(|stat| (path.clone(), stat)));
    }
    Ok(module)
}
