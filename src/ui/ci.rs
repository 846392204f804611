//! The commands of CI systems: text that GitHub Actions, GitLab CI and Azure Pipelines read in a job's output.

use std::borrow::Cow;

use super::event::Severity;

/// Lines shorter than this are not registered: a CI that masks `1` makes its log unreadable.
const SHORTEST_MASK: usize = 4;

/// A CI system that is recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ci {
    /// GitHub Actions: `::command key=value::text`.
    GitHub,
    /// GitLab CI: sections; it has no annotations and no masks.
    GitLab,
    /// Azure Pipelines: `##vso[area.command key=value]text`.
    Azure,
}

/// What a tool does to the lines that come after its own.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// Begins what has this name.
    Open(String),
    /// Ends it.
    Ended(String),
}

/// Where something is: a file relative to the repository, and a line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: Option<String>,
    /// The line, from 1.
    pub line: Option<u64>,
}

impl Ci {
    /// The CI system that these variables tell of. None for an infractl that another one started: its output is
    /// lines of a step there.
    pub fn of<'v>(get: impl Fn(&str) -> Option<&'v str>) -> Option<Ci> {
        let is_true = |name: &str| get(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
        if get("INFRACTL_GROUP").is_some() {
            None
        } else if is_true("GITHUB_ACTIONS") {
            Some(Ci::GitHub)
        } else if is_true("GITLAB_CI") {
            Some(Ci::GitLab)
        } else if is_true("TF_BUILD") {
            Some(Ci::Azure)
        } else {
            None
        }
    }

    /// Do these variables say that no person is there: any CI, recognised or not?
    pub fn nobody_is_there<'v>(get: impl Fn(&str) -> Option<&'v str>) -> bool {
        let is_set = |name| get(name).is_some_and(|value| !matches!(value, "" | "0" | "false" | "False"));
        ["CI", "GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD"].into_iter().any(is_set)
    }

    /// The variable that names the folder of the repository.
    pub fn workspace_variable(self) -> &'static str {
        match self {
            Ci::GitHub => "GITHUB_WORKSPACE",
            Ci::GitLab => "CI_PROJECT_DIR",
            Ci::Azure => "BUILD_SOURCESDIRECTORY",
        }
    }

    /// The variables that name who started the job, best first.
    pub fn user_variables(self) -> &'static [&'static str] {
        match self {
            Ci::GitHub => &["GITHUB_TRIGGERING_ACTOR", "GITHUB_ACTOR"],
            Ci::GitLab => &["GITLAB_USER_LOGIN"],
            Ci::Azure => &["BUILD_REQUESTEDFOR"],
        }
    }

    /// Begins a folded group. `number` tells the groups of a run apart, `now` is in seconds since 1970.
    pub fn group(self, number: usize, title: &str, now: i64) -> String {
        let title = one_line(title);
        match self {
            Ci::GitHub => format!("::group::{}", github_data(&title)),
            Ci::GitLab => {
                let id = section(number);
                format!("\x1b[0Ksection_start:{now}:{id}[collapsed=true]\r\x1b[0K{title}")
            }
            Ci::Azure => format!("##[group]{title}"),
        }
    }

    /// Ends it.
    pub fn end_group(self, number: usize, now: i64) -> String {
        match self {
            Ci::GitHub => "::endgroup::".to_owned(),
            Ci::GitLab => format!("\x1b[0Ksection_end:{now}:{}\r\x1b[0K", section(number)),
            Ci::Azure => "##[endgroup]".to_owned(),
        }
    }

    /// Marks an error or a warning at its place; none where the CI has no such command.
    pub fn annotation(self, severity: Severity, place: &Place, title: &str, text: &str) -> Option<String> {
        let kind = match severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        match self {
            Ci::GitHub => {
                let mut keys = Vec::new();
                if let Some(file) = &place.file {
                    keys.push(format!("file={}", github_property(file)));
                    keys.extend(place.line.map(|line| format!("line={line}")));
                }
                keys.push(format!("title={}", github_property(&one_line(title))));
                Some(format!("::{kind} {}::{}", keys.join(","), github_data(text)))
            }
            Ci::GitLab => None,
            Ci::Azure => {
                let file = place.file.as_ref().map(|file| format!("sourcepath={};", azure_property(file)));
                let line = place.line.filter(|_| file.is_some()).map(|line| format!("linenumber={line};"));
                let keys = format!("type={kind};{}{}", file.unwrap_or_default(), line.unwrap_or_default());
                let title = one_line(title);
                let text = if text.is_empty() { title } else { format!("{title}: {text}") };
                Some(format!("##vso[task.logissue {keys}]{}", azure_data(&text)))
            }
        }
    }

    /// Registers a secret so that the CI masks it wherever it is printed from now on: one command a line of it.
    pub fn mask(self, secret: &str) -> Vec<String> {
        let command = |line: &str| match self {
            Ci::GitHub => Some(format!("::add-mask::{}", github_data(line))),
            Ci::GitLab => None,
            Ci::Azure => Some(format!("##vso[task.setsecret]{}", azure_data(line))),
        };
        let lines = secret.split(['\n', '\r']).filter(|line| line.trim().chars().count() >= SHORTEST_MASK);
        lines.filter_map(command).collect()
    }

    /// Attaches a Markdown file to the run; none where there is another way, or none at all.
    pub fn upload_summary(self, file: &str) -> Option<String> {
        (self == Ci::Azure).then(|| format!("##vso[task.uploadsummary]{}", azure_data(file)))
    }

    /// What a line of a tool begins or ends that goes on after it: a section, or the time in which commands do not count.
    pub(super) fn opens(self, line: &str) -> Option<Left> {
        let name = |rest: &str| rest.split(['[', '\r', '\x1b', ' ']).next().unwrap_or_default().to_owned();
        match self {
            Ci::GitLab => {
                let section = |word: &str| {
                    let (_, rest) = line.split_once(word)?;
                    let (digits, rest) = rest.split_once(':')?;
                    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| name(rest))
                };
                section("section_start:").map(Left::Open).or_else(|| section("section_end:").map(Left::Ended))
            }
            Ci::GitHub => {
                let command = line.trim_start().strip_prefix("::")?;
                match command.strip_prefix("stop-commands::") {
                    Some(token) => Some(Left::Open(token.trim().to_owned())),
                    None => command.strip_suffix("::").map(|token| Left::Ended(token.to_owned())),
                }
            }
            Ci::Azure => None,
        }
    }

    /// Ends what a tool left open.
    pub(super) fn ends(self, name: &str, now: i64) -> String {
        match self {
            Ci::GitLab => format!("\x1b[0Ksection_end:{now}:{name}\r\x1b[0K"),
            Ci::GitHub | Ci::Azure => format!("::{name}::"),
        }
    }

    /// A line of a tool without commands that would open or close groups: groups do not nest.
    pub fn without_groups(self, line: &str) -> Cow<'_, str> {
        let words: &[&str] = match self {
            Ci::GitHub => &["::group::", "::endgroup::", "##[group]", "##[endgroup]"],
            Ci::Azure => &["##[group]", "##[endgroup]"],
            Ci::GitLab => &[],
        };
        let start = line.trim_start();
        let rest = words.iter().find_map(|word| start.strip_prefix(word));
        rest.map_or_else(|| Cow::Owned(line.to_owned()), |rest| Cow::Owned(format!("> {rest}")))
    }
}

