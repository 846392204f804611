//! A Makefile for one environment: the values of its variables, the conditions that hold, its targets.

use indexmap::IndexMap;

use super::expand::{Values, Variable};
use super::makefile::{Compared, Condition, How, Is, Item, Rule, Set};
use super::marks;
use super::note::{At, Report, Verdict};
use super::secret;

/// A target.
#[derive(Debug, Clone)]
pub(super) struct Target {
    /// Where it is first named with a recipe, or at all.
    pub at: At,
    /// What it needs, in order.
    pub needs: Vec<String>,
    /// Its lines for the shell, as written.
    pub recipe: Vec<(At, String)>,
    /// Variables for it alone.
    pub variables: Vec<(String, Variable)>,
}

/// What a Makefile is for one environment.
#[derive(Debug)]
pub(super) struct Evaluated {
    pub values: Values,
    pub targets: IndexMap<String, Target>,
    /// Variables that programs see, with the place of their line.
    pub exported: Vec<(String, At)>,
    /// All lines of a recipe are one script.
    pub is_one_shell: bool,
    /// Secrets in clear: where, and what they are called.
    pub secrets: Vec<(At, String)>,
}

/// Reads the lines for one environment. `variable` is the one that names it.
pub(super) fn evaluate(
    items: &[Item],
    variable: Option<&str>,
    environment: &str,
    report: &mut Report,
) -> Evaluated {
    let mut made = Evaluated {
        values: Values::new(environment),
        targets: IndexMap::new(),
        exported: Vec::new(),
        is_one_shell: false,
        secrets: Vec::new(),
    };
    if let Some(name) = variable {
        let text = marks::ENVIRONMENT.to_string();
        made.values.all.insert(name.to_owned(), Variable { text, ..Variable::default() });
    }
    // For each open condition: whether its lines count now, and whether one of its branches has counted.
    let mut open: Vec<(bool, bool)> = Vec::new();
    let mut current: Vec<String> = Vec::new();
    for item in items {
        let counts = open.iter().all(|(counts, _)| *counts);
        match &item.is {
            Is::If(condition) => {
                let holds = counts && holds(condition, &made.values);
                open.push((holds, holds));
                report.say(&item.at, Verdict::Understood, "decided for each environment");
            }
            Is::Else(condition) => {
                let outer = open.iter().rev().skip(1).all(|(counts, _)| *counts);
                if let Some((counts, had)) = open.last_mut() {
                    let holds = condition.as_ref().is_none_or(|condition| holds(condition, &made.values));
                    *counts = outer && !*had && holds;
                    *had |= *counts;
                }
                report.say(&item.at, Verdict::Understood, "");
            }
            Is::Endif => {
                open.pop();
                report.say(&item.at, Verdict::Understood, "");
            }
            Is::Unknown(why) => report.say(&item.at, Verdict::Unsure, *why),
            Is::Directive => report.say(&item.at, Verdict::Understood, "a matter of make"),
            _ if !counts => {}
            Is::Set(set) => made.set(set, &item.at, variable, report),
            Is::Rule(rule) => current = made.rule(rule, &item.at, report),
            Is::Recipe(text) => {
                for name in &current {
                    if let Some(target) = made.targets.get_mut(name) {
                        target.recipe.push((item.at.clone(), text.clone()));
                    }
                }
            }
            Is::Export(names) => {
                made.exported.extend(names.iter().map(|name| (name.clone(), item.at.clone())));
                report.say(&item.at, Verdict::Understood, "");
            }
            Is::Blank | Is::Include(..) => {}
        }
    }
    made
}

fn holds(condition: &Condition, values: &Values) -> bool {
    let is = match &condition.of {
        Compared::Defined(name) => values.all.contains_key(name.as_str()),
        Compared::Texts(left, right) => {
            let value = |text: &str| marks::known(&values.expand(text), &values.environment);
            value(left).unwrap_or_default().trim() == value(right).unwrap_or_default().trim()
        }
    };
    is != condition.is_negated
}

