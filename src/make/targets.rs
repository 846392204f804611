//! Targets, one after the other: what each needs and does.

use super::evaluate::Target;
use super::expand::Variable;
use super::maker::{Becomes, Maker};
use super::marks;
use super::names::stem;
use super::note::{At, Verdict};
use super::script::recipe_line;
use super::settings::Step;
use super::words::State;
use crate::config::verbs;

/// The steps of a target that a recipe calls, with variables of its own.
pub(super) fn follow(maker: &mut Maker<'_>, name: &str, given: Vec<(String, Variable)>) -> Option<Vec<Step>> {
    if given.is_empty() { maker.needed(name) } else { maker.inlined(name, given) }
}

impl Maker<'_> {
    /// What a target becomes.
    pub(super) fn target(&mut self, name: &str) -> Option<Becomes> {
        if let Some(made) = self.made.get(name) {
            return Some(made.clone());
        }
        let target = self.targets.get(name)?;
        let becomes = if matches!(name, "help" | "usage") {
            // `infractl --help` shows verbs and pipelines.
            target
                .recipe
                .iter()
                .for_each(|(at, _)| self.report.say(at, Verdict::Understood, "infractl --help"));
            Becomes::Nothing
        } else {
            self.open.push(name.to_owned());
            let steps = self.steps(name, target, Vec::new());
            self.open.pop();
            if self.open.is_empty() {
                self.forget_evaluated();
            }
            let steps = steps.map(|steps| self.normal(steps));
            self.becomes(name, target, steps)
        };
        self.made.insert(name.to_owned(), becomes.clone());
        Some(becomes)
    }

    /// The steps of a target that another one needs.
    pub(super) fn needed(&mut self, name: &str) -> Option<Vec<Step>> {
        if self.open.iter().any(|open| open == name) {
            if let Some(target) = self.targets.get(name) {
                self.report.say(
                    &target.at,
                    Verdict::Unsure,
                    format!("`{name}` needs itself, in a circle: left out"),
                );
            }
            return Some(Vec::new());
        }
        // Deeper than any Makefile; each goes a few calls deeper here.
        if self.open.len() > 50 {
            return None;
        }
        if !self.targets.contains_key(name) {
            let found = self.patterns.iter().find_map(|known| {
                let stem = stem(name, known).filter(|stem| !stem.is_empty())?;
                Some(((*known).to_owned(), stem.to_owned()))
            });
            let (pattern, stem) = found?;
            return self
                .inlined(&pattern, vec![("*".to_owned(), Variable { text: stem, ..Variable::default() })]);
        }
        // What it sets is for those that follow: they are read with it.
        if self.setters.contains(name) {
            return self.inlined(name, Vec::new());
        }
        Some(match self.target(name)? {
            Becomes::Verb(verb) if verbs::doable().any(|known| known == verb) => vec![Step::Do(verb)],
            Becomes::Pipeline(name) | Becomes::Old(name) => vec![Step::Do(name)],
            Becomes::Verb(_) | Becomes::Call(_) => self.inlined(name, Vec::new())?,
            Becomes::Chooses(_) | Becomes::Nothing => Vec::new(),
        })
    }

    /// The steps of a target with variables of their own.
    pub(super) fn inlined(&mut self, name: &str, given: Vec<(String, Variable)>) -> Option<Vec<Step>> {
        if self.open.len() > 50 || self.open.iter().filter(|open| *open == name).count() > 2 {
            return None;
        }
        let target = self.targets.get(name)?;
        self.open.push(name.to_owned());
        let steps = self.steps(name, target, given);
        self.open.pop();
        steps.map(|steps| self.normal(steps))
    }

    fn steps(&mut self, name: &str, target: &Target, given: Vec<(String, Variable)>) -> Option<Vec<Step>> {
        let text = |text: &str| Variable { text: text.to_owned(), ..Variable::default() };
        let first = target.needs.first().map(String::as_str).unwrap_or_default();
        let mut own = vec![
            ("@".to_owned(), text(name)),
            ("<".to_owned(), text(first)),
            ("^".to_owned(), text(&target.needs.join(" "))),
        ];
        if name.contains('%') {
            own.push(("*".to_owned(), text(&marks::ENVIRONMENT.to_string())));
        }
        let of_environment =
            target.variables.iter().filter(|(name, _)| Some(name.as_str()) != self.variable).cloned();
        own.extend(of_environment);
        own.extend(given);
        let before: Vec<(String, Option<Variable>)> = own
            .into_iter()
            .map(|(name, variable)| (name.clone(), self.values.all.insert(name, variable)))
            .collect();
        let steps = self.needs_and_recipe(target);
        for (name, variable) in before.into_iter().rev() {
            match variable {
                Some(variable) => drop(self.values.all.insert(name, variable)),
                None => drop(self.values.all.remove(&name)),
            }
        }
        steps
    }

    fn needs_and_recipe(&mut self, target: &Target) -> Option<Vec<Step>> {
        let mut steps = Vec::new();
        for need in &target.needs {
            match self.needed(need) {
                Some(made) => steps.extend(made),
                None if self.targets.contains_key(need) => return None,
                None => self.report.say(&target.at, Verdict::Understood, format!("`{need}` is a file")),
            }
        }
        let mut is_known = true;
        let mut state = State::default();
        for (at, text) in self.scripts(target) {
            if let Some(set) = self.evaluated(&at, &text) {
                is_known &= set.is_ok();
                continue;
            }
            let (text, doubts) = self.values.expand_with_doubts(&text);
            for doubt in doubts {
                self.report.say(&at, Verdict::Unsure, doubt);
            }
            let lines: Vec<&str> =
                if self.is_one_shell { vec![text.as_str()] } else { text.split('\n').collect() };
            for line in lines {
                if !self.is_one_shell {
                    state = State::default();
                }
                state.main.clone_from(&self.main.dir);
                state.exports.extend(self.seen_by_programs.clone());
                let bare = line.trim_start().trim_start_matches(['@', '+', '-', ' ', '\t']);
                let may_fail = line.trim_start()[..line.trim_start().len() - bare.len()].contains('-');
                if says_nothing(bare) {
                    self.report.say(&at, Verdict::Understood, "");
                    continue;
                }
                if let Ok(made) = recipe_line(self, &at, bare, &mut state) {
                    steps.extend(made.into_iter().map(|step| if may_fail { forgiving(&step) } else { step }));
                } else {
                    self.report.say(
                        &at,
                        Verdict::Kept,
                        "only make can tell what it does: the target is called with make",
                    );
                    is_known = false;
                }
            }
        }
        is_known.then_some(steps)
    }

    /// Without what the steps that follow do by themselves.
    fn normal(&self, steps: Vec<Step>) -> Vec<Step> {
        // A pipeline of the project's own does what it says.
        let does = |step: &Step, verb: &str| step.does(verb) && !self.pipelines.contains_key(verb);
        let mut kept: Vec<Step> = Vec::new();
        for step in steps {
            let works = does(&step, "plan") || does(&step, "apply") || does(&step, "destroy");
            if works || matches!(step, Step::Call(..)) {
                kept.retain(|before| !(does(before, "init") || works && does(before, "validate")));
            }
            let last = kept.last();
            let is_part = last.is_some_and(|last| {
                does(last, "apply") && (does(&step, "genenv") || does(&step, "inventory"))
            });
            if is_part || last == Some(&step) && matches!(step, Step::Do(_)) {
                continue;
            }
            if last.is_some_and(|last| does(last, "plan")) && does(&step, "apply") {
                kept.pop();
            }
            kept.push(step);
        }
        kept
    }

    /// The lines of a recipe, each a script of its own; with `.ONESHELL` they are one.
    fn scripts(&mut self, target: &Target) -> Vec<(At, String)> {
        match target.recipe.first() {
            Some((at, _)) if self.is_one_shell => {
                for (at, _) in &target.recipe {
                    self.report.say(at, Verdict::Understood, "");
                }
                // make takes what is for it from every line.
                let bare = |line: &str| line.trim_start().trim_start_matches(['@', '+', '-']).to_owned();
                let lines: Vec<String> = target.recipe.iter().map(|(_, line)| bare(line)).collect();
                vec![(at.clone(), lines.join("\n"))]
            }
            _ => target.recipe.clone(),
        }
    }
}

/// It may fail.
fn forgiving(step: &Step) -> Step {
    let mut table = step.table();
    table.insert("on-failure".to_owned(), "continue".into());
    Step::Own(table)
}

/// Nothing but blanks and comments.
fn says_nothing(text: &str) -> bool {
    text.lines().map(str::trim).all(|line| line.is_empty() || line.starts_with('#'))
}
