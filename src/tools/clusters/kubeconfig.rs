//! The file that says how a cluster is reached.

use std::path::Path;

use serde_json::Value as Json;

use super::owned;
use crate::exec::{Cmd, Io};

/// The text of a provider as it is kept: an address that stands for all addresses is none to go to.
pub(crate) fn kept(text: &str) -> String {
    let text = text.strip_prefix("---\n").unwrap_or(text);
    let lines = text.lines().map(|line| match line.trim_start().starts_with("server:") {
        true => line.replace("://0.0.0.0:", "://127.0.0.1:"),
        false => line.to_owned(),
    });
    lines.map(|line| line + "\n").collect()
}

/// kubectl for a file alone, whatever cluster it is about.
pub(crate) fn config(file: &Path, words: &[&str]) -> Cmd {
    let file = file.to_string_lossy();
    let cmd = ["KUBE*", "HELM_*"].into_iter().fold(Cmd::new("kubectl"), Cmd::unset);
    cmd.args(["--kubeconfig", &file, "config"]).args(words.iter().copied())
}

/// What is in it, as JSON on standard output, without what is secret.
pub(crate) fn view(file: &Path) -> Cmd {
    config(file, &["view", "--output", "json"]).io(Io::Capture)
}

/// A context of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Context {
    /// Its name.
    pub(crate) name: String,
    /// The name of its cluster.
    pub(crate) cluster: String,
    /// The name of its user.
    pub(crate) user: String,
    /// Where its API answers.
    pub(crate) server: Option<String>,
}

/// The contexts in what `view` printed; none where that is no answer.
pub(crate) fn contexts(printed: &[u8]) -> Option<Vec<Context>> {
    let all: Json = serde_json::from_slice(printed).ok()?;
    let named = |list: &str, name: &str| {
        all[list].as_array().into_iter().flatten().find(|entry| entry["name"] == name).cloned()
    };
    let contexts = all["contexts"].as_array().into_iter().flatten().filter_map(|entry| {
        let cluster = owned(&entry["context"]["cluster"]).unwrap_or_default();
        Some(Context {
            name: owned(&entry["name"])?,
            server: named("clusters", &cluster).and_then(|found| owned(&found["cluster"]["server"])),
            user: owned(&entry["context"]["user"]).unwrap_or_default(),
            cluster,
        })
    });
    Some(contexts.collect())
}

/// Both files in one, on standard output: what the first one says counts. Never to be shown.
pub(crate) fn merged(first: &Path, second: &Path) -> Cmd {
    let both = format!("{}:{}", first.display(), second.display());
    let cmd = ["KUBE*", "HELM_*"].into_iter().fold(Cmd::new("kubectl"), Cmd::unset);
    cmd.args(["config", "view", "--flatten"]).env("KUBECONFIG", both).io(Io::Capture)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_for_all_becomes_this_machine() {
        let text = "---\napiVersion: v1\nclusters:\n- cluster:\n    server: https://0.0.0.0:6550\n  name: 0.0.0.0:6550";
        assert_eq!(
            kept(text),
            "apiVersion: v1\nclusters:\n- cluster:\n    server: https://127.0.0.1:6550\n  name: 0.0.0.0:6550\n"
        );
    }

    #[test]
    fn contexts_are_read_with_where_they_lead() {
        let printed = serde_json::json!({
            "contexts": [{ "name": "k3d-lab", "context": { "cluster": "k3d-lab", "user": "admin@k3d-lab" } }],
            "clusters": [{ "name": "k3d-lab", "cluster": { "server": "https://127.0.0.1:6550" } }]
        });
        let all = contexts(printed.to_string().as_bytes()).unwrap();
        assert_eq!(all[0].server.as_deref(), Some("https://127.0.0.1:6550"));
        assert_eq!(contexts(br#"{"contexts":null,"clusters":null}"#), Some(Vec::new()));
        assert_eq!(contexts(b"no"), None);
    }
}
