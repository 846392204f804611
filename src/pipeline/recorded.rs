//! Values that the steps of a run have captured, for a later run that begins behind them: `.infractl/resume/ENVIRONMENT/
//! PIPELINE.values.json`, mode 0600. Only those that may be shown.

use std::path::PathBuf;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::config::Environment;
use crate::config::template::Rendered;
use crate::context::Ctx;
use crate::disk;
use crate::failure::Failure;

/// The values of the last run of a pipeline.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Recorded {
    /// When the last of them was captured, in UTC.
    pub at: String,
    /// By their names.
    pub values: IndexMap<String, String>,
}

/// Those of the last run.
pub(crate) fn read(env: &Environment, verb: &str) -> Recorded {
    let bytes = disk::read(&file(env, verb)).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

/// Adds values; a secret takes an older one of its name away.
pub(super) fn remember(
    cx: &Ctx,
    env: &Environment,
    verb: &str,
    found: &[(String, Rendered)],
) -> Result<(), Failure> {
    let mut recorded = read(env, verb);
    recorded.at = (cx.now)().strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
    let before = recorded.values.len();
    let mut is_new = false;
    for (name, value) in found {
        match value {
            Rendered::Plain(text) => {
                is_new = true;
                recorded.values.insert(name.clone(), text.clone());
            }
            Rendered::Secret(_) => drop(recorded.values.shift_remove(name)),
        }
    }
    if !is_new && recorded.values.len() == before {
        return Ok(());
    }
    let bytes = serde_json::to_vec_pretty(&recorded).unwrap_or_default();
    Ok(disk::write(&file(env, verb), &bytes, disk::PRIVATE)?)
}

/// A run begins anew: what the last one found is over.
pub(crate) fn forget(env: &Environment, verb: &str) -> Result<(), Failure> {
    disk::remove(&file(env, verb)).map(|_| ()).map_err(Failure::from)
}

fn file(env: &Environment, verb: &str) -> PathBuf {
    env.home.join(".infractl/resume").join(&env.name).join(format!("{verb}.values.json"))
}
