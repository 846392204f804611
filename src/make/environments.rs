//! Which variable names the environment, and which environments there are.

use std::collections::BTreeSet;
use std::path::Path;

use super::Files;
use super::evals;
use super::expand::{Values, Variable};
use super::makefile::{Compared, Condition, How, Is, Item};
use super::marks;
use super::words::join;
use crate::config::is_environment_name;

/// Names of variables that name an environment, the surest first.
const VARIABLES: [&str; 19] = [
    "ENV",
    "ENVIRONMENT",
    "env",
    "environment",
    "TF_ENV",
    "DEPLOY_ENV",
    "TARGET_ENV",
    "ENV_NAME",
    "ENVIRONMENT_NAME",
    "APP_ENV",
    "STAGE",
    "stage",
    "WORKSPACE",
    "workspace",
    "TF_WORKSPACE",
    "WS",
    "ws",
    "STACK",
    "stack",
];
/// Names that environments have where a target is named after one.
const NAMES: [&str; 24] = [
    "dev",
    "development",
    "test",
    "testing",
    "qa",
    "uat",
    "int",
    "integration",
    "rec",
    "staging",
    "stage",
    "stg",
    "preprod",
    "pre-prod",
    "preproduction",
    "prod",
    "production",
    "prd",
    "sandbox",
    "demo",
    "lab",
    "local",
    "perf",
    "recette",
];
/// Those of them that alone are rather what a target does: `test`, `test-unit`.
const OF_TESTS: [&str; 4] = ["int", "integration", "test", "testing"];
/// Names beside those of environments that are none.
const NOT_ONE: [&str; 7] = ["common", "shared", "all", "secret", "secrets", "terraform", "backend"];
/// More environments than this are a list of something else.
const MOST: usize = 40;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Environments {
    /// The variable that names the environment.
    pub variable: Option<String>,
    /// The environment of a call that names none.
    pub default: Option<String>,
    /// Their names, sorted.
    pub names: Vec<String>,
    /// Nothing named one: the name is ours.
    pub is_guess: bool,
}

/// Looks for them in the lines of a Makefile and in the folders they speak of.
pub(super) fn find(items: &[Item], files: &Files<'_>) -> Environments {
    let variable = variable(items);
    let mut names = BTreeSet::new();
    let mut default = None;
    let values = plain_values(items, variable.as_deref());
    let lines: Vec<String> =
        items.iter().flat_map(|item| texts(&item.is)).map(|text| values.expand(text)).collect();
    let folders = folders(&lines);
    let words: BTreeSet<&str> = lines.iter().flat_map(|text| paths(text)).collect();
    for word in words {
        for folder in &folders {
            on_disk(word, folder, files, &mut names);
        }
    }
    if let Some(variable) = &variable {
        default = items.iter().find_map(|item| match &item.is {
            Is::Set(set) if set.name == *variable && set.targets.is_empty() && set.how != How::Shell => {
                Some(set.value.trim().trim_matches(['"', '\'']).to_owned())
                    .filter(|name| is_environment_name(name))
            }
            _ => None,
        });
        names.extend(default.clone());
        for item in items {
            named(&item.is, variable, &values, &mut names);
            for text in texts(&item.is) {
                listed(&values.expand(text), variable, &mut names);
            }
        }
    }
    let rules = items.iter().filter_map(|item| if let Is::Rule(rule) = &item.is { Some(rule) } else { None });
    let targets = rules.flat_map(|rule| rule.targets.split_whitespace());
    let told: BTreeSet<String> =
        targets.filter_map(|target| in_name(target, &NAMES)).map(|(name, _)| name).collect();
    if told.iter().any(|name| !OF_TESTS.contains(&name.as_str())) {
        names.extend(told);
    }
    names.retain(|name| is_environment_name(name));
    let is_guess = names.is_empty();
    if is_guess {
        names.insert("main".to_owned());
    }
    Environments { variable, default, names: names.into_iter().take(MOST).collect(), is_guess }
}

/// The first of the usual names that the lines set or use.
fn variable(items: &[Item]) -> Option<String> {
    let is_used = |name: &str| {
        let forms = [format!("$({name})"), format!("${{{name}}}")];
        items.iter().any(|item| match &item.is {
            Is::Set(set) if set.name == name => true,
            Is::If(Condition { of: Compared::Defined(defined), .. }) if defined == name => true,
            is => texts(is).iter().any(|text| forms.iter().any(|form| text.contains(form.as_str()))),
        })
    };
    VARIABLES.iter().find(|name| is_used(name)).map(|name| (*name).to_owned())
}

/// Variables that are set once, with the environment as a mark.
fn plain_values(items: &[Item], variable: Option<&str>) -> Values {
    let mut values =
        super::evaluate::evaluate(items, variable, "", &mut super::note::Report::default()).values;
    let text = marks::ENVIRONMENT.to_string();
    values.all.insert("*".to_owned(), Variable { text, ..Variable::default() });
    values
}

fn texts(is: &Is) -> Vec<&str> {
    match is {
        Is::Set(set) => vec![&set.value],
        Is::Rule(rule) => vec![&rule.targets, &rule.needs],
        Is::Recipe(text) => vec![text],
        Is::If(Condition { of: Compared::Texts(left, right), .. }) => vec![left, right],
        _ => Vec::new(),
    }
}

