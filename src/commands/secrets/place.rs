//! What a secrets verb works on: a file, `common`, or the name of an environment.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::commands::target;
use crate::config::{Environment, Project};
use crate::context::Ctx;
use crate::failure::{Failure, Kind};
use crate::secrets::{self, Keys, Store};
use crate::sops::Format;
use crate::text;

/// The files a verb works on and where their keys may be.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The folder of the project, or the one whose rules count.
    pub root: PathBuf,
    /// All files of the target, in the order in which later ones win.
    pub files: Vec<PathBuf>,
    /// The file that belongs to the target itself; none for an environment that shares all of its files.
    own: Option<PathBuf>,
    /// Files of age identities that the project names.
    pub identities: Vec<PathBuf>,
    /// As it was typed.
    pub name: String,
    /// The environment, where that is meant.
    pub environment: Option<Box<Environment>>,
}

impl Place {
    /// The file that belongs to the target itself, or the last one of an environment that has none.
    pub(crate) fn file(&self) -> &Path {
        self.own.as_ref().or(self.files.last()).map_or(Path::new(""), PathBuf::as_path)
    }

    /// The same for a change, which is never made to what others share.
    pub(crate) fn own(&self) -> Result<&Path, Failure> {
        self.own.as_deref().ok_or_else(|| {
            let name = &self.name;
            Failure::new(
                Kind::Config,
                format!("`{name}` has no file of secrets of its own, it shares all of them"),
            )
            .help("name one under `[secrets] files`, for instance `credentials/{{environment}}.enc.env`")
            .help("name the file that is to be changed: `common`, or its path")
        })
    }

    /// The file as the user knows it.
    pub(crate) fn shown(&self) -> String {
        let file = self.file();
        file.strip_prefix(&self.root).unwrap_or(file).display().to_string()
    }

    /// The encrypted files with the keys of whoever runs infractl.
    pub(crate) fn store<'a>(&self, cx: &'a Ctx) -> Store<'a> {
        store(cx, &self.root, &self.identities)
    }
}

/// Encrypted files in a folder, with the keys of whoever runs infractl.
pub(crate) fn store<'a>(cx: &'a Ctx, root: &Path, identities: &[PathBuf]) -> Store<'a> {
    let ask = secrets::terminal(cx.ui.mode.no_input);
    Store::new(root, Keys::new(cx.vars.0.clone(), identities.to_vec(), ask), cx.runner.as_ref())
}

/// The form of a file, when its name does not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FormatName {
    /// KEY=VALUE lines
    Dotenv,
    /// YAML
    Yaml,
    /// JSON
    Json,
    /// Any bytes
    Binary,
}

impl From<FormatName> for Format {
    fn from(name: FormatName) -> Self {
        match name {
            FormatName::Dotenv => Format::Dotenv,
            FormatName::Yaml => Format::Yaml,
            FormatName::Json => Format::Json,
            FormatName::Binary => Format::Binary,
        }
    }
}

/// Arguments of every verb that works on one target.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct On {
    /// A file, `common`, or the name of an environment
    #[arg(value_name = "FILE|ENV|common", add = clap_complete::engine::ArgValueCompleter::new(candidates))]
    pub target: String,
    /// Form of the file, when its name does not tell
    #[arg(long, value_enum, value_name = "FORM")]
    pub format: Option<FormatName>,
}

impl On {
    /// The files that are meant.
    pub(crate) fn place(&self, cx: &Ctx) -> Result<Place, Failure> {
        resolve(cx, &self.target)
    }

    /// The form that was asked for.
    pub(crate) fn format(&self) -> Option<Format> {
        self.format.map(Format::from)
    }
}

/// Environments, `common` and files for completion: nothing is opened.
fn candidates(current: &std::ffi::OsStr) -> Vec<clap_complete::engine::CompletionCandidate> {
    let found = std::env::current_dir().ok().and_then(|dir| Project::find(&dir, None).ok());
    let mut names = found.map_or_else(Vec::new, |project| project.environments);
    names.push("common".to_owned());
    let start = current.to_string_lossy();
    let mut candidates: Vec<_> = names
        .into_iter()
        .filter(|name| name.starts_with(&*start))
        .map(clap_complete::engine::CompletionCandidate::new)
        .collect();
    let files = clap_complete::engine::PathCompleter::file();
    candidates.extend(clap_complete::engine::ValueCompleter::complete(&files, current));
    candidates
}

