//! The project on disk: its root, its environments, and one of them loaded.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::config::called;
use crate::config::check::{self, Issue};
use crate::config::ear::Ear;
use crate::config::environment::Environment;
use crate::config::known::{Known, version};
use crate::config::node::Node;
use crate::config::origin::Document;
use crate::config::resolve::{self, Setting};
use crate::config::scenarios::{self, Asked};
use crate::config::source::{self, Parsed};
use crate::config::step::unchecked;
use crate::config::template::is_environment_name;
use crate::config::{model, rules};
use crate::failure::{Failure, Kind, Problem};
use crate::text;

pub(super) const DEFAULTS: &str = "environments/defaults.toml";
/// Environments whose files are read for the names of pipelines: a shell waits for them.
const LOOKED_AT: usize = 20;
/// More problems than this help nobody.
const SHOWN: usize = 50;

/// A project: the nearest folder upwards that holds `environments/`.
#[derive(Debug, Clone)]
pub struct Project {
    /// Its folder, absolute.
    pub root: PathBuf,
    /// Its name.
    pub name: String,
    /// Names of the environments found on disk, in order.
    pub environments: Vec<String>,
    /// Environment of verbs that are called without one.
    pub default_environment: Option<String>,
    /// infractl's own environment, for `{{var.NAME}}` and `~`.
    pub vars: BTreeMap<OsString, OsString>,
    pub(super) defaults: Arc<Parsed>,
    /// Hears of keys that have another name now.
    pub(crate) ear: Ear,
}

impl Project {
    /// The project that `start` is in, or the one in `dir` when that is given.
    pub fn find(start: &Path, dir: Option<&Path>) -> Result<Project, Failure> {
        let start = std::path::absolute(start).unwrap_or_else(|_| start.to_owned());
        let root = match dir {
            Some(dir) => named(&start.join(dir))?,
            None => nearest(&start).ok_or_else(|| {
                let here = start.display();
                Failure::new(Kind::Usage, format!("no project here: no `environments/` in `{here}` or above"))
                    .help("change into the project, or name its folder with `-C DIR`")
                    .help("or begin one here: write `environments/dev/environment.toml`")
            })?,
        };
        let defaults = source::read(&root, DEFAULTS, 0);
        minimum_version(&defaults)?;
        let folder = || root.file_name().map(|name| name.to_string_lossy().into_owned());
        let text = |keys: &[&str]| defaults.root.at(keys).and_then(Node::text).map(str::to_owned);
        Ok(Project {
            name: text(&["project", "name"]).or_else(folder).unwrap_or_else(|| "project".to_owned()),
            default_environment: text(&["project", "default-environment"]),
            environments: environments(&root)?,
            vars: BTreeMap::new(),
            defaults: Arc::new(defaults),
            ear: Ear::default(),
            root,
        })
    }

    /// The same project, seen with these variables of infractl's own environment.
    #[must_use]
    pub fn with_vars(mut self, vars: BTreeMap<OsString, OsString>) -> Project {
        self.vars = vars;
        self
    }

    /// One environment, checked and ready to use. Reads its own file and `defaults.toml`, no other.
    pub fn environment(&self, name: &str) -> Result<Environment, Failure> {
        self.environment_in(name, Asked::Nothing)
    }

