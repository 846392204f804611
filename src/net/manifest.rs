//! What a registry says is behind a tag, by the HTTP API of registries (opencontainers/distribution-spec).

use std::time::Duration;

use base64::Engine as _;
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value as Json;

use super::dial::Dial;
use super::http::{self, LONGEST, Reply};

const LIMIT: Duration = Duration::from_secs(20);
/// Without these a registry answers with a manifest that it made up for old programs, of another digest.
const KINDS: &str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json";

/// A tag in a registry.
#[derive(Debug, Clone)]
pub(crate) struct Tagged {
    /// The server, with its port if that is not the usual one.
    pub host: String,
    /// The repository, with all folders before it.
    pub repository: String,
    /// The tag.
    pub tag: String,
    /// User and password, where they are known.
    pub login: Option<(String, SecretString)>,
}

/// What is behind a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Manifest {
    /// Of the manifest, or the index of several.
    pub digest: String,
    /// Of the image's configuration; none for an index.
    pub config: Option<String>,
}

/// Who asks, and when.
#[derive(Debug, Clone)]
pub(crate) struct Asking {
    /// The way there.
    pub dial: Dial,
    /// By our clock.
    pub now: Timestamp,
}

impl Tagged {
    /// What is behind the tag, none if nothing; or why that cannot be said. Blocks.
    pub(crate) fn manifest(&self, asking: &Asking) -> Result<Option<Manifest>, String> {
        // As docker does: a registry of this machine may be without TLS.
        let scheme = if self.is_of_this_machine() { "http" } else { "https" };
        let address = format!("{scheme}://{}/v2/{}/manifests/{}", self.host, self.repository, self.tag);
        let mut reply = asking.get(&address, self.basic())?;
        if reply.status == 401
            && let Some(token) = self.token(asking, scheme, &reply)?
        {
            let bearer = format!("Bearer {}", token.expose_secret()).into();
            reply = asking.get(&address, Some(bearer))?;
        }
        match reply.status {
            200 => {}
            404 => return Ok(None),
            status => return Err(format!("the registry answers with status {}", http::status(status))),
        }
        let digest = reply.header("docker-content-digest").ok_or("the registry names no digest")?.to_owned();
        let manifest = json(&reply)?;
        let config = manifest.pointer("/config/digest").and_then(Json::as_str).map(str::to_owned);
        Ok(Some(Manifest { digest, config }))
    }

    fn is_of_this_machine(&self) -> bool {
        let host = self.host.rsplit_once(':').map_or(self.host.as_str(), |(host, _)| host);
        host == "localhost" || host.starts_with("127.") || host == "[::1]"
    }

    fn basic(&self) -> Option<SecretString> {
        let (user, password) = self.login.as_ref()?;
        let both = format!("{user}:{}", password.expose_secret());
        Some(format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(both)).into())
    }

    /// The token that a registry sends people for, if it does.
    fn token(&self, asking: &Asking, scheme: &str, reply: &Reply) -> Result<Option<SecretString>, String> {
        let Some(wanted) = reply.header("www-authenticate") else { return Ok(None) };
        let Some((realm, query)) = token_address(wanted) else { return Ok(None) };
        if !realm.starts_with(&format!("{scheme}://")) {
            return Err("the registry wants its login sent elsewhere without TLS".to_owned());
        }
        let reply = asking.get(&format!("{realm}?{query}"), self.basic())?;
        if reply.status != 200 {
            return Err(format!("the registry gives no token: status {}", http::status(reply.status)));
        }
        let given = json(&reply)?;
        let token = given.get("token").or_else(|| given.get("access_token")).and_then(Json::as_str);
        Ok(token.map(|token| token.to_owned().into()))
    }
}

impl Asking {
    fn get(&self, address: &str, login: Option<SecretString>) -> Result<Reply, String> {
        let mut headers = vec![("accept".to_owned(), KINDS.to_owned().into())];
        headers.extend(login.map(|login| ("authorization".to_owned(), login)));
        let request = http::Request {
            method: "GET",
            url: address.to_owned(),
            headers,
            body: None,
            redirects: false,
            dial: self.dial.clone(),
            ca: None,
        };
        let reply = http::open(&request, LIMIT, self.now).and_then(|open| open.read(LONGEST));
        reply.map_err(|trouble| trouble.answer.text)
    }
}

fn json(reply: &Reply) -> Result<Json, String> {
    reply.json().map_err(|answer| answer.text)
}

/// Where a token is had and the words of the question, from `Bearer realm="…",service="…",scope="…"`.
fn token_address(wanted: &str) -> Option<(String, String)> {
    let words = wanted.strip_prefix("Bearer ")?;
    // Not at each comma: a scope has some of its own, `repository:a/b:pull,push`.
    let value = |name: &str| {
        let rest = words.split_once(&format!("{name}=\""))?.1;
        rest.split_once('"').map(|(value, _)| value.to_owned())
    };
    let asked = ["service", "scope"].into_iter().filter_map(|name| Some((name, value(name)?)));
    let query = asked.map(|(name, value)| format!("{name}={}", super::sign::encode(&value)));
    Some((value("realm")?, query.collect::<Vec<_>>().join("&")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_token_is_had() {
        let wanted = r#"Bearer realm="https://auth.example/token",service="registry.example",scope="repository:team/etl:pull,push""#;
        let (realm, query) = token_address(wanted).unwrap();
        assert_eq!(realm, "https://auth.example/token");
        assert_eq!(query, "service=registry.example&scope=repository%3Ateam/etl%3Apull%2Cpush");
        assert_eq!(token_address("Basic realm=\"x\""), None);
    }
}
