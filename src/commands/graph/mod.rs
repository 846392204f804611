//! Show which environments wait for which.

mod drawn;

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Global, OutputMode, target};
use crate::config::Glance;
use crate::context::Ctx;
use crate::disk;
use crate::failure::Failure;
use crate::text::document;

/// Show which environments wait for which
#[derive(Debug, clap::Args)]
pub struct GraphArgs {
    /// Print it for Graphviz: `infractl graph --dot | dot -Tsvg`
    #[arg(long)]
    dot: bool,
    /// Write one page that opens offline; without FILE to standard output
    #[arg(long, value_name = "FILE", num_args = 0..=1, conflicts_with = "dot")]
    #[expect(clippy::option_option, reason = "the flag, and its file")]
    html: Option<Option<PathBuf>>,
}

/// Runs it.
pub(crate) fn run(cx: &Ctx, global: &Global, args: &GraphArgs) -> Result<(), Failure> {
    let project = target::project(cx)?;
    let order = project.order(&project.environments)?;
    let all = order.iter().map(|name| project.glance(name)).collect::<Result<Vec<Glance>, _>>()?;
    if args.dot {
        return cx.ui.page(&drawn::dot(&all));
    }
    if let Some(file) = &args.html {
        let page = drawn::html(&project.name, &all);
        return match file {
            Some(file) => Ok(disk::write(&cx.dir.join(file), page.as_bytes(), 0o644)?),
            None => cx.ui.data(page.as_bytes()),
        };
    }
    if global.output == OutputMode::Json {
        let one = |env: Glance| Drawn {
            name: env.name,
            depends_on: env.depends_on,
            protected: env.protected,
            description: env.description,
        };
        let all: Vec<_> = all.into_iter().map(one).collect();
        return cx.ui.document(document::line(&all).as_bytes());
    }
    cx.ui.page(&text(&all))
}

/// An environment of the graph, after those that it waits for.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Drawn {
    /// Its name.
    name: String,
    /// What has to be applied before.
    depends_on: Vec<String>,
    /// What changes it is asked about by name.
    protected: bool,
    /// One line for people.
    description: Option<String>,
}

/// One a line, each after those that it waits for.
fn text(all: &[Glance]) -> String {
    let width = all.iter().map(|env| env.name.chars().count()).max().unwrap_or(0);
    let line = |env: &Glance| match env.depends_on.as_slice() {
        [] => format!("{}\n", env.name),
        on => format!("{:width$}  after {}\n", env.name, on.join(", ")),
    };
    all.iter().map(line).collect()
}
