//! A connection to a server as curl makes it: directly, to an address that was given, or through a proxy.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::time::{Duration, Instant};

use super::answer::Answer;
use super::connect;
use super::proxies::{Proxies, Proxy};
use super::socks;

/// How servers are reached.
#[derive(Debug, Clone, Default)]
pub(crate) struct Dial {
    /// What the environment says of proxies.
    pub(crate) proxies: Proxies,
    /// Where to connect instead of where DNS says: no proxy is asked then.
    pub(crate) at: Option<String>,
}

/// A connection whose reads and writes end at one time.
#[derive(Debug)]
pub(crate) struct Line {
    tcp: TcpStream,
    until: Instant,
}

impl Dial {
    /// A connection; the proxy that has to be told the whole address, if one is on the way of plain HTTP.
    pub(crate) fn connect(
        &self,
        is_tls: bool,
        (host, port): (&str, u16),
        until: Instant,
    ) -> Result<(Line, Option<&Proxy>), Answer> {
        if let Some(at) = &self.at {
            return Ok((reach(at, port, until)?, None));
        }
        let Some(proxy) = self.proxies.on_the_way(is_tls, host, port) else {
            return Ok((reach(host, port, until)?, None));
        };
        if !["http", "socks5", "socks5h"].contains(&proxy.scheme.as_str()) {
            let text = format!("`{}` names a proxy of the kind {}", proxy.variable, proxy.scheme);
            return Err(Answer::new(text, about(proxy, host, "use one of the kind http or socks5")).last());
        }
        let server = match proxy.scheme.as_str() {
            // The way to the server is looked up here, as curl does.
            "socks5" => Some(socks::Server::Address(address(host, port)?)),
            "socks5h" => Some(socks::Server::Name(host, port)),
            _ => None,
        };
        let mut line =
            reach(&proxy.host, proxy.port, until).map_err(|answer| proxy.failed(host, &answer.text))?;
        if let Some(server) = server {
            return match socks::ask(&mut line, proxy.login.as_deref(), &server) {
                Ok(()) => Ok((line, None)),
                Err(error) if error.kind() == io::ErrorKind::Other => {
                    Err(proxy.failed(host, &error.to_string()))
                }
                Err(error) => Err(proxy.failed(host, &connect::answer(&error, &proxy.host, proxy.port).text)),
            };
        }
        if !is_tls {
            return Ok((line, Some(proxy)));
        }
        let place = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
        let code = tunnel(&mut line, proxy, &place)
            .map_err(|error| proxy.failed(host, &connect::answer(&error, &proxy.host, proxy.port).text))?;
        match code {
            200..=299 => Ok((line, None)),
            407 => Err(proxy.failed(host, "it wants a login: `http://USER:PASSWORD@HOST:PORT`")),
            code => Err(proxy.failed(host, &format!("it answers status {code} when asked for {place}"))),
        }
    }
}

impl Proxy {
    /// What went wrong at the proxy, and not at the server.
    pub(super) fn failed(&self, host: &str, what: &str) -> Answer {
        let text = format!("the proxy {}:{}: {what}", self.host, self.port);
        Answer::new(text, about(self, host, "check that it runs"))
    }
}

fn about(proxy: &Proxy, host: &str, first: &str) -> String {
    format!("{first}, correct the variable {}, or name {host} in no_proxy", proxy.variable)
}

/// Asks a proxy for the way to a server; the status that it answers.
fn tunnel(line: &mut Line, proxy: &Proxy, place: &str) -> io::Result<u16> {
    let login = proxy.authorization();
    let agent = concat!("infractl/", env!("CARGO_PKG_VERSION"));
    write!(line, "CONNECT {place} HTTP/1.1\r\nHost: {place}\r\nUser-Agent: {agent}\r\n{login}\r\n")?;
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        line.read_exact(&mut byte)?;
        head.push(byte[0]);
        if head.len() > 16 * 1024 {
            break;
        }
    }
    let head = String::from_utf8_lossy(&head);
    let code = head.strip_prefix("HTTP/1.").and_then(|rest| rest.split(' ').nth(1)?.parse().ok());
    code.ok_or_else(|| io::Error::other("it does not speak HTTP"))
}

/// The first of its addresses.
fn address(host: &str, port: u16) -> Result<SocketAddr, Answer> {
    let failed = |error: &io::Error| connect::answer(error, host, port);
    let mut all = (host, port).to_socket_addrs().map_err(|error| failed(&error))?;
    all.next().ok_or_else(|| failed(&io::Error::other("failed to lookup address")))
}

/// The first of its addresses that takes a connection.
fn reach(host: &str, port: u16, until: Instant) -> Result<Line, Answer> {
    let begun = Instant::now();
    let failed = |error: &io::Error| connect::answer(error, host, port);
    let addresses: Vec<_> = (host, port).to_socket_addrs().map_err(|error| failed(&error))?.collect();
    let mut last = io::Error::other("failed to lookup address");
    for (index, address) in addresses.iter().enumerate() {
        let left = until.saturating_duration_since(Instant::now());
        let share = left / u32::try_from(addresses.len() - index).unwrap_or(1);
        match TcpStream::connect_timeout(address, share.max(Duration::from_millis(1))) {
            Ok(tcp) => return Ok(Line { tcp, until }),
            Err(error) => last = error,
        }
    }
    match last.kind() {
        io::ErrorKind::TimedOut => Err(connect::no_answer(until.duration_since(begun))),
        _ => Err(failed(&last)),
    }
}

impl Line {
    fn left(&self) -> io::Result<Option<Duration>> {
        match self.until.saturating_duration_since(Instant::now()) {
            Duration::ZERO => Err(io::ErrorKind::TimedOut.into()),
            left => Ok(Some(left)),
        }
    }
}

impl Read for Line {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.tcp.set_read_timeout(self.left()?)?;
        self.tcp.read(buffer)
    }
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.tcp.set_write_timeout(self.left()?)?;
        self.tcp.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.tcp.flush()
    }
}
