//! A page that stands in front of everything: put there, seen there, taken away.

mod alb;
mod front;
mod own;
mod page;

use self::page::{Page, Seen, section};
use crate::config::Environment;
use crate::config::model::{MaintenanceKind, OnOff};
use crate::config::verbs::Effect;
use crate::exec::BoxFuture;
use crate::failure::{Failure, Kind};
use crate::work::StepCx;
use crate::work::kind::{Mention, StepKind};
use crate::work::script::{Script, no_script};

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

impl Page<'_> {
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
