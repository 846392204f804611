//! What was done: each run is recorded line by line, read back, and told as HTML, JUnit, JSON and Markdown.

mod ending;
pub(crate) mod estate;
pub(crate) mod html;
mod junit;
mod markdown;
mod recorder;
mod run_files;
mod log;
mod lanes;
mod store;
mod seal;
mod run;
mod line;
mod state;

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::disk;
use crate::redact::Masks;
use crate::ui::ci::Ci;
use crate::ui::say;
pub use recorder::Recorder;
pub(crate) use run::{Lane, Run, Step};
pub(crate) use seal::Whole;
pub(crate) use state::State;
pub use store::Store;

/// What a recorder has to know of the world.
#[derive(Debug, Default)]
pub struct Setup {
    /// The command line.
    pub argv: Vec<String>,
    /// The verb, if the history has it also when it ends before its pipeline begins.
    pub verb: Option<String>,
    /// Who.
    pub user: String,
    /// What is never written.
    pub masks: Masks,
    /// Gets the number of the run, once it is kept.
    pub number: Arc<OnceLock<u64>>,
    /// Where the JUnit report goes.
    pub junit: Option<PathBuf>,
    /// Where the JSON report goes.
    pub json: Option<PathBuf>,
    /// Where the report as Markdown goes.
    pub markdown: Option<PathBuf>,
    /// Where the summary of the job goes.
    pub summary: Option<Summary>,
}

/// Bytes of a summary: GitHub drops all of one that has more.
const SUMMARY_BYTES: usize = 1024 * 1024;

/// How a CI system gets a Markdown summary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Summary {
    /// Appended to a file (GitHub).
    Append(PathBuf),
    /// Written to a file of its own in this folder, and named to the CI by a command.
    Upload(Ci, PathBuf),
}

impl Summary {
    fn write(&self, run: &Run) {
        match self {
            Summary::Append(path) => {
                // All that is written in one step of a job counts, whoever writes it.
                let taken = std::fs::metadata(path).map_or(0, |there| there.len());
                let room = SUMMARY_BYTES.saturating_sub(usize::try_from(taken).unwrap_or(usize::MAX));
                let Some(text) = markdown::summary(run, room) else {
                    return say("warning: the job summary has no room left for this run");
                };
                let file = OpenOptions::new().append(true).create(true).open(path);
                tell(path, "job summary", file.and_then(|mut file| file.write_all(text.as_bytes())));
            }
            Summary::Upload(ci, folder) => {
                let path = folder.join(format!("infractl-{}-{}.md", std::process::id(), run.verb));
                let text = markdown::summary(run, SUMMARY_BYTES).unwrap_or_default();
                let written = disk::write(&path, text.as_bytes(), 0o644);
                if let (Ok(()), Some(command)) = (&written, ci.upload_summary(&path.to_string_lossy())) {
                    say(&command);
                }
                tell(&path, "job summary", written);
            }
        }
    }
}

/// A report that cannot be written is no reason to fail.
fn tell<E: std::fmt::Display>(path: &Path, what: &str, written: Result<(), E>) {
    if let Err(error) = written {
        say(&format!("warning: the {what} `{}` could not be written: {error}", path.display()));
    }
}

/// The name of this machine.
pub(crate) fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// The schema of the JSON report, and of `history show N --output json`.
pub(crate) fn schema() -> schemars::Schema {
    schemars::schema_for!(Run)
}

/// Seconds as people read them.
pub(crate) fn took(seconds: f64) -> String {
    crate::text::duration(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}
