//! Search for decrypted values where none should be.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::{git, place};
use crate::commands::target;
use crate::context::Ctx;
use crate::disk;
use crate::failure::Failure;
use crate::secrets::Wrong;
use crate::secrets::leaks::{Leak, SHORTEST, Search};
use crate::secrets::{self, covered};
use crate::text;

/// What is found of the values of all encrypted files of a project.
pub(crate) async fn search(cx: &Ctx, root: &Path, identities: &[PathBuf]) -> Result<Vec<Wrong>, Failure> {
    let mut store = place::store(cx, root, identities);
    let mut values: Vec<(String, Zeroizing<Vec<u8>>)> = Vec::new();
    for file in
        covered::files(root, place::named_rules(cx).as_deref())?.into_iter().filter(|file| file.is_encrypted)
    {
        values.extend(secrets::leaks::values(&store.open(&file.path, None).await?));
    }
    let Some(search) = Search::new(values.iter().map(|(name, value)| (name.as_str(), value.as_slice())))
    else {
        return Ok(Vec::new());
    };
    if !search.skipped.is_empty() {
        let names = search.skipped.join(", ");
        cx.ui.note(format!("not searched for, shorter than {SHORTEST} characters: {names}"));
    }
    let env_files = env_files(cx);
    let mut found = Vec::new();
    let (mut looked, mut too_long, mut unreadable) = (0, 0, Vec::new());
    walk(root, &mut |path| {
        let Ok(meta) = path.metadata() else { return };
        if meta.len() > git::LONGEST as u64 {
            too_long += 1;
            return;
        }
        let Ok(bytes) = disk::read(path).map(Zeroizing::new) else {
            unreadable.push(store.shown(path));
            return;
        };
        looked += 1;
        let leaks = search.find(&bytes);
        // The environment file is where values are asked for, as long as nobody else can read it.
        let is_private = meta.permissions().mode().trailing_zeros() >= 6;
        let is_asked_for = is_private && env_files.iter().any(|file| file == path);
        if !leaks.is_empty() && !is_asked_for {
            let shown = store.shown(path);
            let help = format!("change those secrets where they are used, and remove them from `{shown}`");
            found.push(wrong(&shown, &leaks, &help));
        }
    });
    // What the index has as the working tree has it was searched there.
    if let Some(top) = git::top(cx, root).await? {
        let raw =
            git::ask(cx, &top, &["diff-files", "--raw", "--no-abbrev", "-z"]).await?.unwrap_or_default();
        let mut look = |path: &Path, bytes: &[u8]| {
            let leaks = search.find(bytes);
            looked += 1;
            if !leaks.is_empty() {
                let shown = path.display();
                let help =
                    format!("change those secrets where they are used, and run `git rm --cached {shown}`");
                found.push(wrong(&format!("{shown} (in the index of git)"), &leaks, &help));
            }
            Ok(())
        };
        too_long += git::each_content(cx, &top, &git::blobs(&raw, 0), &mut look).await?;
    }
    if too_long > 0 {
        cx.ui.warn(format!("{}, longer than 64 MiB, were not searched", text::plural(too_long, "file")));
    }
    if !unreadable.is_empty() {
        cx.ui.warn(format!("could not be read, and were not searched: {}", unreadable.join(", ")));
    }
    cx.ui.note(format!(
        "searched {} for {}",
        text::plural(looked, "file"),
        text::plural(values.len(), "secret")
    ));
    Ok(found)
}

fn wrong(file: &str, leaks: &[Leak], help: &str) -> Wrong {
    let places: Vec<String> = leaks
        .iter()
        .map(|leak| match leak.line {
            Some(line) => format!("{} in line {line}", leak.name),
            None => leak.name.clone(),
        })
        .collect();
    Wrong {
        file: file.to_owned(),
        message: format!("holds secrets in clear: {}", places.join(", ")),
        help: Some(help.to_owned()),
    }
}

/// Every file of a project but those of git itself, of terraform's providers and of node's modules.
fn walk(folder: &Path, look: &mut dyn FnMut(&Path)) {
    let Ok(entries) = folder.read_dir() else { return };
    for entry in entries.flatten() {
        let Ok(kind) = entry.file_type() else { continue };
        let name = entry.file_name();
        if kind.is_dir() {
            let is_providers = name == "providers" && folder.ends_with(".terraform");
            let is_skipped = is_providers || name == ".git" || name == "node_modules";
            if !is_skipped {
                walk(&entry.path(), look);
            }
        } else if kind.is_file() {
            look(&entry.path());
        }
    }
}

/// The environment files that the project declares.
fn env_files(cx: &Ctx) -> Vec<PathBuf> {
    let Ok(project) = target::project(cx) else { return Vec::new() };
    let envs = project.environments.iter().filter_map(|name| project.environment(name).ok());
    envs.map(|env| env.env_file.path).collect()
}
