//! `[ci]`: what a forge runs when something is proposed, when it is merged, and at night.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{EnvironmentName, VariableName};

/// What the forge runs: `infractl ci generate` writes its file from this. Belongs into `defaults.toml`
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Ci {
    /// Whose file is written
    pub forge: CiForge,
    /// The infractl that the jobs run
    pub infractl: CiProgram,
    /// The file, from the top of the repository
    ///
    /// Default: `.github/workflows/infractl.yml`, `.gitlab-ci.yml` or `azure-pipelines.yml`
    ///
    /// Example: `file = ".gitlab/infractl.yml"`
    pub file: Option<String>,
    /// Machine that the jobs run on: `runs-on` of GitHub, a tag of GitLab, `vmImage` of Azure
    ///
    /// Default: `ubuntu-24.04`; of GitLab any
    #[schemars(example = &"ubuntu-24.04")]
    pub runner: Option<String>,
    /// Image that the jobs run in (GitLab); it has git, and curl where `infractl` has a `url`
    #[schemars(example = &"registry.example.com/ci:1")]
    pub image: Option<String>,
    /// Commands of infractl for what is proposed (a pull request, a merge request); they change nothing. What they say
    /// becomes one comment on it
    ///
    /// Example: `merge-request = ["validate --all", "plan --changed-since origin/main"]`
    #[serde(default)]
    pub merge_request: Vec<String>,
    /// Machines that a command over several environments is shared out to (`--shard`)
    ///
    /// Default: `1`
    #[schemars(range(min = 1, max = 256))]
    pub shards: Option<u16>,
    /// What is done with the environments when the branch of `[release]` has moved, one after the other
    #[schemars(example = serde_json::json!([{"env": "dev", "run": ["apply", "deploy"]}]))]
    #[serde(default)]
    pub main: Vec<CiStage>,
    /// What is done with the environments when the tag of a release appears, one after the other; tags of pre-releases
    /// begin nothing. `promote FROM` takes what runs there
    #[schemars(example = serde_json::json!([{"env": "prod", "run": ["promote rec"], "approval": true}]))]
    #[serde(default)]
    pub tag: Vec<CiStage>,
    /// Commands of infractl for every night
    ///
    /// Example: `nightly = ["drift --all --new"]`
    #[serde(default)]
    pub nightly: Vec<String>,
    /// Commands of infractl for every week
    ///
    /// Example: `weekly = ["snapshot verify prod"]`
    #[serde(default)]
    pub weekly: Vec<String>,
    /// What `drift` finds at night becomes one issue of the forge, which is closed when it is gone
    #[serde(default)]
    pub drift_issue: bool,
    /// Who the jobs are at the cloud, by a token of the forge and without a key
    pub identity: Option<CiIdentity>,
    /// Secrets of the forge that become variables of the jobs that reach something
    ///
    /// Default: `INFRACTL_AGE_KEY` when an environment has files of secrets
    #[schemars(example = ["INFRACTL_AGE_KEY"])]
    pub secrets: Option<Vec<VariableName>>,
    /// Runs of an environment wait in a queue; without it GitHub keeps only the last one that waits
    #[serde(default)]
    pub queue: bool,
}

/// Whose file is written
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum CiForge {
    /// GitHub Actions
    Github,
    /// GitLab CI
    Gitlab,
    /// Azure Pipelines
    Azure,
}

/// The infractl that the jobs run
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct CiProgram {
    /// Its version
    #[schemars(example = &"0.3.0")]
    pub version: String,
    /// The SHA-256 of the program; another one is not started. With `install` it is that of the archive, or of the
    /// `SHA256SUMS` of the release, which has those of all archives
    #[schemars(example = &"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    pub sha256: String,
    /// Where the program is had; `{{version}}` stands for the version. With `install` it is where the archive and
    /// `SHA256SUMS` are
    ///
    /// Default: it is on the `PATH` of the machine already; with `install` of GitHub, the release of that repository
    ///
    /// Example: `url = "https://example.com/infractl-{{version}}-linux-amd64"`
    pub url: Option<String>,
    /// The action (GitHub), component (GitLab) or template (Azure) that fetches infractl, keeps it in the forge's cache and
    /// checks it, at a fixed version: `OWNER/infractl@COMMIT`, `HOST/GROUP/infractl/infractl@VERSION`,
    /// `PROJECT/infractl@refs/tags/TAG`
    ///
    /// Default: none; the jobs fetch the program themselves
    ///
    /// Example: `install = "gitlab.example.com/tools/infractl/infractl@0.3.0"`
    pub install: Option<String>,
}

/// What is done with one environment
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct CiStage {
    /// The environment
    #[schemars(example = &"dev")]
    pub env: EnvironmentName,
    /// Verbs and pipelines, in order. `apply --plan` plans in a job of its own, and applies that plan after the approval;
    /// `apply --verify` plans again and applies what means the same
    ///
    /// Example: `run = ["apply --plan", "deploy", "verify"]`
    pub run: Vec<String>,
    /// Somebody lets it begin; a protected environment asks for this
    #[serde(default)]
    pub approval: bool,
    /// A job before it looks whether the snapshots of `[snapshots]` can be restored, or makes them first
    ///
    /// Default: none
    pub snapshot: Option<CiSnapshot>,
    /// When this fails, a job takes the environment back to what was verified last, if this run deployed to it
    #[serde(default)]
    pub rollback: bool,
    /// Who these jobs are at the cloud, when they are somebody else
    pub identity: Option<CiIdentity>,
}

/// What is done with the snapshots of an environment before it is changed
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum CiSnapshot {
    /// The newest of each is verified
    Verify,
    /// One of each is made, and verified
    Create,
}

/// Who the jobs are at the cloud
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct CiIdentity {
    /// ARN of the role of AWS that trusts the forge's tokens
    ///
    /// Example: `aws = "arn:aws:iam::123456789012:role/infractl"`
    pub aws: String,
}
