//! The whole: a Makefile becomes files of the configuration, a report, and a Makefile that calls infractl.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use toml::Value;

use super::Files;
use super::document::Document;
use super::environments::{self, Environments, in_name};
use super::evaluate::evaluate;
use super::load::load;
use super::makefile::{Is, Item};
use super::maker::{Becomes, Main, Maker};
use super::marks;
use super::note::{At, Entry, Report};
use super::one::{self, One};
use super::shim::{self, Line};
use super::targets;

/// What is proposed.
#[derive(Debug)]
pub(crate) struct Proposal {
    /// Files of the configuration: their paths and texts.
    pub files: Vec<(String, String)>,
    /// The Makefile that calls infractl.
    pub shim: String,
    /// What became of each target: its name, where it stands, and the call.
    pub targets: Vec<Told>,
    /// What became of each line.
    pub lines: Vec<Entry>,
    /// Secrets in clear, and what they are called.
    pub secrets: Vec<(At, String)>,
    /// Names of the environments.
    pub environments: Vec<String>,
    /// Nothing named an environment: the name is ours.
    pub is_guess: bool,
    /// The variable that names the environment.
    pub variable: Option<String>,
}

/// What became of a target.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub at: At,
    /// The call of infractl; none when nothing is left to do.
    pub call: Option<String>,
    /// Whether it is in the Makefile that calls infractl.
    pub is_in_shim: bool,
}

/// More targets than this become no pipelines.
const MOST: usize = 5_000;

/// Too many targets: as many as these.
#[derive(Debug)]
pub(crate) struct TooMany(pub usize);

/// Reads a Makefile; `file` is its name.
pub(crate) fn propose(file: &str, text: &str, files: &Files<'_>) -> Result<Proposal, TooMany> {
    let mut report = Report::default();
    let items = load(file, text, files, &mut report);
    let targets = items.iter().map(|item| match &item.is {
        Is::Rule(rule) => rule.targets.split_whitespace().count(),
        _ => 0,
    });
    let count = targets.sum();
    if count > MOST {
        return Err(TooMany(count));
    }
    let found = environments::find(&items, files);
    let variable = found.variable.as_deref();
    let mut places: IndexMap<String, At> = IndexMap::new();
    let mut secrets = BTreeSet::new();
    let mut all = Vec::new();
    // First what most commands work on, then what they are.
    let main = found.names.first().map(|name| {
        read(
            &items,
            name,
            &found,
            Main::default(),
            files,
            &mut Report::default(),
            &mut BTreeSet::new(),
            &mut IndexMap::new(),
        )
        .1
    });
    for name in &found.names {
        let main = main.clone().unwrap_or_default();
        all.push(read(&items, name, &found, main, files, &mut report, &mut secrets, &mut places).0);
    }
    one::keep_names(&mut all);
    let lines = shim_lines(&all, &found, &places);
    let only = found.names.first().map_or("main", String::as_str);
    let about = shim::About { old: files.old, variable, default: found.default.as_deref(), only };
    let targets = lines.iter().filter_map(|line| told(line, &places, variable, only)).collect();
    let shim = shim::text(&lines, &about);
    Ok(Proposal {
        files: documents(&all, &found),
        shim,
        targets,
        lines: report.finish(),
        secrets: secrets.into_iter().collect(),
        environments: found.names,
        is_guess: found.is_guess,
        variable: found.variable,
    })
}

#[expect(clippy::too_many_arguments, reason = "one pass, called twice")]
fn read(
    items: &[Item],
    name: &str,
    found: &Environments,
    main: Main,
    files: &Files<'_>,
    report: &mut Report,
    secrets: &mut BTreeSet<(At, String)>,
    places: &mut IndexMap<String, At>,
) -> (One, Main) {
    let variable = found.variable.as_deref();
    let mut evaluated = evaluate(items, variable, name, report);
    let values = std::mem::take(&mut evaluated.values);
    let mut maker = Maker::new(&evaluated, values, main, variable, files, report, targets::follow);
    maker.choose();
    maker.exported(&evaluated.exported);
    for (target, is) in &evaluated.targets {
        let other = in_name(target, &found.names).is_some_and(|(environment, _)| environment != name);
        let fixed = is.variables.iter().find(|(set, _)| Some(set.as_str()) == variable);
        let is_other =
            fixed.is_some_and(|(_, value)| value.text != name && found.names.contains(&value.text));
        if !other && !is_other {
            places.entry(target.clone()).or_insert_with(|| is.at.clone());
            maker.target(target);
        }
    }
    secrets.append(&mut maker.secrets);
    let mainly = maker.mainly();
    let tables =
        |steps: &Vec<super::settings::Step>| steps.iter().map(super::settings::Step::table).collect();
    let one = One {
        name: name.to_owned(),
        pipelines: maker.pipelines.iter().map(|(name, steps)| (name.clone(), tables(steps))).collect(),
        settings: maker.settings,
        made: maker.made,
    };
    (one, mainly)
}

