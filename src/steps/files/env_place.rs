//! Whether the environment file may be written: asked before any tool starts.

use std::time::Duration;

use crate::config::model::{Section, Value};
use crate::disk::{self, repository};
use crate::exec::RunError;
use crate::failure::{Failure, Kind};
use crate::files::dotenv;
use crate::files::env_file::Refused;
use crate::tools::git;
use crate::work::StepCx;

/// So long an answer of git is taken for one of now.
pub(crate) const FRESH: Duration = Duration::from_secs(1);

/// An error if its place cannot be written, if git would commit it, or if what the configuration says already
/// cannot be written in its dialect.
pub(crate) async fn check(step: &StepCx<'_>) -> Result<(), Failure> {
    let declared = &step.env.env_file;
    constants(declared.dialect, declared.sections.as_deref().unwrap_or_default())?;
    let dir = declared.path.parent().unwrap_or(&step.env.root);
    if !dir.is_dir() {
        let shown = crate::work::relative(step, dir);
        return Err(Failure::new(Kind::Config, format!("there is no folder `{shown}`"))
            .help(format!("run `mkdir -p {shown}`")));
    }
    // A link can lead to where git looks at it differently, or not at all.
    let place = disk::place_of(&declared.path);
    let dir = place.parent().unwrap_or(dir);
    disk::check_writable(dir)?;
    disk::check_replaceable(&place)?;
    // Asked from the top: git does not look upwards from another file system.
    let Some(top) = repository::top(dir) else { return Ok(()) };
    let ask = async |cmd| step.cx.runner.run(&cmd, &|_, _| ()).await;
    let root = disk::place_of(&step.env.root);
    let shown = place.strip_prefix(&root).unwrap_or(&place).to_string_lossy().into_owned();
    let answer = match ask(git::check_ignore(&top, &place)).await {
        // A repository is here and nobody says what it takes: that is no permission.
        Err(RunError::NotFound { .. }) => {
            return Err(Failure::new(
                Kind::Tool,
                format!("git is not installed: it cannot say whether `{shown}` could be committed"),
            )
            .help("install git"));
        }
        answer => answer?,
    };
    if answer.interrupted {
        return Err(step.interrupted(format!("stopped while git was asked about `{shown}`")));
    }
    match answer.code {
        0 => Ok(()),
        1 if ask(git::ls_files(&top, &place)).await?.code == 0 => {
            Err(Failure::new(Kind::Config, format!("git tracks `{shown}`: its values would be committed"))
                .help(format!("run `git rm --cached {shown}` and commit that"))
                .help("change the values that were committed: they stay in the history of git"))
        }
        1 => Err(Failure::new(Kind::Config, format!("git does not ignore `{shown}`: it could be committed"))
            .help(format!("add the line `{}` to .gitignore", pattern(&shown, &step.env.name)))),
        _ => {
            let why = answer.tail.lines().next().unwrap_or("it does not say why").to_owned();
            Err(Failure::new(
                Kind::Config,
                format!("git cannot say whether `{shown}` could be committed: {why}"),
            )
            .help(format!("see what is wrong with `git -C {} status`", top.display())))
        }
    }
}

/// Names, and values that no output and no secret has a part in.
fn constants(dialect: dotenv::Dialect, sections: &[Section]) -> Result<(), Failure> {
    let refused = sections.iter().flat_map(|section| &section.values).filter_map(|(key, value)| {
        let text = match value {
            Value::Text(template) if template.names().next().is_none() => template.literals().collect(),
            _ => String::new(),
        };
        dotenv::encode(dialect, key, &text).err()
    });
    let refused: Vec<_> = refused.collect();
    if refused.is_empty() { Ok(()) } else { Err(Refused(refused).into()) }
}

/// One line that covers the files of all environments.
fn pattern(shown: &str, environment: &str) -> String {
    shown.strip_suffix(environment).map_or_else(|| shown.to_owned(), |start| format!("{start}*"))
}
