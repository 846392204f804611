//! The steps `kubernetes` and `argocd`.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Argument, FilePath};
use crate::config::action_name::file_name;
use crate::config::template::Template;

/// Put objects into the cluster of `[cluster]`, or remove some: exactly one of `apply`, `kustomize`, `secret`, `delete`
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(extend("oneOf" = [
    { "required": ["apply"] }, { "required": ["kustomize"] }, { "required": ["secret"] }, { "required": ["delete"] }
]))]
pub struct Kubernetes {
    /// Files of manifests, and folders with such (`.yaml`, `.yml`, `.json`; not the folders in them): namespaces come
    /// first, then definitions of kinds, which are waited for, then everything else in its order
    ///
    /// Example: `apply = ["infra/namespaces.yaml", "infra/gitops/"]`
    #[serde(default)]
    pub apply: Vec<FilePath>,
    /// Folder with a `kustomization.yaml`: what `kubectl kustomize` makes of it is put there in the same way
    ///
    /// Example: `kustomize = "infra/overlays/lab"`
    pub kustomize: Option<FilePath>,
    /// Name of a Secret with `data`; written only when it differs
    ///
    /// Example: `{ secret = "repo-platform", namespace = "argocd", labels = { "argocd.argoproj.io/secret-type" = "repository" }, data = { url = "{{output.repository}}", password = "{{secret.GIT_TOKEN}}" } }`
    pub secret: Option<Argument>,
    /// Objects as `KIND/NAME`, and files of manifests (what ends in `.yaml`, `.yml`, `.json` or `/`); what is not there is
    /// no error, and the step ends when they are gone
    ///
    /// Example: `delete = ["job/migrate", "namespace/old"]`
    #[serde(default)]
    pub delete: Vec<Argument>,
    /// Namespace of everything that names none itself
    ///
    /// Default: `default`
    pub namespace: Option<Argument>,
    /// Fill in the names in `{{…}}` that the files have (`apply`). Without it they go as they are: other tools write `{{…}}`
    /// too. `{{{{` stands for a literal `{{`
    #[serde(default)]
    pub template: bool,
    /// Take fields over that another program manages (`apply`, `kustomize`, `secret`); without it that is an error which
    /// names both
    #[serde(default)]
    pub force_conflicts: bool,
    /// Content of the Secret, by its keys; may name secrets (`secret`)
    #[schemars(example = serde_json::json!({"password": "{{secret.GIT_TOKEN}}"}))]
    #[serde(default)]
    pub data: IndexMap<String, Template>,
    /// Labels of the Secret (`secret`)
    #[schemars(example = serde_json::json!({"argocd.argoproj.io/secret-type": "repository"}))]
    #[serde(default)]
    pub labels: IndexMap<String, Argument>,
    /// Type of the Secret (`secret`)
    ///
    /// Default: `Opaque`
    pub r#type: Option<Argument>,
}

impl Kubernetes {
    /// What a step is called when the file gives it no name.
    pub(crate) fn step_name(&self) -> String {
        let of = |count: usize, one: Option<String>, what: &str| match one {
            Some(one) if count == 1 => one,
            _ => format!("{count} {what}"),
        };
        if let Some(secret) = &self.secret {
            return format!("kubernetes secret {}", secret.0);
        }
        if let Some(folder) = &self.kustomize {
            return format!("kubernetes kustomize {}", file_name(&folder.0));
        }
        if self.delete.is_empty() {
            let one = self.apply.first().map(|file| file_name(&file.0));
            return format!("kubernetes apply {}", of(self.apply.len(), one, "files"));
        }
        let one = self.delete.first().map(|one| one.0.to_string());
        format!("kubernetes delete {}", of(self.delete.len(), one, "objects"))
    }
}

/// Let Argo CD look, synchronise and get healthy: through its Application in the cluster of `[cluster]`, without its
/// program, a login or a password
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ArgoCd {
    /// Name of the Application
    #[schemars(example = &"platform")]
    pub app: Argument,
    /// Namespace of the Application
    ///
    /// Default: `argocd`
    pub namespace: Option<Argument>,
    /// How it looks again before anything is judged: `hard` also forgets what it made of the repository
    ///
    /// Default: `normal`
    #[serde(default)]
    pub refresh: Refresh,
    /// Start a synchronisation where one is needed; an Application that does so by itself is only waited for
    #[serde(default)]
    pub sync: bool,
    /// Whether a synchronisation removes what the repository does not have any more
    #[serde(default)]
    pub prune: bool,
    /// What is waited for
    ///
    /// Default: `healthy`
    #[serde(default)]
    pub wait: ArgoWait,
    /// The Applications that it makes count as well, and theirs
    #[serde(default)]
    pub children: bool,
    /// Commit that it has to be at: what it says of another one does not count
    ///
    /// Example: `revision = "{{value.platform_revision}}"`
    pub revision: Option<Argument>,
}

/// How Argo CD looks again
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Refresh {
    /// At the repository
    #[default]
    Normal,
    /// At the repository, and without what it remembers of it
    Hard,
    /// Not at all: what it says now counts
    None,
}

/// What is waited for
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ArgoWait {
    /// Synchronised, and healthy after that
    #[default]
    Healthy,
    /// Synchronised
    Synced,
    /// Nothing: the synchronisation is started, and that is all
    None,
}

impl ArgoCd {
    /// What a step is called when the file gives it no name.
    pub(crate) fn step_name(&self) -> String {
        let word = if self.sync { "sync" } else { "wait" };
        format!("argocd {word} {}", self.app.0)
    }
}
