//! `.sops.yaml`: who may read which file, and what of it is encrypted.

use std::fmt;
use std::path::{Path, PathBuf};

use regex::bytes::Regex;

use super::error::{SecretsError, shown};
use super::rules_keys::{group, other_backends, recipients};
use super::yaml::{self, Node, Value};
use crate::disk;
use crate::sops::{KeyGroups, NewFile, Rule};

/// The name of the file.
pub(crate) const RULES_FILE: &str = ".sops.yaml";

/// Names of the six rules about what is encrypted.
const SIX: [&str; 6] = [
    "unencrypted_suffix",
    "encrypted_suffix",
    "unencrypted_regex",
    "encrypted_regex",
    "unencrypted_comment_regex",
    "encrypted_comment_regex",
];

/// The rules of one `.sops.yaml`.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    /// The file.
    pub path: PathBuf,
    /// As the user knows it.
    pub shown: String,
    /// Its text.
    pub text: String,
    /// Its rules, in order; the first that matches a file is the one for it.
    pub rules: Vec<CreationRule>,
}

/// How files are encrypted.
#[derive(Debug, Clone)]
pub(crate) struct CreationRule {
    /// The pattern of the paths it is for; all paths if none.
    pub pattern: Option<String>,
    /// Its line in the file, from 1.
    pub line: usize,
    /// Where its first key stands in the text.
    pub(super) at: usize,
    /// Who can open the files.
    pub recipients: KeyGroups,
    /// Keys of other backends that it names.
    pub others: Vec<String>,
    /// What is encrypted; sops's own default if none.
    pub rule: Option<Rule>,
    /// Whether the MAC leaves clear values out.
    pub mac_only_encrypted: bool,
    /// Where its recipients stand in the text: a list or a text with commas. None with key groups.
    pub(super) age: Option<Node>,
    regex: Option<Regex>,
    has_groups: bool,
}

impl Rules {
    /// The rules for a file: those that were named instead, else those of the nearest `.sops.yaml` from its folder upwards
    /// to the root of the project. None if there is no such file.
    pub(crate) fn find(
        root: &Path,
        named: Option<&Path>,
        file: &Path,
    ) -> Result<Option<Rules>, SecretsError> {
        if let Some(named) = named {
            return Rules::read(root, named).map(Some);
        }
        let file = root.join(file);
        let mut folders = file.ancestors().skip(1).take(100);
        let inside = file.starts_with(root);
        let found = folders.find_map(|folder| {
            let path = folder.join(RULES_FILE);
            if path.is_file() {
                return Some(Some(path));
            }
            (inside && folder == root).then_some(None)
        });
        match found.flatten() {
            Some(path) => Ok(Some(Rules::read(root, &path)?)),
            None => Ok(None),
        }
    }

    /// The rules of this file.
    pub(crate) fn read(root: &Path, path: &Path) -> Result<Rules, SecretsError> {
        let text = disk::read_text(path).map_err(|error| match error.is_not_found() {
            true => SecretsError::Rules {
                message: format!("there is no file of rules `{}`", shown(root, path)),
                help: "name another one with `--config` or SOPS_CONFIG, or none at all".to_owned(),
            },
            false => error.into(),
        })?;
        Rules::parse(root, path, text)
    }

    /// The rules in a text.
    pub(crate) fn parse(root: &Path, path: &Path, text: String) -> Result<Rules, SecretsError> {
        let name = shown(root, path);
        let wrong = |line: usize, message: &str| SecretsError::Rules {
            message: format!("`{name}` line {line}: {message}"),
            help: format!("correct line {line} of `{name}`"),
        };
        let top = yaml::parse(&text).map_err(|(line, reason)| wrong(line, &reason))?;
        let mut rules = Vec::new();
        if let Some(list) = top.as_ref().and_then(|top| top.get("creation_rules")) {
            if !matches!(list.value, Value::List(_)) && list.text().is_some() {
                return Err(wrong(list.line, "`creation_rules` is not a list"));
            }
            for node in list.items() {
                rules.push(rule(node).map_err(|(line, message)| wrong(line, &message))?);
            }
        }
        Ok(Rules { path: path.to_owned(), shown: name, text, rules })
    }

    /// The path that patterns are matched with: relative to the folder of the rules.
    pub(crate) fn relative<'a>(&self, file: &'a Path) -> &'a Path {
        self.path.parent().and_then(|folder| file.strip_prefix(folder).ok()).unwrap_or(file)
    }

    /// The rule for a file given by its absolute path: the first that matches.
    pub(crate) fn rule_for(&self, file: &Path) -> Option<&CreationRule> {
        let relative = self.relative(file).to_string_lossy();
        self.rules.iter().find(|rule| rule.matches(&relative))
    }

    /// The rule for a file, or why there is none.
    pub(crate) fn expect_rule(&self, file: &Path) -> Result<&CreationRule, SecretsError> {
        self.rule_for(file).ok_or_else(|| {
            let path = self.relative(file).display();
            let patterns: Vec<_> = self.rules.iter().map(|rule| format!("`{rule}`")).collect();
            let tried = if patterns.is_empty() {
                "it has no `creation_rules`".to_owned()
            } else {
                format!("tried {}", patterns.join(", "))
            };
            SecretsError::Rules {
                message: format!("no rule of `{}` is for `{path}`; {tried}", self.shown),
                help: format!("add a rule with a `path_regex` that matches `{path}` to `{}`", self.shown),
            }
        })
    }
}

