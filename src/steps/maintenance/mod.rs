//! A page that stands in front of everything: put there, seen there, taken away.

mod alb;
mod front;
mod own;

use serde_json::Value as Json;

use crate::config::Environment;
use crate::config::model::{self, MaintenanceKind, OnOff};
use crate::config::verbs::Effect;
use crate::exec::BoxFuture;
use crate::failure::{Failure, Kind};
use crate::work::StepCx;
use crate::work::kind::{Mention, StepKind};
use crate::work::script::{Script, no_script};
use crate::work::values::Known;

/// What people read when the file is silent.
const TEXT: &str = "Down for maintenance. Back soon.\n";

/// A step `maintenance`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Maintenance {
    /// Whether the page is shown after it.
    pub wanted: OnOff,
}

impl StepKind for Maintenance {
    fn visit(&self, env: &Environment, see: &mut dyn FnMut(Mention<'_>)) {
        let Some(section) = &env.maintenance else { return };
        section.arguments().for_each(|argument| see(Mention::Public(&argument.0)));
        section.commands().for_each(|line| crate::steps::command::visit(&line.clone().into_table(), see));
        section.file.iter().for_each(|file| see(Mention::File(&file.0)));
        match section.kind {
            MaintenanceKind::Caddy => {}
            MaintenanceKind::Command => see(Mention::Program),
            MaintenanceKind::Alb => {
                see(Mention::Program);
                see(Mention::Starts("aws"));
            }
        }
    }

    fn effect(&self) -> Option<Effect> {
        Some(Effect::Changes)
    }

    fn run<'a>(&'a self, step: &'a mut StepCx<'_>) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(run(step, self.wanted))
    }

    fn describe(&self, step: &mut StepCx<'_>) -> Result<Vec<String>, Failure> {
        section(step.env)?;
        Ok(vec![format!("# the maintenance page of `{}`: {}", step.env.name, self.wanted.word())])
    }

    fn script(&self, step: &StepCx<'_>, _: &mut Script) -> Result<Vec<String>, Failure> {
        Err(no_script(step))
    }
}

/// The page, and where it is shown.
struct Page<'a> {
    section: &'a model::Maintenance,
    known: Known,
    body: String,
    is_html: bool,
}

/// What is there now.
#[derive(Debug)]
enum Seen {
    /// No page.
    Off,
    /// This one; whatever its store calls it.
    On { place: String, is_as_wanted: bool },
}

/// What the project says of it.
fn section(env: &Environment) -> Result<&model::Maintenance, Failure> {
    env.maintenance.as_ref().ok_or_else(|| {
        Failure::new(Kind::Usage, format!("`{}` has no maintenance page", env.name))
            .help("say what shows it: `[maintenance]` with `kind = \"caddy\"`, `\"alb\"` or `\"command\"`")
    })
}

impl<'a> Page<'a> {
    fn of(step: &StepCx<'a>) -> Result<Page<'a>, Failure> {
        let section = section(step.env)?;
        let body = match (&section.file, &section.text) {
            (Some(file), _) => crate::disk::read_text(&file.0)?,
            (None, Some(text)) => text.clone(),
            (None, None) => TEXT.to_owned(),
        };
        let is_html = section.file.as_ref().is_some_and(|file| {
            file.0
                .extension()
                .is_some_and(|end| end.eq_ignore_ascii_case("html") || end.eq_ignore_ascii_case("htm"))
        });
        Ok(Page { section, known: Known::of(step), body, is_html })
    }

    fn text(&self, step: &StepCx<'_>, argument: Option<&model::Argument>) -> Result<String, Failure> {
        argument.map_or(Ok(String::new()), |argument| self.known.argument(step, &argument.0))
    }

    fn kind_of_body(&self) -> &'static str {
        if self.is_html { "text/html" } else { "text/plain" }
    }

    async fn seen(&self, step: &StepCx<'_>) -> Result<Seen, Failure> {
        match self.section.kind {
            MaintenanceKind::Caddy => front::seen(step, self).await,
            MaintenanceKind::Alb => alb::seen(step, self).await,
            MaintenanceKind::Command => own::seen(step, self).await,
        }
    }

    async fn show(&self, step: &StepCx<'_>, seen: &Seen) -> Result<(), Failure> {
        match self.section.kind {
            MaintenanceKind::Caddy => front::show(step, self, seen).await,
            MaintenanceKind::Alb => alb::show(step, self, seen).await,
            MaintenanceKind::Command => own::turn(step, self, OnOff::On).await,
        }
    }

    async fn hide(&self, step: &StepCx<'_>, place: &str) -> Result<(), Failure> {
        match self.section.kind {
            MaintenanceKind::Caddy => front::hide(step, self, place).await,
            MaintenanceKind::Alb => alb::hide(step, self, place).await,
            MaintenanceKind::Command => own::turn(step, self, OnOff::Off).await,
        }
    }
}

/// Whether the page is shown now.
pub(crate) async fn look(step: &StepCx<'_>) -> Result<OnOff, Failure> {
    let seen = Page::of(step)?.seen(step).await.map_err(|failure| unread(step, failure))?;
    Ok(if matches!(seen, Seen::Off) { OnOff::Off } else { OnOff::On })
}

fn unread(step: &StepCx<'_>, failure: Failure) -> Failure {
    failure.context(format!("the maintenance page of `{}` could not be looked at", step.env.name))
}

async fn run(step: &mut StepCx<'_>, wanted: OnOff) -> Result<String, Failure> {
    let page = Page::of(step)?;
    let seen = page.seen(step).await.map_err(|failure| unread(step, failure))?;
    let changed = |failure: Failure| {
        failure.context(format!(
            "the maintenance page of `{}` was not turned {}",
            step.env.name,
            wanted.word()
        ))
    };
    match (wanted, &seen) {
        (OnOff::Off, Seen::Off) | (OnOff::On, Seen::On { is_as_wanted: true, .. }) => {
            return Ok(format!("{} already", wanted.word()));
        }
        (OnOff::Off, Seen::On { place, .. }) => page.hide(step, place).await.map_err(changed)?,
        (OnOff::On, _) => page.show(step, &seen).await.map_err(changed)?,
    }
    let now = look(step).await?;
    if now != wanted {
        let text = format!("it was turned {}, and is {} all the same", wanted.word(), now.word());
        return Err(changed(Failure::new(Kind::Failed, text)));
    }
    Ok(now.word().to_owned())
}

/// A text of a JSON document; empty where it has none.
fn text_at<'a>(json: &'a Json, place: &str) -> &'a str {
    json.pointer(place).and_then(Json::as_str).unwrap_or_default()
}
