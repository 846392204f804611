//! Print the completion script of a shell.

use std::io::Write;

use clap_complete::env::{Bash, Elvish, EnvCompleter, Fish, Powershell, Zsh};

use crate::context::Ctx;
use crate::failure::{Failure, Kind};

/// Print the completion script of a shell
#[derive(Debug, clap::Args)]
pub struct CompletionsArgs {
    /// Shell
    #[arg(value_parser = ["bash", "elvish", "fish", "powershell", "zsh"])]
    shell: String,
}

/// Prints the script. It asks infractl itself for the candidates, so it knows environments and never goes stale.
pub(crate) fn run(cx: &Ctx, args: &CompletionsArgs) -> Result<(), Failure> {
    let shell: &dyn EnvCompleter = match args.shell.as_str() {
        "bash" => &Bash,
        "elvish" => &Elvish,
        "fish" => &Fish,
        "powershell" => &Powershell,
        _ => &Zsh,
    };
    let mut script = Vec::new();
    shell
        .write_registration("COMPLETE", "infractl", "infractl", "infractl", &mut script)
        .and_then(|()| script.flush())
        .map_err(|error| Failure::new(Kind::Bug, format!("the script could not be written: {error}")))?;
    cx.ui.data(&script)
}
