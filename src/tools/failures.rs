//! What a failure means: rules from what was said to a name, words, and what to look at. Those of the project come
//! before those of infractl; the first that matches names it, the others were also seen. Pure.

mod built_in;

use std::sync::LazyLock;

use regex::{Regex, RegexBuilder};

use crate::config::model::{Argument, FailurePlace, FailureRule, OneOrMany};

/// What is known of a step that failed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Failed {
    /// The programs that it started, each by the words of its command line.
    pub programs: Vec<Vec<String>>,
    /// What they said.
    pub lines: Vec<String>,
    /// Why it failed, in our words.
    pub reason: String,
    /// The exit code of the last program.
    pub exit: Option<i32>,
}

/// What a failure means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Branch {
    /// A short name.
    pub name: String,
    /// In a sentence.
    pub says: String,
    /// The line that says so.
    pub line: String,
    /// Commands that show more, as they are written.
    pub look: Vec<Argument>,
    /// Whether another try helps, if the rule knows.
    pub retry: Option<bool>,
    /// The rule is one of the project.
    pub is_own: bool,
}

/// What it means: the first of them names it, the others were also seen.
pub(crate) fn branches(own: &[FailureRule], failed: &Failed) -> Vec<Branch> {
    let mut all = of_project(own, failed);
    all.extend(of_programs(failed));
    all
}

/// What it means by rules of the project.
pub(crate) fn of_project(own: &[FailureRule], failed: &Failed) -> Vec<Branch> {
    own.iter().filter_map(|rule| found(rule, failed)).collect()
}

/// What it means by the rules for the usual programs.
pub(crate) fn of_programs(failed: &Failed) -> impl Iterator<Item = Branch> {
    built_in::RULES.iter().filter_map(|rule| rule.found(failed))
}

/// A rule of infractl's own, as it is told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known {
    /// A short name.
    pub name: &'static str,
    /// In a sentence.
    pub says: &'static str,
    /// Whether another try helps, if the rule knows.
    pub retry: Option<bool>,
}

/// The rules for the usual programs, those about programs that are started.
pub(crate) fn known(starts: impl Fn(&str) -> bool) -> impl Iterator<Item = Known> {
    let rules = built_in::RULES.iter();
    let wanted =
        rules.filter(move |rule| rule.programs.is_empty() || rule.programs.iter().any(|name| starts(name)));
    wanted.map(|rule| Known { name: rule.name, says: rule.says, retry: rule.retry })
}

fn found(rule: &FailureRule, failed: &Failed) -> Option<Branch> {
    if !rule.r#for.is_empty() && !rule.r#for.iter().any(|name| failed.started(name)) {
        return None;
    }
    let places = rule.r#in.clone().map_or_else(usual, OneOrMany::into_vec);
    let line = short(&failed.line(&pattern(&rule.r#match.0)?, &places)?);
    Some(Branch {
        name: rule.name.clone(),
        says: rule.says.clone(),
        line,
        look: rule.look.clone(),
        retry: rule.retry,
        is_own: true,
    })
}

static UUID: LazyLock<Regex> = LazyLock::new(|| {
    let hex = "[0-9a-fA-F]";
    #[expect(clippy::unwrap_used, reason = "a constant that a test reads")]
    Regex::new(&format!("{hex}{{8}}(?:-{hex}{{4}}){{3}}-{hex}{{12}}")).unwrap()
});

fn usual() -> Vec<FailurePlace> {
    vec![FailurePlace::Log, FailurePlace::Reason]
}

/// A pattern for which the case of letters does not count.
pub(crate) fn pattern(text: &str) -> Option<Regex> {
    RegexBuilder::new(text).case_insensitive(true).build().ok()
}

impl Failed {
    /// The line that matches.
    pub(crate) fn line(&self, pattern: &Regex, places: &[FailurePlace]) -> Option<String> {
        let exit = self.exit.map(|code| code.to_string());
        let all = places.iter().flat_map(|place| -> Vec<&str> {
            match place {
                FailurePlace::Log => self.lines.iter().map(String::as_str).collect(),
                FailurePlace::Reason => self.reason.lines().collect(),
                FailurePlace::Exit => exit.iter().map(String::as_str).collect(),
            }
        });
        let mut all = all.map(str::trim);
        all.find(|line| pattern.is_match(line)).map(str::to_owned)
    }

    /// It started this program, also in a line of shell.
    fn started(&self, name: &str) -> bool {
        self.programs.iter().any(|argv| {
            let Some((program, rest)) = argv.split_first() else { return false };
            let is_shell = matches!(file_name(program), "sh" | "bash" | "dash") && rest.len() > 1;
            if is_shell {
                let line = rest.last().map_or("", String::as_str);
                let mut words = line.split(|c: char| c.is_whitespace() || ";&|()$`".contains(c));
                return is_of(file_name(program), name) || words.any(|word| is_of(file_name(word), name));
            }
            is_of(file_name(program), name)
                || name == "compose"
                    && file_name(program) == "docker"
                    && rest.first().is_some_and(|w| w == "compose")
        })
    }
}

/// As much of a line as is shown beside other things.
fn short(line: &str) -> String {
    line.chars().take(200).collect()
}

fn file_name(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

/// A program is one of those that go by this name.
fn is_of(program: &str, name: &str) -> bool {
    match name {
        "ansible" => program == "ansible" || program.starts_with("ansible-"),
        "terraform" => matches!(program, "terraform" | "tofu"),
        "compose" => program == "docker-compose",
        "ssh" => matches!(program, "ssh" | "scp" | "sftp" | "rsync"),
        name => program == name,
    }
}

/// A failure without what differs from run to run: digits, times and what is hexadecimal.
pub(crate) fn signature(error: &str) -> String {
    let error = &UUID.replace_all(error, "#");
    let mut text = String::with_capacity(error.len());
    for word in error.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
        let bare = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        let is_hex = (bare.len() >= 6 || bare.starts_with("0x"))
            && bare.strip_prefix("0x").unwrap_or(bare).bytes().all(|b| b.is_ascii_hexdigit());
        let kept: String =
            if is_hex { "#".into() } else { bare.chars().filter(|c| !c.is_ascii_digit()).collect() };
        text.push_str(&kept);
        text.push_str(&word[bare.len()..]);
    }
    text
}

/// The same failure; one of them may have been told with more around it.
pub(crate) fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (signature(one), signature(other));
    !one.is_empty() && !other.is_empty() && (one.ends_with(&other) || other.ends_with(&one))
}

#[cfg(test)]
mod tests;
