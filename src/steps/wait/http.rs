//! Does an address answer with the right status and text?

use std::io::{self, Read as _};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use regex::Regex;
use secrecy::{ExposeSecret as _, SecretString};
use ureq::{Agent, Timeout};

use super::dial::Dial;
use super::way::{Later, Told, Way};
use super::{Answer, Probed, certificate};
use crate::config::model::Status;
use crate::net::connect;

/// The longest answer that is looked at.
const LONGEST: u64 = 1024 * 1024;

/// An address and what it must answer.
#[derive(Debug, Clone)]
pub(crate) struct Http {
    /// The address.
    pub url: String,
    /// Status that counts; 200 to 299 if empty.
    pub status: Vec<Status>,
    /// Regular expression that the answer matches.
    pub body: Option<String>,
    /// Header lines to send.
    pub headers: Vec<(String, SecretString)>,
    /// Follow redirects.
    pub redirects: bool,
    /// The way there.
    pub dial: Dial,
    /// Certificates to trust besides those of the system.
    pub ca: Option<PathBuf>,
}

impl Http {
    /// The status that counts, for people.
    pub(crate) fn wanted(&self) -> String {
        let ranges = self.status.iter().map(|range| match (range.first, range.last) {
            (first, last) if first == last => first.to_string(),
            (first, last) => format!("{first}-{last}"),
        });
        let ranges: Vec<String> = ranges.collect();
        if ranges.is_empty() { "200-299".to_owned() } else { ranges.join(", ") }
    }

    fn is_wanted(&self, code: u16) -> bool {
        match self.status.as_slice() {
            [] => (200..300).contains(&code),
            ranges => ranges.iter().any(|range| range.holds(code)),
        }
    }

    /// One try.
    pub(super) async fn probe(&self, each: Duration, now: Timestamp) -> Probed {
        let own = self.clone();
        let work = tokio::task::spawn_blocking(move || own.ask(each, now));
        // Looking a name up is not in the time limit of the client.
        match tokio::time::timeout(each + Duration::from_millis(200), work).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Probed::Unknown(Answer::new("the check was ended", "try again")),
            Err(_) => Probed::Unknown(connect::silent(each)),
        }
    }

    fn ask(&self, each: Duration, now: Timestamp) -> Probed {
        let agent = self.agent(each, now);
        let mut request = agent.get(&self.url);
        for (name, value) in &self.headers {
            request = request.header(name, value.expose_secret());
        }
        match request.call() {
            Ok(response) => self.judge(response, each),
            Err(error) => self.failed(&error, each),
        }
    }

    fn agent(&self, each: Duration, now: Timestamp) -> Agent {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(if self.redirects { 10 } else { 0 })
            .max_redirects_will_error(self.redirects)
            .timeout_global(Some(each))
            .user_agent(concat!("infractl/", env!("CARGO_PKG_VERSION")))
            .proxy(None)
            .build();
        let until = Instant::now() + each;
        let way = Way { dial: self.dial.clone(), ca: self.ca.clone(), until, now };
        Agent::with_parts(config, way, Later)
    }

    fn judge(&self, response: ureq::http::Response<ureq::Body>, each: Duration) -> Probed {
        let code = response.status().as_u16();
        if !self.is_wanted(code) {
            let to = response.headers().get("location").and_then(|to| to.to_str().ok());
            let (to, check) = match (code, to) {
                (300..=399, Some(to)) => {
                    (format!(" to {to}"), "set `redirects = true`, name that address, or name the status")
                }
                (401 | 403, _) => (String::new(), "check the `headers`: the service wants to know who asks"),
                (404, _) => (String::new(), "check the path, and which site the server shows by default"),
                (502..=504, _) => (String::new(), "look at the log of the service behind the proxy"),
                _ => (String::new(), "look at the service's log"),
            };
            let answer = Answer::new(format!("status {code}{to}, not {}", self.wanted()), check);
            // Who is not let in, or meets a broken service, does not know what is there.
            return match code {
                401 | 403 | 407 | 408 | 429 | 500.. => Probed::Unknown(answer),
                _ => Probed::NotYet(answer),
            };
        }
        let Some(pattern) = self.body.as_deref().and_then(|pattern| Regex::new(pattern).ok()) else {
            return Probed::Good(format!("status {code}"));
        };
        let mut bytes = Vec::new();
        if let Err(error) = response.into_body().into_reader().take(LONGEST).read_to_end(&mut bytes) {
            return Probed::Unknown(match error.kind() {
                io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => connect::silent(each),
                _ => Answer::new(format!("status {code}, then: {error}"), "look at the service's log"),
            });
        }
        let body = String::from_utf8_lossy(&bytes);
        if pattern.is_match(&body) {
            return Probed::Good(format!("status {code}, matches `{pattern}`"));
        }
        let first: String =
            body.trim().chars().take(60).map(|c| if c.is_control() { ' ' } else { c }).collect();
        Probed::NotYet(Answer::new(
            format!("status {code}, but the answer does not match `{pattern}`: `{first}`"),
            "check the pattern, and what the service says of itself there",
        ))
    }

    fn failed(&self, error: &ureq::Error, each: Duration) -> Probed {
        let (host, port) = self.place();
        Probed::Unknown(match error {
            ureq::Error::BadUri(text) | ureq::Error::RequireHttpsOnly(text) => {
                return Probed::Never(Answer::new(
                    format!("`{}` is no address: {text}", self.url),
                    "write `https://…`",
                ));
            }
            ureq::Error::Http(error) => {
                return Probed::Never(Answer::new(
                    format!("`{}` cannot be asked: {error}", self.url),
                    "mend address and headers",
                ));
            }
            ureq::Error::Timeout(Timeout::Connect | Timeout::Resolve) => Answer::new(
                format!("no answer within {}", crate::text::duration(each)),
                "check firewall, security group and route: packets are dropped on the way, or the machine is off",
            ),
            ureq::Error::Timeout(_) => connect::silent(each),
            ureq::Error::HostNotFound => Answer::new(
                format!("the name {host} has no address"),
                format!("check the DNS record of {host}"),
            ),
            ureq::Error::TooManyRedirects => {
                Answer::new("redirected more than 10 times", "check where the service sends its visitors")
            }
            ureq::Error::Io(error) => match (inside::<Told>(error), inside::<rustls::Error>(error)) {
                (Some(told), _) if told.0.is_final => return Probed::Never(told.0.clone()),
                (Some(told), _) => told.0.clone(),
                (None, Some(tls)) => certificate::about(tls),
                (None, None)
                    if matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock) =>
                {
                    connect::silent(each)
                }
                (None, None) => connect::answer(error, &host, port),
            },
            ureq::Error::Protocol(_) => Answer::new(
                format!("no answer of HTTP: {error}"),
                "check the port: something else may listen there",
            ),
            other => Answer::new(connect::root(other), "look at the service's log"),
        })
    }

    fn place(&self) -> (String, u16) {
        let uri: Option<ureq::http::Uri> = self.url.parse().ok();
        let usual = if self.url.starts_with("https:") { 443 } else { 80 };
        let host = uri.as_ref().and_then(|uri| uri.host()).unwrap_or(&self.url).to_owned();
        (host, uri.and_then(|uri| uri.port_u16()).unwrap_or(usual))
    }
}

/// The error that a library has put into one of the operating system.
fn inside<E: std::error::Error + 'static>(error: &io::Error) -> Option<&E> {
    let mut inner: &(dyn std::error::Error + 'static) = error.get_ref()?;
    loop {
        if let Some(found) = inner.downcast_ref::<E>() {
            return Some(found);
        }
        inner = inner.source()?;
    }
}
