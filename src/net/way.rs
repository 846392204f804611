//! What carries a request of HTTP: a [`Dial`]led connection, with TLS that can say why a certificate is not good.

use std::fmt::{self, Debug};
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use jiff::Timestamp;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport,
};

use super::answer::Answer;
use super::connect::bare;
use super::dial::{Dial, Line};
use super::proxies::Proxy;
use super::tls;

/// Makes connections for one try.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) dial: Dial,
    pub(super) ca: Option<PathBuf>,
    pub(super) until: Instant,
    pub(super) now: Timestamp,
    /// There was a connection that something could be sent over.
    pub(super) is_open: Arc<AtomicBool>,
}

/// What went wrong on the way, for people: an error that libraries hand on.
#[derive(Debug)]
pub(super) struct Told(pub(super) Answer);

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.text)
    }
}

impl std::error::Error for Told {}

/// Nothing is looked up before it is known whether a proxy does that.
#[derive(Debug)]
pub(super) struct Later;

impl Resolver for Later {
    fn resolve(
        &self,
        _: &Uri,
        _: &ureq::config::Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        Ok(self.empty())
    }
}

impl Connector for Way {
    type Out = Carrier;

    fn connect(&self, details: &ConnectionDetails, _: Option<()>) -> Result<Option<Carrier>, ureq::Error> {
        let told = |answer| ureq::Error::Io(io::Error::other(Told(answer)));
        let is_tls = details.needs_tls();
        let host = details.uri.host().unwrap_or_default();
        let host = bare(host);
        let port = details.uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        let (line, proxy) = self.dial.connect(is_tls, (host, port), self.until).map_err(told)?;
        let first = proxy.map(|proxy| absolute(details.uri, proxy));
        let stream: Box<dyn Stream> = if is_tls {
            Box::new(tls::wrap(line, host, self.ca.as_deref(), self.now)?.map_err(told)?)
        } else {
            Box::new(line)
        };
        self.is_open.store(true, Ordering::Relaxed);
        let config = details.config;
        let buffers = LazyBuffers::new(config.input_buffer_size(), config.output_buffer_size());
        Ok(Some(Carrier { stream, buffers, first, is_tls }))
    }
}

/// What a proxy is told before the path, and after the first line.
fn absolute(uri: &Uri, proxy: &Proxy) -> (String, String) {
    let place = uri.authority().map_or("", |place| place.as_str());
    let place = place.rsplit_once('@').map_or(place, |(_, place)| place);
    (format!("http://{place}"), proxy.authorization())
}

trait Stream: Read + Write + Debug + Send + Sync {}
impl Stream for Line {}
impl Stream for rustls::StreamOwned<rustls::ClientConnection, Line> {}

/// Carries one request and its answer.
pub(super) struct Carrier {
    stream: Box<dyn Stream>,
    buffers: LazyBuffers,
    /// What is not sent yet of what a proxy has to be told.
    first: Option<(String, String)>,
    is_tls: bool,
}

impl Debug for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.stream.fmt(f)
    }
}

impl Transport for Carrier {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), ureq::Error> {
        let mut output = &self.buffers.output()[..amount];
        if let Some((place, login)) = self.first.take() {
            // `GET /path HTTP/1.1` and the end of that line: the first that is sent, whole
            let blank = output.iter().position(|byte| *byte == b' ').map_or(0, |at| at + 1);
            let end = output.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            let (method, path) = output[..end].split_at(blank.min(end));
            self.stream.write_all(&[method, place.as_bytes(), path, login.as_bytes()].concat())?;
            output = &output[end..];
        }
        Ok(self.stream.write_all(output)?)
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, ureq::Error> {
        let count = self.stream.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(count);
        Ok(count > 0)
    }

    fn is_open(&mut self) -> bool {
        // each try has its own
        false
    }

    fn is_tls(&self) -> bool {
        self.is_tls
    }
}
