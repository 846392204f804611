//! Part of a pipeline: `--from`, `--only`, `--skip`. Pure.

use super::{Pipeline, Step, What, plan};
use crate::config::Environment;
use crate::failure::{Failure, Kind};
use crate::text::{list, nearest};

/// Which steps of a pipeline are wanted; all if nothing is said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Selection {
    /// This step and those after it.
    pub from: Option<String>,
    /// These steps.
    pub only: Vec<String>,
    /// Not these steps.
    pub skip: Vec<String>,
}

impl Selection {
    /// Nothing is said: all steps.
    pub(crate) fn is_all(&self) -> bool {
        *self == Selection::default()
    }
}

/// The steps that are wanted, and what has to come before them. A step goes by its name or, inside a group, by
/// `group/name`; a group goes by its own.
pub(crate) fn select(
    env: &Environment,
    pipeline: &Pipeline,
    wanted: &Selection,
) -> Result<Pipeline, Failure> {
    if wanted.is_all() {
        return Ok(pipeline.clone());
    }
    let filled = |names: &[String]| names.iter().map(|name| env.step_name(name)).collect();
    let wanted = Selection {
        from: wanted.from.as_ref().map(|name| env.step_name(name)),
        only: filled(&wanted.only),
        skip: filled(&wanted.skip),
    };
    let all = paths(pipeline);
    for name in wanted.from.iter().chain(&wanted.only).chain(&wanted.skip) {
        if !all.iter().any(|path| is_named(path, name)) {
            return Err(unknown(pipeline, &all, name));
        }
    }
    let begin = match &wanted.from {
        Some(name) => all.iter().position(|path| is_named(path, name)).unwrap_or(0),
        None => 0,
    };
    let keep: Vec<bool> = (0..)
        .zip(&all)
        .map(|(at, path)| {
            let named = |names: &[String]| names.iter().any(|name| is_named(path, name));
            at >= begin && (wanted.only.is_empty() || named(&wanted.only)) && !named(&wanted.skip)
        })
        .collect();
    if !keep.contains(&true) {
        return Err(Failure::new(Kind::Usage, format!("no step of `{}` is left", pipeline.verb))
            .help("leave `--only` or `--skip` out"));
    }
    let mut at = 0;
    let steps = kept(&pipeline.steps, &keep, &mut at);
    Ok(plan::prepared(env, Pipeline { steps, ..pipeline.clone() }))
}

/// Where each piece of work stands: its groups, then its own name.
pub(crate) fn paths(pipeline: &Pipeline) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    add_paths(&pipeline.steps, &[], &mut all);
    all
}

fn add_paths(steps: &[Step], above: &[String], all: &mut Vec<Vec<String>>) {
    for step in steps {
        let path: Vec<String> = above.iter().chain([&step.name]).cloned().collect();
        match &step.what {
            What::Work(_) => all.push(path),
            What::Steps(inside) => add_paths(inside, &path, all),
        }
    }
}

/// Any part of the way: `apply` is all of it, `apply/terraform apply` one step of it.
fn is_named(path: &[String], name: &str) -> bool {
    path.iter().any(|part| part == name)
        || (1..=path.len())
            .any(|end| path[..end].join("/") == name || path[path.len() - end..].join("/") == name)
}

/// The wanted steps.
fn kept(steps: &[Step], keep: &[bool], at: &mut usize) -> Vec<Step> {
    let mut all = Vec::new();
    for step in steps {
        match &step.what {
            What::Work(_) => {
                if keep[*at] {
                    all.push(step.clone());
                }
                *at += 1;
            }
            What::Steps(inside) => {
                let inside = kept(inside, keep, at);
                if !inside.is_empty() {
                    all.push(Step { what: What::Steps(inside), ..step.clone() });
                }
            }
        }
    }
    all
}

fn unknown(pipeline: &Pipeline, all: &[Vec<String>], name: &str) -> Failure {
    let mut names: Vec<String> = Vec::new();
    for part in all.iter().flatten().filter(|part| *part != "prepare") {
        if !names.contains(part) {
            names.push(part.clone());
        }
    }
    let failure = Failure::new(Kind::Usage, format!("`{}` has no step `{name}`", pipeline.verb));
    let failure = match nearest(name, &names) {
        Some(near) => failure.help(format!("did you mean `{near}`?")),
        None => failure,
    };
    failure.help(format!("name one of {}", list(&names, "or")))
}
