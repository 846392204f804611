//! promtool and amtool, which say most of what they find on standard error, in words.

use std::sync::LazyLock;

use regex::Regex;

use super::finding::Finding;
use crate::exec::Cmd;

/// `FILE: LINE:COLUMN: text`, `FILE: yaml: line LINE: text`, `FILE: text`.
static RULE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"^(?P<file>\S+\.ya?ml): (?:(?P<line>[0-9]+):(?P<column>[0-9]+): |yaml: line (?P<yaml>[0-9]+): |yaml: )?(?P<text>\S.*)$",
    )
    .ok()
});

/// `Checking 'FILE'  FAILED: text`.
static ALERTMANAGER: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^Checking '(?P<file>[^']+)'\s+FAILED: (?P<text>.*)$").ok());

static LINE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\bline (?P<line>[0-9]+): ").ok());

/// Looks at a file of rules. Without `--lint-fatal` it ends with 0 whatever its lint says.
pub(crate) fn check_rules(file: &str) -> Cmd {
    Cmd::new("promtool").args(["check", "rules", "--lint=all", "--lint-fatal", file])
}

/// Runs a file of tests.
pub(crate) fn test_rules(file: &str) -> Cmd {
    Cmd::new("promtool").args(["test", "rules", file])
}

/// Looks at the configuration of Alertmanager.
pub(crate) fn check_config(file: &str) -> Cmd {
    Cmd::new("amtool").args(["check-config", file])
}

/// What promtool found in one file.
pub(super) fn read(text: &str) -> Vec<Finding> {
    let file = text.lines().find_map(|line| {
        line.strip_prefix("Checking ")
            .or_else(|| line.strip_prefix("Unit Testing: "))
            .map(|file| file.trim().to_owned())
    });
    let mut found: Vec<Finding> = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let rule = RULE.as_ref().and_then(|rule| rule.captures(line.trim_start()));
        let mut finding = Finding { is_error: true, file: file.clone(), ..Finding::default() };
        if let Some(rule) = rule {
            let number = |name: &str| rule.name(name).and_then(|number| number.as_str().parse().ok());
            finding.file = Some(rule["file"].to_owned());
            finding.line = number("line").or_else(|| number("yaml"));
            finding.column = number("column");
            rule["text"].clone_into(&mut finding.message);
        } else if let Some(text) = line.strip_prefix("lint error ") {
            let mut words = vec![text.trim().to_owned()];
            while let Some(more) = lines.next_if(|line| !line.trim_start().starts_with("FAILED")) {
                words.push(more.trim().to_owned());
            }
            words.retain(|word| !word.is_empty());
            (finding.message, finding.rule) = (words.join(" "), Some("lint".to_owned()));
        } else if let Some(text) = line.strip_prefix("promtool: error: ") {
            text.clone_into(&mut finding.message);
        } else if line.trim_start().starts_with("alertname: ") || line.trim_start().starts_with("expr: ") {
            let mut words = vec![line.trim().to_owned()];
            while let Some(more) = lines.next_if(|line| line.starts_with("        ")) {
                words.push(more.trim().to_owned());
            }
            (finding.message, finding.rule) = (words.join(" "), Some("test".to_owned()));
        } else {
            continue;
        }
        // It says some things twice.
        if !found.contains(&finding) {
            found.push(finding);
        }
    }
    found
}

/// What amtool found.
pub(super) fn read_config(text: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let Some(failed) = ALERTMANAGER.as_ref().and_then(|failed| failed.captures(line)) else { continue };
        let mut words = vec![failed["text"].trim().to_owned()];
        while let Some(more) = lines.next_if(|line| line.starts_with("  ")) {
            words.push(more.trim().to_owned());
        }
        let message = words.join(" ");
        let place = LINE.as_ref().and_then(|place| place.captures(&message));
        let line = place.and_then(|place| place["line"].parse().ok());
        found.push(Finding {
            is_error: true,
            message,
            file: Some(failed["file"].to_owned()),
            line,
            ..Finding::default()
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(found: &[Finding]) -> Vec<String> {
        let of = |finding: &Finding| {
            let number = |number: Option<u64>| number.map(|number| format!(":{number}")).unwrap_or_default();
            let file = finding.file.clone().unwrap_or_default();
            format!("{file}{}{} {}", number(finding.line), number(finding.column), finding.message)
        };
        found.iter().map(of).collect()
    }

    #[test]
    fn what_promtool_2_42_says_of_rules_has_its_place() {
        let text = "Checking rules/bad.yml\n\n  FAILED:\nrules/bad.yml: 5:15: group \"site\", rule 1, \"Down\": could not parse expression: 1:7: parse error: unexpected \"=\"\nrules/bad.yml: group \"site\", rule 3, \"X\": invalid label name: a b\n";
        assert_eq!(
            told(&read(text)),
            [
                "rules/bad.yml:5:15 group \"site\", rule 1, \"Down\": could not parse expression: 1:7: parse error: unexpected \"=\"",
                "rules/bad.yml group \"site\", rule 3, \"X\": invalid label name: a b",
            ]
        );
        let text = "Checking r.yml\n\n  FAILED:\nr.yml: yaml: line 1: did not find expected '-' indicator\nr.yml: yaml: line 1: did not find expected '-' indicator\n";
        assert_eq!(told(&read(text)), ["r.yml:1 did not find expected '-' indicator"]);
        let text = "Checking r/dup.yml\n\n  FAILED:\nlint error 1 duplicate rule(s) found.\nMetric: a:b\nLabel(s):\nMight cause inconsistency while recording expressions\n";
        assert_eq!(
            told(&read(text)),
            [
                "r/dup.yml 1 duplicate rule(s) found. Metric: a:b Label(s): Might cause inconsistency while recording expressions"
            ]
        );
        assert_eq!(
            told(&read("promtool: error: path 'x' does not exist, try --help\n")),
            [" path 'x' does not exist, try --help"]
        );
        assert_eq!(read("Checking r.yml\n  SUCCESS: 1 rules found\n\n"), []);
    }

    #[test]
    fn a_test_that_fails_says_what_was_expected() {
        let text = "Unit Testing:  t.yml\n\n  FAILED:\n    alertname: Down, time: 6m, \n        exp:[\n            0:\n              Labels:{a=\"b\"}\n            ], \n        got:[]\n";
        assert_eq!(
            told(&read(text)),
            ["t.yml alertname: Down, time: 6m, exp:[ 0: Labels:{a=\"b\"} ], got:[]"]
        );
    }

    #[test]
    fn what_amtool_0_25_says_has_its_place() {
        let text = "Checking 'am.yml'  FAILED: undefined receiver \"nobody\" used in route\n\namtool: error: failed to validate 1 file(s)\n";
        assert_eq!(told(&read_config(text)), ["am.yml undefined receiver \"nobody\" used in route"]);
        let text = "Checking 'am.yml'  FAILED: yaml: unmarshal errors:\n  line 3: field foo not found in type config.plain\n";
        assert_eq!(
            told(&read_config(text)),
            ["am.yml:3 yaml: unmarshal errors: line 3: field foo not found in type config.plain"]
        );
        assert_eq!(read_config("Checking 'am.yml'  SUCCESS\nFound:\n"), []);
    }
}
