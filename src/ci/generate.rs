//! The file of a forge: what it says, and what became of one that was written before. Pure.

use sha2::{Digest as _, Sha256};

use super::job::{Job, Setting, When};
use super::jobs;
use super::line::{Wrong, wrong};
use super::{azure, github, gitlab, install};
use crate::config::model::CiForge;
use crate::text;

/// Goes up when the same configuration has to be written anew by hand.
const FORMAT: u32 = 1;
const MARK: &str = "# infractl-ci: format ";

/// Where the file is, from the top of the repository.
pub(crate) fn place(setting: &Setting) -> String {
    let usual = match setting.ci.forge {
        CiForge::Github => ".github/workflows/infractl.yml",
        CiForge::Gitlab => ".gitlab-ci.yml",
        CiForge::Azure => "azure-pipelines.yml",
    };
    setting.ci.file.clone().unwrap_or_else(|| usual.to_owned())
}

/// The whole file; the same bytes for the same configuration.
pub(crate) fn text(setting: &Setting) -> Result<String, Wrong> {
    let jobs = checked(setting)?;
    let body = match setting.ci.forge {
        CiForge::Github => github::workflow(setting, &jobs),
        CiForge::Gitlab => gitlab::pipeline(setting, &jobs),
        CiForge::Azure => azure::pipeline(setting, &jobs),
    };
    let body = about(setting, &jobs) + &body;
    Ok(format!(
        "# Written by `infractl ci generate` from [ci] in environments/defaults.toml: change that, and write it again.\n\
         {MARK}{FORMAT}, sha256 {}\n{body}",
        digest(&body)
    ))
}

fn checked(setting: &Setting) -> Result<Vec<Job>, Wrong> {
    let ci = &setting.ci;
    let is_sum = ci.infractl.sha256.len() == 64 && ci.infractl.sha256.bytes().all(|b| b.is_ascii_hexdigit());
    if !is_sum {
        return wrong(
            "infractl",
            "`sha256` is not the SHA-256 of a program",
            "write what `sha256sum infractl` prints; with `install`, what it prints of the archive or of SHA256SUMS",
        );
    }
    install::check(setting)?;
    let file = place(setting);
    if file.starts_with('/') || file.split('/').any(|part| part.is_empty() || part == "..") {
        return wrong(
            "file",
            "`file` is not a path below the top of the repository",
            "write it as `ci/infractl.yml`",
        );
    }
    let jobs = jobs::jobs(setting)?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._/-".contains(c);
    if jobs.iter().any(|job| job.when == When::Tagged) && !setting.tag_prefix.chars().all(is_plain) {
        let message = format!("the forge cannot be told of tags that begin with `{}`", setting.tag_prefix);
        return wrong("tag", message, "use letters, digits and `._/-` in `[release] tag-prefix`");
    }
    if ci.drift_issue && ci.forge == CiForge::Azure {
        let message = "`drift-issue` is refused until it works: Azure DevOps has work items instead";
        return wrong("drift-issue", message, "take it out, and tell it in `[hooks] on-drift`");
    }
    let is_somebody = jobs.iter().any(|job| job.role.is_some());
    if is_somebody && jobs.iter().filter_map(|job| job.role.as_deref()).any(|role| !is_role(role)) {
        let help = "write its ARN: nothing of the project can be read before the job is somebody";
        return wrong("identity", "`aws` is not the ARN of a role", help);
    }
    if ci.forge == CiForge::Azure {
        if is_somebody {
            let message =
                "`identity` is refused until it works: Azure Pipelines has its service connections instead";
            return wrong("identity", message, "take it out, and hand over secrets with `secrets`");
        }
        // Azure puts a variable of that name there, whatever stands around it.
        let commands = jobs::commands(setting)?;
        if let Some((key, _)) =
            commands.iter().find(|(_, words)| words.iter().any(|word| word.contains("$(")))
        {
            let message = "a command holds `$(`, which Azure Pipelines replaces by a variable";
            return wrong(key, message, "put it into a pipeline of the project");
        }
    }
    Ok(jobs)
}

fn is_role(text: &str) -> bool {
    text.starts_with("arn:")
        && text.contains(":role/")
        && !text.chars().any(|c| c.is_whitespace() || c == '{')
}