/// The project around, if there is one, and the identities it names.
pub(crate) fn project(cx: &Ctx) -> (Option<Project>, Vec<PathBuf>) {
    let Ok(project) = target::project(cx) else { return (None, Vec::new()) };
    let first = project.default_environment.clone().or_else(|| project.environments.first().cloned());
    let identities = match first.map(|name| project.environment(&name)) {
        Some(Ok(env)) => env.secrets.identities,
        Some(Err(_)) => {
            cx.ui.warn("the configuration has problems: keys of `[secrets] identity` are not looked at");
            Vec::new()
        }
        None => Vec::new(),
    };
    (Some(project), identities)
}

/// The rules that `--config` or SOPS_CONFIG names instead of `.sops.yaml`.
pub(crate) fn named_rules(cx: &Ctx) -> Option<PathBuf> {
    secrets::named_rules(&cx.vars.0)
}

/// The rules of a folder, whether they are there yet or not.
pub(crate) fn rules_file(cx: &Ctx, root: &Path) -> PathBuf {
    named_rules(cx).unwrap_or_else(|| root.join(secrets::RULES_FILE))
}

/// The folder whose `.sops.yaml` counts for a file that is in no project.
pub(crate) fn root_of(file: &Path) -> PathBuf {
    let folder = file.parent().unwrap_or(file);
    let with_rules = folder.ancestors().find(|dir| dir.join(secrets::RULES_FILE).is_file());
    with_rules.unwrap_or(folder).to_owned()
}

/// What a target means.
pub(crate) fn resolve(cx: &Ctx, name: &str) -> Result<Place, Failure> {
    let path = cx.dir.join(name);
    let project = target::project(cx);
    if let Ok(project) = &project {
        let is_name = project.environments.iter().any(|known| known == name);
        if is_name && !path.is_file() {
            let env = project.environment(name)?;
            let own = own_file(project, &env);
            if env.secrets.files.is_empty() && own.is_none() {
                return Err(Failure::new(Kind::Config, format!("`{name}` has no files of secrets"))
                    .help("name them under `[secrets] files`"));
            }
            return Ok(Place {
                root: env.root.clone(),
                files: env.secrets.files.clone(),
                own,
                identities: env.secrets.identities.clone(),
                name: name.to_owned(),
                environment: Some(Box::new(env)),
            });
        }
        if name == "common" && !path.is_file() {
            return Ok(common(project));
        }
    }
    let is_path = name.contains(['/', '.']) || path.exists();
    if !is_path {
        let known = project.as_ref().map_or(&[][..], |project| &project.environments);
        let failure = Failure::new(Kind::Usage, format!("there is no file and no environment `{name}`"));
        return Err(match text::nearest(name, known) {
            Some(near) => failure.help(format!("did you mean `{near}`?")),
            None => failure.help("name a file, `common`, or one of the environments of `infractl env list`"),
        });
    }
    let (project, identities) = self::project(cx);
    let path = std::path::absolute(&path).unwrap_or(path);
    let path: PathBuf = normal(&path);
    let inside = project.filter(|project| path.starts_with(&project.root));
    let root = inside.map_or_else(|| root_of(&path), |project| project.root);
    Ok(Place {
        root,
        files: vec![path.clone()],
        own: Some(path),
        identities,
        name: name.to_owned(),
        environment: None,
    })
}

/// Without `.` and `..`, so that patterns see the path people mean.
fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => {
                out.pop();
            }
            std::path::Component::CurDir => {}
            other => out.push(other),
        }
    }
    out
}

/// The last file of an environment that no other one has too.
fn own_file(project: &Project, env: &Environment) -> Option<PathBuf> {
    if env.secrets.usual.is_some() {
        return env.secrets.usual.clone();
    }
    let others: Vec<Environment> = project
        .environments
        .iter()
        .filter(|name| **name != env.name)
        .filter_map(|name| project.environment(name).ok())
        .collect();
    let is_shared = |file: &Path| {
        is_called_common(file) || others.iter().any(|other| other.secrets.files.iter().any(|it| it == file))
    };
    env.secrets.files.iter().rfind(|file| !is_shared(file)).cloned()
}

fn is_called_common(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("common"))
}

/// The file that all environments share.
fn common(project: &Project) -> Place {
    let envs: Vec<_> =
        project.environments.iter().take(2).filter_map(|name| project.environment(name).ok()).collect();
    let shared = envs.first().and_then(|env| {
        env.secrets.files.iter().find(|file| {
            is_called_common(file)
                || (envs.len() > 1 && envs.iter().all(|other| other.secrets.files.contains(file)))
        })
    });
    let file = shared.cloned().unwrap_or_else(|| project.root.join("credentials/common.enc.env"));
    Place {
        root: project.root.clone(),
        files: vec![file.clone()],
        own: Some(file),
        identities: envs.first().map_or_else(Vec::new, |env| env.secrets.identities.clone()),
        name: "common".to_owned(),
        environment: None,
    }
}
