//! What the environments of a repository are, by its root modules and files of variables. Pure.

use std::collections::BTreeMap;
use std::path::Path;

use super::folder::Seen;
use crate::config::is_environment_name;
use crate::text;

/// Folders whose folders are environments, whatever these are called.
const HOLDERS: [&str; 8] =
    ["environments", "environment", "envs", "env", "live", "stages", "accounts", "deployments"];
/// Names of environments, wherever they stand.
const NAMES: [&str; 31] = [
    "dev",
    "develop",
    "development",
    "test",
    "tst",
    "testing",
    "int",
    "integration",
    "qa",
    "rec",
    "recette",
    "uat",
    "stg",
    "stage",
    "staging",
    "preprod",
    "pre-prod",
    "prd",
    "prod",
    "production",
    "live",
    "sandbox",
    "sbx",
    "lab",
    "demo",
    "local",
    "nonprod",
    "ppd",
    "hml",
    "homolog",
    "perf",
];
/// Settings of a backend that are secrets.
const SECRET: [&str; 9] = [
    "access_key",
    "secret_key",
    "token",
    "password",
    "conn_str",
    "sas_token",
    "client_secret",
    "encryption_key",
    "credentials",
];

/// What was understood.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Layout {
    /// The environments, by name.
    pub environments: Vec<Found>,
    /// What is not sure, and what was left out.
    pub remarks: Vec<String>,
}

/// An environment that was found.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// Its name.
    pub name: String,
    /// The folder of its root module; none if it has none, or the usual one.
    pub dir: Option<String>,
    /// The root module is that of others too: a workspace keeps the states apart.
    pub workspace: bool,
    /// Files of variables.
    pub var_files: Vec<String>,
    /// Settings of the backend.
    pub backend: Vec<(String, String)>,
    /// Files of secrets.
    pub secrets: Vec<String>,
}

/// Understands what was seen; with these names if they are asked for.
pub(crate) fn understand(seen: &Seen, asked: &[String]) -> Layout {
    let mut layout = Layout::default();
    by_folders(seen, &mut layout);
    if layout.environments.is_empty() {
        by_files(seen, asked, &mut layout);
    }
    for name in &seen.environments {
        let is_known = layout.environments.iter().any(|found| found.name == *name);
        if is_environment_name(name) && !is_known {
            layout.environments.push(Found { name: name.clone(), ..Found::default() });
        }
    }
    layout.environments.sort_by(|a, b| a.name.cmp(&b.name));
    secrets(seen, &mut layout);
    layout
}

/// One folder per environment.
fn by_folders(seen: &Seen, layout: &mut Layout) {
    let mut named: BTreeMap<String, Vec<&Path>> = BTreeMap::new();
    for root in &seen.roots {
        let name = component(root, 0);
        let holder = component(root, 1);
        if !name.is_empty()
            && is_environment_name(name)
            && (HOLDERS.contains(&holder) || NAMES.contains(&name))
        {
            named.entry(name.to_owned()).or_default().push(root);
        }
    }
    for (name, roots) in named {
        let is_one = roots.len() == 1;
        if !is_one {
            let all = text::list(roots.iter().map(|root| shown(root)), "and");
            layout.remarks.push(format!("`{name}` has several root modules ({all}): each is an environment of its own here; say with `depends-on` which comes first"));
        }
        for root in roots {
            let name = if is_one { name.clone() } else { shown(root).replace('/', "-") };
            let dir = shown(root);
            let own: Vec<String> = seen
                .var_files
                .iter()
                .filter(|file| file.parent() == Some(root))
                .map(|file| shown(file))
                .collect();
            let var_files = if own.is_empty() { files_of(seen, &name) } else { own };
            let dir = (dir != format!("environments/{name}")).then_some(dir);
            layout.environments.push(Found {
                backend: backend(seen, &name, Some(root), &mut layout.remarks),
                name,
                dir,
                var_files,
                ..Found::default()
            });
        }
    }
}

/// One root module, and files of variables or backend settings per environment.
fn by_files(seen: &Seen, asked: &[String], layout: &mut Layout) {
    let root = match seen.roots.as_slice() {
        [] => return,
        [root] => root,
        several => {
            let all = text::list(several.iter().map(|root| shown(root)), "and");
            layout.remarks.push(format!("several root modules, none named like an environment ({all}): write the folder of each into `[terraform] dir` of an environment"));
            return;
        }
    };
    let files = seen.var_files.iter().chain(seen.backends.iter().map(|(file, _)| file));
    let mut names: Vec<String> = asked.to_vec();
    if names.is_empty() {
        names = files.filter_map(|file| name_of(file)).collect();
        names.sort();
        names.dedup();
    }
    if names.is_empty() {
        names.push("dev".to_owned());
    }
    let several = names.len() > 1;
    let mut unsure = false;
    for name in names {
        let backend = backend(seen, &name, None, &mut layout.remarks);
        let workspace = backend.is_empty() && (several || seen.uses_workspaces);
        unsure |= workspace && !seen.uses_workspaces;
        let dir = shown(root);
        layout.environments.push(Found {
            var_files: files_of(seen, &name),
            name,
            dir: Some(if dir.is_empty() { ".".to_owned() } else { dir }),
            workspace,
            backend,
            secrets: Vec::new(),
        });
    }
    if unsure {
        layout.remarks.push("one root module for several environments, and nothing says how their states are kept apart: here each has a workspace of its name. If your state is elsewhere, change `workspace` or `[terraform.backend]` in environments/defaults.toml before the first apply, and look at `infractl plan ENV`".to_owned());
    }
}

