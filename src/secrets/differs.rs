//! Where a file and the rule that is for it differ: who can open it, and what of it is encrypted. Needs no key.

use std::path::Path;

use super::error::shown;
use super::labels::Labels;
use super::rekey::Difference;
use super::rules::{CreationRule, Rules};
use super::wrong::Wrong;
use crate::sops::{Encrypted, Rule, Survey};

/// How a file that is there differs from the rule that is for it.
#[derive(Debug, Default)]
pub(crate) struct Differences {
    /// Who can open it and should not, or cannot and should.
    pub readers: Option<Wrong>,
    /// What is in clear and should not be.
    pub content: Option<Wrong>,
}

/// Both for a file that is about to be written; nothing when no rule is for it.
pub(crate) fn from_rule(root: &Path, named: Option<&Path>, path: &Path, file: &Encrypted) -> Differences {
    let Ok(Some(rules)) = Rules::find(root, named, path) else { return Differences::default() };
    let Some(rule) = rules.rule_for(&root.join(path)) else { return Differences::default() };
    let labels = Labels::of_project(root, named);
    let name = shown(root, &root.join(path));
    Differences {
        readers: readers(file, &rules, rule, &name, &labels),
        content: content(file, &rules, rule, &name),
    }
}

/// What is in clear and should not be.
pub(crate) fn content(file: &Encrypted, rules: &Rules, rule: &CreationRule, name: &str) -> Option<Wrong> {
    let own = file.metadata().rule();
    let nothing = nothing(&Survey::of(file.branches(), own), own).map(|why| Wrong {
        file: name.to_owned(),
        message: format!("nothing in it is encrypted: {why}"),
        help: Some(format!(
            "give the file a rule of its own in {}, run `infractl secrets decrypt --in-place {name}` and \
             `infractl secrets encrypt --in-place {name}`, and change those secrets where they are used",
            rules.shown
        )),
    });
    nothing.or_else(|| values(file, rules, rule, name))
}

/// Who can open the file and should not, or cannot and should.
pub(crate) fn readers(
    file: &Encrypted,
    rules: &Rules,
    rule: &CreationRule,
    name: &str,
    labels: &Labels,
) -> Option<Wrong> {
    if !rule.others.is_empty() || rule.age().next().is_none() {
        return None;
    }
    let difference = Difference::between(file, &rule.recipients);
    if difference.is_empty() {
        return None;
    }
    let mut parts = Vec::new();
    for (keys, what) in [(&difference.added, "is not for"), (&difference.removed, "is still for")] {
        if !keys.is_empty() {
            let keys: Vec<_> = keys.iter().map(|key| labels.show(key)).collect();
            parts.push(format!("{what} {}", keys.join(", ")));
        }
    }
    if difference.regrouped && parts.is_empty() {
        parts.push("has other key groups".to_owned());
    }
    Some(Wrong {
        file: name.to_owned(),
        message: format!("{}, other than {}", parts.join(" and "), place(rules, rule)),
        help: Some(format!("run `infractl secrets updatekeys {name}`")),
    })
}

/// Values in clear that the rule would encrypt.
fn values(file: &Encrypted, rules: &Rules, rule: &CreationRule, name: &str) -> Option<Wrong> {
    if file.format() == crate::sops::Format::Binary {
        return None;
    }
    let own = file.metadata().rule();
    let wanted = rule.rule.clone().unwrap_or_default();
    let clear = Survey::of(file.branches(), &wanted).unsealed;
    if *own == wanted || clear.is_empty() {
        return None;
    }
    Some(Wrong {
        file: name.to_owned(),
        message: format!(
            "leaves {} in clear by `{}`, and {} encrypts by `{}`",
            clear.join(", "),
            text(own),
            place(rules, rule),
            text(&wanted)
        ),
        help: Some(format!(
            "run `infractl secrets decrypt --in-place {name}` and `infractl secrets encrypt --in-place {name}`"
        )),
    })
}

/// Why nothing at all of a document is encrypted; none when something is, when there is nothing, and when each clear
/// value is marked by its name.
pub(crate) fn nothing(survey: &Survey, rule: &Rule) -> Option<String> {
    let is_marked = matches!(rule, Rule::UnencryptedSuffix(_));
    (survey.chosen == 0 && !survey.clear.is_empty() && !is_marked)
        .then(|| format!("its rule `{}` chooses none of its values", text(rule)))
}

/// A rule as `.sops.yaml` has it.
pub(crate) fn text(rule: &Rule) -> String {
    let (name, text) = rule.field();
    format!("{name}: {text}")
}

fn place(rules: &Rules, rule: &CreationRule) -> String {
    format!("the rule at line {} of {}", rule.line, rules.shown)
}
