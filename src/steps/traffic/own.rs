//! Shares that commands of the project keep: one prints the share of green, one sets it.

use super::sides::{Ears, Written, stopped};
use super::weights::Weights;
use crate::config::model::{CommandLine, CommandTable, Route};
use crate::exec::{Cmd, Done, Io};
use crate::failure::{Failure, Kind};
use crate::steps::command::build;
use crate::text::{last_line, plain};
use crate::work::StepCx;
use crate::work::values::Known;

/// Two commands.
#[derive(Debug)]
pub(super) struct Own {
    pub(super) route: String,
    pub(super) get: CommandTable,
    pub(super) set: CommandTable,
}

impl Own {
    pub(super) fn of(name: &str, route: &Route) -> Result<Own, Failure> {
        let table = |key: &str, line: &Option<CommandLine>| {
            line.clone().map(CommandLine::into_table).ok_or_else(|| {
                Failure::new(Kind::Config, format!("`[routes.{name}]` has no `{key}`"))
                    .help(format!("add `{key} = …`"))
            })
        };
        Ok(Own { route: name.to_owned(), get: table("get", &route.get)?, set: table("set", &route.set)? })
    }

    pub(super) fn shown(&self) -> String {
        format!("`{}`", self.set.run.name())
    }

    pub(super) async fn read(&self, step: &StepCx<'_>, ears: Ears) -> Result<Weights, Failure> {
        let cmd =
            build(step, &self.get, &Known::of(step))?.io(Io::Capture).env("INFRACTL_ROUTE", &self.route);
        let done = run(step, cmd, ears, "get").await?;
        let said = String::from_utf8_lossy(&done.stdout);
        let said = said.trim();
        let green = said.trim_end_matches('%').trim_end().parse::<u32>().ok().filter(|green| *green <= 100);
        green.map(Weights::of_green).ok_or_else(|| {
            let first: String = plain(said).chars().take(60).collect();
            let text = format!("`get` of `[routes.{}]` printed `{first}`", self.route);
            Failure::new(Kind::Failed, text)
                .help("let it print the share of green in percent, from 0 to 100, and nothing else")
        })
    }

    pub(super) async fn write(
        &self,
        step: &StepCx<'_>,
        wanted: Weights,
        ears: Ears,
    ) -> Result<Written, Failure> {
        let cmd = build(step, &self.set, &Known::of(step))?
            .env("INFRACTL_ROUTE", &self.route)
            .env("INFRACTL_BLUE", wanted.blue.to_string())
            .env("INFRACTL_GREEN", wanted.green.to_string());
        run(step, cmd, ears, "set").await.map(|_| Written::default())
    }
}

async fn run(step: &StepCx<'_>, mut cmd: Cmd, ears: Ears, key: &str) -> Result<Done, Failure> {
    if ears == Ears::Shut {
        cmd = cmd.even_if_interrupted();
    }
    let done = match cmd.io {
        Io::Capture => step.quietly(&cmd).await.map_err(|error| step.unanswered(error))?,
        _ => step.run(&cmd).await?,
    };
    if done.interrupted && ears == Ears::Open {
        return Err(stopped(step));
    }
    if done.code == 0 {
        return Ok(done);
    }
    let heading = format!("`{key}` ended with exit code {}", done.code);
    Err(match last_line(&plain(&done.tail)) {
        "" => Failure::new(Kind::Failed, heading),
        last => Failure::new(Kind::Failed, last).context(heading),
    })
}
