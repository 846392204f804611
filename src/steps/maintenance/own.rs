//! The page by commands of the project.

use super::page::{Page, Seen};
use crate::config::model::{CommandLine, OnOff};
use crate::exec::{Cmd, Io};
use crate::failure::{Failure, Kind};
use crate::steps::command::build;
use crate::text::plain;
use crate::work::{StepCx, child};

fn command(
    step: &StepCx<'_>,
    page: &Page<'_>,
    key: &str,
    line: Option<&CommandLine>,
) -> Result<Cmd, Failure> {
    let line = line.cloned().ok_or_else(|| {
        Failure::new(Kind::Config, format!("`[maintenance]` has no `{key}`")).help(format!("add `{key} = …`"))
    })?;
    build(step, &line.into_table(), &page.known)
}

pub(super) async fn seen(step: &StepCx<'_>, page: &Page<'_>) -> Result<Seen, Failure> {
    let cmd = command(step, page, "state", page.section.state.as_ref())?.io(Io::Capture);
    let done = step.quietly(&cmd).await.map_err(|error| step.unanswered(error))?;
    child::judge(step, &done)?;
    match String::from_utf8_lossy(&done.stdout).trim() {
        "off" => Ok(Seen::Off),
        "on" => Ok(Seen::On { place: String::new(), is_as_wanted: true }),
        other => {
            let first: String = plain(other).chars().take(60).collect();
            let text = format!("`state` of `[maintenance]` printed `{first}`");
            Err(Failure::new(Kind::Failed, text).help("let it print `on` or `off`, and nothing else"))
        }
    }
}

pub(super) async fn turn(step: &StepCx<'_>, page: &Page<'_>, to: OnOff) -> Result<(), Failure> {
    let line = if to == OnOff::On { &page.section.on } else { &page.section.off };
    let cmd = command(step, page, to.word(), line.as_ref())?;
    let done = step.run(&cmd).await?;
    child::judge(step, &done)
}
