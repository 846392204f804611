//! An object in a bucket: how it is asked for, and what the server says.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use ureq::http::{HeaderMap, Response};

use crate::failure::{Failure, Kind};
use crate::net::sign::{self, Keys, Request};

const CONNECT: Duration = Duration::from_secs(5);
const ANSWER: Duration = Duration::from_secs(20);
/// Answers of the server that are worth another try.
const TRIES: u32 = 4;

/// Where the object is and how it is asked for.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) agent: ureq::Agent,
    /// `https://` or `http://`.
    pub(crate) scheme: String,
    /// With its port, if that is not the usual one.
    pub(crate) host: String,
    /// Of the object, encoded, with a leading `/`.
    pub(crate) path: String,
    pub(crate) region: String,
    pub(crate) keys: Keys,
    pub(crate) now: fn() -> Timestamp,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) etag: Option<String>,
    /// How long ago the object was written, by the server's clock.
    pub(crate) age: Option<Duration>,
    headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// What is asked of the server of an object.
#[derive(Debug, Clone, Default)]
pub(crate) struct Call {
    pub(crate) method: &'static str,
    /// Encoded, with a leading `/`.
    pub(crate) path: String,
    /// Encoded, in order of name, each with a `=`.
    pub(crate) query: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    /// As somebody without keys.
    pub(crate) is_anonymous: bool,
}

impl Call {
    /// For messages.
    pub(crate) fn what(&self) -> String {
        let query = self.query.trim_end_matches('=');
        if query.is_empty() { self.path.clone() } else { format!("{}?{query}", self.path) }
    }
}

impl Answer {
    /// It was done.
    pub(crate) fn is_well(&self) -> bool {
        matches!(self.status, 200..=299)
    }

    /// A header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// What stands in an element of the body.
    pub(crate) fn part(&self, tag: &str) -> Option<String> {
        let text = String::from_utf8_lossy(&self.body);
        let rest = text.split_once(&format!("<{tag}>"))?.1;
        rest.split_once("</").map(|(found, _)| found.to_owned())
    }

    /// What the store calls its error.
    pub(crate) fn code(&self) -> Option<String> {
        self.part("Code")
    }

    /// Why it was not done, in the words of the store.
    pub(crate) fn reason(&self) -> String {
        let code = self.code().unwrap_or_else(|| format!("status {}", self.status));
        format!("{code} {}", self.part("Message").unwrap_or_default()).trim().to_owned()
    }
}

/// Makes requests with the certificates that are given.
pub(crate) fn agent(roots: ureq::tls::RootCerts) -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_connect(Some(CONNECT))
        .max_redirects(0)
        .tls_config(ureq::tls::TlsConfig::builder().root_certs(roots).build())
        .user_agent(concat!("infractl/", env!("CARGO_PKG_VERSION")))
        .build()
        .into()
}

impl Object {
    /// The address, for messages.
    pub(crate) fn shown(&self) -> String {
        format!("{}{}{}", self.scheme, self.host, self.path)
    }

    /// Asks, some times if the server has trouble.
    pub(crate) async fn ask(
        self: &Arc<Self>,
        method: &'static str,
        body: Vec<u8>,
        condition: Option<(&'static str, String)>,
    ) -> Result<Answer, Failure> {
        let mut pause = Duration::from_millis(150);
        for attempt in 1.. {
            let (object, body, condition) = (Arc::clone(self), body.clone(), condition.clone());
            let asked =
                tokio::task::spawn_blocking(move || object.send(method, &body, condition.as_ref(), ANSWER))
                    .await;
            let asked = asked.unwrap_or_else(|error| Err(error.to_string()));
            match asked {
                Ok(answer) if !matches!(answer.status, 500..=599) || answer.status == 501 => {
                    return Ok(answer);
                }
                Ok(answer) if attempt == TRIES => return Err(self.refused(method, &answer)),
                Err(error) if attempt == TRIES => return Err(self.failed(&error)),
                Ok(_) | Err(_) => tokio::time::sleep(pause).await,
            }
            pause *= 2;
        }
        Err(self.failed("no answer"))
    }

    /// Asks once, and blocks meanwhile.
    pub(crate) fn send(
        &self,
        method: &'static str,
        body: &[u8],
        condition: Option<&(&'static str, String)>,
        limit: Duration,
    ) -> Result<Answer, String> {
        let headers = condition.into_iter().cloned().collect();
        let (path, body) = (self.path.clone(), body.to_vec());
        self.call(&Call { method, path, headers, body, ..Call::default() }, limit)
    }

    /// Asks something of its server once, and blocks meanwhile.
    pub(crate) fn call(&self, call: &Call, limit: Duration) -> Result<Answer, String> {
        let Call { method, path, query, body, .. } = call;
        let mark = if query.is_empty() { "" } else { "?" };
        let address = format!("{}{}{path}{mark}{query}", self.scheme, self.host);
        let mut building = ureq::http::Request::builder().method(*method).uri(address);
        let own: Vec<(&str, &str)> =
            call.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        if call.is_anonymous {
            for (name, value) in own {
                building = building.header(name, value);
            }
        } else {
            let host = &self.host;
            let request = Request { service: "s3", method, host, path, query, body, headers: &own };
            for (name, value) in sign::headers(request, &self.keys, &self.region, (self.now)()) {
                building = building.header(name, value);
            }
        }
        let answered = if body.is_empty() {
            let request = building.body(()).map_err(|error| error.to_string())?;
            self.agent.run(self.agent.configure_request(request).timeout_global(Some(limit)).build())
        } else {
            let request = building.body(body.as_slice()).map_err(|error| error.to_string())?;
            self.agent.run(self.agent.configure_request(request).timeout_global(Some(limit)).build())
        };
        let mut answer = answered.map_err(|error| error.to_string())?;
        let body = answer.body_mut().read_to_vec().map_err(|error| error.to_string())?;
        Ok(Answer {
            status: answer.status().as_u16(),
            etag: header(&answer, "etag"),
            age: age(&answer),
            headers: answer.headers().clone(),
            body,
        })
    }

    fn failed(&self, why: &str) -> Failure {
        Failure {
            error: anyhow::Error::msg(why.to_owned())
                .context(format!("the shared lock `{}` could not be reached", self.shown())),
            ..Failure::new(Kind::Failed, "")
        }
        .help("look at the network, and at AWS_ENDPOINT_URL or `endpoints` in `[terraform.backend]`")
    }

    /// What an answer that helps nobody means.
    pub(crate) fn refused(&self, what: &str, answer: &Answer) -> Failure {
        let failure = Failure {
            error: anyhow::Error::msg(format!("{what}: {}", answer.reason()))
                .context(format!("the shared lock `{}` was refused", self.shown())),
            ..Failure::new(Kind::Failed, "")
        };
        match answer.status {
            501 => failure.help("set `[lock] shared = false`: this store knows no conditional writes"),
            404 => failure.help("look at `bucket` in the backend configuration: there is no such bucket"),
            _ => failure.help("allow s3:GetObject, s3:PutObject and s3:DeleteObject on this object"),
        }
    }
}

fn header<T>(answer: &Response<T>, name: &str) -> Option<String> {
    answer.headers().get(name)?.to_str().ok().map(str::to_owned)
}

fn age<T>(answer: &Response<T>) -> Option<Duration> {
    let time = |name| jiff::fmt::rfc2822::parse(&header(answer, name)?).ok().map(|zoned| zoned.timestamp());
    Duration::try_from(time("date")?.duration_since(time("last-modified")?)).ok()
}
