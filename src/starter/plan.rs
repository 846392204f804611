//! All files of a new project, each with what becomes of it: nothing is written before all of it is known.

use std::path::{Path, PathBuf};

use indexmap::IndexMap;

use super::layout::Found;
use super::sealed::{self, Given};
use super::template::{self, Template};
use super::{adopted, folder, ignore};
use crate::config;
use crate::disk;
use crate::failure::{Failure, Kind};
use crate::secrets::{self, Rules, Store};

/// What is wanted.
pub(crate) struct Choices<'a> {
    /// Name of the project.
    pub name: &'a str,
    /// What root modules begin with; none for a repository that has its own.
    pub template: Option<Template>,
    /// The environments, in the order in which they were named.
    pub environments: &'a [Found],
    /// The rules as they are to be, with their text if that is to be written; none when no rules can be had.
    pub rules: Option<&'a Rules>,
    /// The text of the rules is to be written.
    pub writes_rules: bool,
    /// Secrets whose values were given.
    pub given: &'a [Given],
}

/// What becomes of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is written.
    New,
    /// Lines are added to what is there.
    Added(Vec<String>),
    /// It is there and stays as it is.
    Kept,
}

/// A file of the project.
#[derive(Debug)]
pub(crate) struct Item {
    /// From the folder of the project.
    pub path: PathBuf,
    /// Its whole text.
    pub text: Vec<u8>,
    /// Its mode when it is new.
    pub mode: u32,
    /// What becomes of it.
    pub fate: Fate,
}

/// The files, and what is odd about them.
pub(crate) fn plan(
    store: &Store<'_>,
    choices: &Choices<'_>,
    now: jiff::Timestamp,
) -> Result<(Vec<Item>, Vec<String>), Failure> {
    let root = store.root();
    let mut all = Files { root, items: Vec::new() };
    let mut odd = Vec::new();
    let (found, template, name) = (choices.environments, choices.template, choices.name);
    let first = default_environment(found);
    all.add_lines(".gitignore", ignore::with)?;
    if let Some(rules) = choices.rules.filter(|_| choices.writes_rules) {
        all.rules(rules);
    }
    secrets(store, choices, now, &mut all, &mut odd)?;
    let defaults = match template {
        Some(template) => template.defaults(name, first),
        None => adopted::defaults(name, first, found),
    };
    all.file("environments/defaults.toml", defaults);
    for (number, one) in found.iter().enumerate() {
        let folder = format!("environments/{}", one.name);
        let text = match template {
            Some(template) => template.environment(&one.name, number),
            None => adopted::environment(one, found),
        };
        all.file(format!("{folder}/environment.toml"), text);
        // A second main.tf beside files that are there would make a module that nobody wrote.
        let module = template.and_then(|template| template.root_module(&one.name));
        if let Some(text) =
            module.filter(|_| one.dir.is_none() && !folder::has_root_module(&root.join(&folder)))
        {
            all.file(format!("{folder}/main.tf"), text);
        }
    }
    let schema = serde_json::to_string_pretty(&config::schema()).unwrap_or_default() + "\n";
    all.file("environments/environment.schema.json", schema);
    if let Some(template) = template {
        if let Some(text) = template.credentials() {
            all.file("credentials/common.enc.env.example", text);
        }
        for (path, text) in template.extra() {
            all.file(path, *text);
        }
    }
    all.file("shared/.gitkeep", "");
    let readme =
        template.map_or_else(|| template::readme(name, first), |template| template.readme(name, first));
    all.file("README.md", readme);
    Ok((all.items, odd))
}

/// The one that is meant when none is named: the first that is asked about nothing.
pub(crate) fn default_environment(found: &[Found]) -> &str {
    let free = found.iter().find(|one| !template::is_protected(&one.name));
    free.or(found.first()).map_or("dev", |one| one.name.as_str())
}

/// Files with the secrets that were given. One that is there is not touched: it must have them already.
fn secrets(
    store: &Store<'_>,
    choices: &Choices<'_>,
    now: jiff::Timestamp,
    all: &mut Files<'_>,
    odd: &mut Vec<String>,
) -> Result<(), Failure> {
    let mut files: IndexMap<PathBuf, Vec<&Given>> = IndexMap::new();
    for given in choices.given {
        files.entry(given.file()).or_default().push(given);
    }
    for (path, given) in files {
        let full = store.root().join(&path);
        if full.exists() {
            let known = secrets::names(&full)?;
            let missing: Vec<&str> = given
                .iter()
                .map(|given| given.name.as_str())
                .filter(|name| !known.iter().any(|known| known == name))
                .collect();
            if !missing.is_empty() {
                let failure = Failure::new(
                    Kind::Usage,
                    format!("`{}` is there already, and is not changed by `new`", path.display()),
                );
                let line =
                    |name: &&str| format!("put it in with `infractl secrets set {} {name}`", path.display());
                return Err(missing.iter().map(line).fold(failure, Failure::help));
            }
            all.items.push(Item { path, text: Vec::new(), mode: 0o644, fate: Fate::Kept });
            continue;
        }
        let Some(rules) = choices.rules else {
            return Err(Failure::new(
                Kind::Config,
                format!("nothing says who may read `{}`", path.display()),
            ));
        };
        let (text, remarks) = sealed::seal(store, rules, &path, &given, now)?;
        odd.extend(remarks);
        all.items.push(Item { path, text, mode: 0o644, fate: Fate::New });
    }
    Ok(())
}

struct Files<'a> {
    root: &'a Path,
    items: Vec<Item>,
}

impl Files<'_> {
    /// A file that is written if it is not there.
    fn file(&mut self, path: impl Into<PathBuf>, text: impl Into<Vec<u8>>) {
        let path = path.into();
        let is_there = self.root.join(&path).symlink_metadata().is_ok_and(|meta| !meta.is_dir());
        let fate = if is_there { Fate::Kept } else { Fate::New };
        self.items.push(Item { path, text: text.into(), mode: 0o644, fate });
    }

    /// A file that lines are added to.
    fn add_lines(
        &mut self,
        path: &str,
        with: impl Fn(&[u8]) -> (Vec<u8>, Vec<&'static str>),
    ) -> Result<(), Failure> {
        let full = self.root.join(path);
        let old = if full.is_dir() { None } else { disk::read_if_there(&full)? };
        let (text, added) = with(old.as_deref().unwrap_or_default());
        let fate = match (&old, added.is_empty()) {
            (None, _) => Fate::New,
            (Some(_), true) => Fate::Kept,
            (Some(_), false) => Fate::Added(added.into_iter().map(str::to_owned).collect()),
        };
        self.items.push(Item { path: path.into(), text, mode: 0o644, fate });
        Ok(())
    }

    /// The rules, new or with one more.
    fn rules(&mut self, rules: &Rules) {
        let path = rules.path.strip_prefix(self.root).unwrap_or(&rules.path).to_owned();
        let fate = match rules.path.exists() {
            true => Fate::Added(vec!["a rule for credentials/".to_owned()]),
            false => Fate::New,
        };
        self.items.push(Item { path, text: rules.text.clone().into_bytes(), mode: 0o644, fate });
    }
}
