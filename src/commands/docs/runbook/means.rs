//! What failures mean: the rules of the project, those for tasks, those of infractl.

use super::form::{cell, code, table};
use super::steps::Told;
use crate::config::Environment;
use crate::config::model::{FailurePlace, FailureRule, TaskRunner};
use crate::tools::aws::branches::{self, Row};
use crate::tools::failures;

/// The section about them.
pub(super) fn section(env: &Environment, verbs: &[Told]) -> String {
    let mut text = "\n## When something fails\n\n`infractl explain` says which of these it was, and which line said so. The \
                    first that matches names it; rules of the project come first.\n"
        .to_owned();
    let own = rules(&env.failures);
    if !own.is_empty() {
        text.push_str("\n### Rules of the project\n");
        text.push_str(&own);
    }
    for (name, task) in &env.tasks {
        let own: Vec<FailureRule> = task.diagnose.iter().map(crate::config::model::Diagnosis::rule).collect();
        let own = rules(&own);
        if !own.is_empty() {
            text.push_str(&format!("\n### The task {}\n{own}", code(name)));
        }
    }
    if env.tasks.values().any(|task| task.runner.unwrap_or_default() == TaskRunner::Ecs) {
        text.push_str(&tasks());
    }
    let starts = |program: &str| is_started(env, verbs, program);
    let rows = failures::known(starts)
        .map(|known| [code(known.name), cell(known.says), again(known.retry).to_owned()]);
    let rows = table(["name", "what it means", "once more"], rows);
    text + "\n### Rules of infractl\n" + &rows
}

fn rules(all: &[FailureRule]) -> String {
    let rows = all.iter().map(|rule| {
        let look: Vec<String> = rule.look.iter().map(|line| code(line.0.as_str())).collect();
        [code(&rule.name), cell(&rule.says), look.join("<br>"), again(rule.retry).to_owned()]
    });
    table(["name", "what it means", "look", "once more"], rows)
}

fn again(retry: Option<bool>) -> &'static str {
    match retry {
        Some(true) => "helps",
        Some(false) => "does not help",
        None => "",
    }
}

/// Why a task of ECS fails: the way through the rules, then each of them.
fn tasks() -> String {
    let mut text = "\n### Why a task of ECS fails\n\nWhat AWS says comes before what the program says, and that before its exit \
                    code.\n\n```mermaid\nflowchart TD\n  failed([the task failed]) --> own{rules of the project}\n"
        .to_owned();
    let places = [
        (FailurePlace::Reason, "reason", "what AWS says"),
        (FailurePlace::Log, "log", "what the program says"),
        (FailurePlace::Exit, "exit", "its exit code"),
    ];
    let mut before = "own";
    for (place, id, says) in places {
        let mut names: Vec<&str> = Vec::new();
        for row in branches::ROWS.iter().filter(|row| row.at == place) {
            if !names.contains(&row.name) {
                names.push(row.name);
            }
        }
        text.push_str(&format!("  {before} -- none matches --> {id}{{{says}}}\n"));
        text.push_str(&format!("  {id} --> {id}_names[\"{}\"]\n", names.join("<br/>")));
        before = id;
    }
    text.push_str("  exit -- none matches --> unknown([unknown: look at the log])\n```\n");
    let place = |row: &Row| match row.at {
        FailurePlace::Reason => "AWS",
        FailurePlace::Log => "log",
        FailurePlace::Exit => "exit code",
    };
    let rows = branches::ROWS.iter().map(|row| {
        let look: Vec<String> = row.look.iter().map(|line| code(line)).collect();
        let again = if row.retry { "helps" } else { "" };
        [code(row.name), place(row).to_owned(), cell(row.says), look.join("<br>"), again.to_owned()]
    });
    text + &table(["name", "said by", "what it means", "look", "once more"], rows)
}

/// A verb of the environment starts it.
fn is_started(env: &Environment, verbs: &[Told], program: &str) -> bool {
    let words = |line: &str| {
        line.split(|c: char| c.is_whitespace() || "(&;|".contains(c)).any(|word| {
            let word = word.rsplit('/').next().unwrap_or(word);
            match program {
                "ansible" => word.starts_with("ansible-") || word == "ansible",
                "terraform" => matches!(word, "terraform" | "tofu"),
                "compose" => word == "docker-compose",
                "ssh" => matches!(word, "ssh" | "scp" | "rsync"),
                other => word == other,
            }
        })
    };
    (program == "ssh" && !env.hosts.is_empty())
        || verbs.iter().flat_map(|told| &told.lines).any(|line| words(line))
}
