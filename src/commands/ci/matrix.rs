//! Environments and shares, for a forge that makes its jobs from them.

use schemars::JsonSchema;
use serde::Serialize;

use crate::commands::chosen::{Narrow, Shard};
use crate::commands::target;
use crate::context::Ctx;
use crate::failure::Failure;
use crate::text::document;

/// Print environments and shares as JSON, for jobs that are made while a pipeline runs
///
/// One line: `{"environments": ["dev", …], "shards": [{"shard": "1/2", "environments": ["dev"]}, …]}`. Shares without an
/// environment are left out.
#[derive(Debug, clap::Args)]
pub(super) struct MatrixArgs {
    /// Only those that changed since COMMIT, as `plan --changed-since` takes them
    #[arg(long, value_name = "COMMIT")]
    changed_since: Option<String>,
    /// So many shares, as `plan --shard 2/5` takes them
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    shards: u16,
}

/// What jobs are made from.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Matrix {
    /// The environments that are meant.
    environments: Vec<String>,
    /// Shares of them.
    shards: Vec<Share>,
}

/// A share.
#[derive(Debug, Serialize, JsonSchema)]
struct Share {
    /// As `--shard` takes it.
    shard: String,
    /// What is in it.
    environments: Vec<String>,
}

/// Prints them.
pub(super) async fn run(cx: &Ctx, args: &MatrixArgs) -> Result<(), Failure> {
    let project = target::project(cx)?;
    let all = project.environments.clone();
    let names = Narrow::since(args.changed_since.clone()).of(cx, &project, all).await?;
    let shards = (1..=args.shards).filter_map(|number| {
        let shard = Shard::new(number, args.shards);
        let environments: Vec<String> = names.iter().filter(|name| shard.holds(name)).cloned().collect();
        (!environments.is_empty()).then(|| Share { shard: shard.to_string(), environments })
    });
    let matrix = Matrix { shards: shards.collect(), environments: names.clone() };
    cx.ui.document(document::line(&matrix).as_bytes())
}
