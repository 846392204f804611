//! Commands that print a key.

use std::ffi::OsStr;
use std::time::Duration;

use zeroize::Zeroizing;

use super::source::Source;
use crate::exec::{Cmd, Io, Runner};

/// How long a command that prints a key may take: someone may have to unlock a vault.
const COMMAND_TIME: Duration = Duration::from_secs(120);

/// What a command prints that is called without a shell.
pub(super) async fn run(
    line: &OsStr,
    recipient: Option<&str>,
    source: &Source,
    runner: &dyn Runner,
) -> Option<Zeroizing<Vec<u8>>> {
    let words = line.to_str().and_then(|line| shell_words::split(line).ok()).unwrap_or_default();
    let Some((program, args)) = words.split_first() else {
        source.problem("not a command: the words cannot be told apart");
        return None;
    };
    let mut cmd = Cmd::new(program).args(args).io(Io::Capture).timeout(Some(COMMAND_TIME));
    if let Some(recipient) = recipient {
        cmd = cmd.env("SOPS_AGE_RECIPIENT", recipient);
    }
    match runner.run(&cmd, &|_, _| {}).await {
        Ok(done) if done.code == 0 => Some(Zeroizing::new(done.stdout)),
        Ok(done) => {
            drop(Zeroizing::new(done.stdout));
            let last = done.tail.lines().last().unwrap_or_default();
            let safe = !last.is_empty() && !last.contains("AGE-") && !last.contains("PRIVATE KEY");
            let why = if safe { format!(": {last}") } else { String::new() };
            source.problem(format!("`{program}` ended with exit code {}{why}", done.code));
            None
        }
        Err(error) => {
            source.problem(error.to_string());
            None
        }
    }
}
