//! Changes who may read files in the text of a `.sops.yaml`, and leaves everything else of it alone.

use std::path::Path;

use super::error::SecretsError;
use super::labels::bare;
use super::rules::{CreationRule, Rules};
use super::yaml::{Node, Value};

/// Adds a recipient to the rules with these numbers; true when the text changed. With a name it gets a comment where
/// there is room for one.
pub(crate) fn add(
    root: &Path,
    rules: &Rules,
    numbers: &[usize],
    recipient: &str,
    name: Option<&str>,
) -> Result<Rules, SecretsError> {
    let mut rules = rules.clone();
    for &number in numbers {
        if rules.rules[number].age().any(|known| bare(known) == bare(recipient)) {
            continue;
        }
        let rule = &rules.rules[number];
        let text = with(&rules.text, rule, recipient, name).ok_or_else(|| by_hand(&rules, rule))?;
        let mut wanted: Vec<&str> = rule.age().collect();
        wanted.push(recipient);
        rules = checked(root, &rules, number, text, &wanted)?;
    }
    Ok(rules)
}

/// Removes a recipient from the rules with these numbers.
pub(crate) fn remove(
    root: &Path,
    rules: &Rules,
    numbers: &[usize],
    recipient: &str,
) -> Result<Rules, SecretsError> {
    let mut rules = rules.clone();
    for &number in numbers {
        let rule = &rules.rules[number];
        if !rule.age().any(|known| bare(known) == bare(recipient)) {
            continue;
        }
        let wanted: Vec<&str> = rule.age().filter(|known| bare(known) != bare(recipient)).collect();
        if wanted.is_empty() {
            return Err(SecretsError::Rules {
                message: format!(
                    "`{recipient}` is the only recipient of the rule at line {} of `{}`",
                    rule.line, rules.shown
                ),
                help: "add another recipient first, or remove the rule and its files by hand".to_owned(),
            });
        }
        let text = without(&rules.text, rule, recipient).ok_or_else(|| by_hand(&rules, rule))?;
        rules = checked(root, &rules, number, text, &wanted)?;
    }
    Ok(rules)
}

/// Parses the new text; it must say what was meant, else it is left to people.
fn checked(
    root: &Path,
    rules: &Rules,
    number: usize,
    text: String,
    wanted: &[&str],
) -> Result<Rules, SecretsError> {
    let by_hand = || by_hand(rules, &rules.rules[number]);
    let new = Rules::parse(root, &rules.path, text).map_err(|_| by_hand())?;
    let same = new.rules.len() == rules.rules.len()
        && new.rules.get(number).is_some_and(|rule| rule.age().collect::<Vec<_>>() == wanted);
    if same { Ok(new) } else { Err(by_hand()) }
}

fn by_hand(rules: &Rules, rule: &CreationRule) -> SecretsError {
    SecretsError::Rules {
        message: format!(
            "the recipients of the rule at line {} of `{}` are written in a way that infractl does not change",
            rule.line, rules.shown
        ),
        help: format!("change `{}` by hand, then run `infractl secrets updatekeys`", rules.shown),
    }
}

