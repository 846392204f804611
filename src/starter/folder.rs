//! Looks at a folder that is to become a project: root modules, files of variables, files of secrets. Reads, never writes.

use std::fs;
use std::path::{Path, PathBuf};

use crate::config::Project;
use crate::disk;
use crate::secrets;
use crate::sops;
use crate::tools::terraform::backend;
use crate::tools::terraform::root::is_module_file;

/// Deeper nobody keeps the root module of an environment.
const DEEPEST: usize = 4;
/// More files no infrastructure repository has.
const MOST: usize = 20_000;
/// Longer files are no files of secrets or variables.
const LONGEST: u64 = 1 << 20;
/// Folders that hold no root module of an environment.
const SKIPPED: [&str; 9] = [
    "modules",
    "module",
    "node_modules",
    "vendor",
    "target",
    "examples",
    "example",
    "tests",
    "test-fixtures",
];
/// What stands in names of secrets.
const SECRET: [&str; 6] = ["PASSWORD", "SECRET", "TOKEN", "_KEY", "CREDENTIAL", "CONNECTION_STRING"];

/// What is there; paths from the folder.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Nothing but what git keeps is there.
    pub is_empty: bool,
    /// `environments/defaults.toml` or the file of an environment is there.
    pub is_project: bool,
    /// Folders that hold files of terraform and no module of others.
    pub roots: Vec<PathBuf>,
    /// Some root module asks for its workspace.
    pub uses_workspaces: bool,
    /// Folders below `environments/`.
    pub environments: Vec<String>,
    /// Files of variables that terraform does not read by itself.
    pub var_files: Vec<PathBuf>,
    /// Files for `-backend-config`, with their settings.
    pub backends: Vec<(PathBuf, Vec<(String, String)>)>,
    /// Files that sops has encrypted, and whether each value in them can be a variable.
    pub encrypted: Vec<(PathBuf, bool)>,
    /// Files of variables in clear, and the names in them that look like those of secrets.
    pub clear: Vec<(PathBuf, Vec<String>)>,
}

/// Looks at it; a folder that is not there is empty.
pub(crate) fn look(root: &Path) -> Seen {
    let mut seen = Seen { is_empty: true, ..Seen::default() };
    let mut left = MOST;
    walk(root, Path::new(""), &mut left, &mut seen);
    seen.roots.sort();
    seen.var_files.sort();
    seen.encrypted.sort();
    seen.environments.sort();
    seen
}

fn walk(root: &Path, folder: &Path, left: &mut usize, seen: &mut Seen) {
    let mut is_root = false;
    let entries = fs::read_dir(root.join(folder)).into_iter().flatten().flatten();
    for entry in entries {
        *left = left.saturating_sub(1);
        let (name, Ok(kind)) = (entry.file_name().to_string_lossy().into_owned(), entry.file_type()) else {
            continue;
        };
        let path = folder.join(entry.file_name());
        let is_kept_by_others = [".git", ".infractl", ".gitkeep"].contains(&name.as_str());
        seen.is_empty &= is_kept_by_others;
        if kind.is_dir() {
            // What infractl writes itself is in `shared`.
            let is_own = path == Path::new("shared");
            let is_skipped = name.starts_with('.') || is_own || SKIPPED.contains(&name.as_str());
            if folder == Path::new("environments") && !is_skipped {
                seen.environments.push(name.clone());
            }
            if !is_skipped && *left > 0 && folder.components().count() < DEEPEST {
                walk(root, &path, left, seen);
            }
        } else if kind.is_file() {
            is_root |= is_module_file(&name);
            file(root, &path, &name, seen);
        }
    }
    if is_root {
        seen.roots.push(folder.to_owned());
    }
}

fn file(root: &Path, path: &Path, name: &str, seen: &mut Seen) {
    let is_config = path == Path::new("environments/defaults.toml")
        || (name == "environment.toml" && path.starts_with("environments"));
    seen.is_project |= is_config;
    let full = root.join(path);
    if fs::metadata(&full).is_ok_and(|meta| meta.len() > LONGEST) {
        return;
    }
    let is = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
    if is_module_file(name) {
        seen.uses_workspaces |= disk::read_text(&full).is_ok_and(|text| text.contains("terraform.workspace"));
    } else if is(&[".tfvars", ".tfvars.json"]) {
        if !name.contains(".auto.tfvars") && !name.starts_with("terraform.tfvars") {
            seen.var_files.push(path.to_owned());
        }
    } else if is(&[".hcl", ".tfbackend"]) && !name.starts_with('.') && !name.starts_with("terragrunt") {
        if let Some(settings) = disk::read_text(&full).ok().and_then(|text| backend::settings_of(&text)) {
            seen.backends.push((path.to_owned(), settings));
        }
    } else if is(&[".env", ".yaml", ".yml", ".json"]) || name.starts_with(".env") {
        text(&full, path, name, seen);
    }
}

/// A file that may hold secrets, encrypted or not.
fn text(full: &Path, path: &Path, name: &str, seen: &mut Seen) {
    let Ok(bytes) = disk::read(full) else { return };
    if sops::is_encrypted(&bytes, sops::Format::from_path(name)) {
        seen.encrypted.push((path.to_owned(), secrets::is_flat(full)));
        return;
    }
    let is_sample = ["example", "sample", "template", "dist"].iter().any(|word| name.contains(word));
    if is_sample || !(name.starts_with(".env") || Path::new(name).extension().is_some_and(|end| end == "env"))
    {
        return;
    }
    let text = String::from_utf8_lossy(&bytes);
    let pairs = text.lines().filter_map(|line| line.trim_start_matches("export ").split_once('='));
    let is_secret = |name: &str, value: &str| {
        let (name, value) = (name.trim().to_uppercase(), value.trim().trim_matches(['"', '\'']));
        !name.starts_with('#') && !value.is_empty() && SECRET.iter().any(|word| name.contains(word))
    };
    let names: Vec<String> = pairs
        .filter(|(name, value)| is_secret(name, value))
        .map(|(name, _)| name.trim().to_owned())
        .collect();
    if !names.is_empty() {
        seen.clear.push((path.to_owned(), names));
    }
}

/// Whether a folder holds files of terraform.
pub(super) fn has_root_module(dir: &Path) -> bool {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name()).any(|name| is_module_file(&name.to_string_lossy()))
}

/// The project that a folder lies in; one that is a project itself lies in none.
pub(crate) fn project_around(root: &Path) -> Option<PathBuf> {
    let project = Project::find(root.parent()?, None).ok()?;
    let has = |path: PathBuf| project.root.join("environments").join(path).is_file();
    let is_one = has("defaults.toml".into())
        || project.environments.iter().any(|name| has(Path::new(name).join("environment.toml")));
    (is_one && project.root != root).then_some(project.root)
}
