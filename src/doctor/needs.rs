//! What the environment needs of the machine: is it there?

use super::asks::Asks;
use super::finding::Finding;
use crate::budget;
use crate::budget::verdict::{Level, Line};
use crate::config::Environment;
use crate::context::Ctx;

const GROUP: &str = "needs";

/// Looks at it.
pub(super) async fn check(cx: &Ctx, env: &Environment, asks: &Asks) -> Vec<Finding> {
    let starts: Vec<String> = asks.programs.iter().cloned().collect();
    let looked = budget::look(cx, env, &starts).await;
    looked.into_iter().flat_map(|looked| looked.lines).map(finding).collect()
}

fn finding(line: Line) -> Finding {
    let finding = match line.level {
        Level::Enough => Finding::ok(GROUP, line.text),
        Level::Unknown => Finding::warning(GROUP, line.text),
        Level::Short => Finding::error(GROUP, line.text),
    };
    if line.help.is_empty() { finding } else { finding.help(line.help) }
}
