//! What a failure means, as the project knows it.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Argument, OneOrMany, Pattern};

/// What a failure means: the first rule that matches gives it a name, words, and what to look at; those of the project
/// come before those of infractl
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FailureRule {
    /// A short name for it
    pub name: String,
    /// Where to look for the pattern
    ///
    /// Default: `["log", "reason"]`
    pub r#in: Option<OneOrMany<FailurePlace>>,
    /// Only for steps that started one of these programs; `http` is a request, `ansible` and `compose` are any of
    /// their programs
    ///
    /// Example: `for = ["terraform", "ansible"]`
    #[serde(default)]
    pub r#for: Vec<String>,
    /// Regular expression for one line, or for the exit code; the case of letters does not count
    ///
    /// Example: `match = "MongoServerSelectionError|tlsv1 alert internal error"`
    pub r#match: Pattern,
    /// What it means, in a sentence
    ///
    /// Example: `says = "Atlas refuses this address: its access list does not hold it"`
    pub says: String,
    /// Commands that show more; they are shown, never run
    ///
    /// Example: `look = ["atlas accessLists list --projectId {{output.atlas_project}}"]`
    #[serde(default)]
    pub look: Vec<Argument>,
    /// Whether another try helps: `false` ends a `retry`, `true` tries again whatever `retry.on` says
    ///
    /// Default: as `retry.on` says
    pub retry: Option<bool>,
}

/// Where to look for a pattern
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FailurePlace {
    /// What the programs of the step said
    Log,
    /// Why the step failed, in the words of infractl
    Reason,
    /// The exit code of its last program
    Exit,
}