/// What the variable is compared with, and what it is for one target.
fn named(is: &Is, variable: &str, values: &Values, names: &mut BTreeSet<String>) {
    let is_variable = |text: &str| values.expand(text).trim() == marks::ENVIRONMENT.to_string();
    match is {
        Is::If(Condition { of: Compared::Texts(left, right), .. })
        | Is::Else(Some(Condition { of: Compared::Texts(left, right), .. })) => {
            for (one, other) in [(left, right), (right, left)] {
                if is_variable(one) && !other.contains('$') {
                    names.extend((!other.trim().is_empty()).then(|| other.trim().to_owned()));
                }
            }
        }
        Is::Set(set) if set.name == variable && !set.targets.is_empty() && !set.value.contains('$') => {
            names.insert(set.value.trim().to_owned());
        }
        Is::Recipe(line) => names.extend(evals::chosen([line.as_str()].into_iter(), variable)),
        _ => {}
    }
}

/// `ENV=dev|test|prod`, `ENV must be dev or prod`, `$(filter $(ENV),dev prod)`.
fn listed(text: &str, variable: &str, names: &mut BTreeSet<String>) {
    for (at, _) in text.match_indices(&format!("{variable}=")) {
        let value = &text[at + variable.len() + 1..];
        let value = value.trim_start_matches(['[', '<', '(', '{', '"', '\'']);
        let end =
            value.find(|c: char| !c.is_ascii_alphanumeric() && !"._-|/,".contains(c)).unwrap_or(value.len());
        let all: Vec<&str> = value[..end].split(['|', '/', ',']).filter(|name| !name.is_empty()).collect();
        let is_list = all.len() > 1 || all.iter().all(|name| NAMES.contains(name));
        names.extend(all.into_iter().filter(|_| is_list).map(str::to_owned));
    }
}

/// Where paths begin: the project, and what is gone to with `cd` and `-chdir`.
fn folders(lines: &[String]) -> BTreeSet<String> {
    let mut all = BTreeSet::from([String::new()]);
    for text in lines {
        for word in ["cd ", "-chdir="] {
            let rests = text.match_indices(word).map(|(at, _)| &text[at + word.len()..]);
            let paths = rests.filter_map(|rest| rest.split_whitespace().next());
            let plain = paths.filter_map(|path| join("", &marks::plain(path.trim_matches(['"', '\'']))?));
            all.extend(plain.filter(|path| !path.contains(marks::ENVIRONMENT)));
        }
        if all.len() > MOST {
            break;
        }
    }
    all
}

/// The words with the environment in them. One that is nothing else is a folder only where somebody goes to it.
fn paths(text: &str) -> impl Iterator<Item = &str> {
    let is_border = |c: char| c.is_whitespace() || "\"'=;&|()<>".contains(c);
    let goes_there =
        ["cd ", "-chdir="].iter().any(|word| text.contains(&format!("{word}{}", marks::ENVIRONMENT)));
    text.split(is_border)
        .filter(|word| word.contains(marks::ENVIRONMENT))
        .filter(move |word| goes_there || word.chars().ne([marks::ENVIRONMENT]))
}

/// The folders and files that a path with the environment in it stands for.
fn on_disk(word: &str, from: &str, files: &Files<'_>, names: &mut BTreeSet<String>) {
    let Some((before, after)) = word.split_once(marks::ENVIRONMENT) else { return };
    let (folder, start) = before.rsplit_once('/').unwrap_or((".", before));
    let folder =
        marks::plain(folder).and_then(|folder| join(from, &folder)).filter(|path| !path.contains('$'));
    let Some(folder) = folder else { return };
    let folder = if folder.is_empty() { ".".to_owned() } else { folder };
    let end = after.split(['/', marks::ENVIRONMENT]).next().unwrap_or_default();
    let is_folder = after.starts_with('/') || after.is_empty();
    for name in (files.list)(&folder) {
        let (name, is_dir) = name.strip_suffix('/').map_or((name.as_str(), false), |name| (name, true));
        let Some(stem) = name.strip_prefix(start).and_then(|name| name.strip_suffix(end)) else { continue };
        // A folder counts when it is a root module or holds some, a file when its name has more than the environment.
        let is_module = |names: &[String]| {
            names.iter().any(|name| Path::new(name).extension().is_some_and(|end| end == "tf"))
        };
        let is_root = || {
            let Some(folder) = join(&folder, name) else { return false };
            let inside = (files.list)(&folder);
            let mut below = inside.iter().filter_map(|name| join(&folder, name.strip_suffix('/')?));
            is_module(&inside) || after.len() > 1 && below.any(|folder| is_module(&(files.list)(&folder)))
        };
        let is_one =
            if is_dir { is_folder && start.is_empty() && is_root() } else { !is_folder && end.len() > 1 };
        if is_one && !NOT_ONE.contains(&stem) {
            names.insert(stem.to_owned());
        }
    }
}

/// The environment in the name of a target, and the rest of it: `plan-dev`, `dev_plan`, `dev`.
pub(super) fn in_name<S: AsRef<str>>(target: &str, names: &[S]) -> Option<(String, String)> {
    let is_border = |c: char| matches!(c, '-' | '_' | '.' | '/' | ':');
    for name in names.iter().map(AsRef::as_ref) {
        let rest = if target == name {
            Some("")
        } else if let Some(rest) = target.strip_prefix(name).filter(|rest| rest.starts_with(is_border)) {
            Some(rest.trim_start_matches(is_border))
        } else {
            target
                .strip_suffix(name)
                .filter(|rest| rest.ends_with(is_border))
                .map(|rest| rest.trim_end_matches(is_border))
        };
        if let Some(rest) = rest {
            return Some((name.to_owned(), rest.to_owned()));
        }
    }
    None
}
