//! The variables of a task: the environment file, else the local `.env`, then its own.

use std::path::Path;

use crate::disk;
use crate::exec::Value;
use crate::failure::{Failure, Kind};
use crate::files::dotenv;
use crate::steps::docker::task::{Asked, dir};
use crate::steps::written::is_private;
use crate::text::list;
use crate::work::values::{self, Known};
use crate::work::{StepCx, relative};

/// Its variables: the environment file, else the local `.env`, then its own.
pub(crate) fn variables(
    step: &StepCx<'_>,
    asked: &Asked<'_>,
    known: &Known,
) -> Result<Vec<(String, Value)>, Failure> {
    let local = dir(step, asked.task).join(".env");
    let written = asked.task.env_file.as_ref().map_or(&step.env.env_file.path, |file| &file.0);
    let path = if asked.local {
        Some(&local).filter(|path| path.exists())
    } else if written.exists() {
        Some(written)
    } else {
        let make = if *written == step.env.env_file.path {
            format!("; `infractl genenv {}` writes it", step.env.name)
        } else {
            String::new()
        };
        let instead = if local.exists() {
            format!("`{}` is used in its place", relative(step, &local))
        } else {
            format!(
                "there is no `{}` either: `{}` gets its own variables only",
                relative(step, &local),
                asked.name
            )
        };
        step.cx.ui.warn(format!("there is no `{}`: {instead}{make}", relative(step, written)));
        Some(&local).filter(|path| path.exists())
    };
    let mut all = match path {
        Some(path) => file(step, path)?,
        None => Vec::new(),
    };
    for (name, template) in &asked.task.env {
        let value = values::input_value(known.render(step, template)?);
        all.retain(|(other, _)| other != name);
        all.push((name.clone(), value));
    }
    check_names(&all)?;
    let by = path.map_or_else(|| "the task".to_owned(), |path| format!("`{}`", relative(step, path)));
    step.env.check_absent(Some(asked.name), all.iter().map(|(name, _)| name.as_str()), &by)?;
    Ok(all)
}

/// What is in an environment file. Its values are never shown.
pub(crate) fn file(step: &StepCx<'_>, path: &Path) -> Result<Vec<(String, Value)>, Failure> {
    let shown = relative(step, path);
    let text = disk::read_text(path)?;
    let is_ours = path == step.env.env_file.path;
    let (entries, odd_lines) = if is_ours {
        let dialect = step.env.env_file.dialect;
        let decoded = dotenv::decode(dialect, &text);
        (decoded.entries, decoded.odd_lines)
    } else {
        let read = dotenv::read(&text);
        if !read.unexpanded.is_empty() {
            let names = list(&read.unexpanded, "and");
            step.cx.ui.warn(format!("`{shown}`: `${{…}}` in {names} is passed as it stands there"));
        }
        (read.entries, read.odd_lines)
    };
    if !odd_lines.is_empty() {
        let lines: Vec<String> = odd_lines.iter().map(ToString::to_string).collect();
        let failure =
            Failure::new(Kind::Failed, format!("`{shown}` cannot be read: line {}", lines.join(", ")));
        return Err(if is_ours {
            failure.help(format!("run `infractl genenv {}`: it was changed by hand", step.env.name))
        } else {
            failure.help("write `KEY=value` or `KEY='value'` on each line")
        });
    }
    for (name, value) in &entries {
        if is_private(name) && value.len() >= 4 {
            values::mask(step, name, value);
        }
    }
    Ok(entries.into_iter().map(|(name, value)| (name, Value::Secret(value.into()))).collect())
}

/// Variables reach a container through the docker program: what drives that program itself cannot go this way.
pub(crate) fn check_names(all: &[(String, Value)]) -> Result<(), Failure> {
    let drives = |name: &str| {
        ["PATH", "HOME", "TMPDIR"].contains(&name)
            || ["DOCKER_", "COMPOSE_", "LD_"].iter().any(|start| name.starts_with(start))
    };
    match all.iter().find(|(name, _)| drives(name)) {
        Some((name, _)) => Err(Failure::new(
            Kind::Config,
            format!("`{name}` would change the docker program itself, which passes it on"),
        )
        .help(format!("set `{name}` in the image or in the compose file"))),
        None => Ok(()),
    }
}
