//! One task of ECS: started once, followed to its end.

use super::begin::begun;
pub(crate) use super::end::Outcome;
use super::end::judged;
use super::find::{again, cluster_is_there, described_task};
use super::follow::{Followed, follow};
use super::following::Following;
pub(crate) use super::following::OnLog;
use super::record;
use super::register::{filled, prepared, registered, revision};
use super::wanted::{Asked, Wanted, file, main, needs};
use crate::failure::{Failure, Kind};
use crate::steps::aws::Reader;
use crate::tools::aws::definition::Revision;
use crate::tools::aws::task::Task;
use crate::work::StepCx;
use crate::work::values::Known;

/// How it is run.
#[derive(Debug, Clone, Default)]
pub(crate) struct How {
    /// Go on without waiting for its end.
    pub detach: bool,
    /// Start none, and follow this one; the last one whose end nobody has seen if empty.
    pub attach: Option<String>,
}

/// Runs it.
pub(crate) async fn run(
    step: &mut StepCx<'_>,
    asked: &Asked<'_>,
    how: &How,
    line: OnLog<'_>,
) -> Result<Outcome, Failure> {
    let presses = step.cx.interrupts.seen().presses;
    let wanted =
        if how.attach.is_some() { filled(step, asked).await? } else { prepared(step, asked).await? };
    let reader = Reader::of(step, wanted.region.clone())?;
    let place = (&reader, wanted.cluster.as_str(), presses);
    if let Some(id) = &how.attach {
        let task = found(step, &reader, asked, &wanted, id).await?;
        let revision = definition_of(step, &reader, &task).await?;
        return followed(step, asked, place, (task, revision, wanted.container.as_deref()), line).await;
    }
    // Nothing is registered when it is not known whose exit code counts.
    let container = wanted.container.as_deref();
    if let Some(definition) = &wanted.definition {
        main(&definition.input(false), container, asked.name)?;
        cluster_is_there(step, &reader, &wanted.cluster).await?;
    }
    let registered = registered(step, &reader, asked.name, &wanted).await?;
    main(registered.revision.definition(), container, asked.name)?;
    let task = begun(step, asked, &reader, &wanted, &registered.revision).await?;
    let summary = format!("{}, task {}", registered.summary, task.id());
    if how.detach {
        for started in record::all(step.env, asked.name) {
            if started.arn.as_deref() == Some(task.arn()) {
                record::Started { is_left: true, ..started }.keep(step.env, asked.name)?;
            }
        }
        let (env, name) = (&step.env.name, asked.name);
        step.cx.ui.note(format!("follow it: `infractl run {env} {name} --attach {}`", task.id()));
        return Ok(Outcome::Detached(summary));
    }
    step.say(&summary);
    let revision = definition_of(step, &reader, &task).await.unwrap_or(registered.revision);
    followed(step, asked, place, (task, revision, container), line).await
}

async fn followed(
    step: &mut StepCx<'_>,
    asked: &Asked<'_>,
    (reader, cluster, presses): (&Reader, &str, u32),
    (task, revision, container): (Task, Revision, Option<&str>),
    line: OnLog<'_>,
) -> Result<Outcome, Failure> {
    let main = main(revision.definition(), container, asked.name)?;
    let mut following = Following { reader, cluster, task, revision, main, presses };
    let seen: Followed = follow(step, asked, &mut following, line).await?;
    for started in record::all(step.env, asked.name) {
        if started.arn.as_deref() == Some(following.task.arn()) {
            started.forget(step.env, asked.name);
        }
    }
    judged(step, asked, &following, &seen)
}

/// The revision that a task runs, whatever has been registered since.
async fn definition_of(step: &StepCx<'_>, reader: &Reader, task: &Task) -> Result<Revision, Failure> {
    revision(step, reader, task.definition()).await?.ok_or_else(|| {
        Failure::new(
            Kind::Failed,
            format!("AWS does not know the task definition of `{}` any more", task.id()),
        )
    })
}

/// The task that is to be followed.
async fn found(
    step: &StepCx<'_>,
    reader: &Reader,
    asked: &Asked<'_>,
    wanted: &Wanted,
    id: &str,
) -> Result<Task, Failure> {
    let name = asked.name;
    if !id.is_empty() {
        return described_task(step, reader, &wanted.cluster, id).await?.ok_or_else(|| {
            Failure::new(
                Kind::Failed,
                format!("AWS does not know a task `{id}` in the cluster `{}`", wanted.cluster),
            )
            .help("check the id, the cluster and the region; AWS forgets a task an hour after its end")
        });
    }
    let all = record::all(step.env, name);
    for started in all.iter().rev() {
        if let Some(task) = again(step, reader, started).await? {
            return Ok(task);
        }
        started.forget(step.env, name);
    }
    Err(Failure::new(Kind::Usage, format!("no task of `{name}` was left by a run from here"))
        .help(format!("name it: `infractl run {} {name} --attach ID`", step.env.name)))
}

/// What a dry run says.
pub(crate) fn described(step: &mut StepCx<'_>, asked: &Asked<'_>) -> Result<Vec<String>, Failure> {
    let file = file(step, asked.task)?;
    let known = Known::named(step, needs(step, asked, file.as_ref()));
    let (wanted, _) = Wanted::of(step, &known, asked, file)?;
    let named = wanted.container.clone().unwrap_or_else(|| asked.name.to_owned());
    let main = match &wanted.definition {
        Some(definition) => main(&definition.input(false), wanted.container.as_deref(), asked.name)?,
        None => named,
    };
    let mut lines = Vec::new();
    if let Some(path) = &asked.task.definition_file {
        let shown = crate::work::relative(step, &path.0);
        lines.push(format!("aws ecs register-task-definition --cli-input-json file://{shown}  # if it means something else than {} has", wanted.family));
    }
    let input = wanted.run_task(&wanted.family, &main).to_string();
    lines.push(format!("aws ecs run-task --cli-input-json {}", shell_words::quote(&input)));
    Ok(lines)
}
