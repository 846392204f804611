//! Whether the environment file may be written: asked before any tool starts.

use std::path::Path;
use std::time::Duration;

use crate::config::Environment;
use crate::config::model::{Section, Value};
use crate::context::Ctx;
use crate::disk::{self, repository};
use crate::exec::RunError;
use crate::failure::{Failure, Kind};
use crate::files::dotenv;
use crate::files::env_file::Refused;
use crate::steps::files::place;
use crate::steps::stops::{self, Mend, Stop};
use crate::tools::git;
use crate::work::StepCx;

/// So long an answer of git is taken for one of now.
pub(crate) const FRESH: Duration = Duration::from_secs(1);

/// An error if its place cannot be written, if git would commit it, or if what the configuration says already
/// cannot be written in its dialect.
pub(crate) async fn check(step: &StepCx<'_>) -> Result<(), Failure> {
    stops::refused(all_stops(step.cx, step.env).await)
}

/// Each of these, and what would mend it.
pub(crate) async fn all_stops(cx: &Ctx, env: &Environment) -> Vec<Stop> {
    let declared = &env.env_file;
    let constants = constants(declared.dialect, declared.sections.as_deref().unwrap_or_default());
    let mut found: Vec<Stop> = constants.err().into_iter().map(Stop::from).collect();
    // A link can lead to where git looks at it differently, or not at all.
    let place = disk::place_of(&place::real(&declared.path));
    found.extend(folder(env, &place).err());
    found.extend(git(cx, env, &place).await.err());
    found
}

/// The folder, and that a file can be put there.
fn folder(env: &Environment, place: &Path) -> Result<(), Stop> {
    let dir = env.env_file.path.parent().unwrap_or(&env.root);
    if !dir.is_dir() {
        let shown = crate::work::below(&env.root, dir);
        let failure = Failure::new(Kind::Config, format!("there is no folder `{shown}`"))
            .help(format!("run `mkdir -p {shown}`"));
        return Err(Stop { failure, mend: Some(Mend::Folder(shown, dir.to_owned())) });
    }
    disk::check_writable(place.parent().unwrap_or(dir))?;
    Ok(disk::check_replaceable(place)?)
}

/// That git leaves it alone.
async fn git(cx: &Ctx, env: &Environment, place: &Path) -> Result<(), Stop> {
    // Asked from the top: git does not look upwards from another file system.
    let Some(top) = place.parent().and_then(repository::top) else { return Ok(()) };
    let ask = async |cmd| cx.runner.run(&cmd, &|_, _| ()).await;
    let root = disk::place_of(&env.root);
    let inside = place.strip_prefix(&root).ok();
    let shown = inside.unwrap_or(place).to_string_lossy().into_owned();
    let answer = match ask(git::check_ignore(&top, place)).await {
        // A repository is here and nobody says what it takes: that is no permission.
        Err(RunError::NotFound { .. }) => {
            return Err(Failure::new(
                Kind::Tool,
                format!("git is not installed: it cannot say whether `{shown}` could be committed"),
            )
            .help("install git")
            .into());
        }
        answer => answer?,
    };
    if answer.interrupted {
        return Err(cx.interrupts.failure(format!("stopped while git was asked about `{shown}`")).into());
    }
    match answer.code {
        0 => Ok(()),
        1 if ask(git::ls_files(&top, place)).await?.code == 0 => {
            Err(Failure::new(Kind::Config, format!("git tracks `{shown}`: its values would be committed"))
                .help(format!("run `git rm --cached {shown}` and commit that"))
                .help("change the values that were committed: they stay in the history of git")
                .into())
        }
        1 => {
            let line = pattern(&shown, &env.name);
            let failure =
                Failure::new(Kind::Config, format!("git does not ignore `{shown}`: it could be committed"))
                    .help(format!("add the line `{line}` to .gitignore"));
            // Lines of the project say nothing about what is outside of it.
            let mend = inside.map(|_| Mend::Ignore(line, env.root.join(".gitignore")));
            Err(Stop { failure, mend })
        }
        _ => {
            let why = answer.tail.lines().next().unwrap_or("it does not say why").to_owned();
            let message = format!("git cannot say whether `{shown}` could be committed: {why}");
            Err(Failure::new(Kind::Config, message)
                .help(format!("see what is wrong with `git -C {} status`", top.display()))
                .into())
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