/// Settings of the backend of an environment; what is secret among them is left out and said.
fn backend(seen: &Seen, name: &str, root: Option<&Path>, remarks: &mut Vec<String>) -> Vec<(String, String)> {
    let is_its = |file: &Path| {
        name_of(file).as_deref() == Some(name) || root.is_some_and(|root| file.parent() == Some(root))
    };
    let Some((file, settings)) = seen.backends.iter().find(|(file, _)| is_its(file)) else {
        return Vec::new();
    };
    let (secret, open): (Vec<_>, Vec<_>) =
        settings.iter().cloned().partition(|(key, _)| SECRET.contains(&key.as_str()));
    if !secret.is_empty() {
        let keys = text::list(secret.iter().map(|(key, _)| key), "and");
        remarks.push(format!("`{}` holds secrets ({keys}): they are not copied; put them into the files of secrets as the variables of the backend", shown(file)));
    }
    open
}

/// Files of variables that are for an environment by their names; those for all come first.
fn files_of(seen: &Seen, name: &str) -> Vec<String> {
    let own: Vec<&Path> = seen
        .var_files
        .iter()
        .map(std::path::PathBuf::as_path)
        .filter(|file| name_of(file).as_deref() == Some(name) || tokens(file).any(|token| token == name))
        .collect();
    let folders: Vec<_> = own.iter().map(|file| file.parent()).collect();
    let common = seen.var_files.iter().filter(|file| {
        folders.contains(&file.parent())
            && tokens(file).any(|token| ["common", "global", "all", "default", "defaults"].contains(&token))
    });
    common.map(|file| shown(file)).chain(own.iter().map(|file| shown(file))).collect()
}

/// Files of secrets: for an environment those that have its name, for all the others.
fn secrets(seen: &Seen, layout: &mut Layout) {
    let names: Vec<String> = layout.environments.iter().map(|found| found.name.clone()).collect();
    for (file, is_flat) in &seen.encrypted {
        let path = shown(file);
        if !is_flat {
            layout.remarks.push(format!("`{path}` is encrypted, and its values are lists or maps: variables of programs cannot hold them, so it is not in `[secrets] files`"));
            continue;
        }
        let of = |name: &&String| parts(file).any(|part| part == name.as_str());
        let owner = names.iter().filter(of).max_by_key(|name| name.len());
        let is_foreign = owner.is_none() && parts(file).any(|part| NAMES.contains(&part));
        if is_foreign {
            layout.remarks.push(format!("`{path}` is encrypted and seems to be of an environment that is not here: it is not in `[secrets] files`"));
            continue;
        }
        for found in
            layout.environments.iter_mut().filter(|found| owner.is_none_or(|owner| *owner == found.name))
        {
            // What all share comes first: later files win.
            let at = if owner.is_none() {
                found.secrets.iter().take_while(|known| !has(known, &found.name)).count()
            } else {
                found.secrets.len()
            };
            found.secrets.insert(at, path.clone());
        }
    }
}

fn has(path: &str, name: &str) -> bool {
    parts(Path::new(path)).any(|part| part == name)
}

/// The environment that a file is named after: its name, or that of its folder.
fn name_of(file: &Path) -> Option<String> {
    let is_name = |word: &&str| NAMES.contains(word);
    let found = tokens(file).find(is_name).or_else(|| Some(component(file, 1)).filter(is_name));
    let by_holder = HOLDERS.contains(&component(file, 1))
        || ["vars", "tfvars", "backends", "backend"].contains(&component(file, 1));
    let stem = || {
        tokens(file).next().filter(|stem| {
            by_holder
                && is_environment_name(stem)
                && !["common", "global", "all", "default", "defaults", "terraform"].contains(stem)
        })
    };
    found.or_else(stem).map(str::to_owned)
}

/// The words of a file's name, without its ending.
fn tokens(file: &Path) -> impl Iterator<Item = &str> {
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let stem = [".enc.", ".sops.", ".tfvars", ".hcl", ".tfbackend", ".env", ".y", ".json"]
        .iter()
        .filter_map(|end| name.find(end).filter(|at| *at > 0))
        .min()
        .unwrap_or(name.len());
    let stem = &name[..stem];
    let whole = std::iter::once(stem).filter(|stem| !stem.is_empty());
    whole.chain(stem.split(['.', '_', '-']).filter(move |part| *part != stem && !part.is_empty()))
}

