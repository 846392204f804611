//! What a run would stop at before anything starts: all of it at once, and mended first where that does no harm and
//! somebody is there to say so.

use std::path::PathBuf;

use crate::disk;
use crate::failure::Failure;
use crate::starter::ignore;
use crate::ui::{Ui, prompt};

/// Something that a run would stop at.
#[derive(Debug)]
pub(crate) struct Stop {
    /// What it would end with.
    pub failure: Failure,
    /// What mends it without harm, if anything does.
    pub mend: Option<Mend>,
}

impl<F: Into<Failure>> From<F> for Stop {
    fn from(failure: F) -> Stop {
        Stop { failure: failure.into(), mend: None }
    }
}

/// Something that is done without harm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mend {
    /// Make a folder: how people know it, and where it is.
    Folder(String, PathBuf),
    /// Add a line to this `.gitignore`.
    Ignore(String, PathBuf),
}

impl Mend {
    fn is_done(&self) -> bool {
        match self {
            Mend::Folder(_, path) => path.is_dir(),
            Mend::Ignore(line, file) => {
                let old = disk::read_if_there(file).ok().flatten().unwrap_or_default();
                ignore::added(&old, &[("", line)]).1.is_empty()
            }
        }
    }

    fn run(&self) -> Result<(), Failure> {
        match self {
            Mend::Folder(_, path) => disk::make_folder(path)?,
            Mend::Ignore(line, file) => {
                let old = disk::read_if_there(file)?.unwrap_or_default();
                let (text, _) = ignore::added(&old, &[(ignore::ENV_FILES, line)]);
                disk::write(file, &text, disk::mode_of(file)?.unwrap_or(0o644))?;
            }
        }
        Ok(())
    }
}

impl std::fmt::Display for Mend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Mend::Folder(shown, _) => write!(f, "make the folder `{shown}`"),
            Mend::Ignore(line, _) => write!(f, "add the line `{line}` to .gitignore"),
        }
    }
}

/// Asks once about all that can be mended, and does it. True when it may be looked at again.
pub(crate) fn mended(ui: &Ui, stops: &[Stop]) -> Result<bool, Failure> {
    let mends: Vec<&Mend> = stops.iter().filter_map(|stop| stop.mend.as_ref()).collect();
    if mends.is_empty() || !ui.mode.can_ask {
        return Ok(false);
    }
    // Another environment may have asked about the same meanwhile.
    let open: Vec<&Mend> = mends.into_iter().filter(|mend| !mend.is_done()).collect();
    if open.is_empty() {
        return Ok(true);
    }
    let lines: Vec<String> = open.iter().map(|mend| format!("\n  {mend}")).collect();
    ui.note(format!("before this can run, infractl would{}", lines.concat()));
    if !ui.mode.yes && !prompt::yes(ui, "Do that now?")? {
        return Ok(false);
    }
    open.into_iter().try_for_each(Mend::run)?;
    Ok(true)
}

/// All of them as one failure; none if there are none.
pub(crate) fn refused(stops: Vec<Stop>) -> Result<(), Failure> {
    Failure::all(stops.into_iter().map(|stop| stop.failure).collect())
}
