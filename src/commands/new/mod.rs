//! Begin a project, or adopt a repository that is there.

mod said;
mod key;
mod hook;
mod given;
mod questions;

use std::path::{Path, PathBuf};

use super::Global;
use crate::config::is_environment_name;
use crate::context::Ctx;
use crate::disk::repository;
use crate::failure::{Failure, Kind, Problem};
use crate::secrets::{Keys, Nobody, Store};
use crate::starter::{self, Choices, Fate, Item, Layout, Note, Seen, Template};
use crate::text;
use crate::ui::prompt;
use said::Done;
pub(super) use said::Written;

/// Begin a project, or adopt a repository that is there
///
/// Writes environments, rules and files of secrets, `.gitignore`, a hook and a README. What is there is never written over:
/// root modules, files of variables and files of secrets are found and named in the configuration. An age or SSH key of
/// yours is used, else a new one is made. At a terminal it asks for what no flag says; off a terminal it asks nothing.
/// See `infractl help new.md`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  infractl new shop --template aws --environments dev,prod\n  \
                        pass show db | infractl new . --no-input --set DB_PASSWORD=-")]
pub struct NewArgs {
    /// Folder of the project; `.` is this one
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
    /// What root modules begin with: `empty`, `aws`, `azure`, `ovh` or `lab` [default: `empty`; none where there are
    /// root modules already]
    #[arg(long, value_enum, value_name = "NAME", hide_possible_values = true)]
    template: Option<Template>,
    /// Environments [default: those that are found, else `dev,prod`]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    environments: Vec<String>,
    /// Name of the project [default: that of its folder]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Put a secret in: `NAME` is taken from the variable of that name, `NAME=env:VARIABLE` from another one, `NAME=-` from
    /// standard input; `ENV:NAME` is for one environment. Never the value itself
    #[arg(long, value_name = "[ENV:]NAME[=SOURCE]", value_parser = given::hidden)]
    set: Vec<secrecy::SecretString>,
    /// Make no git repository where there is none, and no hook
    #[arg(long)]
    no_git: bool,
}

/// Everything that is known before the files are planned.
struct Known {
    root: PathBuf,
    seen: Seen,
    layout: Layout,
    note: Note,
}

/// Writes it.
pub(crate) async fn run(cx: &Ctx, global: &Global, args: &NewArgs) -> Result<(), Failure> {
    let wanted = given::wanted(&args.set)?;
    let root = root(cx, args)?;
    let seen = starter::look(&root);
    is_meant(cx, global, args, &root, &seen)?;
    let known = known(cx, args, root, seen)?;
    let given = given::values(cx, &wanted, &known.names())?;
    let given = questions::secrets(cx, known.note.template, given, &known.root)?;
    let Known { root, seen, layout, note } = &known;
    let access = key::access(cx, root, !given.is_empty()).await?;
    let store = Store::new(
        root,
        Keys::new(cx.vars.0.clone(), Vec::new(), std::sync::Arc::new(Nobody)),
        cx.runner.as_ref(),
    );
    let choices = Choices {
        name: &note.name,
        template: note.template,
        environments: &layout.environments,
        rules: access.rules.as_ref(),
        writes_rules: access.writes_rules,
        given: &given,
    };
    let (mut items, odd) = starter::plan(&store, &choices, (cx.now)())?;
    for remark in odd {
        cx.ui.warn(remark);
    }
    in_the_way(root, &items)?;
    let mut remarks = layout.remarks.clone();
    remarks.extend(access.remarks.iter().cloned());
    remarks.extend(key::clear(cx, root, seen).await);
    let is_new_repository = !args.no_git && !repository::is_around(root);
    let mut done = Done { root, note, remarks, is_new_repository, is_dry: global.dry_run };
    if global.dry_run {
        if !args.no_git {
            hook::foreseen(cx, root, &mut items).await?;
        }
        return done.tell(cx, &items, &access, &given);
    }
    if cx.ui.mode.can_ask && !global.yes && !seen.is_empty {
        let new = items.iter().filter(|item| item.fate != Fate::Kept).count();
        if new > 0 {
            done.list(cx, &items);
            let question = format!("Write {} into {}?", text::plural(new, "file"), root.display());
            if !prompt::yes(&cx.ui, &question)? {
                return Err(Failure::new(Kind::Declined, "declined; nothing was done"));
            }
        }
    }
    note.keep(root)?;
    if is_new_repository {
        done.is_new_repository = hook::repository(cx, root).await?;
    }
    access.save()?;
    for item in &items {
        starter::write(root, item)?;
    }
    if !args.no_git {
        done.remarks.extend(hook::install(cx, root, &mut items).await?);
    }
    Note::done(root)?;
    done.tell(cx, &items, &access, &given)
}

impl Known {
    fn names(&self) -> Vec<&str> {
        self.layout.environments.iter().map(|found| found.name.as_str()).collect()
    }
}

/// The folder of the project, which lies in no other one.
fn root(cx: &Ctx, args: &NewArgs) -> Result<PathBuf, Failure> {
    let wanted = args.folder.as_ref().map_or_else(|| cx.dir.clone(), |dir| cx.dir.join(dir));
    let wanted = std::path::absolute(&wanted).unwrap_or(wanted);
    let root = wanted.canonicalize().unwrap_or_else(|_| wanted.components().collect());
    if root.symlink_metadata().is_ok() && !root.is_dir() {
        return Err(Failure::new(Kind::Usage, format!("`{}` is there, and is no folder", root.display()))
            .help("name another folder"));
    }
    if let Some(around) = starter::project_around(&root) {
        return Err(Failure::new(
            Kind::Usage,
            format!("`{}` is a project already: this would be one inside of it", around.display()),
        )
        .help(format!(
            "add an environment to it: `infractl new {} --environments NAME`",
            shell_words::quote(&around.to_string_lossy())
        ))
        .help("or name a folder outside of it"));
    }
    Ok(root)
}

