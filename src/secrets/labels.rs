//! Whose key a recipient is: names from `.sops.yaml` and `credentials/recipients.toml`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

/// Where a project may name its recipients.
pub(crate) const RECIPIENTS_FILE: &str = "credentials/recipients.toml";

/// Names of recipients.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Labels(BTreeMap<String, String>);

#[derive(Deserialize)]
struct RecipientsFile {
    #[serde(default)]
    recipients: BTreeMap<String, String>,
}

impl Labels {
    /// The names that a project gives; without one of the files, or with a damaged one, fewer of them.
    pub fn of_project(root: &Path, named: Option<&Path>) -> Self {
        let text = |path: &Path| crate::disk::read_text(path).unwrap_or_default();
        let mut labels = Labels::in_sops_config(&text(named.unwrap_or(&root.join(".sops.yaml"))));
        if let Ok(file) = toml::from_str::<RecipientsFile>(&text(&root.join(RECIPIENTS_FILE))) {
            labels.0.extend(file.recipients.into_iter().map(|(name, key)| (bare(&key), name)));
        }
        labels
    }

    /// The names in a `.sops.yaml`: the anchor of a key (`&alice age1...`), the comment after it or the
    /// comment on the line above, the comment of an SSH key.
    pub fn in_sops_config(text: &str) -> Self {
        let mut labels = BTreeMap::new();
        let mut above: Option<&str> = None;
        for line in text.lines() {
            let line = line.trim();
            if let Some(comment) = line.strip_prefix('#') {
                above = Some(comment.trim()).filter(|c| !c.is_empty() && !has_key(c));
                continue;
            }
            let keys: Vec<&str> = keys(line).collect();
            if let [key] = keys[..] {
                let anchor = line.split_whitespace().find_map(|word| word.strip_prefix('&'));
                let after = line.split_once(" #").map(|(_, comment)| comment.trim());
                let ssh = line.split_once(key).map(|(_, rest)| rest).and_then(ssh_comment);
                let name = anchor.or(after.filter(|c| !c.is_empty())).or(ssh).or(above);
                if let Some(name) = name {
                    labels.insert(bare(key), name.to_owned());
                }
            }
            above = None;
        }
        Labels(labels)
    }

    /// These names and, where they have none, those of others.
    #[must_use]
    pub fn or(mut self, others: Labels) -> Self {
        for (key, name) in others.0 {
            self.0.entry(key).or_insert(name);
        }
        self
    }

    /// The name of a recipient.
    pub fn name(&self, recipient: &str) -> Option<&str> {
        self.0.get(&bare(recipient)).map(String::as_str)
    }

    /// All names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.values().map(String::as_str)
    }

    /// The recipient of this name, if the project names one so.
    pub fn recipient(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(_, label)| *label == name).map(|(key, _)| key.as_str())
    }

    /// The recipient and, in brackets, its name; RSA keys are shortened.
    pub fn show(&self, recipient: &str) -> String {
        let recipient = bare(recipient);
        let shown = match recipient.char_indices().nth_back(11) {
            Some((end, _)) if recipient.len() > 120 => {
                let start: String = recipient.chars().take(28).collect();
                format!("{start}...{}", &recipient[end..])
            }
            _ => recipient.clone(),
        };
        match self.name(&recipient) {
            Some(name) => format!("{shown} ({name})"),
            None => shown,
        }
    }
}

/// The recipient without what SSH allows after the key.
pub(crate) fn bare(recipient: &str) -> String {
    let recipient = recipient.trim();
    if recipient.starts_with("ssh-") {
        return recipient.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    }
    recipient.to_owned()
}

fn has_key(text: &str) -> bool {
    keys(text).next().is_some()
}

/// Recipients in a line of YAML: `age1...` words, and `ssh-... AAAA...` pairs.
fn keys(line: &str) -> impl Iterator<Item = &str> {
    let is_end = |c: char| c.is_whitespace() || ",'\"[]#".contains(c);
    let age = line.split(is_end).filter(|word| word.starts_with("age1") && word.len() > 20);
    let ssh = ["ssh-ed25519 ", "ssh-rsa "].into_iter().filter_map(move |kind| {
        let start = line.find(kind)?;
        let body = &line[start + kind.len()..];
        let end = body.find(is_end).unwrap_or(body.len());
        body.starts_with("AAAA").then(|| &line[start..start + kind.len() + end])
    });
    age.chain(ssh)
}

/// The comment of an SSH key: what follows the key on its line.
fn ssh_comment(rest: &str) -> Option<&str> {
    let comment = rest.split(" #").next()?.trim().trim_matches(['"', '\'', ',', ']', '}']).trim();
    (!comment.is_empty() && !comment.starts_with('#')).then_some(comment)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqa";
    const B: &str = "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqb";
    const S: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN";

    fn name(text: &str, key: &str) -> Option<String> {
        Labels::in_sops_config(text).name(key).map(str::to_owned)
    }

    #[test]
    fn names_are_anchors_comments_behind_and_comments_above() {
        assert_eq!(name(&format!("  - &alice {A}"), A).as_deref(), Some("alice"));
        assert_eq!(name(&format!("  - {A} # bob of ops"), A).as_deref(), Some("bob of ops"));
        assert_eq!(name(&format!("  # carol\n  - {A}\n  - {B}"), A).as_deref(), Some("carol"));
        assert_eq!(name(&format!("  # carol\n  - {A}\n  - {B}"), B), None);
        assert_eq!(name(&format!("    age: \"{A}\" # dora"), A).as_deref(), Some("dora"));
        assert_eq!(name(&format!("  - {S} me@host"), S).as_deref(), Some("me@host"));
        assert_eq!(name(&format!("  - {S}"), S), None);
        assert_eq!(name(&format!("  # {A}\n  - {B}"), B), None, "a key that was commented out is no name");
        assert_eq!(name(&format!("    age: {A},{B} # both"), A), None, "a name of two keys names neither");
    }

    #[test]
    fn the_recipients_file_wins() {
        let root = tempfile::tempdir().unwrap();
        crate::disk::write(&root.path().join(".sops.yaml"), format!("- {A} # old").as_bytes(), 0o644)
            .unwrap();
        let text = format!("[recipients]\nalice = \"{A}\"\nci = \"{S} comment\"\n");
        crate::disk::write(&root.path().join(RECIPIENTS_FILE), text.as_bytes(), 0o644).unwrap();
        let labels = Labels::of_project(root.path(), None);
        assert_eq!(labels.show(A), format!("{A} (alice)"));
        assert_eq!(labels.name(S), Some("ci"));
        assert_eq!(labels.recipient("ci"), Some(S));
        assert_eq!(labels.show(B), B);
    }
}
