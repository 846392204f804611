//! Forges: what GitLab, Gitea and GitHub are asked about repositories, and what they answer.

use serde_json::{Value as Json, json};

use crate::config::model::{Forge, Visibility};
use crate::text;

/// An owner of a forge.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// Which words it understands.
    pub forge: Forge,
    /// Its address, without `/` at the end.
    pub server: String,
    /// User or group.
    pub owner: String,
}

/// Something to ask.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Call {
    /// `GET`, in capitals.
    pub method: &'static str,
    /// The address.
    pub url: String,
    /// What is sent.
    pub body: Option<Json>,
}

/// What an owner is to the one whose token it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// The same one.
    Oneself,
    /// A group.
    Group,
    /// A user or a group by its number, as GitLab wants it.
    Number(u64),
    /// Another user, for whom only an administrator makes something.
    Other,
}

/// What an answer to making a repository means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Made {
    /// It is made.
    New,
    /// One of that name is there.
    Exists,
    /// It is not made.
    Refused,
}

impl Place {
    fn api(&self) -> String {
        let server = &self.server;
        match self.forge {
            Forge::Github if server == "https://github.com" => "https://api.github.com".to_owned(),
            Forge::Github => format!("{server}/api/v3"),
            Forge::Gitlab => format!("{server}/api/v4"),
            Forge::Gitea | Forge::None => format!("{server}/api/v1"),
        }
    }

    fn get(&self, path: &str) -> Call {
        self.call("GET", path, None)
    }

    fn call(&self, method: &'static str, path: &str, body: Option<Json>) -> Call {
        Call { method, url: format!("{}/{path}", self.api()), body }
    }

    fn repository(&self, name: &str) -> String {
        match self.forge {
            Forge::Gitlab => format!("projects/{}", text::percent(&format!("{}/{name}", self.owner))),
            _ => format!("repos/{}/{}", text::percent(&self.owner), text::percent(name)),
        }
    }

    /// The header lines of every request.
    pub(crate) fn headers(&self, token: &str) -> Vec<(&'static str, String)> {
        let (name, value) = match self.forge {
            Forge::Gitlab => ("PRIVATE-TOKEN", token.to_owned()),
            Forge::Github => ("Authorization", format!("Bearer {token}")),
            Forge::Gitea | Forge::None => ("Authorization", format!("token {token}")),
        };
        let accept =
            if self.forge == Forge::Github { "application/vnd.github+json" } else { "application/json" };
        vec![(name, value), ("Accept", accept.to_owned())]
    }

    /// Who has the token?
    pub(crate) fn who(&self) -> Call {
        self.get("user")
    }

    /// Is the repository there?
    pub(crate) fn find(&self, name: &str) -> Call {
        self.get(&self.repository(name))
    }

    /// Is the owner there, and what is it? None where nobody has to be asked: whoever has this login is told.
    pub(crate) fn find_owner(&self, login: Option<&str>) -> Result<Call, Owner> {
        match self.forge {
            Forge::Gitlab => Ok(self.get(&format!("namespaces/{}", text::percent(&self.owner)))),
            _ if login.is_some_and(|login| login.eq_ignore_ascii_case(&self.owner)) => Err(Owner::Oneself),
            Forge::Github => Err(Owner::Group),
            Forge::Gitea | Forge::None => Ok(self.get(&format!("orgs/{}", text::percent(&self.owner)))),
        }
    }

    /// What the answer says of the owner; none when there is none.
    pub(crate) fn owner(&self, status: u16, answer: &Json) -> Option<Owner> {
        match (self.forge, status) {
            (Forge::Gitlab, 200) => answer["id"].as_u64().map(Owner::Number),
            (Forge::Gitlab, _) => None,
            (_, 404) => Some(Owner::Other),
            // The token may not look at groups: making one there says whether it may do that.
            _ => Some(Owner::Group),
        }
    }

    /// Makes a repository without files.
    pub(crate) fn make(&self, name: &str, owner: Owner, visibility: Visibility, branch: &str) -> Call {
        let is_private = visibility != Visibility::Public;
        if self.forge == Forge::Gitlab {
            let word = match visibility {
                Visibility::Private => "private",
                Visibility::Internal => "internal",
                Visibility::Public => "public",
            };
            let mut body =
                json!({ "name": name, "path": name, "visibility": word, "initialize_with_readme": false });
            if let Owner::Number(number) = owner {
                body["namespace_id"] = number.into();
            }
            return self.call("POST", "projects", Some(body));
        }
        let path = match owner {
            Owner::Oneself => "user/repos".to_owned(),
            Owner::Other => format!("admin/users/{}/repos", text::percent(&self.owner)),
            Owner::Group | Owner::Number(_) => format!("orgs/{}/repos", text::percent(&self.owner)),
        };
        let mut body = json!({ "name": name, "private": is_private, "auto_init": false });
        if self.forge != Forge::Github {
            body["default_branch"] = branch.into();
        }
        self.call("POST", &path, Some(body))
    }

    /// Makes a branch that is there the default one.
    pub(crate) fn set_default(&self, name: &str, branch: &str) -> Call {
        let method = if self.forge == Forge::Gitlab { "PUT" } else { "PATCH" };
        self.call(method, &self.repository(name), Some(json!({ "default_branch": branch })))
    }

    /// The address of a repository for git.
    pub(crate) fn url(&self, name: &str) -> String {
        format!("{}/{}/{name}.git", self.server, self.owner)
    }

