//! The command line as a whole: flags that every verb has, then the verb.

use clap::Parser;

use super::{Command, Global};

/// One binary in front of an infrastructure repository: secrets, terraform, environment files, deploys
#[derive(Debug, Parser)]
#[command(
    name = "infractl",
    version,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = false,
    after_help = "Start with `infractl env list`, then `infractl plan ENV` and `infractl apply ENV`.\n\
                  The manual: `infractl help topics`, and `infractl help TOPIC` for a page of it.\n\
                  Exit codes: 0 done, 1 failed, 2 difference, 64 usage, 65 secrets, 69 tool missing, 75 busy, \
                  77 declined, 78 configuration."
)]
pub struct Cli {
    /// Flags that every verb has.
    #[command(flatten)]
    pub global: Global,
    /// The verb.
    #[command(subcommand)]
    pub command: Command,
    /// The verb or pipeline, if it changes or previews something: the history has it also when it ends before its
    /// pipeline begins.
    #[arg(skip)]
    pub kept_as: Option<String>,
}
