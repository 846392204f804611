//! What a user adds to a command of terraform: in `TF_CLI_ARGS`, and after `--`.

use crate::exec::Cmd;
use crate::failure::{Failure, Kind};
use crate::tools::terraform::flags::{self as flags, Command};
use crate::work::{StepCx, values};

const FOR_ALL: &str = "TF_CLI_ARGS";

/// The words of all places in terraform's order; refused are those that would make another verb of it.
pub(super) fn words(step: &StepCx<'_>, command: Command) -> Result<Vec<String>, Failure> {
    let mut all = Vec::new();
    for name in [FOR_ALL.to_owned(), format!("{FOR_ALL}_{}", command.name())] {
        let text = variable(step, &name)?;
        let words = shell_words::split(&text).map_err(|error| {
            Failure::new(Kind::Usage, format!("`{name}` cannot be read: {error}"))
                .help("close the quotes in it")
        })?;
        judge(step, command, &words, &format!(" in `{name}`"))?;
        all.extend(words);
    }
    judge(step, command, step.extra, "")?;
    all.extend(step.extra.iter().cloned());
    Ok(all)
}

fn judge(step: &StepCx<'_>, command: Command, words: &[String], place: &str) -> Result<(), Failure> {
    let Some((word, instead)) = flags::refused(command, words) else { return Ok(()) };
    let verb = command.name();
    Err(Failure::new(Kind::Usage, format!("`{word}`{place} would make something else of `{verb}`"))
        .help(instead.replace("ENV", &step.env.name)))
}

/// As the environment sets it for terraform, else the user.
fn variable(step: &StepCx<'_>, name: &str) -> Result<String, Failure> {
    let set = step.env.terraform.as_ref().and_then(|terraform| terraform.env.get(name));
    Ok(match set {
        Some(template) => values::argument(step, template)?,
        None => step.cx.vars.get(name).unwrap_or_default().to_owned(),
    })
}

/// The command without these variables: their words are among its arguments.
pub(super) fn said_already(mut cmd: Cmd) -> Cmd {
    let commands = [Command::Plan, Command::Apply, Command::Destroy];
    let own = commands.map(|command| format!("{FOR_ALL}_{}", command.name()));
    for name in own.into_iter().chain([FOR_ALL.to_owned()]) {
        cmd.env.remove(&name);
        cmd = cmd.unset(name);
    }
    cmd
}
