//! A path of the command line that may be another one for each environment.

use std::path::{Path, PathBuf};

use super::several::Targets;
use crate::config::Environment;
use crate::context::Ctx;
use crate::failure::{Failure, Kind};

/// A path that may be another one for each environment.
#[derive(Debug, Clone)]
pub(crate) struct EnvPath {
    text: String,
    dir: PathBuf,
}

const PLACE: &str = "{{environment}}";

impl EnvPath {
    /// The path for one of them, absolute.
    pub(crate) fn of(&self, env: &Environment) -> PathBuf {
        self.dir.join(self.text.replace(PLACE, &env.name))
    }
}

impl Targets {
    /// A path of the command line for one environment: several need `{{environment}}` in it.
    pub(crate) fn path(&self, cx: &Ctx, what: &str, path: &Path) -> Result<EnvPath, Failure> {
        let text = path.to_string_lossy().into_owned();
        if self.are_several() && !text.contains(PLACE) {
            return Err(Failure::new(
                Kind::Usage,
                format!("`{what}` names one file for several environments"),
            )
            .help(format!("put `{PLACE}` into its name")));
        }
        Ok(EnvPath { text, dir: cx.dir.clone() })
    }
}
