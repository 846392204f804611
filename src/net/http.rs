//! A request of HTTP and its answer: bounded in time and length, with words for people for whatever goes wrong. A
//! redirect carries nothing of what was sent to another server.

mod redirect;
mod trouble;
mod reply;

use std::io::Read as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use ureq::http::{HeaderMap, HeaderValue, Uri};
use ureq::{Agent, Body};

use self::redirect::Hop;
use super::answer::Answer;
use super::connect;
use super::dial::Dial;
use super::way::{Later, Way};

pub(crate) use self::reply::{Reply, status};
pub(crate) use self::trouble::Trouble;

/// The longest answer that is taken.
pub(crate) const LONGEST: u64 = 5 * 1024 * 1024;
const REDIRECTS: usize = 10;

/// What is asked, and of whom.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// `GET`, in capitals.
    pub method: &'static str,
    /// The address; nothing secret is in it.
    pub url: String,
    /// Header lines.
    pub headers: Vec<(String, SecretString)>,
    /// What is sent.
    pub body: Option<SecretString>,
    /// Follow redirects; without it a redirect is the answer.
    pub redirects: bool,
    /// The way there.
    pub dial: Dial,
    /// Certificates to trust besides those of the system.
    pub ca: Option<PathBuf>,
}

/// An answer that has begun: its body is not read yet.
pub(crate) struct Open {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    body: Body,
    each: Duration,
}

/// Asks once, and takes the whole answer.
pub(crate) async fn send(request: Request, each: Duration, now: Timestamp) -> Result<Reply, Trouble> {
    let work = move || open(&request, each, now)?.read(LONGEST);
    // Looking a name up is not in the time limit of the client.
    let limit = each + Duration::from_millis(200);
    match tokio::time::timeout(limit, tokio::task::spawn_blocking(work)).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err(Trouble::after(Answer::new("the request was ended", "try again"))),
        Err(_) => Err(Trouble::after(connect::silent(each))),
    }
}

/// Asks once, and waits for the head of the answer. Blocks.
pub(crate) fn open(request: &Request, each: Duration, now: Timestamp) -> Result<Open, Trouble> {
    let until = Instant::now() + each;
    let mut hop = Hop::first(request).map_err(Trouble::before)?;
    for _ in 0..=REDIRECTS {
        let open = once(request, &hop, (until, each), now)?;
        let to = open.headers.get("location").and_then(|to| to.to_str().ok());
        match to.filter(|_| request.redirects && matches!(open.status, 301 | 302 | 303 | 307 | 308)) {
            Some(to) => hop = hop.next(open.status, to).map_err(Trouble::after)?,
            None => return Ok(open),
        }
    }
    let text = format!("redirected more than {REDIRECTS} times, last to {}", hop.url);
    Err(Trouble::after(Answer::new(text, "check where the service sends its visitors")))
}

fn once(
    request: &Request,
    hop: &Hop<'_>,
    (until, each): (Instant, Duration),
    now: Timestamp,
) -> Result<Open, Trouble> {
    let is_open = Arc::new(AtomicBool::new(false));
    let way =
        Way { dial: request.dial.clone(), ca: request.ca.clone(), until, now, is_open: Arc::clone(&is_open) };
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_global(Some(until.saturating_duration_since(Instant::now())))
        .user_agent(concat!("infractl/", env!("CARGO_PKG_VERSION")))
        .proxy(None)
        .build();
    let agent = Agent::with_parts(config, way, Later);
    let headers = headers(hop).map_err(Trouble::before)?;
    let body = hop.body.map(|body| body.expose_secret().as_bytes());
    match call(&agent, hop.method, &hop.url, headers, body) {
        Ok(response) => {
            let (head, body) = response.into_parts();
            Ok(Open { status: head.status.as_u16(), headers: head.headers, body, each })
        }
        Err(error) => {
            let answer = trouble::words(&error, &hop.url, each);
            Err(if is_open.load(Ordering::Relaxed) {
                Trouble::after(answer)
            } else {
                Trouble::before(answer)
            })
        }
    }
}

fn call(
    agent: &Agent,
    method: &str,
    url: &Uri,
    headers: HeaderMap,
    body: Option<&[u8]>,
) -> Result<ureq::http::Response<Body>, ureq::Error> {
    let is_with_body = matches!(method, "POST" | "PUT" | "PATCH");
    if let (Some(body), false) = (body, is_with_body) {
        // Its other methods refuse a body.
        let mut request = agent.delete(url);
        for (name, value) in &headers {
            request = request.header(name, value);
        }
        return request.force_send_body().send(body);
    }
    let mut request = ureq::http::Request::builder().method(method).uri(url);
    if let Some(all) = request.headers_mut() {
        *all = headers;
    }
    if is_with_body {
        agent.run(request.body(body.unwrap_or_default())?)
    } else {
        agent.run(request.body(())?)
    }
}

fn headers(hop: &Hop<'_>) -> Result<HeaderMap, Answer> {
    let mut all = HeaderMap::new();
    for (name, value) in hop.headers() {
        let wrong = |what: &str| {
            Answer::new(format!("the header `{name}` cannot be sent: {what}"), "mend `headers`").last()
        };
        let key = ureq::http::HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| wrong("that is no name of a header"))?;
        let mut value = HeaderValue::from_bytes(value.expose_secret().as_bytes()).map_err(|_| {
            wrong("its value holds an end of line, or another character that drives something")
        })?;
        value.set_sensitive(true);
        all.append(key, value);
    }
    Ok(all)
}

impl Open {
    /// The rest of the answer, if it is at most so long. Blocks.
    pub(crate) fn read(self, longest: u64) -> Result<Reply, Trouble> {
        let Open { status, headers, body, each } = self;
        let mut bytes = Vec::new();
        let read = body.into_reader().take(longest + 1).read_to_end(&mut bytes);
        let answer = match read {
            Err(error) => trouble::cut(&error, bytes.len(), each),
            Ok(_) if bytes.len() as u64 > longest => Answer::new(
                format!("the answer is longer than {}", reply::size(longest)),
                "ask for less: a filter, a page, another path",
            )
            .last(),
            Ok(_) => return Ok(Reply { status, headers, body: bytes }),
        };
        Err(cut(status, answer))
    }

    /// The rest of the answer, or its beginning where it is longer. Blocks.
    pub(crate) fn read_some(self, longest: u64) -> Result<Reply, Trouble> {
        let Open { status, headers, body, each } = self;
        let mut bytes = Vec::new();
        match body.into_reader().take(longest).read_to_end(&mut bytes) {
            Ok(_) => Ok(Reply { status, headers, body: bytes }),
            Err(error) => Err(cut(status, trouble::cut(&error, bytes.len(), each))),
        }
    }

    /// The beginning of the answer, as far as it comes. Blocks.
    pub(crate) fn begin(self, longest: u64) -> Reply {
        let mut bytes = Vec::new();
        // What came until it was cut says more than nothing.
        let _ = self.body.into_reader().take(longest).read_to_end(&mut bytes);
        Reply { status: self.status, headers: self.headers, body: bytes }
    }
}

fn cut(status: u16, answer: Answer) -> Trouble {
    Trouble::after(Answer { text: format!("status {status}, but {}", answer.text), ..answer })
}

#[cfg(test)]
mod tests;
