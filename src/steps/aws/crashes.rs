//! How the tasks of an environment ended last: `.infractl/crashes/ENVIRONMENT.json`. Of a crash a hash is kept, since its last
//! line may hold anything.

use std::path::PathBuf;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::disk;
use crate::text;
use crate::work::StepCx;

/// The last crash, and how often in a row it was that one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Last {
    crash: String,
    times: usize,
}

type All = IndexMap<String, Last>;

/// A step has crashed like this; how often it did just before.
pub(super) fn note(step: &StepCx<'_>, crash: &str) -> usize {
    let crash = text::hex(&Sha256::digest(crash)[..8]);
    let mut all = read(step);
    let before = all.get(step.name).filter(|last| last.crash == crash).map_or(0, |last| last.times);
    all.insert(step.name.to_owned(), Last { crash, times: before + 1 });
    write(step, &all);
    before
}

/// It ended well.
pub(crate) fn forget(step: &StepCx<'_>) {
    let mut all = read(step);
    if all.shift_remove(step.name).is_some() {
        write(step, &all);
    }
}

fn file(step: &StepCx<'_>) -> PathBuf {
    step.env.home.join(".infractl/crashes").join(format!("{}.json", step.env.name))
}

/// What cannot be read counts as nothing.
fn read(step: &StepCx<'_>) -> All {
    serde_json::from_slice(&disk::read(&file(step)).unwrap_or_default()).unwrap_or_default()
}

fn write(step: &StepCx<'_>, all: &All) {
    let bytes = serde_json::to_vec_pretty(all).unwrap_or_default();
    // Who cannot write it down loses a hint.
    drop(disk::write(&file(step), &bytes, disk::PRIVATE));
}
