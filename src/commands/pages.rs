//! The pages of `docs/` that are written by hand, as they are in the program: `infractl help TOPIC` shows them. Those that
//! are generated from the code are generated when they are asked for.

/// Name as in `docs/NAME.md`, and text.
macro_rules! written {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../docs/", $name, ".md")))),*]
    };
}

/// All of them. A test of `docs/` says which is missing.
pub(crate) const WRITTEN: &[(&str, &str)] = written![
    "ansible",
    "audit",
    "aws",
    "begin",
    "bootstrap",
    "checks",
    "ci",
    "cluster",
    "coming-from",
    "compatibility",
    "compose",
    "containers",
    "cookbook",
    "cookbook/add-a-person",
    "cookbook/adopt-a-state",
    "cookbook/blue-green",
    "cookbook/keep-the-makefile",
    "cookbook/local-lab",
    "cookbook/new-environment",
    "cookbook/protect-production",
    "cookbook/restore-a-snapshot",
    "cookbook/review-a-plan",
    "cookbook/roll-back",
    "cookbook/rotate-a-key",
    "cookbook/run-in-ci",
    "cookbook/several-environments",
    "cookbook/stop-at-night",
    "cost",
    "database",
    "design/signals",
    "doctor",
    "editors",
    "failures",
    "helm",
    "history",
    "hooks",
    "http",
    "images",
    "import",
    "install",
    "kubernetes",
    "locks",
    "logs",
    "machines",
    "many",
    "masking",
    "monitoring",
    "new",
    "output",
    "pipelines",
    "platforms",
    "power",
    "promote",
    "publish",
    "release",
    "runbook",
    "scenarios",
    "secrets",
    "snapshots",
    "speed",
    "status",
    "terraform",
    "tools",
    "traffic",
    "troubleshooting",
    "ttl",
    "values",
    "waits",
    "walk",
    "with",
];

/// Those that are made from the code, by the names that `infractl docs` has for them.
pub(super) const GENERATED: [&str; 4] = ["cli", "config", "exit-codes", "variables"];

/// The order of the pages, in parts: the table of contents of the site.
pub(super) const SUMMARY: &str = include_str!("../../docs/SUMMARY.md");

/// The first heading of a page.
pub(super) fn title(text: &str) -> &str {
    text.lines().find_map(|line| line.strip_prefix("# ")).unwrap_or_default()
}

/// What stands behind `infractl help` for a page. Where a verb has its name, `help NAME` is about the verb.
pub(super) fn topic(name: &str, is_verb: bool) -> String {
    let topic = name.rsplit('/').next().unwrap_or(name);
    format!("{topic}{}", if is_verb { ".md" } else { "" })
}

/// The line that shows a page.
pub(super) fn line(name: &str, is_verb: bool) -> String {
    format!("infractl help {}", topic(name, is_verb))
}