/// What each job may do, for whoever reads the file.
fn about(setting: &Setting, jobs: &[Job]) -> String {
    let mut out = String::from("#\n");
    for job in jobs {
        let when = match job.when {
            When::Proposed => "what is proposed",
            When::Merged => "what is merged",
            When::Tagged => "what is released",
            When::Nightly => "at night",
            When::Weekly => "once a week",
        };
        let mut what = vec![when.to_owned()];
        if let Some(environment) = &job.environment {
            let is_plan = job.keeps().is_some();
            what.push(match &job.needs {
                Some(before) if job.goes_back => format!("takes {environment} back when {before} has failed"),
                _ if job.changes => format!("changes {environment}"),
                _ if is_plan => format!("plans {environment}"),
                _ => format!("verifies the snapshots of {environment}"),
            });
        }
        what.extend(job.approval.then(|| "after somebody let it".to_owned()));
        what.extend(job.role.as_ref().map(|role| format!("as {role}")));
        what.extend((job.reaches && !setting.secrets.is_empty()).then(|| "with secrets".to_owned()));
        what.extend((!job.reaches).then(|| "without secrets".to_owned()));
        out.push_str(&format!("#   {}: {}\n", job.name, what.join(", ")));
    }
    let approved: Vec<&str> =
        jobs.iter().filter(|job| job.approval).filter_map(|job| job.environment.as_deref()).collect();
    if !approved.is_empty() {
        let names = approved.join(", ");
        out.push_str(&match setting.ci.forge {
            CiForge::Github => format!("# At GitHub: set required reviewers for the environments {names}.\n"),
            CiForge::Gitlab => {
                format!("# At GitLab: protect the environments {names}, and say who may deploy.\n")
            }
            CiForge::Azure => format!("# At Azure: add approvals to the environments {names}.\n"),
        });
    }
    let back: Vec<String> = jobs
        .iter()
        .filter(|job| job.goes_back && setting.ci.forge == CiForge::Github)
        .filter_map(|job| Some(format!("{}-rollback", job.environment.as_deref()?)))
        .collect();
    if !back.is_empty() {
        out.push_str(&format!(
            "# Going back waits for nobody: give the secrets to {} too, which has no reviewers.\n",
            back.join(", ")
        ));
    }
    let changed: Vec<&str> =
        jobs.iter().filter(|job| job.changes).filter_map(|job| job.environment.as_deref()).collect();
    if !changed.is_empty() {
        out.push_str(match setting.ci.forge {
            CiForge::Github if setting.ci.queue => "# One run changes an environment at a time; the others wait in their order.\n",
            CiForge::Github => "# One run changes an environment at a time; of those that wait GitHub keeps the last one only.\n",
            CiForge::Gitlab => "# One run changes an environment at a time: set its resource group to `oldest_first`.\n",
            CiForge::Azure => "# One run changes an environment at a time: add an exclusive lock to its checks.\n",
        });
    }
    if setting.ci.forge == CiForge::Gitlab && jobs.iter().any(|job| job.when.is_timed()) {
        out.push_str("# At GitLab: make a schedule for the night");
        if jobs.iter().any(|job| job.when == When::Weekly) {
            out.push_str(", and one a week with the variable INFRACTL_SCHEDULE=weekly");
        }
        out.push_str(".\n");
    }
    out
}

fn digest(body: &str) -> String {
    text::hex(&Sha256::digest(body))
}

/// What a file is that was written before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// What would be written now.
    Same,
    /// As infractl wrote it, from another configuration or by another version.
    Older,
    /// Somebody has changed it.
    Changed,
    /// Not written by infractl.
    Foreign,
}

/// Compares a file with what would be written now; git may have changed the ends of its lines.
pub(crate) fn found(old: &str, new: &str) -> Found {
    let old = old.replace("\r\n", "\n");
    if old == new {
        return Found::Same;
    }
    let mut parts = old.splitn(3, '\n').skip(1);
    let (mark, body) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let Some((_, sum)) = mark.strip_prefix(MARK).and_then(|rest| rest.split_once(", sha256 ")) else {
        // Whoever changed only the first lines has changed it too.
        return if old.contains(MARK) { Found::Changed } else { Found::Foreign };
    };
    let is_first_line_ours = old.lines().next() == new.lines().next();
    if sum == digest(body) && is_first_line_ours { Found::Older } else { Found::Changed }
}

#[cfg(test)]
mod tests;
