//! Write the runbook of an environment: what the configuration says, for people on call.

mod means;
mod people;
mod steps;
mod ways;
mod form;

use std::path::{Path, PathBuf};

use super::super::{Global, generated, target};
use crate::config::Environment;
use crate::config::scenarios::Asked;
use crate::context::Ctx;
use crate::disk;
use crate::failure::{Failure, Kind};

/// Version of the form: another one is another text of the same configuration.
const FORMAT: u32 = 1;
/// What the first line says before that number.
const MARK: &str = "<!-- infractl runbook, format ";

/// Write the runbook of an environment: its verbs with their steps, hosts, who reads its secrets, what failures mean, ways back
///
/// Reads the files of the project only. The same configuration gives the same bytes, on any machine and at any time.
#[derive(Debug, clap::Args)]
pub(super) struct RunbookArgs {
    #[command(flatten)]
    target: target::Target,
    /// Where to write it; `-` is standard output [default: docs/runbook-ENV.md]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write nothing; exit with 2 when the file is not what would be written, and show the lines that differ
    #[arg(long)]
    check: bool,
}

/// Runs it.
pub(super) async fn run(cx: &Ctx, global: &Global, args: &RunbookArgs) -> Result<(), Failure> {
    let mut env = args.target.environment(cx)?;
    if env.scenario.is_some() && cx.scenarios.is_empty() {
        // What is up here does not matter to whoever reads it.
        env = target::project(cx)?.environment_in(&env.name, Asked::Usual)?;
    }
    let new = text(cx, &env).await;
    let is_printed = args.out.as_deref() == Some(Path::new("-"));
    if is_printed && args.check {
        return Err(Failure::new(Kind::Usage, "`--check` compares with a file, and `--out -` is none")
            .help("name the file, or leave `--out` out"));
    }
    if is_printed {
        return cx.ui.data(new.as_bytes());
    }
    let usual = || env.root.join("docs").join(format!("runbook-{}.md", env.name));
    let path = args.out.as_ref().map_or_else(usual, |file| cx.dir.join(file));
    let shown = path.strip_prefix(&env.root).unwrap_or(&path).display().to_string();
    let old = disk::read_lossy_if_there(&path)?;
    if old.as_ref().is_some_and(|old| *old == new) {
        cx.ui.note(format!("{shown} is up to date"));
        return Ok(());
    }
    if let Some(old) = &old {
        is_ours(&shown, old)?;
    }
    if args.check {
        let why = if old.is_some() { "is not what the configuration says now" } else { "is missing" };
        generated::show_difference(cx, old.as_deref().unwrap_or(&new), &new)?;
        return Err(Failure::new(Kind::Difference, format!("{shown} {why}"))
            .help(format!("run `infractl docs runbook {}`, and commit it", env.name)));
    }
    generated::write(cx, global, &path, &shown, &new)
}

/// An error for a file of somebody else's, or of a newer infractl.
fn is_ours(shown: &str, old: &str) -> Result<(), Failure> {
    let number = old.strip_prefix(MARK).and_then(|rest| rest.split(':').next()?.trim().parse::<u32>().ok());
    match number {
        Some(number) if number <= FORMAT => Ok(()),
        Some(number) => {
            let message =
                format!("{shown} was written by a newer infractl (format {number}): it stays as it is");
            Err(Failure::new(Kind::Failed, message).help("use that version of infractl here as well"))
        }
        None => {
            let message = format!("{shown} is there, and infractl has not written it: it stays as it is");
            Err(Failure::new(Kind::Failed, message).help("move it away, or name another file: `--out FILE`"))
        }
    }
}

/// The whole text.
async fn text(cx: &Ctx, env: &Environment) -> String {
    let name = &env.name;
    let mut text = format!(
        "{MARK}{FORMAT}: written by `infractl docs runbook {name}`, which writes it anew; do not edit -->\n\n\
         # Runbook: {name}\n"
    );
    text.push_str(&people::head(env));
    let verbs = steps::all(cx, env).await;
    text.push_str(&first(env));
    text.push_str(&steps::section(env, &verbs));
    text.push_str(&people::hosts(env));
    text.push_str(&people::secrets(env));
    text.push_str(&means::section(env, &verbs));
    text.push_str(&ways::snapshots(env));
    text.push_str(&ways::power(env));
    text.push_str(&ways::rollback(env));
    text.push_str(&ways::locks(env));
    cx.masks.mask(&form::portable(&text, &env.root, cx.vars.get("HOME"))).into_owned()
}

/// What to type first.
fn first(env: &Environment) -> String {
    let name = &env.name;
    let lines = [
        ("status".to_owned(), "what was done last where, who holds the lock"),
        ("history".to_owned(), "the last runs; `history show` and `history show --log` tell more"),
        ("explain".to_owned(), "what the last failure means"),
        (format!("doctor {name}"), "tools, keys, credentials, state and hosts"),
        (format!("plan {name}"), "what an apply would change"),
        (format!("logs {name}"), "the last hour of everything that has a log"),
    ];
    let width = lines.iter().map(|(line, _)| line.chars().count()).max().unwrap_or(0);
    let lines = lines.map(|(line, says)| format!("infractl {line:width$}  # {says}"));
    format!(
        "\n## First\n\n{}\n\nExit codes: 0 done, 1 failed, 2 there is a difference, 64 typed wrongly, 65 secrets, 69 a tool is \
         missing, 75 somebody else is at it, 77 not allowed or not confirmed, 78 configuration.\n",
        crate::text::fenced(&lines.join("\n"))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_somebody_else_stays() {
        assert!(is_ours("x", "<!-- infractl runbook, format 1: written by -->").is_ok());
        assert!(is_ours("x", "# Runbook").unwrap_err().error.to_string().contains("not written it"));
        let newer = is_ours("x", "<!-- infractl runbook, format 9: -->").unwrap_err();
        assert!(newer.error.to_string().contains("newer"), "{newer:?}");
    }
}
