//! The variables that the recipe of a target sets, while its lines are read.

use super::evals::{chosen_by, inside};
use super::evaluate::Target;
use super::expand::Variable;
use super::makefile::{How, Set, assignment};
use super::maker::Maker;
use super::marks::{self, OnlyMake};
use super::note::{At, Verdict};

impl Maker<'_> {
    /// The variables that the target for this environment sets are set for all others: it is named before them.
    pub(super) fn choose(&mut self) {
        let Some(variable) = self.variable else { return };
        let environment = self.values.environment.clone();
        let chooses = |target: &&Target| chosen_by(target, variable).as_ref() == Some(&environment);
        let Some(target) = self.targets.values().find(chooses) else { return };
        for (at, line) in &target.recipe {
            let _ = self.evaluated(at, line);
        }
        // Nothing takes them back.
        self.evaluated.clear();
    }

    /// Sets the variable that a line is for; none when it is another line.
    pub(super) fn evaluated(&mut self, at: &At, line: &str) -> Option<Result<(), OnlyMake>> {
        let inside = inside(line)?;
        let (text, doubts) = self.values.expand_with_doubts(inside);
        for doubt in doubts {
            self.report.say(at, Verdict::Unsure, doubt);
        }
        let Some(set) = assignment(&text).filter(|_| !text.contains(marks::OPAQUE)) else {
            self.report.say(at, Verdict::Kept, "only make can tell what it sets");
            return Some(Err(OnlyMake));
        };
        if Some(set.name.as_str()) == self.variable {
            self.report.say(at, Verdict::Understood, format!("`{}` names the environment", set.name));
            return Some(Ok(()));
        }
        Some(self.takes(at, set))
    }

    fn takes(&mut self, at: &At, set: Set) -> Result<(), OnlyMake> {
        if set.how == How::Shell
            || set.how == How::More
            || (set.is_exported && marks::plain(&set.value).is_none())
        {
            self.report.say(at, Verdict::Kept, "only make can tell what it sets");
            return Err(OnlyMake);
        }
        if set.is_exported {
            self.seen_by_programs.insert(set.name.clone(), set.value.clone());
        }
        self.report.say(at, Verdict::Understood, "");
        let variable = Variable { text: set.value, ..Variable::default() };
        let before = self.values.all.insert(set.name.clone(), variable);
        self.evaluated.push((set.name, before));
        Ok(())
    }

    /// What the recipes of a target have set is gone with it.
    pub(super) fn forget_evaluated(&mut self) {
        for (name, before) in std::mem::take(&mut self.evaluated).into_iter().rev() {
            self.seen_by_programs.shift_remove(&name);
            match before {
                Some(variable) => drop(self.values.all.insert(name, variable)),
                None => drop(self.values.all.remove(&name)),
            }
        }
    }
}
