//! Any command of terraform, as the user wrote it.

use super::{equip, init, init::Wish, sealed};
use crate::exec::{Channel, Cmd, Input, Io};
use crate::failure::{Failure, Kind};
use crate::text::plain;
use crate::tools::terraform::subcommand::{self, Subcommand};
use crate::tools::terraform::{Root, advice};
use crate::ui;
use crate::ui::event::Level;
use crate::work::StepCx;

/// Runs it: it has the terminal where there is one, else its output is standard output, masked. Its exit code is passed
/// on.
pub(super) async fn run(step: &mut StepCx<'_>, root: &Root, words: &[String]) -> Result<String, Failure> {
    let asked = subcommand::find(words);
    if asked.needs_init {
        init::run(step, root, Wish::IfNeeded).await?;
    }
    let words = &readable(step, root, words).await?;
    let cmd = command(step, root, asked, words)?;
    let (_, is_typed, is_read) = ui::terminals();
    if is_typed && is_read && !step.cx.ui.mode.json {
        // It may ask.
        let cmd = cmd.env("TF_INPUT", "1").io(Io::Attach);
        return ended(step, root, step.run(&cmd).await?.code, "");
    }
    if asked.needs_init && !asked.is_whole {
        super::known::mask(step, root).await?;
    }
    // A program that reads a terminal which it does not own would be stopped by it.
    let cmd = if is_typed { cmd } else { cmd.reads(Input::Own) };
    if asked.is_whole {
        return whole(step, root, &cmd).await;
    }
    // terraform colours what it prints wherever that goes.
    let is_plain = !step.cx.ui.mode.color;
    let done = step
        .run_channels(&cmd, &|channel, text| match channel {
            // A pipe that is closed is noticed at the end.
            Channel::Out => {
                let text = if is_plain { plain(text) } else { text.into() };
                drop(step.cx.ui.data(format!("{text}\n").as_bytes()));
            }
            Channel::Err => step.line(Level::Important, plain(text)),
        })
        .await
        .map_err(|error| step.unanswered(error))?;
    if done.interrupted {
        return Err(step.interrupted(format!("`{}` of `{}` was stopped", step.name, step.env.name)));
    }
    ended(step, root, done.code, &done.tail)
}

/// The words of `show` with a plan that is encrypted as one that terraform can read.
async fn readable(step: &mut StepCx<'_>, root: &Root, words: &[String]) -> Result<Vec<String>, Failure> {
    let mut words = words.to_vec();
    if let [command, .., last] = words.as_mut_slice()
        && command == "show"
    {
        let file = root.dir.join(&*last);
        if file.is_file() {
            *last = sealed::readable(step, &file).await?.to_string_lossy().into_owned();
        }
    }
    Ok(words)
}

/// The command with all that it gets.
pub(super) fn command(
    step: &StepCx<'_>,
    root: &Root,
    asked: Subcommand,
    words: &[String],
) -> Result<Cmd, Failure> {
    let bare = root.any(words);
    let unset = bare.unset.contains("TF_WORKSPACE");
    let mut cmd = if asked.needs_init { equip(step, bare)? } else { super::without_dangling(step, bare) };
    if unset {
        cmd.env.remove("TF_WORKSPACE");
    }
    Ok(cmd)
}

/// What is of use as a whole only is printed when nothing of it is a secret, else not at all.
async fn whole(step: &StepCx<'_>, root: &Root, cmd: &Cmd) -> Result<String, Failure> {
    let done = step
        .run_with(&cmd.clone().io(Io::Capture), &|text| step.line(Level::Important, plain(text)))
        .await
        .map_err(|error| step.unanswered(error))?;
    if done.interrupted {
        return Err(step.interrupted(format!("`{}` of `{}` was stopped", step.name, step.env.name)));
    }
    let text = String::from_utf8_lossy(&done.stdout);
    if step.cx.masks.mask(&text) != text {
        return Err(Failure::new(
            Kind::Secrets,
            "the state holds secrets, which are masked where no terminal is; masked it would be no state, so nothing was printed",
        )
        .help(format!("run `{} state pull > FILE` in a folder that git ignores: `exec` masks nothing", root.by_hand())));
    }
    step.cx.ui.data(&done.stdout)?;
    ended(step, root, done.code, &done.tail)
}

/// Its exit code, with what is known of its reason.
fn ended(step: &StepCx<'_>, root: &Root, code: i32, tail: &str) -> Result<String, Failure> {
    if code == 0 {
        return Ok(String::new());
    }
    let kind = u8::try_from(code).map_or(Kind::Failed, Kind::Child);
    let help = advice::explain(root, tail).help;
    if help.is_empty() {
        return Err(Failure::silent(kind));
    }
    let message = format!("`{}` of `{}` ended with exit code {code}", step.name, step.env.name);
    Err(help.into_iter().fold(Failure::new(kind, message), Failure::help))
}