    /// The same with the scenario that is asked for.
    pub(crate) fn environment_in(&self, name: &str, asked: Asked<'_>) -> Result<Environment, Failure> {
        self.known(name)?;
        let path = format!("environments/{name}/environment.toml");
        let own = source::read(&self.root, &path, 1);
        minimum_version(&own)?;
        let mut merged = self.defaults.root.clone();
        merged.merge(own.root.clone());

        let readable = self.defaults.problems.is_empty() && own.problems.is_empty();
        let known = readable.then(|| Known::of(&merged, &self.environments));
        let chosen = self.scenario(&merged, name, asked);
        let scenario = chosen.as_ref().ok().and_then(Option::as_ref);
        let (root, project, vars) = (&*self.root, &*self.name, &self.vars);
        let setting = Setting { root, project, environment: name, vars, scenario };
        let files = [&self.defaults.source, &own.source];
        let mut issues = Vec::new();
        for parsed in [&*self.defaults, &own].into_iter().filter(|parsed| parsed.problems.is_empty()) {
            issues.extend(check::file(files, &parsed.root, known.as_ref()));
            issues.extend(rules::file(&parsed.root));
            issues.extend(self.ear.hears(parsed));
        }
        let mut json = serde_json::Value::Null;
        if readable {
            issues.extend(rules::scenarios(&merged));
            if let Some(scenario) = scenario {
                scenarios::lay(&mut merged, scenario);
            }
            issues.extend(rules::document(&merged, name));
            let expanded = called::expanded(&merged);
            let whole = expanded.as_ref().unwrap_or(&merged);
            called::copies(whole, &mut |copy| issues.extend(check::pipeline(files, copy, known.as_ref())));
            let resolved = resolve::document(whole, setting);
            json = resolved.0;
            issues.extend(resolved.1);
        }
        let syntax = self.defaults.problems.iter().chain(&own.problems).cloned();
        failed(syntax, issues, files)?;
        let chosen = chosen?;
        let setting = Setting { root, project, environment: name, vars, scenario: chosen.as_ref() };

        let file: model::File =
            serde_json::from_value(json).map_err(|error| unchecked(&format!("`{error}`")))?;
        let files = vec![self.defaults.source.clone(), own.source];
        let document = Document { files, root: merged };
        if !document.foreign_below(&[]).is_empty() {
            self.order(&[name.to_owned()])?;
        }
        Environment::new(file, setting, Arc::new(document))
    }

    /// An error when `defaults.toml` is wrong about the environment that is meant by default.
    pub fn check_default(&self) -> Result<(), Failure> {
        let Parsed { source, root, problems, .. } = &*self.defaults;
        let default = root.at(&["project", "default-environment"]);
        let known = Known::of(root, &self.environments);
        let issues = check::file([source, source], root, Some(&known));
        let is_default = |issue: &Issue| default.is_some_and(|node| node.place == issue.place);
        failed(problems.iter().cloned(), issues.into_iter().filter(is_default).collect(), [source, source])
    }

    /// Names of the pipelines that its files declare, sorted; what is wrong with the files does not matter here.
    pub fn pipelines(&self) -> Vec<String> {
        let names = |root: &Node| -> Vec<String> {
            let table = root.get("pipelines").and_then(Node::table);
            table.into_iter().flat_map(|table| table.keys().cloned()).collect()
        };
        let mut all = names(&self.defaults.root);
        for name in self.environments.iter().take(LOOKED_AT) {
            let path = format!("environments/{name}/environment.toml");
            all.extend(names(&source::read(&self.root, &path, 1).root));
        }
        all.sort();
        all.dedup();
        all
    }

    /// The same; none if there are more environments than that looks at.
    pub fn all_pipelines(&self) -> Option<Vec<String>> {
        (self.environments.len() <= LOOKED_AT).then(|| self.pipelines())
    }

    /// An error when there is no environment of that name.
    pub fn known(&self, name: &str) -> Result<(), Failure> {
        if self.environments.iter().any(|known| known == name) {
            return Ok(());
        }
        if !is_environment_name(name) {
            let message = format!("`{}` is not the name of an environment", name.escape_debug());
            return Err(Failure::new(Kind::Usage, message)
                .help("use letters, digits, `.`, `_` and `-`, and a letter or digit first"));
        }
        let failure = Failure::new(Kind::Usage, format!("unknown environment `{name}`"));
        Err(match text::nearest(name, &self.environments) {
            Some(near) => failure.help(format!("did you mean `{near}`?")),
            None => failure,
        }
        .help(match self.environments.as_slice() {
            [] => "write a first one: `environments/dev/environment.toml`".to_owned(),
            known => format!("use {}", text::list(known, "or")),
        }))
    }
}

