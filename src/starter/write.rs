//! What stands in the way of a new project, all of it at once, and writing it.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::plan::{Fate, Item};
use crate::disk::{self, DiskError};

/// Everything that keeps the files from being written.
pub(crate) fn obstacles(root: &Path, items: &[Item]) -> Vec<String> {
    let wanted = items.iter().filter(|item| item.fate != Fate::Kept);
    let mut found: Vec<String> = wanted.filter_map(|item| obstacle(root, item)).collect();
    found.dedup();
    found
}

fn obstacle(root: &Path, item: &Item) -> Option<String> {
    let shown = item.path.display();
    let full = root.join(&item.path);
    match fs::symlink_metadata(&full) {
        Ok(there) if there.is_dir() => {
            return Some(format!("`{shown}` is a folder, and a file is needed there"));
        }
        Ok(_) => {}
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
        Err(error) => return Some(format!("`{shown}` cannot be looked at: {error}")),
    }
    let above = full.ancestors().skip(1).find(|folder| folder.symlink_metadata().is_ok())?;
    let name = above
        .strip_prefix(root)
        .map_or(above, |inside| if inside.as_os_str().is_empty() { above } else { inside });
    let name = name.display();
    if !above.is_dir() {
        return Some(format!("`{name}` is a file, and a folder is needed there"));
    }
    let error = disk::check_writable(above).err()?;
    Some(format!("nothing can be written in `{name}`: {}", error.source))
}

/// Writes one file, whole. Where one stays as it is, what a killed run left in its folder goes.
pub(crate) fn write(root: &Path, item: &Item) -> Result<(), DiskError> {
    let path = root.join(&item.path);
    if item.fate == Fate::Kept {
        path.parent().into_iter().for_each(disk::sweep_folder);
        return Ok(());
    }
    let mode = disk::mode_of(&path)?.unwrap_or(item.mode);
    disk::write(&path, &item.text, mode)
}
