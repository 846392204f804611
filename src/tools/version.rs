//! How programs are asked for their version. Pure.

use std::time::Duration;

use crate::exec::{Cmd, Io};

/// Nobody waits longer for a program to say its version.
const LIMIT: Duration = Duration::from_secs(10);

/// What a program wants to hear, where that is not `--version`.
const ARGS: &[(&str, &[&str])] = &[
    ("argocd", &["version", "--client", "--short"]),
    ("helm", &["version", "--short"]),
    ("k3d", &["version"]),
    ("kind", &["version"]),
    ("kubectl", &["version", "--client"]),
    ("kustomize", &["version"]),
    ("sops", &["--version", "--disable-version-check"]),
    ("ssh", &["-V"]),
];

/// Asks a program for its version, on either output; nothing is asked of a network.
pub(crate) fn ask(name: &str, program: &str) -> Cmd {
    let args = ARGS.iter().find(|(known, _)| *known == name).map_or(&["--version"][..], |(_, args)| args);
    Cmd::new(program)
        .args(args.iter().copied())
        .env("CHECKPOINT_DISABLE", "1")
        .io(Io::Capture)
        .timeout(Some(LIMIT))
}