fn named(dir: &Path) -> Result<PathBuf, Failure> {
    if dir.join("environments").is_dir() {
        let winding = dir.components().any(|part| part == Component::ParentDir);
        let straight = if winding { dir.canonicalize().ok() } else { None };
        return Ok(straight.unwrap_or_else(|| dir.components().collect()));
    }
    let failure = Failure::new(Kind::Usage, format!("no project in `{}`: no `environments/`", dir.display()));
    Err(match nearest(dir) {
        Some(above) => failure.help(format!("use `-C {}`", above.display())),
        None => failure.help("name the folder that holds `environments/`"),
    })
}

/// The nearest folder upwards whose `environments/` holds files of infractl; a bare `environments/` (there are
/// repositories with `terraform/environments/`) counts only when there is no such folder above it.
fn nearest(start: &Path) -> Option<PathBuf> {
    let mut bare = None;
    for folder in start.ancestors() {
        let environments = folder.join("environments");
        if !environments.is_dir() {
            continue;
        }
        if environments.join("defaults.toml").exists() || has_environment_file(&environments) {
            return Some(folder.to_owned());
        }
        bare.get_or_insert_with(|| folder.to_owned());
    }
    bare
}

fn has_environment_file(environments: &Path) -> bool {
    let entries = environments.read_dir().into_iter().flatten().flatten();
    entries.into_iter().any(|entry| entry.path().join("environment.toml").exists())
}

fn environments(root: &Path) -> Result<Vec<String>, Failure> {
    let folder = root.join("environments");
    let entries = folder.read_dir().map_err(|error| {
        let message = format!("`{}` cannot be read: {error}", folder.display());
        Failure::new(Kind::Config, message).help("give yourself the right to read it")
    })?;
    let mut names: Vec<String> = entries
        .flatten()
        .filter(|entry| match entry.file_type() {
            Ok(kind) => kind.is_dir() || (kind.is_symlink() && entry.path().is_dir()),
            Err(_) => false,
        })
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| is_environment_name(name))
        .collect();
    names.sort();
    Ok(names)
}

/// The first thing to know about a project that was written for a later infractl.
fn minimum_version(parsed: &Parsed) -> Result<(), Failure> {
    let Some(node) = parsed.root.at(&["project", "minimum-version"]) else { return Ok(()) };
    let Some(text) = node.text() else { return Ok(()) };
    let own = env!("CARGO_PKG_VERSION");
    match (version(text), version(own)) {
        (Some(wanted), Some(have)) if have < wanted => {
            let message = format!("this project asks for infractl {text} or later; this is {own}");
            let problem = source::problem(
                &parsed.source,
                &node.place,
                message,
                vec![format!("install infractl {text} or later")],
            );
            Err(Failure::problems(Kind::Config, vec![problem]))
        }
        _ => Ok(()),
    }
}

/// All that is wrong as one failure, in the order of the files.
fn failed(
    syntax: impl Iterator<Item = Problem>,
    mut issues: Vec<Issue>,
    files: [&source::Source; 2],
) -> Result<(), Failure> {
    issues.sort_by_key(|issue| (issue.place.file, issue.place.span.start));
    let mut seen: Vec<Issue> = Vec::new();
    issues.retain(|issue| {
        !seen.contains(issue) && {
            seen.push(issue.clone());
            true
        }
    });
    let mut problems: Vec<Problem> = syntax.collect();
    let total = problems.len() + issues.len();
    if total == 0 {
        return Ok(());
    }
    problems.truncate(SHOWN);
    for issue in issues.into_iter().take(SHOWN - problems.len()) {
        problems.push(source::problem(files[issue.place.file], &issue.place, issue.message, issue.help));
    }
    let shown = problems.len();
    let failure = Failure::problems(Kind::Config, problems);
    if total > shown {
        return Err(failure.help(format!("mend these first: {} more are not shown", total - shown)));
    }
    Err(failure)
}
