//! What a run would do: every command in order, on standard output.

use std::time::Duration;

use super::engine::PipelineRun;
use super::{OnFailure, Rules, Step, What};
use crate::config::template::{Rendered, shown_value};
use crate::exec::BoxFuture;
use crate::failure::Failure;
use crate::steps::{Work, ecs, helm, publish, source};
use crate::text;
use crate::work::needs::Needs;
use crate::work::{Facts, Frame, StepCx};

/// Prints what these steps would run.
pub(super) fn steps<'a>(
    run: &'a mut PipelineRun<'_>,
    steps: &'a [Step],
) -> BoxFuture<'a, Result<(), Failure>> {
    Box::pin(async move {
        for step in steps {
            one(run, step).await?;
        }
        Ok(())
    })
}

async fn one(run: &mut PipelineRun<'_>, step: &Step) -> Result<(), Failure> {
    let rules = &step.rules;
    if let Some(reason) = rules.elsewhere(&run.env.name) {
        return print(run, &format!("# {}: skipped, {reason}", step.name));
    }
    if rules.is_declared || matches!(step.what, What::Steps(_)) {
        print(run, &format!("# {}{}", step.name, said(rules)))?;
    }
    let dry = |run: &mut PipelineRun<'_>, work: &Work| -> Result<Vec<String>, Failure> {
        let frame = Frame {
            verb: run.verb.to_owned(),
            secrets: rules.secrets.clone(),
            timeout: rules.timeout.unwrap_or_default(),
            is_dry: true,
            ..Frame::default()
        };
        work.kind().describe(&mut run.step_cx(step, frame))
    };
    read(run, step)?;
    for line in rules.unless.as_deref().map(|work| dry(run, work)).transpose()?.into_iter().flatten() {
        print(run, &line.replacen("# wait for", "# nothing to do when this is true already:", 1))?;
    }
    match &step.what {
        What::Steps(inside) => steps(run, inside).await?,
        // What is there now is nothing that the configuration says.
        What::Work(Work::Clean(_)) if run.options.told.is_some() => {
            print(run, "# remove what infractl keeps of it in .infractl, but for its history")?;
        }
        What::Work(work) => {
            for line in dry(run, work)? {
                print(run, &line)?;
            }
            // Values that this dry run gives by their names are none for others.
            let mut facts = Facts::default();
            let mut cx = StepCx::new(run.cx, run.env, &step.name, &[], &mut facts);
            cx.frame.secrets.clone_from(&rules.secrets);
            let lines = if run.options.told.is_none() { foreseen(&mut cx, work).await } else { Vec::new() };
            for line in lines {
                print(run, &format!("# {line}"))?;
            }
        }
    }
    for line in rules.verify.as_deref().map(|work| dry(run, work)).transpose()?.into_iter().flatten() {
        print(run, &line)?;
    }
    for (name, capture) in &rules.capture {
        let of = match &capture.file {
            Some(file) => file.0.strip_prefix(&run.env.root).unwrap_or(&file.0).display().to_string(),
            None => "what it says".to_owned(),
        };
        print(run, &format!("# {} is taken of {of}", shown_value(name)))?;
    }
    if let OnFailure::Steps(instead) = &rules.on_failure {
        let when = if rules.is_for_difference { "finds something" } else { "fails" };
        print(run, &format!("# if `{}` {when}:", step.name))?;
        steps(run, instead).await?;
        print(run, "# and stop")?;
    }
    Ok(())
}

/// What a step would change, where others are asked for that; a dry run waits for them so long and no longer. Lines.
async fn foreseen(step: &mut StepCx<'_>, work: &Work) -> Vec<String> {
    let (what, silence, seconds, asked): (_, _, _, BoxFuture<'_, _>) = match work {
        Work::Ecs(ecs) => {
            let asked = Box::pin(ecs::foreseen::foreseen(step, ecs));
            ("what would change in its definition", "AWS does not answer", 15, asked)
        }
        Work::Helm(release) => {
            let asked = Box::pin(helm::foreseen::foreseen(step, release));
            ("what would change in the release", "the cluster does not answer", 20, asked)
        }
        Work::Publish(folders) => {
            let asked = Box::pin(publish::foreseen(step, folders));
            ("what would be published", "there is no answer", 30, asked)
        }
        _ => return Vec::new(),
    };
    let why = match tokio::time::timeout(Duration::from_secs(seconds), asked).await {
        Ok(Ok(lines)) => return lines,
        Ok(Err(failure)) => format!("{:#}", failure.error).replace('\n', " "),
        Err(_) => silence.to_owned(),
    };
    vec![format!("{what} is not known: {why}")]
}

/// Says how the values are read that the step is the first to use.
fn read(run: &mut PipelineRun<'_>, step: &Step) -> Result<(), Failure> {
    let What::Work(work) = &step.what else { return Ok(()) };
    let around = step.rules.unless.iter().chain(&step.rules.verify).map(|work| &**work);
    for work in around.chain([work]) {
        for name in Needs::of(run.env, work.kind(), None).value_names {
            let Some(from) = run.env.values.get(&name).filter(|_| !run.facts.values.contains_key(&name))
            else {
                continue;
            };
            let shown = source::shown(&run.step_cx(step, Frame { is_dry: true, ..Frame::default() }), from);
            print(run, &format!("# {}: {shown}", shown_value(&name)))?;
            run.facts.values.insert(name.clone(), Rendered::Plain(shown_value(&name)));
        }
    }
    Ok(())
}

fn print(run: &PipelineRun<'_>, line: &str) -> Result<(), Failure> {
    if let Some(told) = &run.options.told {
        told(&run.cx.masks.mask(line));
        return Ok(());
    }
    run.cx.ui.page(&format!("{}\n", run.cx.masks.mask(line)))
}

/// The rules of a step in a few words.
fn said(rules: &Rules) -> String {
    let mut words = Vec::new();
    if let Some(when) = &rules.when {
        let path = |path: &crate::config::model::FilePath| path.0.display().to_string();
        words.extend(when.exists.as_ref().map(|file| format!("when {} is there", path(file))));
        words.extend(when.missing.as_ref().map(|file| format!("when {} is not there", path(file))));
        words.extend(when.var.as_ref().map(|name| format!("when {name} is set")));
        words.extend(when.output.as_ref().map(|name| format!("when the output {name} is set")));
        words.extend(when.changed.as_ref().map(|_| "when its files changed".to_owned()));
    }
    words.extend(rules.timeout.map(|limit| format!("{} at most", text::duration(limit))));
    words.extend(rules.retry.as_ref().map(|retry| {
        format!(
            "tried up to {}, every {}",
            text::plural(retry.attempts as usize, "time"),
            text::duration(retry.every)
        )
    }));
    words.extend((rules.on_failure == OnFailure::Continue).then(|| "goes on when it fails".to_owned()));
    if words.is_empty() { String::new() } else { format!(" ({})", words.join(", ")) }
}