/// A folder with something in it has to be named, or somebody is asked.
fn is_meant(cx: &Ctx, global: &Global, args: &NewArgs, root: &Path, seen: &Seen) -> Result<(), Failure> {
    let is_named = args.folder.is_some() || cx.dir_is_project || global.yes || cx.ui.mode.can_ask;
    if seen.is_empty || seen.is_project || is_named {
        return Ok(());
    }
    Err(Failure::new(Kind::Usage, format!("`{}` is not empty, and no folder was named", root.display()))
        .help("adopt what is there: `infractl new .`")
        .help("or name a new folder: `infractl new DIR`"))
}

/// Name, template and environments: by flags, by what a killed run left, by what is there, by asking.
fn known(cx: &Ctx, args: &NewArgs, root: PathBuf, seen: Seen) -> Result<Known, Failure> {
    let left = Note::left(&root);
    let asked = if args.environments.is_empty() {
        left.as_ref().map_or_else(Vec::new, |left| left.environments.clone())
    } else {
        args.environments.iter().map(|name| name.trim().to_owned()).collect()
    };
    check(&asked)?;
    let mut layout = starter::understand(&seen, &asked);
    let adopts = seen.is_project || !layout.environments.is_empty() || !layout.remarks.is_empty();
    let template = match (args.template, &left) {
        (Some(template), _) => Some(template),
        (None, Some(left)) => left.template,
        (None, None) if adopts => None,
        (None, None) => Some(questions::template(cx)?),
    };
    let asked = match asked.as_slice() {
        [] if layout.environments.is_empty() => questions::environments(cx)?,
        _ => asked,
    };
    check(&asked)?;
    for name in &asked {
        if !layout.environments.iter().any(|found| found.name == *name) {
            if adopts && template.is_none() {
                layout.remarks.push(format!("`{name}` has no root module yet: write environments/{name}/main.tf, or name a folder as `dir` in `[terraform]`"));
            }
            layout.environments.push(starter::Found { name: name.clone(), ..starter::Found::default() });
        }
    }
    // In the order in which they were named.
    layout
        .environments
        .sort_by_key(|found| asked.iter().position(|name| *name == found.name).unwrap_or(usize::MAX));
    let name = args.name.clone().or_else(|| left.map(|left| left.name)).unwrap_or_else(|| name_of(&root));
    if !is_environment_name(&name) {
        return Err(Failure::new(
            Kind::Usage,
            format!("`{}` cannot be the name of a project", name.escape_debug()),
        )
        .help("use letters, digits, `.`, `_` and `-`, and a letter or digit first"));
    }
    let environments = layout.environments.iter().map(|found| found.name.clone()).collect();
    Ok(Known { root, seen, layout, note: Note { name, template, environments } })
}

/// All names that cannot be environments, at once.
fn check(names: &[String]) -> Result<(), Failure> {
    let mut problems: Vec<Problem> = Vec::new();
    let mut wrong = |message: String, help: &str| {
        problems.push(Problem { message, place: None, help: vec![help.to_owned()] });
    };
    for (at, name) in names.iter().enumerate() {
        let shown = name.escape_debug();
        if !is_environment_name(name) {
            wrong(
                format!("`{shown}` is not the name of an environment"),
                "use letters, digits, `.`, `_` and `-`, and a letter or digit first",
            );
        } else if name.len() > 100 {
            wrong(format!("`{shown}` is too long for a name"), "use 100 characters at most");
        } else if ["common", "defaults.toml", "environment.schema.json"].contains(&name.as_str()) {
            wrong(
                format!("`{name}` is what infractl calls something else"),
                "choose another name for the environment",
            );
        } else if names[..at].iter().any(|other| other.eq_ignore_ascii_case(name)) {
            wrong(
                format!("`{name}` is there twice"),
                "name each environment once; capitals make no other name",
            );
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Failure::problems(Kind::Usage, problems)) }
}

/// The name of a folder as one that fits everywhere: in addresses, buckets and containers.
fn name_of(root: &Path) -> String {
    let name = root.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let name = name.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    let words: Vec<&str> = name.split('-').filter(|word| !word.is_empty()).collect();
    if words.is_empty() { "project".to_owned() } else { words.join("-") }
}

/// An error with everything that is in the way.
fn in_the_way(root: &Path, items: &[Item]) -> Result<(), Failure> {
    let found = starter::obstacles(root, items);
    if found.is_empty() {
        return Ok(());
    }
    let problem = |message| Problem { message, place: None, help: Vec::new() };
    let failure = Failure::problems(Kind::Failed, found.into_iter().map(problem).collect());
    Err(failure.help("move it away, or name another folder: nothing was written"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_folder_becomes_one_that_fits_everywhere() {
        for (folder, name) in
            [("/x/Shop", "shop"), ("/x/my shop (2)", "my-shop-2"), ("/x/été", "t"), ("/", "project")]
        {
            assert_eq!(name_of(Path::new(folder)), name);
        }
    }

    #[test]
    fn every_bad_name_is_told() {
        let names: Vec<String> = ["dev", "../x", "", "common", "DEV", "a b"].map(str::to_owned).to_vec();
        let failure = check(&names).unwrap_err();
        assert_eq!((failure.kind, failure.problems.len()), (Kind::Usage, 5));
        assert!(check(&["dev".to_owned(), "prod".to_owned()]).is_ok());
    }
}
