//! What a failure means, said where it happens: by the rules of the project, then by those of infractl.

use super::Step;
use super::engine::PipelineRun;
use crate::failure::{Failure, Kind};
use crate::history::{State, Store};
use crate::text;
use crate::tools::failures::{Branch, Failed, branches, is_same};
use crate::work::values::Known;
use crate::work::{Frame, Heard};

/// So many runs in a row that end in the same way are enough.
const SAME: usize = 3;
/// How far back they are looked for.
const BACK: usize = 50;

impl PipelineRun<'_> {
    /// What a failure of a step means; the first names it.
    pub(super) fn branches(&self, frame: &Frame, failure: &Failure) -> Vec<Branch> {
        let heard = frame.heard.as_ref().map(Heard::all).unwrap_or_default();
        let reason = self.cx.masks.mask(&format!("{:#}", failure.error)).into_owned();
        let failed = Failed { programs: heard.programs, lines: heard.lines, reason, exit: heard.exit };
        branches(&self.env.failures, &failed)
    }

    /// A failure with what it means. A rule of infractl's own says nothing where something was said already.
    pub(super) fn explained(&mut self, step: &Step, frame: &Frame, failure: Failure) -> Failure {
        if !matches!(failure.kind, Kind::Failed | Kind::Busy) || failure.silent {
            return failure;
        }
        let found = self.branches(frame, &failure);
        let Some((first, others)) = found.split_first() else { return failure };
        if !first.is_own {
            let is_clear = !failure.help.is_empty() || !failure.problems.is_empty();
            return if is_clear {
                failure
            } else {
                failure.help(format!("see what it means (`{}`): {}", first.name, first.says))
            };
        }
        let mut told = failure.context(format!("{}: {}", first.name, first.says));
        for look in self.look(step, frame, first) {
            told = told.help(format!("look: `{look}`"));
        }
        if !others.is_empty() {
            let names = text::list(others.iter().map(|branch| &branch.name), "and");
            told = told.help(format!("see also {names}: they were seen too, `infractl explain` shows them"));
        }
        told
    }

    /// The commands that show more, as far as their names are known.
    fn look(&mut self, step: &Step, frame: &Frame, branch: &Branch) -> Vec<String> {
        let env = self.env;
        let step_cx = self.step_cx(step, frame.clone());
        let known = Known::of(&step_cx);
        let one = |look: &crate::config::model::Argument| {
            known.argument(&step_cx, &look.0).unwrap_or_else(|_| env.step_name(look.0.as_str()))
        };
        branch.look.iter().map(one).collect()
    }

    /// The runs before this one that all ended in the same way, if there were enough of them.
    pub(super) fn same_before(&self, failure: &Failure) -> Option<Vec<u64>> {
        let reason = self.cx.masks.mask(&format!("{:#}", failure.error)).into_owned();
        let store = Store::of(&self.env.root);
        let mut same = Vec::new();
        for number in store.numbers().into_iter().rev().take(BACK) {
            let Some(run) = store.head(number).filter(|run| run.outcome != State::Running) else { continue };
            if run.verb != self.verb || run.names() != self.env.name {
                continue;
            }
            if run.outcome != State::Failed || !run.error.is_some_and(|error| is_same(&error, &reason)) {
                return None;
            }
            same.push(number);
            if same.len() == SAME {
                return Some(same);
            }
        }
        None
    }
}
