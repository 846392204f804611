//! What is said or looked at before anything of a pipeline is done.

use super::Pipeline;
use crate::config::Environment;
use crate::failure::Failure;
use crate::steps::Work;
use crate::work::kind::Mention;

/// What cannot be done is said before anything is.
pub(super) fn refuse(pipeline: &Pipeline) -> Result<(), Failure> {
    for leaf in pipeline.leaves() {
        if let Work::Refused(refused) = leaf.work {
            return Err(refused.failure());
        }
    }
    Ok(())
}

/// The programs and lines of shell that it starts.
pub(super) fn starts(env: &Environment, pipeline: &Pipeline) -> Vec<String> {
    let mut all = Vec::new();
    for leaf in pipeline.leaves() {
        leaf.work.kind().visit(env, &mut |mention| {
            if let Mention::Starts(start) = mention {
                all.push(start.to_owned());
            }
        });
    }
    all
}
