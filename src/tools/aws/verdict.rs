//! Why a task of ECS failed: from what AWS and the program say to a branch, with what shows more. Pure.

use std::sync::LazyLock;

use regex::Regex;

use super::branches::{ROWS, Row};
use super::stopped::{Container, Stopped};
use crate::config::model::{Argument, Diagnosis, FailureRule};
use crate::config::template::Template;
use crate::tools::failures::{Branch, Failed, of_programs, of_project, pattern, signature};

/// What it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) branch: Branch,
    /// Branches that were also seen.
    pub(crate) others: Vec<String>,
    /// What was seen, word by word.
    pub(crate) evidence: Vec<String>,
    /// The same for each crash of the same kind.
    pub(crate) crash: String,
}

/// What it means, by the rules of the task, then by those of infractl.
pub(crate) fn verdict(own: &[Diagnosis], stopped: &Stopped) -> Verdict {
    let failed = seen(stopped);
    let own: Vec<FailureRule> = own.iter().map(Diagnosis::rule).collect();
    let mut all = of_project(&own, &failed);
    all.extend(found(stopped, &failed).map(|(_, branch)| branch));
    // What every program may say is better than nothing.
    let is_vague = all.first().is_none_or(|first| first.name == "code" && first.line.parse::<i64>().is_ok());
    if is_vague {
        let logged = Failed { lines: failed.lines.clone(), ..Failed::default() };
        all.splice(..0, of_programs(&logged));
    }
    let mut all = all.into_iter();
    let branch = all.next().unwrap_or_else(|| unknown(stopped));
    let mut others: Vec<String> = Vec::new();
    for other in all.filter(|other| other.name != branch.name) {
        if !others.contains(&other.name) {
            others.push(other.name);
        }
    }
    let mut evidence = stopped.evidence();
    if !branch.line.is_empty()
        && branch.line.parse::<i64>().is_err()
        && !evidence.iter().any(|seen| seen.contains(&branch.line))
    {
        evidence.insert(0, branch.line.clone());
    }
    Verdict { crash: crash(&branch.name, stopped), branch, others, evidence }
}

/// A crash without what differs from one to the next: its branch, its exit code, its last line.
fn crash(branch: &str, stopped: &Stopped) -> String {
    let code = stopped.exit().map_or_else(String::new, |code| code.to_string());
    let last = stopped.lines.iter().rev().find(|line| !line.trim().is_empty());
    format!("{branch}|{code}|{}", signature(last.map_or("", |line| line.trim())))
}

/// So many equal crashes in a row are enough.
pub(crate) const ENOUGH: usize = 3;

/// Whether the last crashes are the same, and enough of them.
pub(crate) fn is_enough(crashes: &[String]) -> bool {
    let Some((last, rest)) = crashes.split_last() else { return false };
    rest.len() + 1 >= ENOUGH && rest.iter().rev().take(ENOUGH - 1).all(|crash| crash == last)
}

/// What rules look at.
fn seen(stopped: &Stopped) -> Failed {
    let mut reason = stopped.reasons();
    if !stopped.code.is_empty() {
        reason.push(stopped.code.clone());
    }
    Failed {
        programs: Vec::new(),
        lines: stopped.lines.clone(),
        reason: reason.join("\n"),
        exit: stopped.exit().and_then(|code| i32::try_from(code).ok()),
    }
}

fn unknown(stopped: &Stopped) -> Branch {
    Branch {
        name: "unknown".to_owned(),
        says: "no rule knows it: add one to `[[tasks.NAME.diagnose]]` with `match` and `says`".to_owned(),
        line: stopped.reasons().into_iter().next().unwrap_or_default(),
        look: look(&["aws ecs describe-tasks --cluster {cluster} --tasks {task}"], stopped, ""),
        retry: None,
        is_own: false,
    }
}

/// The patterns of the rows, made once.
static PATTERNS: LazyLock<Vec<Option<Regex>>> =
    LazyLock::new(|| ROWS.iter().map(|row| pattern(&row.expression())).collect());

/// The rows that match, by their number, and what each means.
fn found(stopped: &Stopped, failed: &Failed) -> impl Iterator<Item = (usize, Branch)> {
    ROWS.iter().zip(PATTERNS.iter()).enumerate().filter_map(|(number, (row, pattern))| {
        let line = failed.line(pattern.as_ref()?, &[row.at])?;
        let branch = Branch {
            name: row.name.to_owned(),
            says: row.says.to_owned(),
            look: look(row.look, stopped, &line),
            line,
            retry: Some(row.retry),
            is_own: false,
        };
        Some((number, branch))
    })
}

impl Row {
    fn expression(&self) -> String {
        if self.about.is_empty() {
            return self.pattern.to_owned();
        }
        format!("(?:{}).*(?:{})", self.about, self.pattern)
    }
}

