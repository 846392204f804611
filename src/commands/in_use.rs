//! The environment in use: that of verbs which name none, in this checkout, until it is another one.

use std::path::{Path, PathBuf};

use crate::config::Project;
use crate::disk;
use crate::failure::{Failure, Kind};

fn file(root: &Path) -> PathBuf {
    root.join(".infractl/environment")
}

/// The one in use, if there is one.
pub(crate) fn read(project: &Project) -> Result<Option<String>, Failure> {
    let Some(text) = disk::read_lossy_if_there(&file(&project.root))? else { return Ok(None) };
    let name = text.trim();
    if project.known(name).is_err() {
        return Err(Failure::new(
            Kind::Usage,
            format!("the environment in use, `{}`, is not there", name.escape_debug()),
        )
        .help("use another one: `infractl env use ENV`")
        .help("or none: `infractl env use --clear`"));
    }
    Ok(Some(name.to_owned()))
}

/// Uses it from now on.
pub(crate) fn write(project: &Project, name: &str) -> Result<(), Failure> {
    project.known(name)?;
    Ok(disk::write(&file(&project.root), format!("{name}\n").as_bytes(), disk::PRIVATE)?)
}

/// Uses none from now on; false when there was none.
pub(crate) fn clear(project: &Project) -> Result<bool, Failure> {
    Ok(disk::remove(&file(&project.root))?)
}
