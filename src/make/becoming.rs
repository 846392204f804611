//! What a target becomes: a verb that infractl has, a call of it, or a pipeline.

use toml::{Table, Value};

use super::evals;
use super::evaluate::Target;
use super::maker::{Becomes, Maker};
use super::marks;
use super::note::Verdict;
use super::settings::{Step, list, table};
use crate::config::verbs;

impl Maker<'_> {
    /// What a target becomes that has these steps; none when only make could tell them.
    pub(super) fn becomes(
        &mut self,
        target_name: &str,
        target: &Target,
        steps: Option<Vec<Step>>,
    ) -> Becomes {
        let name = self.base_name(target_name, steps.as_deref());
        let Some(steps) = steps else {
            let pipeline = self.pipeline_name(&name, &[]);
            let mut line = vec![
                "make".to_owned(),
                "-f".to_owned(),
                self.old.to_owned(),
                target_name.replace('%', "\u{e000}"),
            ];
            line.extend(self.variable.map(|variable| format!("{variable}={}", marks::ENVIRONMENT)));
            self.pipelines.insert(pipeline.clone(), vec![Step::Own(table([("command", list(line))]))]);
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
            [] => {
                let chosen = self.variable.and_then(|variable| evals::chosen_by(target, variable));
                return chosen.map_or(Becomes::Nothing, Becomes::Chooses);
            }
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
