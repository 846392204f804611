//! The file of a forge, and what its jobs call.

mod comment;
mod generate;
mod issue;
mod matrix;
mod talk;

use std::ffi::OsString;

use super::Global;
use crate::context::Ctx;
use crate::failure::Failure;
pub(super) use matrix::Matrix;

/// Write the file of a forge, and what its jobs call
#[derive(Debug, clap::Args)]
pub struct CiArgs {
    #[command(subcommand)]
    command: CiCommand,
}

/// What is done.
#[derive(Debug, clap::Subcommand)]
enum CiCommand {
    /// Say something on the pull request or merge request of this job, in one comment
    Comment(comment::CommentArgs),
    /// Keep one issue at GitHub or GitLab: opened when there is something to say, closed when there is nothing
    Issue(issue::IssueArgs),
    /// Write the file that GitHub Actions, GitLab CI or Azure Pipelines runs, from `[ci]`
    Generate(generate::GenerateArgs),
    /// Print environments and shares as JSON, for jobs that are made while a pipeline runs
    Matrix(matrix::MatrixArgs),
}

/// Reads a command line.
type Parse<'a> = &'a dyn Fn(Vec<OsString>) -> Result<(), clap::Error>;

/// Runs it.
pub(crate) async fn run(cx: &Ctx, global: &Global, args: &CiArgs, parse: Parse<'_>) -> Result<(), Failure> {
    match &args.command {
        CiCommand::Comment(args) => comment::run(cx, global, args).await,
        CiCommand::Issue(args) => issue::run(cx, global, args).await,
        CiCommand::Generate(args) => generate::run(cx, global, args, parse),
        CiCommand::Matrix(args) => matrix::run(cx, args).await,
    }
}
