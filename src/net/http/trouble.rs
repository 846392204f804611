//! Words for what goes wrong with a request, and whether it may have reached the other side. Pure.

use std::io;
use std::time::Duration;

use ureq::Timeout;
use ureq::http::Uri;

use super::reply::size;
use crate::net::answer::Answer;
use crate::net::way::Told;
use crate::net::{certificate, connect};
use crate::text::duration;

/// Why there is no answer.
#[derive(Debug, Clone)]
pub(crate) struct Trouble {
    /// Why, and what to check.
    pub answer: Answer,
    /// The request may have been read by the other side.
    pub was_sent: bool,
}

impl Trouble {
    /// Nothing was sent.
    pub(super) fn before(answer: Answer) -> Trouble {
        Trouble { answer, was_sent: false }
    }

    /// Nobody knows whether it was done.
    pub(super) fn after(answer: Answer) -> Trouble {
        Trouble { answer, was_sent: true }
    }
}

/// Words for an error of the client.
pub(super) fn words(error: &ureq::Error, url: &Uri, each: Duration) -> Answer {
    let host = url.host().unwrap_or_default();
    let usual = if url.scheme_str() == Some("https") { 443 } else { 80 };
    match error {
        ureq::Error::BadUri(text) | ureq::Error::RequireHttpsOnly(text) => {
            Answer::new(format!("`{url}` is no address: {text}"), "write `https://…`").last()
        }
        ureq::Error::Http(error) => {
            Answer::new(format!("`{url}` cannot be asked: {error}"), "mend address and headers").last()
        }
        ureq::Error::Timeout(Timeout::Connect | Timeout::Resolve) => Answer::new(
            format!("no answer within {}", duration(each)),
            "check firewall, security group and route: packets are dropped on the way, or the machine is off",
        ),
        ureq::Error::Timeout(_) => connect::silent(each),
        ureq::Error::HostNotFound => {
            Answer::new(format!("the name {host} has no address"), format!("check the DNS record of {host}"))
        }
        ureq::Error::Io(error) => match (inside::<Told>(error), inside::<rustls::Error>(error)) {
            (Some(told), _) => told.0.clone(),
            (None, Some(tls)) => certificate::about(tls),
            (None, None) if is_late(error) => connect::silent(each),
            (None, None) => connect::answer(error, host, url.port_u16().unwrap_or(usual)),
        },
        ureq::Error::Protocol(_) => Answer::new(
            format!("no answer of HTTP: {error}"),
            "check the port: something else may listen there",
        ),
        other => Answer::new(connect::root(other), "look at the service's log"),
    }
}

/// Words for an answer that ended too early, after so many bytes.
pub(super) fn cut(error: &io::Error, length: usize, each: Duration) -> Answer {
    let length = size(length as u64);
    if is_late(error) || error.to_string().contains("timeout") {
        return Answer::new(
            format!("the answer was not whole within {}, only its first {length}", duration(each)),
            "give it more time by `each`, or look at the service's log",
        );
    }
    Answer::new(
        format!("the answer was cut after {length}: {error}"),
        "look at the service's log: it, or a proxy before it, hangs up",
    )
}

fn is_late(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock)
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
