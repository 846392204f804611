//! Does an address answer with the right status and text?

use std::io::{self, Read as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use regex::Regex;
use secrecy::{ExposeSecret as _, SecretString};
use ureq::config::Config;
use ureq::http::Uri;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, Timeout};

use super::{Answer, Probed, certificate};
use crate::config::model::Status;
use crate::net::{connect, roots};

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
    /// Where to connect instead of where DNS says.
    pub at: Option<String>,
    /// Certificates to trust besides those of the system.
    pub ca: Option<PathBuf>,
}

/// Every name has this address.
#[derive(Debug)]
struct At(String);

impl Resolver for At {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
        let host = if self.0.contains(':') { format!("[{}]", self.0) } else { self.0.clone() };
        let there = Uri::try_from(format!("http://{host}:{port}/")).map_err(|_| ureq::Error::HostNotFound)?;
        DefaultResolver::default().resolve(&there, config, timeout)
    }
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
    pub(super) async fn probe(&self, each: Duration) -> Probed {
        let own = self.clone();
        let work = tokio::task::spawn_blocking(move || own.ask(each));
        // Looking a name up is not in the time limit of the client.
        match tokio::time::timeout(each + Duration::from_millis(200), work).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Probed::NotYet(Answer::new("the check was ended", "try again")),
            Err(_) => Probed::NotYet(connect::silent(each)),
        }
    }

    fn ask(&self, each: Duration) -> Probed {
        let agent = match self.agent(each) {
            Ok(agent) => agent,
            Err(answer) => return Probed::Never(answer),
        };
        let mut request = agent.get(&self.url);
        for (name, value) in &self.headers {
            request = request.header(name, value.expose_secret());
        }
        match request.call() {
            Ok(response) => self.judge(response, each),
            Err(error) => self.failed(&error, each),
        }
    }

    fn agent(&self, each: Duration) -> Result<Agent, Answer> {
        let tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()));
        let tls = if self.url.starts_with("https:") || self.redirects {
            let roots: Vec<Certificate<'static>> = roots::load(self.ca.as_deref())?
                .iter()
                .map(|der| Certificate::from_der(der).to_owned())
                .collect();
            tls.root_certs(RootCerts::new_with_certs(&roots))
        } else {
            tls
        };
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(if self.redirects { 10 } else { 0 })
            .max_redirects_will_error(self.redirects)
            .timeout_global(Some(each))
            .user_agent(concat!("infractl/", env!("CARGO_PKG_VERSION")))
            .tls_config(tls.build());
        let config = config.build();
        Ok(match &self.at {
            Some(at) => Agent::with_parts(config, DefaultConnector::default(), At(at.clone())),
            None => config.new_agent(),
        })
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
            return Probed::NotYet(Answer::new(format!("status {code}{to}, not {}", self.wanted()), check));
        }
        let Some(pattern) = self.body.as_deref().and_then(|pattern| Regex::new(pattern).ok()) else {
            return Probed::Good(format!("status {code}"));
        };
        let mut bytes = Vec::new();
        if let Err(error) = response.into_body().into_reader().take(LONGEST).read_to_end(&mut bytes) {
            return Probed::NotYet(match error.kind() {
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
        Probed::NotYet(match error {
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
            ureq::Error::Rustls(error) => certificate::about(error),
            ureq::Error::Io(error) => match tls_error(error) {
                Some(tls) => certificate::about(tls),
                None => connect::answer(error, &host, port),
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

/// The error of TLS that a library has put into one of the operating system.
fn tls_error(error: &io::Error) -> Option<&rustls::Error> {
    let mut inner: &(dyn std::error::Error + 'static) = error.get_ref()?;
    loop {
        if let Some(tls) = inner.downcast_ref::<rustls::Error>() {
            return Some(tls);
        }
        inner = inner.source()?;
    }
}