fn with(text: &str, rule: &CreationRule, recipient: &str, name: Option<&str>) -> Option<String> {
    let Some(age) = rule.age.as_ref() else {
        // A rule without recipients: they become its first key.
        let line = text[..rule.at].rfind('\n').map_or(0, |newline| newline + 1);
        let is_plain = !rule.has_groups() && !text[rule.at..].starts_with(['{', '*', '&', '!']);
        let indent = " ".repeat(text[line..rule.at].chars().count());
        return is_plain.then(|| insert(text, rule.at, &format!("age: {recipient}\n{indent}")));
    };
    match &age.value {
        // `age: *alice` becomes a list of two; a list that stands elsewhere is changed there or not at all.
        Value::Text(_) if age.alias => {
            let alias = text.get(age.at.clone())?.trim_end();
            let (before, after) = (&text[..age.at.start], &text[age.at.start + alias.len()..]);
            Some(format!("{before}[{alias}, {recipient}]{after}"))
        }
        _ if age.alias => None,
        Value::List(items) if text[age.at.start..].starts_with('[') => {
            Some(insert(text, items.last()?.at.end, &format!(", {recipient}")))
        }
        Value::List(items) => {
            let last = items.last()?.at.start;
            let start = text[..last].rfind('\n').map_or(0, |newline| newline + 1);
            let dash = start + text[start..last].find('-')?;
            let comment = name.map_or_else(String::new, |name| format!(" # {name}"));
            let line = format!("{}- {recipient}{comment}", &text[start..dash]);
            let end = text[last..].find('\n').map_or(text.len(), |newline| last + newline);
            let (before, after) = text.split_at(end);
            Some(format!("{before}\n{line}{after}"))
        }
        Value::Text(_) => {
            let source = text.get(age.at.clone())?.trim_end();
            let end = age.at.start + source.len();
            let quoted = source.starts_with(['"', '\'']);
            match source.trim_end().rsplit_once('\n') {
                Some((_, last)) if !quoted => {
                    let indent = &last[..last.len() - last.trim_start().len()];
                    Some(insert(text, end, &format!(",\n{indent}{recipient}")))
                }
                _ => Some(insert(text, end - usize::from(quoted), &format!(",{recipient}"))),
            }
        }
        Value::Map(_) => None,
    }
}

fn without(text: &str, rule: &CreationRule, recipient: &str) -> Option<String> {
    let age = rule.age.as_ref()?;
    match &age.value {
        _ if age.alias => None,
        Value::List(items) => {
            let (number, item) = items.iter().enumerate().find(|(_, item)| is(item, recipient))?;
            if text[age.at.start..].starts_with('[') {
                let range = match (items.get(number + 1), number.checked_sub(1).and_then(|n| items.get(n))) {
                    (Some(next), _) => item.at.start..next.at.start,
                    (None, Some(before)) => before.at.end..item.at.end,
                    (None, None) => return None,
                };
                return Some(format!("{}{}", &text[..range.start], &text[range.end..]));
            }
            let start = text[..item.at.start].rfind('\n').map_or(0, |newline| newline + 1);
            let end =
                text[item.at.start..].find('\n').map_or(text.len(), |newline| item.at.start + newline + 1);
            Some(format!("{}{}", &text[..start], &text[end..]))
        }
        Value::Text(_) => {
            let source = text.get(age.at.clone())?;
            let found = source.find(recipient)?;
            let (before, after) = (&source[..found], &source[found + recipient.len()..]);
            let new = if let Some(rest) = after.trim_start().strip_prefix(',') {
                format!("{before}{}", rest.trim_start())
            } else {
                format!("{}{after}", before.trim_end().strip_suffix(',')?)
            };
            Some(format!("{}{new}{}", &text[..age.at.start], &text[age.at.end..]))
        }
        Value::Map(_) => None,
    }
}

fn is(item: &Node, recipient: &str) -> bool {
    item.text().is_some_and(|text| bare(text) == bare(recipient))
}

