//! The forge around a job: what is proposed there, and the requests that find and write a comment. Pure.

use secrecy::SecretString;
use serde_json::{Value as Json, json};

/// Comments that are asked for at once; forges give no more.
pub(crate) const PAGE: usize = 100;

/// What is proposed, at a forge.
#[derive(Debug)]
pub(crate) struct Change {
    /// `GitHub`.
    pub forge: &'static str,
    /// `pull request 12`.
    pub what: String,
    /// Variable that holds the token.
    pub variable: &'static str,
    /// Header line with the token.
    pub header: (&'static str, SecretString),
    /// The comments.
    comments: String,
    /// Where one of them is changed, without its number.
    one: String,
    /// The method that changes one.
    pub changes: &'static str,
    /// The longest comment, in bytes.
    pub room: usize,
    /// The log of the job.
    pub log: Option<String>,
    /// What lets a token do this.
    pub right: &'static str,
}

/// Why there is nothing to comment on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Nowhere {
    /// No job of a forge that has comments.
    NoForge,
    /// A job of this forge, without these variables.
    Missing(&'static str, Vec<&'static str>),
    /// A variable that holds something else.
    Odd(&'static str),
    /// The job is about nothing that was proposed.
    NoChange(&'static str),
}

/// The value of a variable.
type Get<'a, 'v> = &'a dyn Fn(&str) -> Option<&'v str>;

/// What the variables of a job say; `event` is the file that GitHub names in `GITHUB_EVENT_PATH`.
pub(crate) fn change<'v>(get: Get<'_, 'v>, event: Option<&str>) -> Result<Change, Nowhere> {
    let get: Get<'_, 'v> = &|name| get(name).filter(|value| !value.is_empty());
    let is_true = |name| get(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    if is_true("GITHUB_ACTIONS") {
        github(get, event)
    } else if is_true("GITLAB_CI") {
        gitlab(get)
    } else {
        Err(Nowhere::NoForge)
    }
}

/// The values of these variables, or all that are missing.
fn all<'v, const N: usize>(
    forge: &'static str,
    names: [&'static str; N],
    get: Get<'_, 'v>,
) -> Result<[&'v str; N], Nowhere> {
    let missing: Vec<&'static str> = names.into_iter().filter(|name| get(name).is_none()).collect();
    if missing.is_empty() {
        Ok(names.map(|name| get(name).unwrap_or_default()))
    } else {
        Err(Nowhere::Missing(forge, missing))
    }
}

fn github(get: Get<'_, '_>, event: Option<&str>) -> Result<Change, Nowhere> {
    let [repository, token] = all("GitHub", ["GITHUB_REPOSITORY", "GITHUB_TOKEN"], get)?;
    let is_part = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    if repository.matches('/').count() != 1 || !repository.chars().all(is_part) || repository.contains("..") {
        return Err(Nowhere::Odd("GITHUB_REPOSITORY"));
    }
    let of_ref =
        get("GITHUB_REF").and_then(|name| name.strip_prefix("refs/pull/")?.split('/').next()?.parse().ok());
    let of_event = || {
        let event: Json = serde_json::from_str(event?).ok()?;
        ["/pull_request/number", "/issue/number"].iter().find_map(|place| event.pointer(place)?.as_u64())
    };
    let number: u64 = of_ref.or_else(of_event).ok_or(Nowhere::NoChange("pull request"))?;
    let api = get("GITHUB_API_URL").unwrap_or("https://api.github.com").trim_end_matches('/');
    let server = get("GITHUB_SERVER_URL").unwrap_or("https://github.com").trim_end_matches('/');
    let log = get("GITHUB_RUN_ID").map(|run| format!("{server}/{repository}/actions/runs/{run}"));
    Ok(Change {
        forge: "GitHub",
        what: format!("pull request {number}"),
        variable: "GITHUB_TOKEN",
        header: ("Authorization", format!("Bearer {token}").into()),
        comments: format!("{api}/repos/{repository}/issues/{number}/comments"),
        one: format!("{api}/repos/{repository}/issues/comments"),
        changes: "PATCH",
        room: 60_000,
        log,
        right: "give the job `permissions: { pull-requests: write }`; what comes from a fork cannot have it",
    })
}

fn gitlab(get: Get<'_, '_>) -> Result<Change, Nowhere> {
    let [api, project, token] = all("GitLab", ["CI_API_V4_URL", "CI_PROJECT_ID", "GITLAB_TOKEN"], get)?;
    let number: u64 = get("CI_MERGE_REQUEST_IID")
        .ok_or(Nowhere::NoChange("merge request"))?
        .parse()
        .map_err(|_| Nowhere::Odd("CI_MERGE_REQUEST_IID"))?;
    let project: u64 = project.parse().map_err(|_| Nowhere::Odd("CI_PROJECT_ID"))?;
    let comments = format!("{}/projects/{project}/merge_requests/{number}/notes", api.trim_end_matches('/'));
    Ok(Change {
        forge: "GitLab",
        what: format!("merge request {number}"),
        variable: "GITLAB_TOKEN",
        header: ("PRIVATE-TOKEN", token.to_owned().into()),
        one: comments.clone(),
        comments,
        changes: "PUT",
        room: 900_000,
        log: get("CI_JOB_URL").map(str::to_owned),
        right: "use a token of the project with the scope `api` and the role Developer; `CI_JOB_TOKEN` cannot comment",
    })
}

impl Change {
    /// A page of the comments, from 1.
    pub(crate) fn page(&self, number: usize) -> String {
        let order = if self.forge == "GitLab" { "&sort=asc" } else { "" };
        format!("{}?per_page={PAGE}&page={number}{order}", self.comments)
    }

    /// Where a new one goes.
    pub(crate) fn new_one(&self) -> &str {
        &self.comments
    }

    /// Where an old one is changed.
    pub(crate) fn old_one(&self, id: u64) -> String {
        format!("{}/{id}", self.one)
    }
}

/// What is sent.
pub(crate) fn content(text: &str) -> String {
    json!({ "body": text }).to_string()
}

/// The first of these comments that begins with the mark: its number, and its text.
pub(crate) fn find(page: &Json, mark: &str) -> Option<(u64, String)> {
    page.as_array()?.iter().find_map(|comment| {
        let text = comment.get("body")?.as_str()?.replace("\r\n", "\n");
        let is_ours = text.lines().next() == Some(mark);
        is_ours.then_some((comment.get("id")?.as_u64()?, text))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn of(vars: &[(&'static str, &'static str)], event: Option<&str>) -> Result<Change, Nowhere> {
        let vars: HashMap<&str, &str> = vars.iter().copied().collect();
        change(&|name| vars.get(name).copied(), event)
    }

    #[test]
    fn what_is_missing_is_said() {
        assert_eq!(of(&[], None).unwrap_err(), Nowhere::NoForge);
        let missing = vec!["GITHUB_REPOSITORY", "GITHUB_TOKEN"];
        assert_eq!(
            of(&[("GITHUB_ACTIONS", "true"), ("GITHUB_TOKEN", "")], None).unwrap_err(),
            Nowhere::Missing("GitHub", missing)
        );
        let github = [("GITHUB_ACTIONS", "true"), ("GITHUB_TOKEN", "t"), ("GITHUB_REPOSITORY", "a/b")];
        assert_eq!(of(&github, None).unwrap_err(), Nowhere::NoChange("pull request"));
        let change = of(&github, Some(r#"{"pull_request":{"number":7}}"#)).unwrap();
        assert_eq!(change.page(2), "https://api.github.com/repos/a/b/issues/7/comments?per_page=100&page=2");
        let odd =
            [github[0], github[1], ("GITHUB_REPOSITORY", "a/b/../c"), ("GITHUB_REF", "refs/pull/1/merge")];
        assert_eq!(of(&odd, None).unwrap_err(), Nowhere::Odd("GITHUB_REPOSITORY"));
    }

    #[test]
    fn only_a_comment_that_begins_with_the_mark_is_ours() {
        let page = json!([
            { "id": 1, "body": "see <!-- infractl: plan -->" },
            { "id": 2, "body": "<!-- infractl: other -->\nx" },
            { "id": 3, "body": "<!-- infractl: plan -->\r\nx" },
        ]);
        assert_eq!(
            find(&page, "<!-- infractl: plan -->"),
            Some((3, "<!-- infractl: plan -->\nx".to_owned()))
        );
        assert_eq!(find(&json!([]), "m"), None);
    }
}
