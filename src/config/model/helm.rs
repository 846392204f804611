//! `helm`: a release of a chart.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Argument, FilePath, Input, Period};

/// A release of a chart in the cluster of `[cluster]`: exactly one of `release`, `uninstall`
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(extend("oneOf" = [{ "required": ["release"] }, { "required": ["uninstall"] }]))]
pub struct Helm {
    /// Install this release, or bring it up to date; a release that is as it should be stays as it is
    ///
    /// Example: `release = "minio"`
    pub release: Option<Argument>,
    /// Remove this release
    ///
    /// Example: `uninstall = "minio"`
    pub uninstall: Option<Argument>,
    /// Chart of the release: a folder or archive of the project, `oci://…`, or a name in `repo`
    ///
    /// Example: `chart = "charts/minio"`, `chart = "oci://registry.example/charts/minio"`
    pub chart: Option<Argument>,
    /// Address of the repository that has the chart; nothing is added to those that helm knows
    ///
    /// Example: `repo = "https://charts.min.io"`
    pub repo: Option<Argument>,
    /// Version of the chart
    ///
    /// Default: the newest one
    #[schemars(example = &"5.4.0")]
    pub version: Option<Argument>,
    /// Namespace of the release
    ///
    /// Default: `default`
    pub namespace: Option<Argument>,
    /// Make the namespace when it is not there
    ///
    /// Default: `true`
    pub create_namespace: Option<bool>,
    /// Files of values, later ones win
    ///
    /// Example: `values = ["lab/minio.yaml"]`
    #[serde(default)]
    pub values: Vec<FilePath>,
    /// Values that win over those of the files; may name secrets, which helm reads from its standard input. A text that is
    /// an output and nothing else has the type of the output
    ///
    /// Example: `set = { auth.rootPassword = "{{secret.MINIO_PASSWORD}}", replicas = 2 }`
    #[serde(default)]
    pub set: IndexMap<String, Input>,
    /// Wait until what the release is made of is ready, and look at its pods after that: `true`, `false`, or how helm 4 is
    /// to wait. `true` is `legacy`, which does not wait for resources of other controllers
    ///
    /// Default: `true`
    #[schemars(example = true)]
    pub wait: Option<HelmWait>,
    /// Wait until the Jobs of the release are complete as well; one that failed ends the step
    #[serde(default)]
    pub wait_for_jobs: bool,
    /// How long helm waits, for its hooks before, for the resources, and for its hooks after
    ///
    /// Default: nine tenths of the `timeout` of the step, else `5m`
    #[schemars(example = &"10m")]
    pub timeout: Option<Period>,
    /// Go back to the last revision that was deployed when this one fails, after what its pods say was told; a first
    /// revision is removed
    #[serde(default)]
    pub rollback_on_failure: bool,
    /// Repair a release that a helm which died left in `pending-…`, unless somebody may still be at it
    ///
    /// Default: asked at a terminal, else the step fails
    #[serde(default)]
    pub repair: bool,
    /// The registry of the chart speaks HTTP, not HTTPS (`oci://…`)
    #[serde(default)]
    pub plain_http: bool,
    /// Log in to the server of `[registry]`, which has the chart (`oci://…`)
    #[serde(default)]
    pub login: bool,
}

/// How a release is waited for
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)] // its errors are never seen: config/check.rs has looked at the value before serde does
pub enum HelmWait {
    /// As helm 3 does, or not at all.
    Switch(bool),
    /// In this way.
    Way(WaitStrategy),
}

/// How helm 4 waits
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WaitStrategy {
    /// As helm 3: for workloads, claims and services
    Legacy,
    /// For all resources, those of other controllers too (helm 4)
    Watcher,
}

impl Helm {
    /// What a step is called when the file gives it no name.
    pub(crate) fn step_name(&self) -> String {
        match (&self.release, &self.uninstall) {
            (Some(release), _) => format!("helm {}", release.0),
            (None, Some(release)) => format!("helm uninstall {}", release.0),
            (None, None) => "helm".to_owned(),
        }
    }

    /// Whether it is waited for at all.
    pub(crate) fn waits(&self) -> bool {
        self.wait != Some(HelmWait::Switch(false))
    }
}
