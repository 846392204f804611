//! git: is what must not be committed ignored, and does a hook look at what will be?

use super::finding::Finding;
use crate::disk::{self, repository};
use crate::exec::{Cmd, Io};
use crate::steps::files::env_place;
use crate::work::StepCx;

const GROUP: &str = "git";

/// Looks at it.
pub(crate) async fn check(step: &StepCx<'_>) -> Vec<Finding> {
    if !repository::is_around(&step.env.root) {
        return vec![
            Finding::warning(GROUP, "the project is in no git repository")
                .help("make one: `git init`, and commit the project"),
        ];
    }
    let file = crate::work::relative(step, &step.env.env_file.path);
    let stops = env_place::all_stops(step.cx, step.env).await;
    let mut findings: Vec<Finding> =
        stops.into_iter().map(|stop| Finding::failed(GROUP, stop.failure)).collect();
    if findings.is_empty() {
        findings.push(Finding::ok(GROUP, format!("`{file}` can be written, and is never committed")));
    }
    findings.extend(hook(step).await);
    findings
}

/// The hook that keeps secrets in clear from being committed.
async fn hook(step: &StepCx<'_>) -> Option<Finding> {
    if step.env.secrets.files.is_empty() {
        return None;
    }
    let root = &step.env.root;
    let cmd = Cmd::new("git").args(["rev-parse", "--git-path", "hooks"]).dir(root).io(Io::Capture);
    let done = step.quietly(&cmd).await.ok().filter(|done| done.code == 0)?;
    let folder = String::from_utf8_lossy(&done.stdout).trim().to_owned();
    let text = disk::read_lossy_if_there(&root.join(folder).join("pre-commit")).ok().flatten();
    Some(if text.is_some_and(|text| text.contains("secrets check")) {
        Finding::ok(GROUP, "a hook looks for secrets in clear before every commit")
    } else {
        Finding::warning(GROUP, "no hook looks for secrets in clear before a commit")
            .help("write it: `infractl secrets check --install`")
    })
}