fn insert(text: &str, at: usize, new: &str) -> String {
    format!("{}{new}{}", &text[..at], &text[at..])
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqa";
    const B: &str = "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqb";
    const C: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN";

    fn rules(text: &str) -> Rules {
        let text = text.replace("@A", A).replace("@B", B);
        Rules::parse(Path::new("/p"), Path::new("/p/.sops.yaml"), text).unwrap()
    }

    fn all(rules: &Rules) -> Vec<usize> {
        (0..rules.rules.len()).collect()
    }

    #[test]
    fn every_way_to_write_recipients_can_be_changed_and_changed_back() {
        for (text, line) in [
            ("creation_rules:\n  # team\n  - age: '@A'  # one\n", "  - age: '@A,@C'  # one"),
            ("creation_rules:\n  - age: @A\n    path_regex: x # y\n", "  - age: @A,@C"),
            ("creation_rules:\n  - age: \"@A, @B\"\n", "  - age: \"@A, @B,@C\""),
            ("creation_rules:\n  - age: [@A, '@B']\n", "  - age: [@A, '@B', @C]"),
            (
                "creation_rules:\n  - age:\n      - @A # alice\n      - @B\n  - age: @C\n",
                "      - @C # carol",
            ),
            ("k:\n  - &a @A\n  - &b @B\ncreation_rules:\n  - age:\n    - *a\n    - *b", "    - @C # carol"),
            (
                "k:\n  - &a @A\ncreation_rules:\n  - path_regex: x\n    key_groups:\n      - age:\n          - *a\n",
                "          - @C # carol",
            ),
            ("creation_rules:\n  - key_groups: [{age: [@A]}]\n", "  - key_groups: [{age: [@A, @C]}]"),
            ("creation_rules:\n  - age: >-\n      @A,\n      @B\n    path_regex: x\n", "      @C"),
        ] {
            let old = rules(&text.replace("@C", C));
            let new = add(Path::new("/p"), &old, &[0], C, Some("carol")).unwrap();
            let line = line.replace("@A", A).replace("@B", B).replace("@C", C);
            assert!(new.text.lines().any(|l| l == line), "{line} is not in\n{}", new.text);
            assert_eq!(new.rules[0].age().last(), Some(C));
            let again = add(Path::new("/p"), &new, &[0], C, None).unwrap();
            assert_eq!(again.text, new.text);
            let back = remove(Path::new("/p"), &new, &[0], C).unwrap();
            assert_eq!(back.text.trim_end(), old.text.trim_end(), "{line}");
        }
    }

    #[test]
    fn the_first_of_several_can_be_removed() {
        for text in [
            "creation_rules:\n  - age: [@A, @B]\n",
            "creation_rules:\n  - age: '@A, @B'\n",
            "creation_rules:\n  - age:\n    - @A\n    - @B\n",
        ] {
            let new = remove(Path::new("/p"), &rules(text), &[0], A).unwrap();
            assert_eq!(new.rules[0].age().collect::<Vec<_>>(), [B]);
        }
    }

    #[test]
    fn a_shared_list_is_changed_once_for_all_rules() {
        let old = rules("creation_rules:\n  - age: &team\n      - @A\n  - path_regex: x\n    age: *team\n");
        let new = add(Path::new("/p"), &old, &all(&old), B, None).unwrap();
        assert!(new.rules.iter().all(|rule| rule.age().collect::<Vec<_>>() == [A, B]), "{}", new.text);
    }

    #[test]
    fn an_alias_becomes_the_first_of_a_list() {
        let old = rules("k:\n  - &a @A\ncreation_rules:\n  - age: *a # x\n    path_regex: y\n");
        let new = add(Path::new("/p"), &old, &[0], B, None).unwrap();
        assert!(new.text.contains(&format!("  - age: [*a, {B}] # x\n")), "{}", new.text);
        let back = remove(Path::new("/p"), &new, &[0], B).unwrap();
        assert_eq!(back.rules[0].age().collect::<Vec<_>>(), [A]);
    }

    #[test]
    fn a_rule_without_recipients_gets_its_first() {
        for text in
            ["creation_rules:\n  - path_regex: x # y\n    pgp: F\n", "creation_rules:\n- path_regex: x\n"]
        {
            let new = add(Path::new("/p"), &rules(text), &[0], A, None).unwrap();
            assert_eq!(new.rules[0].age().collect::<Vec<_>>(), [A], "{}", new.text);
            assert_eq!(new.rules[0].pattern.as_deref(), Some("x"));
        }
    }

    #[test]
    fn what_cannot_be_changed_is_left_to_people() {
        let last = rules("creation_rules:\n  - age: '@A'\n");
        let error = remove(Path::new("/p"), &last, &[0], A).unwrap_err().to_string();
        assert!(error.contains("is the only recipient of the rule at line 2 of `.sops.yaml`"), "{error}");
        let groups = rules("creation_rules:\n  - key_groups:\n    - age: ['@A']\n    - age: ['@B']\n");
        let error = add(Path::new("/p"), &groups, &[0], C, None).unwrap_err().to_string();
        assert!(error.contains("in a way that infractl does not change"), "{error}");
    }
}
