//! A service: its definition registered when it has changed, deployed, and our deployment followed to its end.

mod script;
mod back;
mod follow;
mod crash;
mod update;

use super::register::{prepared, registered, revision};
use super::wanted::{Asked, Wanted};
use crate::config::model::{Argument, Ecs, Task};
use crate::failure::{Failure, Kind};
use crate::steps::aws::Reader;
use crate::steps::aws::service::Place;
use crate::tools::aws::service::{Begun, Deployment, Service, revision as named};
use crate::work::StepCx;
use crate::work::values::Known;
use follow::{End, Watch};
pub(super) use script::{described, script};

/// Does it.
pub(super) async fn run(
    step: &mut StepCx<'_>,
    ecs: &Ecs,
    task: Option<(&str, &Task)>,
) -> Result<String, Failure> {
    let asked = task.map(|(name, task)| ecs.asked(name, task, &[]));
    let wanted = match &asked {
        Some(asked) => Some(prepared(step, asked).await?),
        None => None,
    };
    let place = place(step, ecs, wanted.as_ref())?;
    step.progress(format!("looking at the service {}", place.name));
    let service = place.look(step).await?;
    fit(&place, &service)?;
    let now = current(&place, &service)?;
    let definition = match (&asked, &wanted) {
        (Some(asked), Some(wanted)) => target(step, &place, asked, wanted, now.definition()).await?,
        _ => now.definition().to_owned(),
    };
    let is_same = definition == now.definition();
    let previous = service.good().map(str::to_owned);
    let begun = match now.state() {
        "COMPLETED" | "" if is_same && asked.is_some() && !ecs.force => {
            return Ok(format!("already runs {}", named(&definition)));
        }
        "IN_PROGRESS" if is_same && asked.is_some() && !ecs.force => {
            step.cx.ui.note(format!(
                "a deployment of {} goes on already: it is followed, no second one is started",
                named(&definition)
            ));
            Begun { is_seen: true, ..Begun::of(now, definition, previous) }
        }
        _ => {
            if service.desired() == 0 {
                step.cx.ui.warn(format!("the service `{}` wants 0 tasks: nothing will start", place.name));
            }
            update::update(step, &place, &service, definition, previous, is_same).await?
        }
    };
    if !is_same {
        step.say(&format!(
            "{} → {}, deployment {}",
            named(now.definition()),
            named(&begun.definition),
            begun.id
        ));
    }
    if ecs.detach {
        return Ok(format!("{}, deployment {}", named(&begun.definition), begun.id));
    }
    let rules = task.map_or(&[][..], |(_, task)| &task.diagnose);
    let mut watch = Watch::new(step, &place, rules, begun, &service);
    match watch.follow(step).await? {
        End::Done(words) => Ok(words),
        End::Over(failure) => Err(failure),
        End::Bad(failure) if ecs.rollback => Err(back::put_back(step, &place, &watch, failure).await),
        End::Bad(failure) => Err(back::by_hand(&place, &watch, failure)),
    }
}

/// Where the service is; its task says so where the step does not.
fn place(step: &StepCx<'_>, ecs: &Ecs, wanted: Option<&Wanted>) -> Result<Place, Failure> {
    let known = Known::of(step);
    let one = |argument: &Option<Argument>| {
        argument.as_ref().map(|argument| known.argument(step, &argument.0)).transpose()
    };
    let cluster = one(&ecs.cluster)?.or_else(|| wanted.map(|wanted| wanted.cluster.clone()));
    let region = one(&ecs.region)?.or_else(|| wanted.and_then(|wanted| wanted.region.clone()));
    Ok(Place {
        reader: Reader::of(step, region)?,
        cluster: cluster.unwrap_or_else(|| "default".to_owned()),
        name: one(&ecs.service)?.unwrap_or_default(),
    })
}

/// The ARN of the revision that the service is to run.
async fn target(
    step: &StepCx<'_>,
    place: &Place,
    asked: &Asked<'_>,
    wanted: &Wanted,
    now: &str,
) -> Result<String, Failure> {
    if let Some(definition) = &wanted.definition
        && let Some(found) = revision(step, &place.reader, now).await?
        && found.differs(definition).is_empty()
    {
        return Ok(now.to_owned());
    }
    let found = registered(step, &place.reader, asked.name, wanted).await?.revision;
    let arn = found.definition()["taskDefinitionArn"].as_str();
    Ok(arn.map_or_else(|| found.name.clone(), str::to_owned))
}

/// How the definition differs from what the service runs, as lines.
pub(super) async fn compared(
    step: &mut StepCx<'_>,
    ecs: &Ecs,
    task: (&str, &Task),
) -> Result<Vec<String>, Failure> {
    let wanted = prepared(step, &ecs.asked(task.0, task.1, &[])).await?;
    let place = place(step, ecs, Some(&wanted))?;
    let service = place.look(step).await?;
    let now = current(&place, &service)?;
    let Some(definition) = &wanted.definition else { return Ok(Vec::new()) };
    Ok(match revision(step, &place.reader, now.definition()).await? {
        Some(found) => found.differs(definition),
        None => vec![format!("{}: nothing → its first revision", wanted.family)],
    })
}

fn current<'a>(place: &Place, service: &'a Service) -> Result<Deployment<'a>, Failure> {
    service.primary().ok_or_else(|| {
        Failure::new(Kind::Failed, format!("AWS tells of no deployment of the service `{}`", place.name))
            .help("deploy it once by hand, so that there is something to come from")
    })
}

/// Refuses services that a rolling update is not for.
fn fit(place: &Place, service: &Service) -> Result<(), Failure> {
    let name = &place.name;
    if let Some(other) = service.other_controller() {
        let who = if other == "CODE_DEPLOY" { "CodeDeploy" } else { "a program outside of ECS" };
        let text = format!(
            "the service `{name}` is deployed by {who} (its deployment controller is {other}): ECS refuses a new definition from anybody else"
        );
        return Err(Failure::new(Kind::Config, text)
            .help(
                "deploy it with a step `command` and `aws deploy create-deployment`, or what else deploys it",
            )
            .help("or make the service anew with the deployment controller `ECS`"));
    }
    if service.status() == "DRAINING" {
        return Err(Failure::new(Kind::Failed, format!("the service `{name}` is being deleted"))
            .help("make it anew when it is gone"));
    }
    Ok(())
}
