//! Write the file of a forge.

use std::ffi::OsString;
use std::path::Path;

use super::Parse;
use crate::ci::generate::{self as file, Found};
use crate::ci::job::{About, Setting};
use crate::ci::jobs::commands;
use crate::ci::line::Wrong;
use crate::commands::{Global, generated, target};
use crate::config::{Environment, Project};
use crate::context::Ctx;
use crate::disk::{self, repository};
use crate::failure::{Failure, Kind, Problem};

/// Write the file that GitHub Actions, GitLab CI or Azure Pipelines runs, from `[ci]`
///
/// The same configuration gives the same bytes. A file that infractl has not written is never replaced, and one that
/// somebody has changed only with `--force`.
#[derive(Debug, clap::Args)]
pub(super) struct GenerateArgs {
    /// Write nothing; exit with 2 when the file is not what would be written, and show the lines that differ
    #[arg(long, conflicts_with_all = ["print", "force"])]
    check: bool,
    /// Write nothing; print the file on standard output
    #[arg(long, conflicts_with = "force")]
    print: bool,
    /// Replace a file of infractl's that somebody has changed
    #[arg(long)]
    force: bool,
}

/// Writes it.
pub(super) fn run(cx: &Ctx, global: &Global, args: &GenerateArgs, parse: Parse<'_>) -> Result<(), Failure> {
    let project = target::project(cx)?;
    let environments: Vec<Environment> =
        project.environments.iter().map(|name| project.environment(name)).collect::<Result<_, _>>()?;
    let top = repository::top(&project.root).unwrap_or_else(|| project.root.clone());
    let setting = setting(&project, &top, &environments)?;
    let refused = |wrong: Wrong| refused(&environments, wrong);
    for (key, words) in commands(&setting).map_err(refused)? {
        known(&words, parse).map_err(|why| {
            let message = format!("`infractl {}` would be refused: {why}", shell_words::join(&words));
            refused(Wrong { key, message, help: "mend it, and try it here first".to_owned() })
        })?;
    }
    let new = file::text(&setting).map_err(refused)?;
    if args.print {
        return cx.ui.data(new.as_bytes());
    }
    let shown = file::place(&setting);
    let path = top.join(&shown);
    let old = disk::read_lossy_if_there(&path)?;
    let found = old.as_deref().map(|old| file::found(old, &new));
    let differs = |why: &str, help: &str| Failure::new(Kind::Difference, format!("{shown} {why}")).help(help);
    match found {
        Some(Found::Same) => {
            cx.ui.note(format!("{shown} is up to date"));
            return Ok(());
        }
        Some(Found::Foreign) => {
            let message = format!("{shown} is there, and infractl has not written it: it stays as it is");
            return Err(Failure::new(Kind::Failed, message)
                .help("move what it does elsewhere and remove it")
                .help("or name another file, `[ci] file = \"…\"`, and include it from there"));
        }
        None if args.check => return Err(differs("is missing", "run `infractl ci generate`")),
        Some(Found::Older) if !args.check => {}
        Some(what) if !args.force => {
            generated::show_difference(cx, old.as_deref().unwrap_or_default(), &new)?;
            return Err(match what {
                Found::Changed => differs(
                    "was changed by hand",
                    "move the change into `[ci]`, or write it anew: `infractl ci generate --force`",
                ),
                _ => differs("is not what the configuration says now", "run `infractl ci generate`"),
            });
        }
        _ => {}
    }
    generated::write(cx, global, &path, &shown, &new)
}

fn setting(project: &Project, top: &Path, environments: &[Environment]) -> Result<Setting, Failure> {
    let ci = environments.first().and_then(|env| env.ci.clone());
    let Some(ci) = ci else {
        let message = if environments.is_empty() {
            "the project has no environments"
        } else {
            "the project does not say what its forge runs: there is no `[ci]`"
        };
        return Err(Failure::new(Kind::Config, message).help(
            "write `[ci]` in environments/defaults.toml: `forge`, `infractl`, and `merge-request`, `main` or `nightly`",
        ).help("read `infractl help ci.md`"));
    };
    let branch = environments.iter().find_map(|env| env.release.branch.clone());
    let tag_prefix = environments.iter().find_map(|env| env.release.tag_prefix.clone());
    let about = |env: &Environment| About {
        protected: env.protected,
        has_secrets: env.secrets.files.iter().any(|file| file.is_file()),
        has_snapshots: !env.snapshots.is_empty(),
        has_records: env.lock.shared == Some(true),
    };
    let has_secrets = environments.iter().any(|env| about(env).has_secrets);
    let secrets = match &ci.secrets {
        Some(names) => names.iter().map(|name| name.0.clone()).collect(),
        None => has_secrets.then(|| "INFRACTL_AGE_KEY".to_owned()).into_iter().collect(),
    };
    Ok(Setting {
        branch: branch.unwrap_or_else(|| "main".to_owned()),
        tag_prefix: tag_prefix.unwrap_or_else(|| "v".to_owned()),
        folder: project.root.strip_prefix(top).unwrap_or(Path::new("")).to_string_lossy().into_owned(),
        environments: environments.iter().map(|env| (env.name.clone(), about(env))).collect(),
        has_tools: environments.iter().any(|env| !env.tools.is_empty()),
        secrets,
        ci,
    })
}

/// What the command line itself has against these words.
fn known(words: &[String], parse: Parse<'_>) -> Result<(), String> {
    let all = std::iter::once("infractl").chain(words.iter().map(String::as_str)).map(OsString::from);
    match parse(all.collect()) {
        Ok(()) => Ok(()),
        Err(error) => {
            let text = error.to_string();
            let first = text.lines().next().unwrap_or_default();
            Err(first.strip_prefix("error: ").unwrap_or(first).to_owned())
        }
    }
}

/// Wrong configuration, where it stands.
fn refused(environments: &[Environment], wrong: Wrong) -> Failure {
    let Wrong { key, message, help } = wrong;
    let problem = match environments.first() {
        Some(env) => env.document.problem_at(&["ci", key], message, vec![help]),
        None => Problem { message, place: None, help: vec![help] },
    };
    Failure::problems(Kind::Config, vec![problem])
}
