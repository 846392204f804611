//! The lines for the shell that all forges run. Pure.

use super::install;
use super::job::{Job, Says, Setting, Work};
use super::line::Command;

/// What differs from forge to forge.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ways {
    /// The folder in which a plan is handed over; nothing in it is part of the repository.
    pub handed: &'static str,
    /// The folder for what the job makes for itself.
    pub own: &'static str,
    /// The share of this machine, as `--shard` takes it.
    pub shard: &'static str,
    /// The number of this machine among those that share the work.
    pub number: &'static str,
    /// The folder for the parts of a comment.
    pub parts: &'static str,
    /// The folder that keeps what looks for drift have told.
    pub known: &'static str,
    /// Prints the token of the forge for AWS.
    pub token: &'static str,
}

/// Words as a shell reads them back, with more of ours; after `--` they are those of a tool.
fn line(command: &Command, ways: &Ways, more: &[&str]) -> String {
    let end = command.words.iter().position(|word| word == "--").unwrap_or(command.words.len());
    let (own, tools) = command.words.split_at(end);
    let mut line = format!("infractl {}", shell_words::join(own));
    if command.is_shared {
        line.push_str(&format!(" --shard \"{}\"", ways.shard));
    }
    for word in more {
        line.push(' ');
        line.push_str(word);
    }
    if !tools.is_empty() {
        line.push(' ');
        line.push_str(&shell_words::join(tools));
    }
    line
}

/// Gets the program, and starts no other one.
pub(super) fn program(setting: &Setting, ways: &Ways) -> Vec<String> {
    let program = &setting.ci.infractl;
    let sum = shell_words::quote(&program.sha256).into_owned();
    let mut lines = Vec::new();
    match install::address(program) {
        Some(url) => {
            let own = ways.own;
            lines.push(format!("mkdir -p \"{own}/bin\""));
            lines.push(format!(
                "curl -sSfL --proto '=https' --retry 3 -o \"{own}/bin/infractl\" {}",
                shell_words::quote(&url)
            ));
            lines.push(format!("printf '%s  %s\\n' {sum} \"{own}/bin/infractl\" | sha256sum -c -"));
            lines.push(format!("chmod 755 \"{own}/bin/infractl\""));
        }
        None => lines.push(format!("printf '%s  %s\\n' {sum} \"$(command -v infractl)\" | sha256sum -c -")),
    }
    lines
}

/// The programs of `[tools]`.
pub(super) fn tools(setting: &Setting) -> Option<String> {
    setting.has_tools.then(|| "infractl tools install".to_owned())
}

/// Who the job is at the cloud. Tokens of forges live for minutes: each command gets its own.
fn identity(job: &Job, ways: &Ways) -> Vec<String> {
    let Some(role) = &job.role else { return Vec::new() };
    let own = ways.own;
    vec![
        format!("mkdir -p \"{own}\""),
        format!(
            "export AWS_ROLE_ARN={} AWS_WEB_IDENTITY_TOKEN_FILE=\"{own}/aws-token\"",
            shell_words::quote(role)
        ),
        "export AWS_ROLE_SESSION_NAME=infractl".to_owned(),
        format!("( umask 077; {} > \"$AWS_WEB_IDENTITY_TOKEN_FILE\" )", ways.token),
    ]
}

/// One part of a job, by itself.
pub(super) fn work(job: &Job, work: &Work, ways: &Ways) -> Vec<String> {
    let handed = ways.handed;
    let mut lines = identity(job, ways);
    match work {
        Work::Run(command) => lines.push(line(command, ways, &[])),
        Work::Keep { environment } => {
            let file = format!("\"{handed}/{environment}.tfplan\"");
            lines.extend([
                format!("mkdir -p \"{handed}\""),
                format!("infractl plan {environment} --out {file}"),
                // Should the files of secrets be gone some day: what is not encrypted is not handed over.
                format!("[ \"$(head -c 1 {file})\" = '{{' ] || {{ rm -f {file}; echo 'the plan is not encrypted'; exit 1; }}"),
            ]);
        }
        Work::Apply { environment, flag, command } => {
            lines.push(line(command, ways, &[flag, &format!("\"{handed}/{environment}.tfplan\"")]));
        }
        Work::Watch { command, keeps, is_issue } => {
            let known = format!("\"{}\"", ways.known);
            let mut more = if *keeps { vec!["--known", known.as_str()] } else { Vec::new() };
            if *is_issue {
                more.extend(["--format", "markdown", ">", "\"$said\""]);
                lines.extend(issued(&job.name, &line(command, ways, &more)));
            } else {
                lines.push(line(command, ways, &more));
            }
        }
    }
    lines
}

/// A look for drift whose words become an issue. It stays open when the look failed: nobody knows then that all is well.
fn issued(name: &str, call: &str) -> Vec<String> {
    vec![
        "said=$(mktemp)".to_owned(),
        "code=0".to_owned(),
        format!("{call} || code=$?"),
        "cat \"$said\"".to_owned(),
        "case $code in 0|2) open= ;; *) open=--leave-open ;; esac".to_owned(),
        format!(
            "infractl ci issue \"$said\" --name {name} --title \"Changed behind terraform's back\" $open || \
             {{ was=$?; [ \"$code\" != 0 ] || code=$was; }}"
        ),
        "rm -f \"$said\"".to_owned(),
        "exit \"$code\"".to_owned(),
    ]
}

/// All commands of a job whose words become a comment: a later one runs also when one before has failed, the
/// comment is written in any case, and the first failure is that of the job.
pub(super) fn commented(job: &Job, ways: &Ways) -> Vec<String> {
    let mut lines = vec!["said=$(mktemp -d)".to_owned(), "code=0".to_owned()];
    let commands = job.work.iter().filter_map(|work| match work {
        Work::Run(command) => Some(command),
        _ => None,
    });
    for (at, command) in commands.enumerate() {
        lines.extend(identity(job, ways));
        let file = format!("\"$said/{}.md\"", at + 1);
        let call = line(command, ways, &["--report-markdown", &file]);
        lines.push(format!("{call} || {{ was=$?; [ \"$code\" != 0 ] || code=$was; }}"));
    }
    let keep = if job.says == Says::Part {
        let part = part(&job.name, &format!("$(printf %03d \"{}\")", ways.number), ways);
        lines.push(format!("mkdir -p \"{}\"", ways.parts));
        format!("cat \"$said\"/*.md > \"{part}\"")
    } else {
        "cat \"$said\"/*.md | infractl ci comment -".to_owned()
    };
    lines.push(format!("{keep} || {{ was=$?; [ \"$code\" != 0 ] || code=$was; }}"));
    lines.push("rm -rf \"$said\"".to_owned());
    lines.push("exit \"$code\"".to_owned());
    lines
}

fn part(name: &str, number: &str, ways: &Ways) -> String {
    format!("{}/{name}-{number}.md", ways.parts)
}

/// One comment of the parts that so many machines left; one that left none is told.
pub(super) fn joined(of: &str, shards: u16, ways: &Ways) -> Vec<String> {
    let part = part(of, "$(printf %03d \"$share\")", ways);
    vec![
        format!("for share in $(seq 1 {shards}); do"),
        format!("  part=\"{part}\""),
        format!(
            "  if [ -s \"$part\" ]; then cat \"$part\"; else echo \"_Share $share of {shards} left no report: its job says why._\"; fi"
        ),
        "done | infractl ci comment -".to_owned(),
    ]
}