/// The same, and the folders that it is in.
fn parts(file: &Path) -> impl Iterator<Item = &str> {
    let folders =
        file.parent().into_iter().flat_map(Path::components).filter_map(|part| part.as_os_str().to_str());
    tokens(file).chain(folders)
}

/// The last component of a path, or one before it.
fn component(path: &Path, back: usize) -> &str {
    path.components().rev().nth(back).and_then(|part| part.as_os_str().to_str()).unwrap_or_default()
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn seen(roots: &[&str], var_files: &[&str], encrypted: &[&str]) -> Seen {
        let paths = |all: &[&str]| all.iter().map(PathBuf::from).collect::<Vec<_>>();
        Seen {
            roots: paths(roots),
            var_files: paths(var_files),
            encrypted: paths(encrypted).into_iter().map(|path| (path, true)).collect(),
            ..Seen::default()
        }
    }

    fn names(layout: &Layout) -> Vec<&str> {
        layout.environments.iter().map(|found| found.name.as_str()).collect()
    }

    #[test]
    fn a_folder_per_environment_is_understood() {
        let layout =
            understand(&seen(&["terraform/dev", "terraform/prod"], &["terraform/dev/dev.tfvars"], &[]), &[]);
        assert_eq!(names(&layout), ["dev", "prod"]);
        assert_eq!(layout.environments[0].dir.as_deref(), Some("terraform/dev"));
        assert_eq!(layout.environments[0].var_files, ["terraform/dev/dev.tfvars"]);
        assert!(layout.environments[1].var_files.is_empty() && layout.remarks.is_empty());
        let layout = understand(&seen(&["environments/blue", "environments/green"], &[], &[]), &[]);
        assert_eq!(names(&layout), ["blue", "green"]);
        assert_eq!(layout.environments[0].dir, None, "the usual folder is not said");
    }

    #[test]
    fn several_root_modules_of_one_environment_are_several() {
        let layout =
            understand(&seen(&["app/dev", "app/prod", "network/dev", "network/prod"], &[], &[]), &[]);
        assert_eq!(names(&layout), ["app-dev", "app-prod", "network-dev", "network-prod"]);
        assert_eq!(layout.remarks.len(), 2, "{:?}", layout.remarks);
    }

    #[test]
    fn one_root_module_with_files_of_variables_is_understood() {
        let files = [
            "infra/vars/common.tfvars",
            "infra/vars/dev.tfvars",
            "infra/vars/eu.tfvars",
            "infra/vars/prod.tfvars",
        ];
        let layout = understand(&seen(&["infra"], &files, &[]), &[]);
        assert_eq!(names(&layout), ["dev", "eu", "prod"]);
        assert_eq!(layout.environments[0].var_files, ["infra/vars/common.tfvars", "infra/vars/dev.tfvars"]);
        assert!(
            layout.environments.iter().all(|found| found.workspace && found.dir.as_deref() == Some("infra"))
        );
        assert!(layout.remarks[0].contains("`infractl plan ENV`"), "{:?}", layout.remarks);
        let layout = understand(&seen(&[""], &[], &[]), &[]);
        assert_eq!((names(&layout), layout.environments[0].dir.as_deref()), (vec!["dev"], Some(".")));
    }

    #[test]
    fn files_of_backends_keep_states_apart_and_their_secrets_out() {
        let mut seen = seen(&["tf"], &["tf/dev.tfvars"], &[]);
        let settings = [("bucket", "b"), ("secret_key", "s")];
        let settings = settings.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
        seen.backends = vec![("tf/backend-dev.hcl".into(), settings)];
        let layout = understand(&seen, &[]);
        let dev = &layout.environments[0];
        assert_eq!((dev.backend.len(), dev.workspace), (1, false));
        assert!(layout.remarks[0].contains("`secret_key`"), "{:?}", layout.remarks);
    }

    #[test]
    fn files_of_secrets_are_those_of_all_then_its_own() {
        let encrypted = [
            "secrets/dev.yaml",
            "secrets/shared.yaml",
            "secrets/stg.yaml",
            "terraform/prod/secrets.enc.json",
        ];
        let layout = understand(&seen(&["terraform/dev", "terraform/prod"], &[], &encrypted), &[]);
        assert_eq!(layout.environments[0].secrets, ["secrets/shared.yaml", "secrets/dev.yaml"]);
        assert_eq!(
            layout.environments[1].secrets,
            ["secrets/shared.yaml", "terraform/prod/secrets.enc.json"]
        );
        assert!(layout.remarks[0].contains("stg.yaml"), "{:?}", layout.remarks);
    }
}
