//! Words for what goes wrong on the network, and what to check then.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::time::Duration;

use tokio::net::TcpStream;

use crate::net::answer::Answer;
use crate::text::duration;

/// An address as it is written: `host:port`, or `[::1]:port`.
pub(crate) fn host_and_port(address: &str) -> Option<(&str, u16)> {
    let (host, port) = address.rsplit_once(':')?;
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let is_host = !host.is_empty() && !host.contains(['/', ' ', '@', '[', ']']);
    port.parse().ok().filter(|_| is_host).map(|port| (host, port))
}

/// An address without the brackets that an IPv6 address has in a URL.
pub(crate) fn bare(address: &str) -> &str {
    let inner = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    inner.filter(|inner| inner.contains(':')).unwrap_or(address)
}

/// A connection, or why there is none.
pub(crate) async fn connect(host: &str, port: u16, each: Duration) -> Result<TcpStream, Answer> {
    match tokio::time::timeout(each, TcpStream::connect((host, port))).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(answer(&error, host, port)),
        Err(_) => Err(no_answer(each)),
    }
}

/// Nothing came back at all.
pub(crate) fn no_answer(each: Duration) -> Answer {
    Answer::new(
        format!("no answer within {}", duration(each)),
        "check firewall, security group and route: packets are dropped on the way, or the machine is off",
    )
}

/// Something took the connection and then said nothing.
pub(crate) fn silent(each: Duration) -> Answer {
    Answer::new(
        format!("connected, then silent for {}", duration(each)),
        "look at the service's log: it takes connections but does not answer (a hung machine does that as well)",
    )
}

/// An error of the operating system, or one that a library has put around it.
pub(crate) fn answer(error: &io::Error, host: &str, port: u16) -> Answer {
    let listens =
        format!("check that the service is started and listens on port {port}, and not on 127.0.0.1 only");
    match error.kind() {
        ErrorKind::ConnectionRefused => Answer::new("connection refused", listens),
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => {
            Answer::new("connection reset", "look at the service's log: it, or a proxy before it, hangs up")
        }
        ErrorKind::UnexpectedEof => Answer::new(
            "it hung up without an answer",
            "look at the service's log: it, or a proxy before it, hangs up",
        ),
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => Answer::new(
            "no route to the host",
            "check the address, and that you are in the right network or VPN",
        ),
        ErrorKind::TimedOut | ErrorKind::WouldBlock => {
            Answer::new("no answer: the system gave up waiting for one", listens)
        }
        _ if is_lookup(error) => {
            Answer::new(format!("the name {host} has no address"), format!("check the DNS record of {host}"))
        }
        _ => Answer::new(root(error), listens),
    }
}

/// A name that could not be looked up has no kind of its own.
fn is_lookup(error: &io::Error) -> bool {
    error.to_string().contains("failed to lookup address")
}

/// The innermost cause, in its own words.
pub(crate) fn root(error: &(dyn Error + 'static)) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_a_host_and_a_port() {
        assert_eq!(host_and_port("db:5432"), Some(("db", 5432)));
        assert_eq!(host_and_port("[::1]:80"), Some(("::1", 80)));
        for wrong in ["db", "db:", ":80", "db:http", "http://db:80", "db:70000", "a b:1"] {
            assert_eq!(host_and_port(wrong), None, "{wrong}");
        }
    }
}