/// What shows where a log is that is not in CloudWatch.
const WHERE: &str = "aws ecs describe-task-definition --task-definition {definition} --query taskDefinition.containerDefinitions[].logConfiguration";

/// Commands with the names that are known; the others stand in capitals. Those about a log are of the one that is meant.
fn look(commands: &[&str], stopped: &Stopped, line: &str) -> Vec<Argument> {
    let log = meant(stopped, line).and_then(|container| container.log.as_ref());
    let is_of_log = |command: &&str| command.starts_with("aws logs ");
    let (of_log, mut all): (Vec<&str>, Vec<&str>) = commands.iter().copied().partition(is_of_log);
    match log.and_then(|log| log.group.as_ref()) {
        Some(_) => all.splice(..0, of_log).for_each(drop),
        None if !of_log.is_empty() => all.push(WHERE),
        None => {}
    }
    let filled = all.into_iter().map(|command| {
        let text = filled(command, stopped, line);
        let of_log = log.filter(|_| is_of_log(&command)).and_then(|log| log.region.as_ref());
        let region = of_log.unwrap_or(&stopped.region);
        let is_of_region = text.starts_with("aws ") && !text.starts_with("aws iam ");
        let text =
            if is_of_region && !region.is_empty() { format!("{text} --region {region}") } else { text };
        Argument(Template::literal(text))
    });
    filled.collect()
}

fn filled(command: &str, stopped: &Stopped, line: &str) -> String {
    let mut text = String::new();
    let mut rest = command;
    while let Some((before, (name, after))) =
        rest.split_once('{').and_then(|(before, after)| Some((before, after.split_once('}')?)))
    {
        text.push_str(before);
        match value(name, stopped, line) {
            Some(value) if is_plain(&value) => text.push_str(&value),
            Some(value) => text.push_str(&shell_words::quote(&value)),
            None => text.push_str(&name.to_uppercase()),
        }
        rest = after;
    }
    text + rest
}

/// The container that a line is about.
fn meant<'a>(stopped: &'a Stopped, line: &str) -> Option<&'a Container> {
    let is_named = |one: &&Container| line.strip_prefix(&one.name).is_some_and(|rest| rest.starts_with(": "));
    stopped.containers.iter().find(is_named).or_else(|| stopped.failed()).or(stopped.containers.first())
}

/// No shell reads anything into it.
fn is_plain(value: &str) -> bool {
    value.chars().all(|c| c.is_ascii_alphanumeric() || "=:/_.@+-".contains(c))
}

/// A name for a command, if it is known.
fn value(name: &str, stopped: &Stopped, line: &str) -> Option<String> {
    let container = meant(stopped, line);
    let image = || container.map(|one| one.image.clone());
    let log = || container.and_then(|one| one.log.as_ref());
    let found = match name {
        "cluster" => Some(stopped.cluster.clone()),
        "task" => Some(stopped.task.clone()),
        "definition" => Some(stopped.definition.clone()),
        "service" => Some(stopped.service.clone()),
        "execution-role" => Some(stopped.roles.0.clone()),
        "task-role" => Some(stopped.roles.1.clone()),
        "group" => log().and_then(|log| log.group.clone()),
        "stream" => log().and_then(|log| log.stream(&stopped.task)),
        "image" => image(),
        "repository" => image().map(|image| repository(&image).0),
        "image-id" => image().map(|image| repository(&image).1),
        "subnet" => stopped.detail("subnetId").map(str::to_owned).or_else(|| word(line, r"subnet-[0-9a-f]+")),
        "interface" => stopped.detail("networkInterfaceId").map(str::to_owned),
        "security-group" => word(line, r"sg-[0-9a-f]+"),
        "secret" => word(line, r"arn:aws[a-z-]*:(?:secretsmanager|ssm):[A-Za-z0-9:/_+=.@-]+"),
        "target-group" => word(line, r"arn:aws[a-z-]*:elasticloadbalancing:[A-Za-z0-9:/_-]+"),
        "file-system" => word(line, r"fs-[0-9a-f]+"),
        _ => None,
    };
    found.filter(|text| !text.is_empty())
}

fn word(line: &str, pattern: &str) -> Option<String> {
    let found = Regex::new(pattern).ok()?.find(line)?;
    Some(found.as_str().trim_end_matches([':', '.', ',']).to_owned())
}

/// The repository of an image without its registry, and which image of it.
fn repository(image: &str) -> (String, String) {
    let (name, digest) = image.split_once('@').map_or((image, None), |(name, digest)| (name, Some(digest)));
    let path = match name.split_once('/') {
        Some((host, path)) if host.contains(['.', ':']) => path,
        _ => name,
    };
    let (path, tag) = path.rsplit_once(':').map_or((path, "latest"), |(path, tag)| (path, tag));
    let id = digest.map_or_else(|| format!("imageTag={tag}"), |digest| format!("imageDigest={digest}"));
    (path.to_owned(), id)
}

#[cfg(test)]
mod tests;
