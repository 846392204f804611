//! Targets, one after the other: what each needs and does, as verbs and pipelines of infractl.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use toml::{Table, Value};

use super::Files;
use super::evaluate::{Evaluated, Target};
use super::expand::{Values, Variable, stem};
use super::marks;
use super::note::{At, Report, Verdict};
use super::script::{State, recipe_line};
use super::secret;
use super::settings::{Settings, Step, table};
use crate::config::verbs;

/// What a target becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Becomes {
    /// A verb that infractl has.
    Verb(String),
    /// A pipeline of the project.
    Pipeline(String),
    /// A call of infractl that no pipeline can do.
    Call(Vec<String>),
    /// A pipeline that calls make: only make could tell what it does.
    Old(String),
    /// Nothing is left of it.
    Nothing,
}

/// What all targets have in common.
#[derive(Debug, Clone, Default)]
pub(super) struct Main {
    /// The folder of the root module.
    pub dir: Option<String>,
    /// The playbook of `[ansible]`.
    pub playbook: Option<String>,
}

/// Makes verbs and pipelines of the targets, for one environment.
pub(super) struct Maker<'a> {
    pub files: &'a Files<'a>,
    pub report: &'a mut Report,
    pub values: Values,
    pub main: Main,
    pub settings: Settings,
    /// Pipelines by name.
    pub pipelines: IndexMap<String, Vec<Step>>,
    /// What became of each target.
    pub made: IndexMap<String, Becomes>,
    /// Secrets in clear: where, and what they are called.
    pub secrets: BTreeSet<(At, String)>,
    /// Targets whose name has a `%`.
    patterns: Vec<&'a str>,
    /// How often a name was taken.
    numbers: IndexMap<String, usize>,
    kept_files: BTreeSet<String>,
    dirs: IndexMap<String, usize>,
    playbooks: IndexMap<String, usize>,
    targets: &'a IndexMap<String, Target>,
    variable: Option<&'a str>,
    is_one_shell: bool,
    old: &'a str,
    open: Vec<String>,
}

