//! What the parts of an environment are when its files are silent.

use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use crate::config::environment::{Ansible, EnvFile, Environment, Inventory, Secrets, Terraform};
use crate::config::model::{self, Argument, FilePath, InventoryFormat};
use crate::config::resolve::Setting;
use crate::config::template::Template;

impl Environment {
    /// What holds because the files say nothing, as keys with dots, and values.
    pub(crate) fn usual(&self) -> Vec<(String, Json)> {
        let shown = |path: &Path| path.strip_prefix(&self.root).unwrap_or(path).display().to_string();
        let text = Json::String;
        let mut all = vec![
            ("project.name", text(self.project.clone())),
            ("protected", self.protected.into()),
            ("env-file.path", text(shown(&self.env_file.path))),
            ("env-file.dialect", text(self.env_file.dialect.as_str().to_owned())),
            ("env-file.title", text(self.env_file.title.to_string())),
            ("secrets.files", self.secrets.files.iter().map(|file| shown(file)).collect::<Vec<_>>().into()),
            ("lock.shared", self.lock.shared.unwrap_or_default().into()),
        ];
        if let Some(terraform) = &self.terraform {
            all.push(("terraform.program", text(terraform.program.clone())));
            all.push(("terraform.dir", text(shown(&terraform.dir))));
            all.push(("terraform.workspace", text(terraform.workspace.to_string())));
        }
        if let Some(inventory) = &self.inventory {
            all.push(("inventory.path", text(shown(&inventory.path))));
        }
        let all = all.into_iter().filter(|(key, _)| self.document.origin(key).is_none());
        all.map(|(key, value)| (key.to_owned(), value)).collect()
    }
}

impl Terraform {
    pub(super) fn new(section: model::Terraform, root: &Path, environment: &str) -> Option<Terraform> {
        let dir = path(section.dir).unwrap_or_else(|| root.join("environments").join(environment));
        if !has_root_module(&dir) {
            return None;
        }
        Some(Terraform {
            program: section.program.unwrap_or_else(|| "terraform".to_owned()),
            dir,
            workspace: template(section.workspace).unwrap_or_else(|| Template::literal("default")),
            vars: section.vars,
            var_files: paths(section.var_files),
            image: template(section.image),
            provider_cache: section.provider_cache.unwrap_or(model::ProviderCache::Switch(true)),
            parallelism: section.parallelism,
            review: section.review.unwrap_or_default(),
            lock_timeout: section.lock_timeout.map(|period| period.0),
            backend: section.backend,
            env: section.env,
        })
    }
}

/// Whether a folder holds files of terraform or tofu.
fn has_root_module(dir: &Path) -> bool {
    let Ok(entries) = dir.read_dir() else { return false };
    let ends = [".tf", ".tf.json", ".tofu", ".tofu.json"];
    entries.flatten().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        !name.starts_with('.') && ends.iter().any(|end| name.ends_with(end))
    })
}

impl Secrets {
    /// Keys that a file has to have.
    pub(crate) fn required_in_files(&self) -> Vec<String> {
        self.required.iter().filter(|name| !self.from.contains_key(*name)).cloned().collect()
    }

    pub(super) fn new(section: model::Secrets, root: &Path, environment: &str) -> Secrets {
        let file = |name: &str| root.join(format!("credentials/{name}.enc.env"));
        let usual = section.files.is_none().then(|| file(environment));
        let those_there =
            || ["common", environment].map(file).into_iter().filter(|file| file.exists()).collect();
        let files = section.files.map_or_else(those_there, paths);
        let names = |names: Vec<model::SecretName>| names.into_iter().map(|name| name.0).collect();
        Secrets {
            files,
            usual,
            from: section.from,
            required: names(section.required),
            allow_empty: names(section.allow_empty),
            identities: paths(section.identity.map(model::OneOrMany::into_vec).unwrap_or_default()),
        }
    }
}

impl EnvFile {
    pub(super) fn new(section: model::EnvFile, setting: Setting<'_>) -> EnvFile {
        let usual = || setting.root.join(format!("shared/.env.{}", setting.environment));
        let title = || Template::literal(format!("{} {}", setting.project, setting.environment));
        EnvFile {
            path: path(section.path).unwrap_or_else(usual),
            title: section.title.unwrap_or_else(title),
            dialect: section.dialect.unwrap_or_default(),
            absent: section.absent.into_iter().map(|name| name.0).collect(),
            sections: section.sections,
        }
    }
}

impl Inventory {
    pub(super) fn new(section: model::Inventory, root: &Path, environment: &str) -> Inventory {
        let by_path = |path: &PathBuf| match path.extension().and_then(|end| end.to_str()) {
            Some("yml" | "yaml") => InventoryFormat::Yaml,
            _ => InventoryFormat::Ini,
        };
        let given = path(section.path);
        let format = section.format.or(given.as_ref().map(by_path)).unwrap_or_default();
        let end = if format == InventoryFormat::Yaml { "yml" } else { "ini" };
        let path = given.unwrap_or_else(|| root.join(format!("ansible/inventory/{environment}.{end}")));
        let dynamic = self::path(section.dynamic);
        let (groups, vars, expect) = (section.groups, section.vars, section.expect);
        Inventory { path, format, groups, vars, dynamic, expect }
    }
}

impl Ansible {
    /// When nothing is said about it.
    pub fn usual(root: &Path) -> Ansible {
        Ansible::new(model::Ansible::default(), root)
    }

    pub(super) fn new(section: model::Ansible, root: &Path) -> Ansible {
        let usual = ["ansible/playbooks/site.yml", "ansible/site.yml"].map(|path| root.join(path));
        let dir = Some(root.join("ansible")).filter(|dir| dir.is_dir());
        Ansible {
            playbook: path(section.playbook).or_else(|| usual.into_iter().find(|path| path.is_file())),
            dir: path(section.dir).or(dir).unwrap_or_else(|| root.to_owned()),
            image: template(section.image),
            inventory: path(section.inventory),
            vars: section.vars,
            vault_password: section.vault_password.map(|name| name.0),
            requirements: path(section.requirements),
            user: template(section.user),
            limit: section.limit.into_iter().map(|host| host.0).collect(),
            forks: section.forks,
            env: section.env,
        }
    }
}

fn path(path: Option<FilePath>) -> Option<PathBuf> {
    path.map(|path| path.0)
}

fn paths(paths: Vec<FilePath>) -> Vec<PathBuf> {
    paths.into_iter().map(|path| path.0).collect()
}

fn template(argument: Option<Argument>) -> Option<Template> {
    argument.map(|argument| argument.0)
}
