//! What was found: how bad it is, what, why, and what to do. Pure.

use schemars::JsonSchema;
use serde::Serialize;

use crate::failure::Failure;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Level {
    /// As it should be.
    Ok,
    /// Something to look at; runs go on.
    Warning,
    /// A run will fail because of it.
    Error,
}

impl Level {
    fn word(self) -> &'static str {
        match self {
            Level::Ok => "ok",
            Level::Warning => "warning",
            Level::Error => "error",
        }
    }
}

/// Something that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Finding {
    /// What it belongs to: `tools`, `secrets`, `state`, …
    pub group: &'static str,
    /// How bad it is.
    pub level: Level,
    /// What was found.
    pub what: String,
    /// Why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub why: Vec<String>,
    /// What to do: each line begins with a verb.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub help: Vec<String>,
}

impl Finding {
    fn new(group: &'static str, level: Level, what: impl Into<String>) -> Finding {
        Finding { group, level, what: what.into(), why: Vec::new(), help: Vec::new() }
    }

    /// All is well.
    pub(crate) fn ok(group: &'static str, what: impl Into<String>) -> Finding {
        Finding::new(group, Level::Ok, what)
    }

    /// Something to look at.
    pub(crate) fn warning(group: &'static str, what: impl Into<String>) -> Finding {
        Finding::new(group, Level::Warning, what)
    }

    /// Something that a run will fail at.
    pub(crate) fn error(group: &'static str, what: impl Into<String>) -> Finding {
        Finding::new(group, Level::Error, what)
    }

    /// What a run would fail with.
    pub(crate) fn failed(group: &'static str, failure: Failure) -> Finding {
        let mut texts: Vec<String> = failure.error.chain().map(ToString::to_string).collect();
        let mut help = failure.help;
        for problem in failure.problems {
            help.extend(problem.help);
        }
        texts.dedup();
        let what = if texts.is_empty() { String::new() } else { texts.remove(0) };
        Finding { why: texts, help, ..Finding::error(group, what) }
    }

    /// Says why.
    #[must_use]
    pub(crate) fn why(mut self, line: impl Into<String>) -> Finding {
        self.why.push(line.into());
        self
    }

    /// Says what to do.
    #[must_use]
    pub(crate) fn help(mut self, line: impl Into<String>) -> Finding {
        self.help.push(line.into());
        self
    }
}

/// How many there are of a level.
pub(crate) fn count(findings: &[Finding], level: Level) -> usize {
    findings.iter().filter(|finding| finding.level == level).count()
}

/// All of them as a list, in groups as they come.
pub(crate) fn list(findings: &[Finding]) -> String {
    let mut text = String::new();
    let mut group = "";
    for finding in findings {
        if finding.group != group {
            group = finding.group;
            text.push_str(&format!("{}{group}\n", if text.is_empty() { "" } else { "\n" }));
        }
        let mut lines = finding.what.lines();
        text.push_str(&format!("  {:7}  {}\n", finding.level.word(), lines.next().unwrap_or_default()));
        let more = lines.chain(finding.why.iter().flat_map(|why| why.lines()));
        more.for_each(|line| text.push_str(&format!("           {line}\n")));
        for help in &finding.help {
            text.push_str(&format!("           -> {help}\n"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Kind;

    #[test]
    fn findings_are_a_calm_list() {
        let failure = Failure::new(Kind::Failed, "connection refused")
            .context("the state is out of reach")
            .help("start it");
        let findings = [
            Finding::ok("tools", "terraform 1.11.4 (/usr/bin/terraform)"),
            Finding::error("tools", "`kubectl` is not there").help("install it: `infractl tools install`"),
            Finding::failed("state", failure),
        ];
        insta::assert_snapshot!(list(&findings), @r"
        tools
          ok       terraform 1.11.4 (/usr/bin/terraform)
          error    `kubectl` is not there
                   -> install it: `infractl tools install`

        state
          error    the state is out of reach
                   connection refused
                   -> start it
        ");
        assert_eq!((count(&findings, Level::Error), count(&findings, Level::Warning)), (2, 0));
    }
}
