//! What is made of a Makefile for one environment: settings, pipelines, and what is said of each line.

use std::collections::{BTreeSet, HashSet};

use indexmap::IndexMap;
use toml::Value;

use super::Files;
use super::evals;
use super::evaluate::{Evaluated, Target};
use super::expand::{Values, Variable};
use super::marks;
use super::note::{At, Report, Verdict};
use super::secret;
use super::settings::{Settings, Step};

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
    /// It sets the variable that names the environment, for the targets that are named behind it.
    Chooses(String),
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
    /// Variables of terraform that have one value here and another there.
    pub torn: BTreeSet<String>,
}

/// The steps of a target, with variables of its own.
pub(super) type Follow = fn(&mut Maker<'_>, &str, Vec<(String, Variable)>) -> Option<Vec<Step>>;

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
    /// How the steps of a target are found.
    pub follow: Follow,
    /// Targets whose name has a `%`.
    pub patterns: Vec<&'a str>,
    /// How often a name was taken.
    pub numbers: IndexMap<String, usize>,
    kept_files: BTreeSet<String>,
    torn: BTreeSet<String>,
    /// Lines that were counted, however often their target is read.
    counted: BTreeSet<(At, String)>,
    dirs: IndexMap<String, usize>,
    playbooks: IndexMap<String, usize>,
    pub targets: &'a IndexMap<String, Target>,
    pub variable: Option<&'a str>,
    pub is_one_shell: bool,
    pub old: &'a str,
    pub open: Vec<String>,
    /// Targets that set variables for those that follow.
    pub setters: HashSet<&'a str>,
    /// What recipes have set, and what it was before.
    pub evaluated: Vec<(String, Option<Variable>)>,
    /// Those of them that programs see.
    pub seen_by_programs: IndexMap<String, String>,
}

impl<'a> Maker<'a> {
    pub(super) fn new(
        evaluated: &'a Evaluated,
        values: Values,
        main: Main,
        variable: Option<&'a str>,
        files: &'a Files<'a>,
        report: &'a mut Report,
        follow: Follow,
    ) -> Maker<'a> {
        Maker {
            follow,
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
            torn: BTreeSet::new(),
            counted: BTreeSet::new(),
            dirs: IndexMap::new(),
            playbooks: IndexMap::new(),
            targets: &evaluated.targets,
            variable,
            is_one_shell: evaluated.is_one_shell,
            old: files.old,
            open: Vec::new(),
            setters: evals::setters(&evaluated.targets),
            evaluated: Vec::new(),
            seen_by_programs: IndexMap::new(),
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
            if let ["terraform", "vars", name] = path {
                self.torn.insert((*name).to_owned());
            }
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
        marks::shown(self.main.dir.as_deref().unwrap_or("."))
    }

    /// A root module that a command works on.
    pub(super) fn saw_dir(&mut self, at: &At, dir: &str, action: &str) {
        if !self.counted.insert((at.clone(), dir.to_owned())) {
            return;
        }
        let names_it = self.open.last().is_some_and(|target| target.contains(action) && !action.is_empty());
        let weight = match action {
            "plan" | "apply" | "destroy" => 2,
            "init" => 1,
            _ => 0,
        };
        let weight = weight + usize::from(names_it) + 3 * usize::from(dir.contains(marks::ENVIRONMENT));
        *self.dirs.entry(dir.to_owned()).or_default() += weight;
    }

    pub(super) fn saw_playbook(&mut self, at: &At, playbook: &str) {
        if !self.counted.insert((at.clone(), playbook.to_owned())) {
            return;
        }
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
        Main { dir: best(&self.dirs), playbook: best(&self.playbooks), torn: self.torn.clone() }
    }
}
