//! Where a redirect leads, and what goes along. Pure.

use secrecy::SecretString;
use ureq::http::Uri;

use super::Request;
use crate::net::answer::Answer;

/// One request on the way to the answer.
pub(super) struct Hop<'a> {
    pub(super) method: &'static str,
    pub(super) url: Uri,
    pub(super) body: Option<&'a SecretString>,
    headers: &'a [(String, SecretString)],
    /// The server is another one than was named.
    is_elsewhere: bool,
}

/// What any server may know.
const HARMLESS: [&str; 2] = ["accept", "accept-language"];

impl<'a> Hop<'a> {
    /// The one that was asked for.
    pub(super) fn first(request: &'a Request) -> Result<Hop<'a>, Answer> {
        let url = address(&request.url)?;
        Ok(Hop {
            method: request.method,
            url,
            body: request.body.as_ref(),
            headers: &request.headers,
            is_elsewhere: false,
        })
    }

    /// The header lines that go along.
    pub(super) fn headers(&self) -> impl Iterator<Item = &'a (String, SecretString)> {
        let is_elsewhere = self.is_elsewhere;
        self.headers.iter().filter(move |(name, _)| {
            !is_elsewhere || HARMLESS.iter().any(|other| name.eq_ignore_ascii_case(other))
        })
    }

    /// The next one, as the answer says.
    pub(super) fn next(self, status: u16, location: &str) -> Result<Hop<'a>, Answer> {
        let asked = "name the address that it sends its visitors to";
        let to = join(&self.url, location).and_then(|to| address(&to).ok()).ok_or_else(|| {
            Answer::new(format!("it redirects to `{location}`, which is no address"), asked).last()
        })?;
        if self.url.scheme_str() == Some("https") && to.scheme_str() != Some("https") {
            let text = format!("it redirects from https to {to}, where everybody could listen");
            return Err(Answer::new(text, "mend the service, or name an address of https").last());
        }
        let changes_method = status == 303 || (status < 303 && self.method == "POST");
        let (method, body) = match self.method {
            "HEAD" => ("HEAD", None),
            _ if changes_method => ("GET", None),
            method => (method, self.body),
        };
        let is_elsewhere = self.is_elsewhere || !is_same(&self.url, &to);
        if is_elsewhere && body.is_some() {
            let text = format!(
                "it redirects to {to}, another server, which is not sent what was meant for this one"
            );
            return Err(Answer::new(text, asked).last());
        }
        Ok(Hop { method, url: to, body, is_elsewhere, ..self })
    }
}

/// An address that can be asked.
fn address(text: &str) -> Result<Uri, Answer> {
    let wrong = |why: &str| Answer::new(format!("`{text}` is no address: {why}"), "write `https://…`").last();
    let uri: Uri = text.parse().map_err(|error: ureq::http::uri::InvalidUri| wrong(&error.to_string()))?;
    let Some(place) = uri.authority().filter(|_| matches!(uri.scheme_str(), Some("http" | "https"))) else {
        return Err(wrong("it begins with neither `https://` nor `http://`"));
    };
    if place.as_str().contains('@') {
        return Err(Answer::new(
            format!("there is a login in the address of {}", place.host()),
            "send it as a header: `headers = { Authorization = \"…\" }`",
        )
        .last());
    }
    Ok(uri)
}

/// The same server: name and port, also where http has become https.
fn is_same(from: &Uri, to: &Uri) -> bool {
    let port = |uri: &Uri| match (uri.port_u16(), uri.scheme_str()) {
        (Some(port), _) => port,
        (None, Some("https")) => 443,
        (None, _) => 80,
    };
    let host = |uri: &Uri| uri.host().unwrap_or_default().to_ascii_lowercase();
    let becomes_tls = from.scheme_str() == Some("http") && (port(from), port(to)) == (80, 443);
    let is_same_port = port(from) == port(to) && from.scheme_str() == to.scheme_str();
    host(from) == host(to) && (is_same_port || becomes_tls)
}

/// An address as it is seen from another one.
fn join(base: &Uri, location: &str) -> Option<String> {
    let location = location.trim().split('#').next().unwrap_or_default();
    let (scheme, place) = (base.scheme_str()?, base.authority()?);
    let head = location.split(['/', '?']).next().unwrap_or_default();
    if head.contains(':') {
        return Some(location.to_owned());
    }
    if let Some(rest) = location.strip_prefix("//") {
        return Some(format!("{scheme}://{rest}"));
    }
    let (path, query) =
        location.split_once('?').map_or((location, None), |(path, query)| (path, Some(query)));
    let path = match path {
        "" => base.path().to_owned(),
        path if path.starts_with('/') => without_dots(path),
        path => {
            let folder = base.path().rsplit_once('/').map_or("", |(folder, _)| folder);
            without_dots(&format!("{folder}/{path}"))
        }
    };
    let query = query.map_or_else(String::new, |query| format!("?{query}"));
    Some(format!("{scheme}://{place}{path}{query}"))
}

/// `/a/../b/./c` is `/b/c`.
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for part in path.split('/').skip(1) {
        match part {
            "." => {}
            ".." => drop(kept.pop()),
            part => kept.push(part),
        }
    }
    let end = if !kept.is_empty() && (path.ends_with("/.") || path.ends_with("/..")) { "/" } else { "" };
    format!("/{}{end}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(location: &str) -> String {
        join(&"http://a.test:81/x/y?q=1".parse().unwrap(), location).unwrap()
    }

    #[test]
    fn a_location_is_seen_from_where_it_was_said() {
        for (location, wanted) in [
            ("https://b.test/z", "https://b.test/z"),
            ("//b.test/z", "http://b.test/z"),
            ("/z", "http://a.test:81/z"),
            ("z?w=a:b", "http://a.test:81/x/z?w=a:b"),
            ("../z", "http://a.test:81/z"),
            ("../../../z/..", "http://a.test:81/"),
            ("?w=2", "http://a.test:81/x/y?w=2"),
            ("", "http://a.test:81/x/y"),
            ("#top", "http://a.test:81/x/y"),
            ("./", "http://a.test:81/x/"),
        ] {
            assert_eq!(joined(location), wanted, "{location}");
        }
        assert!(address(&joined("ftp://b.test/")).is_err() && address(&joined("javascript:x")).is_err());
    }

    #[test]
    fn a_server_is_its_name_and_its_port() {
        let same = |from: &str, to: &str| is_same(&from.parse().unwrap(), &to.parse().unwrap());
        assert!(same("http://a.test/x", "http://A.test:80/y"));
        assert!(same("http://a.test/x", "https://a.test/y"));
        assert!(!same("http://a.test:81/x", "https://a.test:81/y"));
        assert!(!same("http://a.test/x", "http://a.test:81/x"));
        assert!(!same("http://a.test/x", "http://b.a.test/x"));
        assert!(!same("https://a.test/x", "http://a.test/x"));
    }

    #[test]
    fn an_address_with_a_login_is_refused_without_showing_it() {
        let wrong = address("https://me:CANARY@a.test/x").unwrap_err();
        assert_eq!(wrong.text, "there is a login in the address of a.test");
        assert!(wrong.is_final);
    }
}
