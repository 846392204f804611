//! The forge around a job: what is proposed there, its issues, and the requests that find and write what is said. Pure.

use secrecy::SecretString;
use serde_json::{Value as Json, json};

/// Comments or issues that are asked for at once; forges give no more.
pub(crate) const PAGE: usize = 100;

/// A place at a forge where something is said.
#[derive(Debug)]
pub(crate) struct Place {
    /// `GitHub`.
    pub forge: &'static str,
    /// `pull request 12`, `issues of acme/shop`.
    pub what: String,
    /// `comment on`, `write`.
    pub does: &'static str,
    /// Variable that holds the token.
    pub variable: &'static str,
    /// Header line with the token.
    pub header: (&'static str, SecretString),
    /// All that is said there.
    all: String,
    /// What is asked for besides the page.
    query: &'static str,
    /// Where one of them is changed, without its number.
    one: String,
    /// The method that changes one.
    pub changes: &'static str,
    /// What one calls its number, and its text.
    keys: (&'static str, &'static str),
    /// What closes one.
    closes: (&'static str, &'static str),
    /// The longest text, in bytes.
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
pub(crate) fn change(get: Get<'_, '_>, event: Option<&str>) -> Result<Place, Nowhere> {
    forge(get, &|get| github(get, event), &gitlab)
}

/// The issues of the project that the job belongs to.
pub(crate) fn issues(get: Get<'_, '_>) -> Result<Place, Nowhere> {
    forge(get, &github_issues, &gitlab_issues)
}

/// By the forge that the variables belong to.
fn forge<'v>(
    get: Get<'_, 'v>,
    github: &dyn Fn(Get<'_, 'v>) -> Result<Place, Nowhere>,
    gitlab: &dyn Fn(Get<'_, 'v>) -> Result<Place, Nowhere>,
) -> Result<Place, Nowhere> {
    let get: Get<'_, 'v> = &|name| get(name).filter(|value| !value.is_empty());
    let is_true = |name| get(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    if is_true("GITHUB_ACTIONS") {
        github(get)
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

/// The address of a repository at GitHub, its name, the token, and the log of the job.
struct Repository<'v> {
    url: String,
    name: &'v str,
    header: (&'static str, SecretString),
    log: Option<String>,
}

fn repository<'v>(get: Get<'_, 'v>) -> Result<Repository<'v>, Nowhere> {
    let [name, token] = all("GitHub", ["GITHUB_REPOSITORY", "GITHUB_TOKEN"], get)?;
    let is_part = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    if name.matches('/').count() != 1 || !name.chars().all(is_part) || name.contains("..") {
        return Err(Nowhere::Odd("GITHUB_REPOSITORY"));
    }
    let api = get("GITHUB_API_URL").unwrap_or("https://api.github.com").trim_end_matches('/');
    let server = get("GITHUB_SERVER_URL").unwrap_or("https://github.com").trim_end_matches('/');
    Ok(Repository {
        url: format!("{api}/repos/{name}"),
        name,
        header: ("Authorization", format!("Bearer {token}").into()),
        log: get("GITHUB_RUN_ID").map(|run| format!("{server}/{name}/actions/runs/{run}")),
    })
}

fn github(get: Get<'_, '_>, event: Option<&str>) -> Result<Place, Nowhere> {
    let Repository { url, header, log, .. } = repository(get)?;
    let of_ref =
        get("GITHUB_REF").and_then(|name| name.strip_prefix("refs/pull/")?.split('/').next()?.parse().ok());
    let of_event = || {
        let event: Json = serde_json::from_str(event?).ok()?;
        ["/pull_request/number", "/issue/number"].iter().find_map(|place| event.pointer(place)?.as_u64())
    };
    let number: u64 = of_ref.or_else(of_event).ok_or(Nowhere::NoChange("pull request"))?;
    Ok(Place {
        forge: "GitHub",
        what: format!("pull request {number}"),
        does: "comment on",
        variable: "GITHUB_TOKEN",
        header,
        all: format!("{url}/issues/{number}/comments"),
        query: "",
        one: format!("{url}/issues/comments"),
        changes: "PATCH",
        keys: ("id", "body"),
        closes: ("", ""),
        room: 60_000,
        log,
        right: "give the job `permissions: { pull-requests: write }`; what comes from a fork cannot have it",
    })
}

fn github_issues(get: Get<'_, '_>) -> Result<Place, Nowhere> {
    let Repository { url, name, header, log } = repository(get)?;
    Ok(Place {
        forge: "GitHub",
        what: format!("issues of {name}"),
        does: "write",
        variable: "GITHUB_TOKEN",
        header,
        all: format!("{url}/issues"),
        query: "&state=open&sort=created&direction=asc",
        one: format!("{url}/issues"),
        changes: "PATCH",
        keys: ("number", "body"),
        closes: ("state", "closed"),
        room: 60_000,
        log,
        right: "give the job `permissions: { issues: write }`, and see that the repository has issues",
    })
}

/// The address of a project at GitLab, its number, and the token.
fn project(get: Get<'_, '_>) -> Result<(String, u64, SecretString), Nowhere> {
    let [api, project, token] = all("GitLab", ["CI_API_V4_URL", "CI_PROJECT_ID", "GITLAB_TOKEN"], get)?;
    let project: u64 = project.parse().map_err(|_| Nowhere::Odd("CI_PROJECT_ID"))?;
    let url = format!("{}/projects/{project}", api.trim_end_matches('/'));
    Ok((url, project, token.to_owned().into()))
}

fn gitlab(get: Get<'_, '_>) -> Result<Place, Nowhere> {
    let (url, _, token) = project(get)?;
    let number: u64 = get("CI_MERGE_REQUEST_IID")
        .ok_or(Nowhere::NoChange("merge request"))?
        .parse()
        .map_err(|_| Nowhere::Odd("CI_MERGE_REQUEST_IID"))?;
    let comments = format!("{url}/merge_requests/{number}/notes");
    Ok(Place {
        forge: "GitLab",
        what: format!("merge request {number}"),
        does: "comment on",
        variable: "GITLAB_TOKEN",
        header: ("PRIVATE-TOKEN", token),
        one: comments.clone(),
        all: comments,
        query: "&sort=asc",
        changes: "PUT",
        keys: ("id", "body"),
        closes: ("", ""),
        room: 900_000,
        log: get("CI_JOB_URL").map(str::to_owned),
        right: "use a token of the project with the scope `api` and the role Developer; `CI_JOB_TOKEN` cannot comment",
    })
}

fn gitlab_issues(get: Get<'_, '_>) -> Result<Place, Nowhere> {
    let (url, project, token) = project(get)?;
    let issues = format!("{url}/issues");
    Ok(Place {
        forge: "GitLab",
        what: format!("issues of project {project}"),
        does: "write",
        variable: "GITLAB_TOKEN",
        header: ("PRIVATE-TOKEN", token),
        one: issues.clone(),
        all: issues,
        query: "&state=opened&order_by=created_at&sort=asc",
        changes: "PUT",
        keys: ("iid", "description"),
        closes: ("state_event", "close"),
        room: 900_000,
        log: get("CI_JOB_URL").map(str::to_owned),
        right: "use a token of the project with the scope `api` and the role Reporter, and see that the project has issues",
    })
}

impl Place {
    /// A page of what is said, from 1.
    pub(crate) fn page(&self, number: usize) -> String {
        format!("{}?per_page={PAGE}&page={number}{}", self.all, self.query)
    }

    /// Where a new one goes.
    pub(crate) fn new_one(&self) -> &str {
        &self.all
    }

    /// Where an old one is changed.
    pub(crate) fn old_one(&self, id: u64) -> String {
        format!("{}/{id}", self.one)
    }

    /// What is sent: the text, with a title where it is a new issue.
    pub(crate) fn content(&self, title: Option<&str>, text: &str) -> String {
        let mut content = json!({ self.keys.1: text });
        if let Some(title) = title {
            content["title"] = title.into();
        }
        content.to_string()
    }

    /// What is sent to close an issue.
    pub(crate) fn closing(&self) -> String {
        json!({ self.closes.0: self.closes.1 }).to_string()
    }

    /// The first of these that begins with the mark: its number, and its text.
    pub(crate) fn find(&self, page: &Json, mark: &str) -> Option<(u64, String)> {
        let (number, text) = self.keys;
        page.as_array()?.iter().find_map(|one| {
            let text = one.get(text)?.as_str()?.replace("\r\n", "\n");
            // GitHub lists pull requests among the issues.
            let is_ours = text.lines().next() == Some(mark) && one.get("pull_request").is_none();
            is_ours.then_some((one.get(number)?.as_u64()?, text))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn of(vars: &[(&'static str, &'static str)], event: Option<&str>) -> Result<Place, Nowhere> {
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
        let github =
            HashMap::from([("GITHUB_ACTIONS", "true"), ("GITHUB_TOKEN", "t"), ("GITHUB_REPOSITORY", "a/b")]);
        let get = |name: &str| github.get(name).copied();
        let change = change(&get, Some(r#"{"issue":{"number":7}}"#)).unwrap();
        assert_eq!(
            change.find(&page, "<!-- infractl: plan -->"),
            Some((3, "<!-- infractl: plan -->\nx".to_owned()))
        );
        assert_eq!(change.find(&json!([]), "m"), None);
        let issues = issues(&get).unwrap();
        let page = json!([{ "number": 1, "body": "m", "pull_request": {} }, { "number": 2, "body": null }, { "number": 3, "body": "m" }]);
        assert_eq!(issues.find(&page, "m").unwrap().0, 3);
    }
}
