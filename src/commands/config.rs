//! Keep the files of a project up to date.

use super::{Global, generated, target};
use crate::context::Ctx;
use crate::failure::{Failure, Kind};

/// Keep the files of a project up to date
#[derive(Debug, clap::Args)]
pub struct ConfigArgs {
    #[command(subcommand)]
    command: ConfigCommand,
}

/// What to do with them.
#[derive(Debug, clap::Subcommand)]
enum ConfigCommand {
    /// Give keys that were renamed their new names, in `defaults.toml` and the file of every environment
    ///
    /// Only the keys are replaced: comments, order and quotes stay as they are. See `infractl help compatibility`.
    Fix(FixArgs),
}

/// Give keys that were renamed their new names
#[derive(Debug, clap::Args)]
struct FixArgs {
    /// Write nothing; exit with 2 when a file has old names, and show the lines that differ
    #[arg(long)]
    check: bool,
}

/// Runs it.
pub(crate) fn run(cx: &Ctx, global: &Global, args: &ConfigArgs) -> Result<(), Failure> {
    let ConfigCommand::Fix(args) = &args.command;
    fix(cx, global, args)
}

fn fix(cx: &Ctx, global: &Global, args: &FixArgs) -> Result<(), Failure> {
    let project = target::project(cx)?;
    let fixes = project.fixes()?;
    if fixes.is_empty() {
        cx.ui.note("every key has the name that it has now");
        return Ok(());
    }
    for fix in &fixes {
        if args.check || global.dry_run {
            generated::show_difference(cx, &fix.old, &fix.new)?;
        } else {
            fix.write(&project.root)?;
        }
        for (line, key) in &fix.keys {
            let would = if args.check || global.dry_run { "would become" } else { "is now" };
            cx.ui.note(format!("{}:{line}: `{}` {would} `{}`", fix.path, key.old, key.new));
        }
    }
    let count: usize = fixes.iter().map(|fix| fix.keys.len()).sum();
    match args.check {
        true => {
            let message = format!("keys under old names: {count}");
            Err(Failure::new(Kind::Difference, message).help("run `infractl config fix`, and commit it"))
        }
        false => Ok(()),
    }
}
