//! Where values come from: files and commands.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use secrecy::SecretString;

use crate::config::model::{CommandLine, CommandTable, ValueFrom};
use crate::config::template::Rendered;
use crate::disk;
use crate::exec::{Cmd, Io};
use crate::failure::{Failure, Kind};
use crate::steps::command;
use crate::steps::http::run as ask;
use crate::steps::traffic;
use crate::text::{last_line, plain};
use crate::work::needs::Needs;
use crate::work::picked::{NoValue, Pick, beginning};
use crate::work::values::{self, Known};
use crate::work::{StepCx, child, relative, shown_in};

/// Files and outputs of more bytes are not searched.
const MOST: u64 = 16 * 1024 * 1024;

/// Reads a value. What is secret is masked from now on.
pub(crate) async fn read(step: &StepCx<'_>, name: &str, source: &ValueFrom) -> Result<Rendered, Failure> {
    let text = match (&source.file, &source.command) {
        (Some(file), _) => of_file(step, &file.0, source.secret),
        (None, Some(line)) => of_command(step, &line.clone().into_table(), source.secret).await.map(Some),
        (None, None) if source.http.is_some() => of_answer(step, source).await,
        (None, None) if source.route.is_some() => of_route(step, source).await,
        (None, None) => Err(Failure::new(Kind::Bug, "a value without a source got through the checks")),
    };
    let text = text.map_err(|failure| failure.context(format!("the value `{name}` could not be read")))?;
    let nothing = if source.http.is_some() { "the answer is 404" } else { "there is no such file" };
    let from = match &text {
        Some(text) => Pick::of_source(source).from(text),
        None => Err(NoValue::NotFound(nothing.to_owned())),
    };
    let found = from.or_else(|why| or_default(why, source.default.as_deref()));
    let value = found.map_err(|why| {
        let shown = source.file.as_ref().map(|file| format!(" in `{}`", relative(step, &file.0)));
        let heading = format!("the value `{name}` was not found{}", shown.unwrap_or_default());
        no_value(&heading, &why, text.as_deref().filter(|_| !source.secret))
    })?;
    Ok(known(step, name, value, source.secret))
}

/// What counts when nothing was found.
pub(crate) fn or_default(why: NoValue, default: Option<&str>) -> Result<String, NoValue> {
    match (&why, default) {
        (NoValue::NotFound(_), Some(default)) => Ok(default.to_owned()),
        _ => Err(why),
    }
}

/// Why there is no value, with the beginning of what was searched where that may be shown.
pub(crate) fn no_value(heading: &str, why: &NoValue, searched: Option<&str>) -> Failure {
    let mut text = why.to_string();
    for line in searched.map(beginning).unwrap_or_default() {
        text.push_str("\n  | ");
        text.push_str(&plain(&line));
    }
    let failure = Failure::new(Kind::Failed, text).context(heading.to_owned());
    match why {
        NoValue::NotFound(_) => failure.help("give it a `default`, if it may be missing"),
        NoValue::Unfit(_) => failure,
    }
}

/// A value that is known from now on. A text that holds something masked is secret, whatever is said of it.
pub(crate) fn known(step: &StepCx<'_>, name: &str, value: String, is_secret: bool) -> Rendered {
    if is_secret {
        values::mask(step, name, &value);
    } else if step.cx.masks.mask(&value) == value {
        return Rendered::Plain(value);
    }
    Rendered::Secret(SecretString::from(value))
}

/// The text of a file; none when there is no file.
pub(crate) fn of_file(step: &StepCx<'_>, path: &Path, is_secret: bool) -> Result<Option<String>, Failure> {
    let shown = relative(step, path);
    let file = match disk::open_file(path) {
        Ok(file) => file,
        Err(error) if error.is_not_found() => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    if let Ok(about) = file.metadata() {
        if about.len() > MOST {
            let message = format!("`{shown}` has {} bytes: no more than 16 MiB are searched", about.len());
            return Err(Failure::new(Kind::Failed, message));
        }
        if is_secret && about.permissions().mode() & 0o077 != 0 {
            step.cx.ui.warn_once(format!(
                "`{shown}` holds a secret and others may read it: run `chmod 600 {shown}`"
            ));
        }
    }
    Ok(disk::read_if_there(path)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}

/// The command of a value: it sees the secrets that it names.
pub(crate) fn command_of(step: &StepCx<'_>, table: &CommandTable, known: &Known) -> Result<Cmd, Failure> {
    let dir = table.dir.as_ref().map_or(step.env.root.as_path(), |dir| dir.0.as_path());
    let mut cmd = command::program(step, known, &table.run, "command")?.dir(dir);
    for (name, value) in child::variables(step) {
        cmd = cmd.env(name, value);
    }
    command::given(step, known, cmd, &table.env, table.input.as_ref())
}

/// Where a value comes from, as a dry run says it.
pub(crate) fn shown(step: &StepCx<'_>, from: &ValueFrom) -> String {
    if let Some(file) = &from.file {
        return format!("read {}", relative(step, &file.0));
    }
    if let Some(route) = &from.route {
        return format!("the side of the route `{}`", route.0);
    }
    if let Some(url) = &from.http {
        let known = Known::named(step, Needs::of_source(step.env, from));
        return format!("GET {}", known.argument(step, &url.0).unwrap_or_else(|_| url.0.to_string()));
    }
    let Some(table) = from.command.clone().map(CommandLine::into_table) else { return String::new() };
    let known = Known::named(step, Needs::of_source(step.env, from));
    match command_of(step, &table, &known) {
        Ok(mut cmd) => {
            cmd.env.retain(|name, _| table.env.contains_key(name));
            shown_in(&cmd)
        }
        Err(_) => table.run.name(),
    }
}

/// What an address answers; none when it says that there is nothing.
async fn of_answer(step: &StepCx<'_>, source: &ValueFrom) -> Result<Option<String>, Failure> {
    let Some(http) = source.request() else { return Ok(None) };
    let (_, reply) = ask::answered(step, &http).await?;
    Ok((reply.status != 404).then(|| reply.text().into_owned()))
}

/// The side of a route.
async fn of_route(step: &StepCx<'_>, source: &ValueFrom) -> Result<Option<String>, Failure> {
    let (Some(route), Some(side)) = (&source.route, source.side) else { return Ok(None) };
    traffic::side(step, &route.0, side).await.map(Some)
}

async fn of_command(step: &StepCx<'_>, table: &CommandTable, is_secret: bool) -> Result<String, Failure> {
    let cmd = command_of(step, table, &Known::of(step))?.io(Io::Capture);
    // Nobody knows yet what must not be seen.
    let done = if is_secret { step.run_with(&cmd, &|_| ()).await } else { step.quietly(&cmd).await };
    let done = done.map_err(|error| step.unanswered(error))?;
    if done.interrupted {
        return Err(step.interrupted(format!("`{}` was stopped", table.run.name())));
    }
    if done.code != 0 {
        let heading = format!("`{}` ended with exit code {}", table.run.name(), done.code);
        return Err(match last_line(&plain(&done.tail)) {
            "" => Failure::new(Kind::Failed, heading),
            last => Failure::new(Kind::Failed, last).context(heading),
        });
    }
    if done.stdout.len() as u64 > MOST {
        let message = format!(
            "`{}` printed {} bytes: no more than 16 MiB are searched",
            table.run.name(),
            done.stdout.len()
        );
        return Err(Failure::new(Kind::Failed, message));
    }
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}
