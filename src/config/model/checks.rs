//! `[checks]`: programs that look at the files of an environment and find fault with them.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Argument, FilePath, Invocation, Variables};

/// The checks that infractl knows how to call, by their names.
pub(crate) const KNOWN_CHECKS: [&str; 4] = ["fmt", "tflint", "conftest", "checkov"];

/// A check: `true` for one that infractl knows, or what to run
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged)] // its errors are never seen: config/check.rs has looked at the value before serde does
pub(crate) enum CheckEntry {
    /// Done as infractl knows it, or not done.
    Known(bool),
    /// A line for the shell.
    Shell(Argument),
    /// A program and its arguments, without a shell.
    Argv(Vec<Argument>),
    /// With more said.
    Table(CheckTable),
}

/// A check with its folder, its variables and how its findings are read
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CheckTable {
    /// A line for the shell, or a list of arguments
    ///
    /// Default: what infractl knows of `fmt`, `tflint`, `conftest` and `checkov`
    #[schemars(example = &"./check-licenses.sh")]
    pub run: Option<Invocation>,
    /// Folder to run in
    ///
    /// Default: that of the root module
    #[schemars(example = &"policies")]
    pub dir: Option<FilePath>,
    /// More variables; values may name secrets
    #[schemars(example = serde_json::json!({"STRICT": "1"}))]
    #[serde(default)]
    pub env: Variables,
    /// Rules of Prometheus to look at with promtool: files of the project, `*` in their names for several. What its lint
    /// warns of counts
    ///
    /// Example: `promtool = ["monitoring/rules/*.yml"]`
    #[serde(default)]
    pub promtool: Vec<FilePath>,
    /// Tests of such rules to run with promtool
    ///
    /// Example: `tests = ["monitoring/tests/*.yml"]`
    #[serde(default)]
    pub tests: Vec<FilePath>,
    /// Configuration of Alertmanager to look at with amtool
    ///
    /// Example: `amtool = "monitoring/alertmanager.yml"`
    pub amtool: Option<FilePath>,
    /// What it prints: the JSON of `tflint`, `conftest` or `checkov`, `sarif`, or lines
    ///
    /// Default: that of the program the check is named after, else `lines`
    ///
    /// Example: `findings = "sarif"`
    pub findings: Option<Findings>,
}

/// What a check prints
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Findings {
    /// `terraform fmt -check -diff`
    Fmt,
    /// `tflint --format=json`
    Tflint,
    /// `conftest test --output=json`
    Conftest,
    /// `checkov --output=json`
    Checkov,
    /// `promtool check rules`, `promtool test rules`
    Promtool,
    /// `amtool check-config`
    Amtool,
    /// SARIF, as many programs write it (`trivy --format sarif`)
    Sarif,
    /// `FILE:LINE: text` or `FILE:LINE:COLUMN: text`, as compilers write it; other lines are shown as they are
    Lines,
}

impl Findings {
    /// What a program of this name prints.
    pub(crate) fn of(name: &str) -> Findings {
        match name {
            "fmt" => Findings::Fmt,
            "tflint" => Findings::Tflint,
            "conftest" => Findings::Conftest,
            "checkov" => Findings::Checkov,
            "promtool" => Findings::Promtool,
            "amtool" => Findings::Amtool,
            _ => Findings::Lines,
        }
    }

    /// What is found is printed on standard error as well.
    pub(crate) fn is_on_both(self) -> bool {
        matches!(self, Findings::Promtool | Findings::Amtool)
    }

    /// What is printed is no document.
    pub(crate) fn is_for_people(self) -> bool {
        matches!(self, Findings::Fmt | Findings::Lines)
    }
}

impl CheckTable {
    /// It looks at how an environment is watched: rules, their tests, whom alerts go to.
    pub(crate) fn watches(&self) -> bool {
        !self.promtool.is_empty() || !self.tests.is_empty() || self.amtool.is_some()
    }
}

impl CheckEntry {
    /// The same as a table; none if it is not to be done.
    pub(crate) fn into_table(self) -> Option<CheckTable> {
        let run = match self {
            CheckEntry::Known(is_wanted) => return is_wanted.then(CheckTable::default),
            CheckEntry::Shell(line) => Invocation::Shell(line),
            CheckEntry::Argv(words) => Invocation::Argv(words),
            CheckEntry::Table(table) => return Some(table),
        };
        Some(CheckTable { run: Some(run), ..CheckTable::default() })
    }
}