impl<'a> Maker<'a> {
    pub(super) fn new(
        evaluated: &'a Evaluated,
        values: Values,
        main: Main,
        variable: Option<&'a str>,
        files: &'a Files<'a>,
        report: &'a mut Report,
    ) -> Maker<'a> {
        Maker {
            files,
            report,
            values,
            main,
            settings: Settings::default(),
            pipelines: IndexMap::new(),
            made: IndexMap::new(),
            secrets: evaluated.secrets.iter().cloned().collect(),
            patterns: evaluated
                .targets
                .keys()
                .map(String::as_str)
                .filter(|name| name.contains('%'))
                .collect(),
            numbers: IndexMap::new(),
            kept_files: BTreeSet::new(),
            dirs: IndexMap::new(),
            playbooks: IndexMap::new(),
            targets: &evaluated.targets,
            variable,
            is_one_shell: evaluated.is_one_shell,
            old: files.old,
            open: Vec::new(),
        }
    }

    /// Variables that programs see belong to every command.
    pub(super) fn exported(&mut self, exported: &[(String, At)]) {
        for (name, at) in exported {
            let Some(variable) = self.values.all.get(name) else { continue };
            if variable.is_secret || Some(name.as_str()) == self.variable || secret::is_secret_name(name) {
                continue;
            }
            let text = self.values.expand(&format!("$({name})"));
            let Some(text) = marks::plain(&text).filter(|text| !text.contains('$')) else {
                self.report.say(
                    at,
                    Verdict::Unsure,
                    format!("`{name}` is not known: write it under `[terraform.env]`"),
                );
                continue;
            };
            match name.strip_prefix("TF_VAR_") {
                Some(name) => self.set(at, &["terraform", "vars", name], text.into()),
                None => self.set(at, &["terraform", "env", name], text.into()),
            }
        }
    }

    /// Sets a key of the configuration.
    pub(super) fn set(&mut self, at: &At, path: &[&str], value: Value) {
        if let Some(first) = self.settings.set(path, value, at) {
            let note = format!("`{}` is another one than at {first}, which counts", path.join("."));
            self.report.say(at, Verdict::Unsure, note);
        }
    }

    /// A text for the configuration, where nothing from outside is known.
    pub(super) fn plain(&mut self, at: &At, text: &str) -> Option<String> {
        for part in marks::parts(text) {
            if let marks::Part::Outer(name, default) = part
                && !default.is_empty()
            {
                let note = format!(
                    "`{name}` was free to set: now it is `{default}`, change it in the configuration"
                );
                self.report.say(at, Verdict::Unsure, note);
            }
        }
        marks::plain(text)
    }

    /// A secret in clear: not shown, not copied.
    pub(super) fn secret(&mut self, at: &At, name: &str, value: &str) {
        self.report.hide(at, value.trim_matches(['"', '\'']));
        let name = crate::text::upper_snake(name);
        let note = format!(
            "a secret in clear: not copied; put it into a file of secrets: `infractl secrets set ENV {name}`"
        );
        self.report.say(at, Verdict::Unsure, note);
        self.secrets.insert((at.clone(), name));
    }

    pub(super) fn is_environment(&self, name: &str) -> bool {
        self.variable == Some(name)
    }

    pub(super) fn main_dir(&self) -> String {
        super::shell::quote_free(self.main.dir.as_deref().unwrap_or("."))
    }

    /// A root module that a command works on.
    pub(super) fn saw_dir(&mut self, dir: &str, action: &str) {
        let names_it = self.open.last().is_some_and(|target| target.contains(action) && !action.is_empty());
        let weight = match action {
            "plan" | "apply" | "destroy" => 2,
            "init" => 1,
            _ => 0,
        };
        let weight = weight + usize::from(names_it) + 3 * usize::from(dir.contains(marks::ENVIRONMENT));
        *self.dirs.entry(dir.to_owned()).or_default() += weight;
    }

    pub(super) fn saw_playbook(&mut self, playbook: &str) {
        let names_it = self.open.last().is_some_and(|target| matches!(target.as_str(), "deploy" | "check"));
        *self.playbooks.entry(playbook.to_owned()).or_default() += 1 + 2 * usize::from(names_it);
    }

    pub(super) fn kept_script(&mut self, path: &str) {
        if self.kept_files.insert(path.to_owned()) {
            self.report.say_of_file(path, "its script is called as it is");
        }
    }

    /// What most of the commands work on.
    pub(super) fn mainly(&self) -> Main {
        // The first of the best.
        let best = |all: &IndexMap<String, usize>| {
            let most = all.values().max()?;
            all.iter().find(|(_, count)| *count == most).map(|(name, _)| name.clone())
        };
        Main { dir: best(&self.dirs), playbook: best(&self.playbooks) }
    }

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
        Some(match self.target(name)? {
            Becomes::Verb(verb) if verbs::doable().any(|known| known == verb) => vec![Step::Do(verb)],
            Becomes::Pipeline(name) | Becomes::Old(name) => vec![Step::Do(name)],
            Becomes::Verb(_) | Becomes::Call(_) => self.inlined(name, Vec::new())?,
            Becomes::Nothing => Vec::new(),
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
        steps.map(normal)
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
                let bare = line.trim_start().trim_start_matches(['@', '+', '-', ' ', '\t']);
                let may_fail = line.trim_start()[..line.trim_start().len() - bare.len()].contains('-');
                if bare.trim().is_empty() || bare.starts_with('#') {
                    self.report.say(&at, Verdict::Understood, "");
                    continue;
                }
                match recipe_line(self, &at, bare, &mut state) {
                    Ok(made) => steps
                        .extend(made.into_iter().map(|step| if may_fail { forgiving(step) } else { step })),
                    Err(marks::OnlyMake) => {
                        self.report.say(
                            &at,
                            Verdict::Kept,
                            "only make can tell what it does: the target is called with make",
                        );
                        is_known = false;
                    }
                }
            }
        }
        is_known.then_some(steps)
    }

    /// The lines of a recipe, each a script of its own; with `.ONESHELL` they are one.
    fn scripts(&mut self, target: &Target) -> Vec<(At, String)> {
        match target.recipe.first() {
            Some((at, _)) if self.is_one_shell => {
                for (at, _) in &target.recipe {
                    self.report.say(at, Verdict::Understood, "");
                }
                let lines: Vec<&str> = target.recipe.iter().map(|(_, line)| line.as_str()).collect();
                vec![(at.clone(), lines.join("\n"))]
            }
            _ => target.recipe.clone(),
        }
    }

    fn becomes(&mut self, target_name: &str, target: &Target, steps: Option<Vec<Step>>) -> Becomes {
        let name = self.base_name(target_name, steps.as_deref());
        let Some(steps) = steps.map(normal) else {
            let pipeline = self.pipeline_name(&name, &[]);
            let mut line = vec![
                "make".to_owned(),
                "-f".to_owned(),
                self.old.to_owned(),
                target_name.replace('%', "\u{e000}"),
            ];
            line.extend(self.variable.map(|variable| format!("{variable}={}", marks::ENVIRONMENT)));
            self.pipelines
                .insert(pipeline.clone(), vec![Step::Own(table([("command", super::settings::list(line))]))]);
            return Becomes::Old(pipeline);
        };
        let does = |verbs: &[&str]| {
            steps.len() == verbs.len() && steps.iter().zip(verbs).all(|(step, verb)| step.does(verb))
        };
        let is_built_in = match name.as_str() {
            "up" => does(&["apply", "deploy"]),
            "down" => does(&["destroy"]),
            "recreate" => does(&["down", "up"]) || does(&["destroy", "up"]),
            _ => false,
        };
        if is_built_in {
            return Becomes::Verb(name);
        }
        let ansible = |inside: Table| Step::Own(table([("ansible", Value::Table(inside))]));
        match steps.as_slice() {
            [] => return Becomes::Nothing,
            [Step::Do(verb)] if verbs::find(verb).is_some() && !self.pipelines.contains_key(verb) => {
                return Becomes::Verb(verb.clone());
            }
            [Step::Do(pipeline)] => return Becomes::Pipeline(pipeline.clone()),
            [Step::Call(words, _)] => return Becomes::Call(words.clone()),
            [step] if name == "deploy" && *step == ansible(Table::new()) => return Becomes::Verb(name),
            [step] if name == "check" && *step == ansible(table([("check", true.into())])) => {
                return Becomes::Verb(name);
            }
            _ => {}
        }
        let pipeline = self.pipeline_name(&name, &steps);
        self.report.say(&target.at, Verdict::Understood, "");
        self.pipelines.insert(pipeline.clone(), steps);
        Becomes::Pipeline(pipeline)
    }

    /// The name without the environment in it.
    fn base_name(&self, target: &str, steps: Option<&[Step]>) -> String {
        let environment = [self.values.environment.clone()];
        let bare = target.replace('%', "");
        let bare = bare.trim_matches(['-', '_', '.', '/']);
        match super::environments::in_name(bare, &environment) {
            // Named after its environment alone: what it does last is its name.
            Some((_, rest)) if rest.is_empty() => match steps.and_then(<[Step]>::last) {
                Some(Step::Do(verb)) => verb.clone(),
                _ => bare.to_owned(),
            },
            Some((_, rest)) => rest,
            None => bare.to_owned(),
        }
    }

    /// A name that a pipeline can have: no verb that cannot be replaced, or that its own steps do.
    fn pipeline_name(&mut self, target: &str, steps: &[Step]) -> String {
        let is_letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let clean: String = target.chars().map(|c| if is_letter(c) { c } else { '-' }).collect();
        let clean = clean.trim_matches('-');
        let is_name = clean.starts_with(|c: char| c.is_ascii_alphabetic());
        let is_free = verbs::find(clean).is_none_or(verbs::Verb::is_replaceable);
        let does_itself = steps.iter().any(|step| step.does(clean) || self.leads_to(step, clean, 0));
        let name =
            if is_name && is_free && !does_itself { clean.to_owned() } else { format!("make-{clean}") };
        let number = self.numbers.entry(name.clone()).or_default();
        *number += 1;
        if *number == 1 { name } else { format!("{name}-{number}") }
    }

    /// Whether a step does the verb that is asked for, by whatever way.
    fn leads_to(&self, step: &Step, verb: &str, depth: usize) -> bool {
        let Step::Do(name) = step else { return false };
        let parts = verbs::find(name).map_or(&[][..], |found| found.parts);
        let in_parts = parts
            .iter()
            .any(|part| *part == verb || self.leads_to(&Step::Do((*part).to_owned()), verb, depth + 1));
        depth < 20
            && (name == verb
                || in_parts
                || self
                    .pipelines
                    .get(name)
                    .is_some_and(|steps| steps.iter().any(|step| self.leads_to(step, verb, depth + 1))))
    }
}

/// It may fail.
fn forgiving(step: Step) -> Step {
    let mut table = step.table();
    table.insert("on-failure".to_owned(), "continue".into());
    Step::Own(table)
}

/// Without what the steps that follow do by themselves.
fn normal(steps: Vec<Step>) -> Vec<Step> {
    let mut kept: Vec<Step> = Vec::new();
    for step in steps {
        let works = ["plan", "apply", "destroy"].iter().any(|verb| step.does(verb));
        if works || matches!(step, Step::Call(..)) {
            kept.retain(|before| !before.does("init") && !(works && before.does("validate")));
        }
        let last = kept.last();
        let is_part =
            last.is_some_and(|last| last.does("apply") && (step.does("genenv") || step.does("inventory")));
        if is_part || last == Some(&step) && matches!(step, Step::Do(_)) {
            continue;
        }
        if last.is_some_and(|last| last.does("plan")) && step.does("apply") {
            kept.pop();
        }
        kept.push(step);
    }
    kept
}