/// What all environments share goes into one file, what they differ in into one for each.
fn documents(all: &[One], found: &Environments) -> Vec<(String, String)> {
    let mut defaults = Document::default();
    if let Some(default) = found.default.as_ref().filter(|name| found.names.contains(name)) {
        let path = ["project".to_owned(), "default-environment".to_owned()];
        defaults.set(&path, Value::from(default.as_str()));
    }
    let mut own: Vec<Document> = all.iter().map(|_| Document::default()).collect();
    let is_shared = |get: &dyn Fn(&One) -> Option<String>| {
        let first = all.first().and_then(get);
        first.is_some() && all.iter().all(|one| get(one) == first)
    };
    for (place, one) in all.iter().enumerate() {
        for (path, value) in one.settings.iter() {
            let names: Vec<&str> = path.iter().map(String::as_str).collect();
            let shared = is_shared(&|one| one.settings.get(&names).map(ToString::to_string));
            if shared && place == 0 {
                defaults.set(path, value.clone());
            } else if !shared && let Some(own) = own.get_mut(place) {
                own.set(path, value.clone());
            }
        }
        for (name, steps) in &one.pipelines {
            let shared = is_shared(&|one| one.pipelines.get(name).map(|steps| format!("{steps:?}")));
            if shared && place == 0 {
                defaults.pipelines.insert(name.clone(), steps.clone());
            } else if !shared && let Some(own) = own.get_mut(place) {
                own.pipelines.insert(name.clone(), steps.clone());
            }
        }
    }
    let mut files = Vec::new();
    if !defaults.is_empty() {
        let comment = "What all environments share, as the Makefile had it. `infractl env show ENV --origin` shows what came of it.";
        files.push(("environments/defaults.toml".to_owned(), defaults.text(comment)));
    }
    for (one, own) in all.iter().zip(own) {
        let comment = format!("What `{}` adds to environments/defaults.toml, or changes.", one.name);
        files.push((format!("environments/{}/environment.toml", one.name), own.text(&comment)));
    }
    files
}

/// The targets of all environments, in the order in which they stand.
fn shim_lines(all: &[One], found: &Environments, places: &IndexMap<String, At>) -> Vec<Line> {
    let mut made: IndexMap<&str, Becomes> = IndexMap::new();
    for (target, becomes) in all.iter().flat_map(|one| &one.made) {
        // What has steps in one environment is called in all of them.
        let line = made.entry(target).or_insert(Becomes::Nothing);
        if *line == Becomes::Nothing {
            line.clone_from(becomes);
        }
    }
    made.sort_by_cached_key(|target, _| places.get(*target).cloned());
    let environment = |target: &str| in_name(target, &found.names).map(|(name, _)| name);
    made.into_iter()
        .map(|(target, becomes)| Line {
            target: target.to_owned(),
            becomes,
            environment: environment(target),
        })
        .collect()
}

fn told(line: &Line, places: &IndexMap<String, At>, variable: Option<&str>, only: &str) -> Option<Told> {
    let environment = match (&line.environment, variable) {
        (Some(name), _) => name.as_str(),
        (None, Some(_)) => "ENV",
        (None, None) => only,
    };
    let call = match &line.becomes {
        Becomes::Verb(name) | Becomes::Pipeline(name) | Becomes::Old(name) => {
            Some(format!("infractl {name} {environment}"))
        }
        Becomes::Call(words) => {
            let words: Vec<String> = words
                .iter()
                .map(|word| marks::template(word).replace("{{environment}}", environment))
                .collect();
            Some(format!("infractl {}", words.join(" ")))
        }
        Becomes::Chooses(_) | Becomes::Nothing => None,
    };
    let at = places.get(&line.target)?.clone();
    Some(Told { name: line.target.clone(), at, call, is_in_shim: shim::can_stand(&line.target) })
}
