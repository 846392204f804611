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
    #[schemars(example = &"atlas")]
    pub name: String,
    /// Where to look for the pattern
    ///
    /// Default: `["log", "reason"]`
    #[schemars(example = ["log"])]
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

/// What a failure of a task means: tried before the rules of `[[failures]]` and those of infractl
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Diagnosis {
    /// Regular expression for one line; the case of letters does not count
    ///
    /// Example: `match = "E11000 duplicate key"`
    pub r#match: Pattern,
    /// Where to look for it: `log` (what its containers said), `reason` (what AWS says), `exit` (its exit code)
    ///
    /// Default: `["log", "reason"]`
    #[schemars(example = ["log"])]
    pub r#in: Option<OneOrMany<FailurePlace>>,
    /// What it means, in a sentence; a word before a colon is its name
    ///
    /// Example: `says = "data: this delivery was loaded before"`
    pub says: String,
    /// Command that shows more, or several; they are shown, never run
    ///
    /// Example: `look = "python -m src.reporting.check_quality"`
    pub look: Option<OneOrMany<Argument>>,
    /// Whether another try helps: `false` ends a `retry`
    ///
    /// Default: as `retry.on` says
    pub retry: Option<bool>,
}

impl Diagnosis {
    /// The same as a rule with a name.
    pub(crate) fn rule(&self) -> FailureRule {
        let named = self.says.split_once(':').filter(|(name, _)| {
            !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "_-".contains(c))
        });
        let (name, says) = named.unwrap_or(("own", &self.says));
        FailureRule {
            name: name.to_owned(),
            r#in: self.r#in.clone(),
            r#for: Vec::new(),
            r#match: self.r#match.clone(),
            says: says.trim().to_owned(),
            look: self.look.clone().map(OneOrMany::into_vec).unwrap_or_default(),
            retry: self.retry,
        }
    }
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
