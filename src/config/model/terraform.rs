//! `[terraform]`: the root module and the program that applies it.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Argument, ArgumentInput, FilePath, Input, Period, VariableName, Variables};

/// What has to be seen by somebody before it is applied
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Review {
    /// Nothing: an apply makes its own plan
    #[default]
    None,
    /// `apply --plan FILE` or `--verify FILE`: a plan that was saved
    SavedPlan,
    /// `apply --verify FILE`: a new plan that means the same as one that was saved
    Verify,
}

/// Whether packages of providers are kept for all root modules, or where
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged)] // its errors are never seen: config/check.rs has looked at the value before serde does
pub(crate) enum ProviderCache {
    /// At the usual place, or not at all.
    Switch(bool),
    /// Here.
    Path(FilePath),
}

/// The root module and the program that applies it
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Terraform {
    /// Program to start: a name or a path
    ///
    /// Default: `terraform`
    ///
    /// Example: `program = "tofu"`
    pub program: Option<String>,
    /// Folder of the root module
    ///
    /// Default: `environments/{{environment}}`
    pub dir: Option<FilePath>,
    /// Workspace to select
    ///
    /// Default: `default`
    pub workspace: Option<Argument>,
    /// Variables of the root module, handed over as `TF_VAR_name` or, where that cannot carry a value, by a pipe: each
    /// arrives as it is, whatever the type of the variable. Those that no file of the root module declares are errors
    ///
    /// Example: `vars = { region = "francecentral", zones = ["1", "2"] }`
    #[serde(default)]
    pub vars: IndexMap<String, Input>,
    /// Variable of the root module that gets the components of the scenario: a list of text, sorted. Without `[scenarios]`
    /// it is left alone
    ///
    /// Example: `components-var = "components"`
    pub components_var: Option<VariableName>,
    /// Files of variables, for `-var-file`
    ///
    /// Default: none
    #[schemars(example = ["common.tfvars"])]
    #[serde(default)]
    pub var_files: Vec<FilePath>,
    /// Container image to run the program in, by docker: a name, a tag or a digest. What it sees and may write stands in
    /// docs/containers.md
    ///
    /// Default: none; the program of this machine is used
    ///
    /// Example: `image = "hashicorp/terraform:1.11"`
    pub image: Option<Argument>,
    /// Whether providers are kept in one cache for all root modules, or in which folder. What `TF_PLUGIN_CACHE_DIR` or the
    /// `plugin_cache_dir` of terraform's own configuration names comes before a folder that is named here
    ///
    /// Default: `true`, which is `infractl/providers` in the user's cache folder
    ///
    /// Example: `provider-cache = ".cache/providers"`
    pub provider_cache: Option<ProviderCache>,
    /// How many resources are worked on at once, for `-parallelism`
    ///
    /// Default: terraform's own, 10
    #[schemars(example = 20)]
    #[schemars(range(min = 1))]
    pub parallelism: Option<u32>,
    /// What has to be seen by somebody before it is applied
    ///
    /// Default: `none`
    ///
    /// Example: `review = "verify"`
    pub review: Option<Review>,
    /// How long to wait for the lock of the state, for `-lock-timeout`
    ///
    /// Default: not at all
    ///
    /// Example: `lock-timeout = "2m"`
    pub lock_timeout: Option<Period>,
    /// Backend configuration, handed over as `-backend-config=key=value`; lists and tables arrive as they are
    ///
    /// Example: `backend = { bucket = "nyctaxi-tfstate", key = "{{environment}}/terraform.tfstate" }`
    #[serde(default)]
    pub backend: IndexMap<String, ArgumentInput>,
    /// More variables of the program's environment; values may name secrets
    ///
    /// Example: `env = { AWS_ACCESS_KEY_ID = "{{secret.S3_ACCESS_KEY}}" }`
    #[serde(default)]
    pub env: Variables,
}
