//! Does a server show a certificate that is good for its name?

use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme};

use super::certificate::{self, Facts, Wanted};
use super::{Answer, Probed};
use crate::net::connect::{self, connect, host_and_port};
use crate::net::roots;

/// A server and what its certificate must be.
#[derive(Debug, Clone)]
pub(crate) struct Tls {
    /// `name` or `name:port`.
    pub address: String,
    /// Text in the name of the issuer.
    pub issuer: Option<String>,
    /// Days it must still be valid.
    pub days_left: u32,
    /// Where to connect instead of where DNS says.
    pub at: Option<String>,
    /// Certificates to trust besides those of the system.
    pub ca: Option<PathBuf>,
}

impl Tls {
    /// One try.
    pub(super) async fn probe(&self, each: Duration, now: Timestamp) -> Probed {
        let begun = Instant::now();
        let (host, port) = match host_and_port(&self.address) {
            Some(found) => found,
            None if !self.address.contains([':', '/', ' ']) => (self.address.as_str(), 443),
            None => {
                let text = format!("`{}` is no address", self.address);
                return Probed::Never(Answer::new(text, "write it as `name` or `name:port`"));
            }
        };
        let Ok(name) = ServerName::try_from(host.to_owned()) else {
            return Probed::Never(Answer::new(format!("`{host}` is no name of a server"), "mend the name"));
        };
        let stream = match connect(self.at.as_deref().unwrap_or(host), port, each).await {
            Ok(stream) => stream,
            Err(answer) => return Probed::NotYet(answer),
        };
        let left = each.saturating_sub(begun.elapsed());
        let ca = self.ca.clone();
        let work =
            tokio::task::spawn_blocking(move || shake_hands(stream.into_std()?, name, ca.as_deref(), left));
        let seen = match tokio::time::timeout(left, work).await {
            Err(_) => return Probed::NotYet(connect::silent(each)),
            Ok(Err(_)) => return Probed::NotYet(Answer::new("the check was ended", "try again")),
            Ok(Ok(seen)) => seen,
        };
        match seen {
            Ok(Ok(seen)) => self.judge(&seen, host, now),
            Ok(Err(answer)) => Probed::NotYet(answer),
            Err(error) => {
                Probed::NotYet(match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
                    Some(tls) => certificate::about(tls),
                    None if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock) => {
                        connect::silent(each)
                    }
                    None => connect::answer(&error, host, port),
                })
            }
        }
    }

    fn judge(&self, seen: &Seen, host: &str, now: Timestamp) -> Probed {
        let Some(facts) = Facts::read(&seen.leaf) else {
            return Probed::NotYet(Answer::new(
                "the certificate cannot be read",
                "look at the server's certificate",
            ));
        };
        let wanted = Wanted { name: host, issuer: self.issuer.as_deref(), days_left: self.days_left };
        match certificate::judge(&facts, seen.verified.clone(), wanted, now) {
            Ok(text) => Probed::Good(text),
            Err(answer) => Probed::NotYet(answer),
        }
    }
}

/// What the server showed, and what the rules say of it.
#[derive(Debug, Clone)]
struct Seen {
    leaf: Vec<u8>,
    verified: Result<(), Error>,
}

/// A whole handshake, so that the server has proved that it holds the key.
fn shake_hands(
    mut stream: TcpStream,
    name: ServerName<'static>,
    ca: Option<&Path>,
    left: Duration,
) -> io::Result<Result<Seen, Answer>> {
    stream.set_nonblocking(false)?;
    let limit = Some(left.max(Duration::from_millis(1)));
    stream.set_read_timeout(limit)?;
    stream.set_write_timeout(limit)?;
    let roots = match roots::load(ca) {
        Ok(roots) => Arc::new(roots::store(roots)),
        Err(answer) => return Ok(Err(answer)),
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let rules = WebPkiServerVerifier::builder_with_provider(roots, provider.clone());
    let rules = rules.build().map_err(io::Error::other)?;
    let recorder = Arc::new(Recorder { rules, provider: provider.clone(), seen: Mutex::default() });
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(recorder.clone())
        .with_no_client_auth();
    let mut connection = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
    while connection.is_handshaking() {
        connection.complete_io(&mut stream)?;
    }
    connection.send_close_notify();
    let _ = connection.complete_io(&mut stream);
    let seen = recorder.seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Ok(seen.ok_or_else(|| Answer::new("the server showed no certificate", "look at its configuration")))
}

/// Remembers the certificate and the verdict, and lets the handshake go on: the verdict is given afterwards,
/// with reasons. Signatures of the handshake are checked as always.
#[derive(Debug)]
struct Recorder {
    rules: Arc<WebPkiServerVerifier>,
    provider: Arc<CryptoProvider>,
    seen: Mutex<Option<Seen>>,
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.rules.verify_server_cert(leaf, between, name, ocsp, now).map(|_| ());
        let seen = Seen { leaf: leaf.to_vec(), verified };
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, leaf, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, leaf, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
