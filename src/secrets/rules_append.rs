//! One more rule at the end of a `.sops.yaml`: it is for files that no rule is for yet, so nothing else changes.

use std::path::Path;

use super::rules::Rules;

/// The lines of a rule that is put behind the others.
pub(crate) fn lines(pattern: &str, recipient: &str, indent: &str) -> String {
    format!("{indent}- path_regex: {pattern}\n{indent}  age:\n{indent}    - {recipient}\n")
}

/// The rules with one more; none if the text is written in a way that infractl does not change.
pub(crate) fn append(root: &Path, rules: &Rules, pattern: &str, recipient: &str) -> Option<Rules> {
    let last = rules.rules.last()?;
    let start = rules.text[..last.at].rfind('\n').map_or(0, |newline| newline + 1);
    let indent = rules.text[start..last.at].strip_suffix("- ")?;
    if !indent.chars().all(|c| c == ' ') {
        return None;
    }
    let end = if rules.text.ends_with('\n') { "" } else { "\n" };
    let mut added = lines(pattern, recipient, indent);
    if rules.text.contains("\r\n") {
        added = added.replace('\n', "\r\n");
    }
    let new = Rules::parse(root, &rules.path, format!("{}{end}{added}", rules.text)).ok()?;
    let rule = new.rules.last()?;
    let same = new.rules.len() == rules.rules.len() + 1
        && new.rules.iter().zip(&rules.rules).all(|(new, old)| {
            new.pattern == old.pattern && new.recipients == old.recipients && new.others == old.others
        })
        && rule.pattern.as_deref() == Some(pattern)
        && rule.age().eq([recipient]);
    same.then_some(new)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "age1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs3290gq";

    fn appended(text: &str) -> Option<String> {
        let rules = Rules::parse(Path::new("/p"), Path::new("/p/.sops.yaml"), text.to_owned()).unwrap();
        append(Path::new("/p"), &rules, r"^credentials/.*\.enc\.env$", KEY).map(|rules| rules.text)
    }

    #[test]
    fn a_rule_is_put_behind_the_others_and_they_stay() {
        for text in [
            "creation_rules:\n  - path_regex: ^secrets/\n    age: age1x\n",
            "creation_rules:\n- path_regex: ^secrets/\n  age: age1x",
            "creation_rules:\r\n  - path_regex: ^secrets/\r\n    age: age1x\r\n",
            "# ours\nstores:\n  yaml:\n    indent: 2\ncreation_rules:\n  - path_regex: a\n    pgp: ABC\n",
        ] {
            let new = appended(text).unwrap();
            assert!(new.starts_with(text.trim_end()) && new.contains("path_regex: ^credentials/"), "{new}");
        }
    }

    #[test]
    fn what_is_written_otherwise_is_left_alone() {
        for text in [
            "creation_rules:\n  - path_regex: a\n    age: age1x\nstores:\n  yaml:\n    indent: 2\n",
            "creation_rules: [{ path_regex: a, age: age1x }]\n",
            "stores:\n  yaml:\n    indent: 2\n",
        ] {
            assert_eq!(appended(text), None, "{text}");
        }
    }
}