    /// The user that goes with a token when git asks.
    pub(crate) fn user(&self) -> &'static str {
        if self.forge == Forge::Github { "x-access-token" } else { "oauth2" }
    }

    /// What it is called.
    pub(crate) fn name(&self) -> &'static str {
        match self.forge {
            Forge::Gitlab => "GitLab",
            Forge::Gitea => "Gitea",
            Forge::Github => "GitHub",
            Forge::None => "the server",
        }
    }

    /// What a token must be allowed.
    pub(crate) fn scopes(&self) -> &'static str {
        match self.forge {
            Forge::Gitlab => {
                "give the token the scopes `api` and `write_repository`, and its owner the right to make projects there"
            }
            Forge::Gitea => {
                "give the token the scopes `write:repository`, and `write:user` or `write:organization`"
            }
            Forge::Github => {
                "give the token the scope `repo`, or the permissions Administration and Contents to write"
            }
            Forge::None => "let the token push there",
        }
    }
}

/// What an answer to making a repository means.
pub(crate) fn made(status: u16, text: &str) -> Made {
    match status {
        200..=299 => Made::New,
        409 => Made::Exists,
        400 | 422 if text.contains("already") => Made::Exists,
        _ => Made::Refused,
    }
}

/// What a forge says of a refusal, in a few words.
pub(crate) fn said(answer: &Json) -> Option<String> {
    let message = ["message", "error_description", "error"].iter().find_map(|key| answer.get(key))?;
    let mut text = message.as_str().map_or_else(|| message.to_string(), str::to_owned);
    let more = answer["errors"].as_array().into_iter().flatten().filter_map(|one| one["message"].as_str());
    more.for_each(|one| text.push_str(&format!(": {one}")));
    Some(text)
}

/// Whether forges take this as the name of a repository.
pub(crate) fn is_name(name: &str) -> bool {
    let is_good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let ends = [".git", ".atom", ".wiki", "."];
    !name.is_empty()
        && name.chars().all(is_good)
        && !name.starts_with(['-', '.'])
        && !ends.iter().any(|end| name.ends_with(end))
}

/// Whether what is sent there can be read on the way.
pub(crate) fn is_open(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else { return false };
    let place = rest.split('/').next().unwrap_or_default();
    let host = match place.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => place.split(':').next().unwrap_or_default(),
    };
    let is_loopback = host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    !(is_loopback || host == "localhost" || host.ends_with(".localhost"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(forge: Forge, server: &str) -> Place {
        Place { forge, server: server.to_owned(), owner: "infra/lab".to_owned() }
    }

    #[test]
    fn each_forge_is_asked_in_its_words() {
        let gitlab = place(Forge::Gitlab, "http://h:8081");
        assert_eq!(gitlab.find("a.b").url, "http://h:8081/api/v4/projects/infra%2Flab%2Fa.b");
        let make = gitlab.make("a", Owner::Number(7), Visibility::Internal, "main");
        let body = json!({ "name": "a", "path": "a", "visibility": "internal", "initialize_with_readme": false, "namespace_id": 7 });
        assert_eq!((make.method, make.body), ("POST", Some(body)));
        assert_eq!(gitlab.set_default("a", "main").method, "PUT");
        let gitea = Place { owner: "ops".to_owned(), ..place(Forge::Gitea, "http://h") };
        assert_eq!(gitea.find("a").url, "http://h/api/v1/repos/ops/a");
        let url = |owner| gitea.make("a", owner, Visibility::Private, "main").url;
        assert_eq!(url(Owner::Oneself), "http://h/api/v1/user/repos");
        assert_eq!(url(Owner::Group), "http://h/api/v1/orgs/ops/repos");
        assert_eq!(url(Owner::Other), "http://h/api/v1/admin/users/ops/repos");
        assert_eq!(gitea.find_owner(Some("OPS")), Err(Owner::Oneself));
        assert_eq!(gitea.url("a"), "http://h/ops/a.git");
        let github = place(Forge::Github, "https://github.com");
        assert_eq!(github.who().url, "https://api.github.com/user");
        assert_eq!(place(Forge::Github, "https://ghe.corp").who().url, "https://ghe.corp/api/v3/user");
    }

    #[test]
    fn what_is_there_already_is_known_by_its_answer() {
        let taken = r#"{"message":{"name":["has already been taken"],"path":["has already been taken"]}}"#;
        assert_eq!(made(400, taken), Made::Exists);
        assert_eq!(
            made(422, r#"{"errors":[{"message":"name already exists on this account"}]}"#),
            Made::Exists
        );
        assert_eq!(made(409, ""), Made::Exists);
        assert_eq!(made(400, r#"{"message":{"path":["can contain only letters"]}}"#), Made::Refused);
        assert_eq!(made(201, ""), Made::New);
        let answer = json!({ "message": "failed", "errors": [{ "message": "no" }] });
        assert_eq!(said(&answer).as_deref(), Some("failed: no"));
    }

    #[test]
    fn names_and_addresses_are_looked_at() {
        assert!(["a", "traefik-helm", "a.b_c", "9"].into_iter().all(is_name));
        assert!(!["", "-a", ".a", "a b", "a/b", "é", "a.git", "a."].into_iter().any(is_name));
        let open = ["http://gitlab.lab.local:8081", "http://10.0.0.1/", "http://localhost.evil.org"];
        assert!(open.into_iter().all(is_open));
        let closed =
            ["https://h", "http://127.0.0.1:3000", "http://[::1]:80/x", "http://localhost/x", "/srv/git"];
        assert!(!closed.into_iter().any(is_open));
    }
}