impl CreationRule {
    /// True when the rule is for this path.
    pub(crate) fn matches(&self, relative: &str) -> bool {
        self.regex.as_ref().is_none_or(|regex| regex.is_match(relative.as_bytes()))
    }

    /// All its age recipients.
    pub(crate) fn age(&self) -> impl Iterator<Item = &str> {
        self.recipients.groups.iter().flatten().map(String::as_str)
    }

    /// True when the data key is shared out over groups.
    pub(crate) fn has_groups(&self) -> bool {
        self.has_groups
    }

    /// How a new file is encrypted by this rule.
    pub(crate) fn new_file(&self, rules: &Rules) -> Result<NewFile, SecretsError> {
        let refuse = |message: String, help: String| Err(SecretsError::Rules { message, help });
        let place = format!("the rule at line {} of `{}`", self.line, rules.shown);
        if !self.others.is_empty() {
            return refuse(
                format!("{place} names keys of {}, which only sops can use", self.others.join(", ")),
                "write the file with sops, or give it a rule with age recipients alone".to_owned(),
            );
        }
        if self.age().next().is_none() {
            return refuse(
                format!("{place} names no recipient"),
                "add `age:` with a public key, or make one with `infractl secrets keygen`".to_owned(),
            );
        }
        Ok(NewFile {
            recipients: self.recipients.clone(),
            rule: self.rule.clone(),
            mac_only_encrypted: self.mac_only_encrypted,
        })
    }
}

impl fmt::Display for CreationRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.pattern.as_deref().unwrap_or("(every path)"))
    }
}

/// Where the recipients of a rule stand: in itself, or in its only key group. None with several groups.
fn only_group(rule: &Node, has_groups: bool) -> Option<&Node> {
    match rule.get("key_groups").map_or(&[][..], Node::items) {
        _ if !has_groups => Some(rule),
        [group] if group.get("merge").is_none() => Some(group),
        _ => None,
    }
}

/// A line and what is wrong there.
pub(super) type Wrong = (usize, String);

fn rule(node: &Node) -> Result<CreationRule, Wrong> {
    if !matches!(node.value, Value::Map(_)) {
        return Err((node.line, "a creation rule is a map".to_owned()));
    }
    let text = |key: &str| match node.get(key) {
        None => Ok(None),
        Some(Node { value: Value::Text(text), .. }) => Ok(Some(text.clone())),
        Some(other) => Err((other.line, format!("`{key}` is not a text"))),
    };
    let line = |key: &str| node.get(key).map_or(node.line, |node| node.line);
    let pattern = text("path_regex")?.filter(|pattern| !pattern.is_empty());
    let compile = |key: &str, pattern: &str| {
        crate::sops::compile(pattern)
            .map_err(|reason| (line(key), format!("`{key}` is not a valid pattern: {reason}")))
    };
    let regex = pattern.as_deref().map(|pattern| compile("path_regex", pattern)).transpose()?;
    let mut six = Vec::new();
    for name in SIX {
        if let Some(value) = text(name)?.filter(|value| !value.is_empty()) {
            if name.ends_with("regex") {
                compile(name, &value)?;
            }
            six.extend(Rule::named(name, &value));
        }
    }
    if six.len() > 1 {
        let names: Vec<_> = six.iter().map(|rule| format!("`{}`", rule.field().0)).collect();
        return Err((node.line, format!("only one of {} can be given", names.join(" and "))));
    }
    let threshold = match text("shamir_threshold")?.as_deref() {
        None | Some("" | "0") => None,
        Some(number) => Some(
            number
                .parse()
                .map_err(|_| (line("shamir_threshold"), "`shamir_threshold` is not a number".to_owned()))?,
        ),
    };
    let has_groups = node.get("key_groups").is_some_and(|groups| !groups.items().is_empty());
    let mut others = Vec::new();
    let groups = if has_groups {
        node.get("key_groups")
            .map_or(&[][..], Node::items)
            .iter()
            .map(|g| group(g, &mut others))
            .collect::<Result<_, _>>()?
    } else {
        others.extend(other_backends(node));
        vec![node.get("age").map_or(Ok(Vec::new()), recipients)?]
    };
    let groups: Vec<Vec<String>> = groups;
    let threshold = threshold.filter(|_| groups.len() > 1);
    Ok(CreationRule {
        pattern,
        line: node.line,
        at: node.at.start,
        recipients: KeyGroups { groups, threshold },
        others,
        rule: six.pop(),
        mac_only_encrypted: text("mac_only_encrypted")?.as_deref() == Some("true"),
        age: only_group(node, has_groups).and_then(|node| node.get("age")).cloned(),
        regex,
        has_groups,
    })
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
