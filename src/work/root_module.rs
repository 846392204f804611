//! The files of a root module, what they declare, and how a value reaches it unchanged.

use std::fs;
use std::path::{Path, PathBuf};

use super::StepCx;
use crate::disk;
use crate::exec::Value;
use crate::tools::terraform::declared::{Declared, Type};
use crate::tools::terraform::root::is_module_file;

/// The files that terraform reads in a folder, in its order.
pub(crate) fn files(dir: &Path) -> Vec<PathBuf> {
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let entries = fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| is_module_file(&name(path)) && !name(path).starts_with('.')).collect();
    files.sort_by_cached_key(|path| {
        let name = name(path);
        let stem = name.split('.').next().unwrap_or_default();
        (stem == "override" || stem.ends_with("_override"), name)
    });
    files
}

/// What the root module of the environment declares.
pub(crate) fn declared<'s>(step: &'s StepCx<'_>) -> &'s Declared {
    step.facts.module.get_or_init(|| {
        let mut declared = Declared::default();
        for path in step.env.terraform.iter().flat_map(|terraform| files(&terraform.dir)) {
            match disk::read_text(&path) {
                Ok(text) => declared.add(&path.to_string_lossy(), &text),
                Err(_) => declared.is_partial = true,
            }
        }
        declared
    })
}

/// A variable of terraform's environment that gives the root module exactly this text.
pub(crate) fn exact(declared: &Declared, name: &str, value: Value) -> Value {
    let kind = name.strip_prefix("TF_VAR_").map_or(Type::Text, |name| declared.type_of(name));
    match value {
        value if kind == Type::Text => value,
        Value::Plain(text) => Value::Plain(kind.text(&text.into())),
        Value::Secret(text) => {
            Value::Secret(kind.text(&secrecy::ExposeSecret::expose_secret(&text).into()).into())
        }
    }
}