impl Evaluated {
    fn set(&mut self, set: &Set, at: &At, variable: Option<&str>, report: &mut Report) {
        let name = set.name.as_str();
        if Some(name) == variable && set.targets.is_empty() {
            return report.say(at, Verdict::Understood, format!("`{name}` names the environment"));
        }
        let is_literal = !set.value.contains('$') && !set.value.contains('\n');
        let is_secret = is_literal && secret::is_secret(name, &set.value);
        if is_secret {
            self.secrets.push((at.clone(), name.to_owned()));
            report.hide(at, &set.value);
            let note = format!(
                "a secret in clear: not copied; put it into a file of secrets: `infractl secrets set ENV {name}`"
            );
            report.say(at, Verdict::Unsure, note);
        }
        let now = |values: &Values, report: &mut Report| {
            let (text, doubts) = values.expand_with_doubts(&set.value);
            for doubt in doubts {
                report.say(at, Verdict::Unsure, doubt);
            }
            text
        };
        let mut made = match set.how {
            How::Late => Variable { text: set.value.clone(), is_late: true, ..Variable::default() },
            How::Now => Variable { text: now(&self.values, report), ..Variable::default() },
            How::Unless if self.values.all.contains_key(name) => {
                return report.say(at, Verdict::Understood, "");
            }
            How::Unless => {
                Variable { text: set.value.clone(), is_late: true, is_outer: true, ..Variable::default() }
            }
            How::Shell => {
                report.say(at, Verdict::Unsure, "what a command prints: it was not run");
                Variable { text: format!("$({})", now(&self.values, report)), ..Variable::default() }
            }
            How::More => {
                let old = self.values.all.get(name).cloned().unwrap_or_default();
                let more = if old.is_late { set.value.clone() } else { self.values.expand(&set.value) };
                let text = if old.text.is_empty() { more } else { format!("{} {more}", old.text) };
                // A line after the other can double it.
                if text.len() > 1024 * 1024 { old } else { Variable { text, ..old } }
            }
        };
        made.is_secret = is_secret;
        if !set.targets.is_empty() {
            for text in &set.targets {
                let target = self.values.expand(text);
                let is_chosen = Some(name) == variable;
                self.target(&target, at).variables.push((name.to_owned(), made.clone()));
                let note = if is_chosen { "the environment of that target" } else { "for that target" };
                report.say(at, Verdict::Understood, note);
            }
            return;
        }
        if set.is_exported {
            self.exported.push((name.to_owned(), at.clone()));
        }
        self.values.all.insert(name.to_owned(), made);
        report.say(at, Verdict::Understood, "");
    }

    fn target(&mut self, name: &str, at: &At) -> &mut Target {
        self.targets.entry(name.to_owned()).or_insert_with(|| Target {
            at: at.clone(),
            needs: Vec::new(),
            recipe: Vec::new(),
            variables: Vec::new(),
        })
    }

    /// The targets that recipe lines belong to from now on.
    fn rule(&mut self, rule: &Rule, at: &At, report: &mut Report) -> Vec<String> {
        let words = |values: &Values, text: &str| -> Vec<String> {
            let text = values.expand(text).replace(marks::ENVIRONMENT, &values.environment);
            text.split_whitespace().map(str::to_owned).collect()
        };
        let names = words(&self.values, &rule.targets);
        report.say(at, Verdict::Understood, "");
        if names.iter().any(|name| name == ".ONESHELL") {
            self.is_one_shell = true;
        }
        // What stands behind a `|` is needed as well; only its age means nothing.
        let needs = words(&self.values, &rule.needs.replace('|', " "));
        let names: Vec<String> = names.into_iter().filter(|name| !is_special(name)).collect();
        for name in &names {
            let target = self.target(name, at);
            target.needs.extend(needs.iter().filter(|need| !is_special(need)).cloned());
            target.at = if target.recipe.is_empty() { at.clone() } else { target.at.clone() };
        }
        names
    }
}

/// `.PHONY` and its like: words of make, no targets.
fn is_special(name: &str) -> bool {
    name.starts_with('.') && name[1..].chars().all(|c| c.is_ascii_uppercase() || c == '_') && name.len() > 1
}
