//! The scenario of a run: said before anything is done, kept once something is brought up, forgotten when all is down.

use super::Pipeline;
use super::options::Options;
use crate::budget;
use crate::budget::demand::Needed;
use crate::budget::verdict::Level;
use crate::config::Environment;
use crate::config::chosen::{Because, Chosen, Up, joined};
use crate::config::verbs::{Effect, Turn};
use crate::context::Ctx;
use crate::failure::{Failure, Kind};
use crate::text::list;
use crate::work::child;
use crate::work::kind::Mention;

/// What was kept before this run, and how far it got.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// What was up; outer none as long as nothing is brought up.
    #[expect(clippy::option_option, reason = "before it is known, nothing was up, something was up")]
    pub(super) before: Option<Option<Up>>,
    /// More than one step has changed something.
    pub(super) is_changed: bool,
}

/// Before anything is done: says which scenario it is where that may surprise, and looks whether the machine has what that
/// needs. An error when it has not, or when nobody can tell which scenario is meant.
pub(super) async fn before(
    cx: &Ctx,
    env: &Environment,
    pipeline: &Pipeline,
    options: &Options,
) -> Result<(), Failure> {
    // What runs above has said it.
    if options.told.is_some() || child::is_on(cx.vars.get(child::WITHIN), &env.name) {
        return Ok(());
    }
    let is_up = pipeline.effect() >= Effect::Changes && !pipeline.takes_down();
    if let Some(chosen) = &env.scenario {
        tell(cx, env, chosen, options, is_up)?;
    }
    if is_up && brings_up(options) { needs(cx, env, pipeline, options).await } else { Ok(()) }
}

/// The run brings the environment up: its verb or its steps do.
pub(super) fn brings_up(options: &Options) -> bool {
    options.meant.as_ref().and_then(|meant| meant.way) == Some(Turn::Up)
}

fn tell(cx: &Ctx, env: &Environment, chosen: &Chosen, options: &Options, is_up: bool) -> Result<(), Failure> {
    if options.dry_run {
        let components = list(chosen.sorted(), "and");
        return cx.ui.page(&format!("# scenario {}: {components}\n", told(chosen)));
    }
    match (chosen.because, &chosen.up) {
        (Because::Lost, Some(up)) if is_up => {
            let known: Vec<&String> = env.scenarios.keys().collect();
            let message = format!("`{}` is up in `{}`, and is no scenario any more", joined(up), env.name);
            return Err(Failure::new(Kind::Usage, message)
                .help(format!("name the one that is meant with `--scenario`: {}", list(known, "or"))));
        }
        (Because::Default, _) if !is_up => return Ok(()),
        (Because::Up, _) if chosen.names == [chosen.default.clone()] => return Ok(()),
        _ => {}
    }
    cx.ui.note(format!("{}: scenario {}", env.name, told(chosen)));
    Ok(())
}

/// Looks whether the machine has what is needed.
async fn needs(cx: &Ctx, env: &Environment, pipeline: &Pipeline, options: &Options) -> Result<(), Failure> {
    let starts = starts(env, pipeline);
    let Some(looked) = budget::look(cx, env, &starts).await else { return Ok(()) };
    if options.dry_run {
        for line in &looked.lines {
            let word = match line.level {
                Level::Enough => "enough",
                Level::Short => "too little",
                Level::Unknown => "not known",
            };
            cx.ui.page(&format!("# needs {}: {word}\n", line.text))?;
        }
        return Ok(());
    }
    for line in looked.lines.iter().filter(|line| line.level == Level::Unknown) {
        cx.ui.note(format!("{}: {}", env.name, line.text));
    }
    match looked.failure(&env.name) {
        Some(failure) if !options.ignore_needs => Err(failure),
        Some(failure) => {
            cx.ui.warn(format!("{:#}", failure.error));
            Ok(())
        }
        None => {
            let needed = Needed::of(env, env.scenario.as_ref()).shown();
            let up = if looked.is_up { ", with what is up" } else { "" };
            cx.ui.note(format!("{}: needs {needed}: {} has it{up}", env.name, looked.machine));
            Ok(())
        }
    }
}

/// The scenario, why it is that one, and what would be another.
fn told(chosen: &Chosen) -> String {
    let name = format!("`{}`", chosen.name());
    match (chosen.because, &chosen.up) {
        (Because::Named, Some(up)) if *up != chosen.names => format!("{name}; `{}` is up", joined(up)),
        (Because::Named, _) => name,
        (Because::Up, _) if chosen.names == [chosen.default.clone()] => format!("{name}, which is up"),
        (Because::Up, _) => format!("{name}, which is up (the default is `{}`)", chosen.default),
        (Because::Default, _) => format!("{name}, the default"),
        (Because::Lost, up) => {
            let up = joined(up.as_deref().unwrap_or_default());
            format!("{name}, the default: `{up}`, which is up, is no scenario any more")
        }
    }
}

/// What a script says of it, as lines of comment.
pub(super) fn comment(env: &Environment) -> String {
    let mut text = String::new();
    if let Some(chosen) = &env.scenario {
        text.push_str(&format!("\n# Scenario {}: {}.\n", chosen.name(), chosen.sorted().join(", ")));
    }
    let needed = Needed::of(env, env.scenario.as_ref());
    if !needed.is_nothing() {
        text.push_str(&format!("# It needs {}: nobody looks here whether that is there.\n", needed.shown()));
    }
    text
}

/// The programs and lines of shell that it starts.
pub(super) fn starts(env: &Environment, pipeline: &Pipeline) -> Vec<String> {
    let mut all = Vec::new();
    for leaf in pipeline.leaves() {
        leaf.work.kind().visit(env, &mut |mention| {
            if let Mention::Starts(start) = mention {
                all.push(start.to_owned());
            }
        });
    }
    all
}