fn section(number: usize) -> String {
    format!("infractl_{number}")
}

/// A title has one line and nothing that drives a terminal.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn github_data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn github_property(text: &str) -> String {
    github_data(text).replace(':', "%3A").replace(',', "%2C")
}

fn azure_data(text: &str) -> String {
    text.replace('%', "%AZP25").replace('\r', "%0D").replace('\n', "%0A")
}

fn azure_property(text: &str) -> String {
    azure_data(text).replace(';', "%3B").replace(']', "%5D")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(vars: &[(&str, &'static str)]) -> Option<Ci> {
        Ci::of(|name| vars.iter().find(|(key, _)| *key == name).map(|(_, value)| *value))
    }

    #[test]
    fn each_ci_is_recognised_by_its_variable_but_not_below_another_infractl() {
        assert_eq!(of(&[("GITHUB_ACTIONS", "true")]), Some(Ci::GitHub));
        assert_eq!(of(&[("GITLAB_CI", "true")]), Some(Ci::GitLab));
        assert_eq!(of(&[("TF_BUILD", "True")]), Some(Ci::Azure));
        assert_eq!(of(&[("CI", "true")]), None);
        assert_eq!(of(&[("GITHUB_ACTIONS", "true"), ("INFRACTL_GROUP", "1")]), None);
    }

    #[test]
    fn commands_are_written_as_each_ci_documents_them() {
        assert_eq!(Ci::GitHub.group(3, "dev: plan\n50%", 7), "::group::dev: plan 50%25");
        assert_eq!(Ci::GitHub.end_group(3, 7), "::endgroup::");
        assert_eq!(
            Ci::GitLab.group(3, "dev: plan", 1_560_896_352),
            "\x1b[0Ksection_start:1560896352:infractl_3[collapsed=true]\r\x1b[0Kdev: plan"
        );
        assert_eq!(
            Ci::GitLab.end_group(3, 1_560_896_353),
            "\x1b[0Ksection_end:1560896353:infractl_3\r\x1b[0K"
        );
        assert_eq!(Ci::Azure.group(3, "dev: plan", 7), "##[group]dev: plan");
        assert_eq!(Ci::Azure.end_group(3, 7), "##[endgroup]");
        let place = Place { file: Some("a,b/main.tf".into()), line: Some(3) };
        assert_eq!(
            Ci::GitHub.annotation(Severity::Error, &place, "Bad: value", "one\ntwo").as_deref(),
            Some("::error file=a%2Cb/main.tf,line=3,title=Bad%3A value::one%0Atwo")
        );
        assert_eq!(
            Ci::Azure.annotation(Severity::Warning, &place, "Bad", "100%\n]").as_deref(),
            Some("##vso[task.logissue type=warning;sourcepath=a,b/main.tf;linenumber=3;]Bad: 100%AZP25%0A]")
        );
        assert_eq!(Ci::GitLab.annotation(Severity::Error, &place, "x", "y"), None);
    }

    #[test]
    fn a_secret_is_registered_line_by_line_without_the_short_ones() {
        let secret = "CANARY-1%\n  ab \nCANARY-2\r\n";
        assert_eq!(Ci::GitHub.mask(secret), ["::add-mask::CANARY-1%25", "::add-mask::CANARY-2"]);
        assert_eq!(
            Ci::Azure.mask(secret),
            ["##vso[task.setsecret]CANARY-1%AZP25", "##vso[task.setsecret]CANARY-2"]
        );
        assert!(Ci::GitLab.mask(secret).is_empty());
    }

    #[test]
    fn what_a_tool_leaves_open_is_known() {
        let open = |name: &str| Some(Left::Open(name.to_owned()));
        let ended = |name: &str| Some(Left::Ended(name.to_owned()));
        assert_eq!(
            Ci::GitLab.opens("\x1b[0Ksection_start:15:mine[collapsed=true]\r\x1b[0Ktitle"),
            open("mine")
        );
        assert_eq!(Ci::GitLab.opens("section_end:15:mine\r\x1b[0K"), ended("mine"));
        assert_eq!(Ci::GitLab.opens("see section_start: of it"), None);
        assert_eq!(Ci::GitHub.opens("::stop-commands::a1b2"), open("a1b2"));
        assert_eq!(Ci::GitHub.opens("::a1b2::"), ended("a1b2"));
        assert_eq!(Ci::GitHub.opens("::warning::text"), None);
        assert_eq!(Ci::GitLab.ends("mine", 7), "\x1b[0Ksection_end:7:mine\r\x1b[0K");
        assert_eq!(Ci::GitHub.ends("a1b2", 7), "::a1b2::");
    }

    #[test]
    fn a_tool_opens_and_closes_no_group() {
        assert_eq!(Ci::GitHub.without_groups("  ::group::mine"), "> mine");
        assert_eq!(Ci::GitHub.without_groups("::endgroup::"), "> ");
        assert_eq!(Ci::Azure.without_groups("##[endgroup]"), "> ");
        assert_eq!(Ci::GitHub.without_groups("::warning::kept"), "::warning::kept");
    }
}
