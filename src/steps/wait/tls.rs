//! Does a server show a certificate that is good for its name?

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme, StreamOwned};

use super::certificate::{self, Facts, Wanted};
use super::dial::{Dial, Line};
use super::{Answer, Probed};
use crate::net::connect::{self, host_and_port};
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
    /// The way there.
    pub dial: Dial,
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
        let until = begun + each;
        let (dial, ca) = (self.dial.clone(), self.ca.clone());
        let server = host.to_owned();
        let work = tokio::task::spawn_blocking(move || {
            let (mut line, _) = match dial.connect(true, (&server, port), until) {
                Ok(way) => way,
                Err(answer) => return Ok(Err(answer)),
            };
            let rules = match Rules::new(ca.as_deref())? {
                Ok(rules) => rules,
                Err(answer) => return Ok(Err(answer)),
            };
            let mut connection = rules.shake_hands(&mut line, name)?;
            connection.send_close_notify();
            let _ = connection.complete_io(&mut line);
            Ok(rules.seen())
        });
        // Looking a name up has no limit of its own.
        let seen = match tokio::time::timeout(each + Duration::from_millis(200), work).await {
            Err(_) => return Probed::NotYet(connect::silent(each)),
            Ok(Err(_)) => return Probed::NotYet(Answer::new("the check was ended", "try again")),
            Ok(Ok(seen)) => seen,
        };
        match seen {
            Ok(Ok(seen)) => self.judge(&seen, host, now),
            Ok(Err(answer)) if answer.is_final => Probed::Never(answer),
            Ok(Err(answer)) => Probed::NotYet(answer),
            Err(error) => Probed::NotYet(explain(&error, each, host, port)),
        }
    }

    fn judge(&self, seen: &Seen, host: &str, now: Timestamp) -> Probed {
        let wanted = Wanted { name: host, issuer: self.issuer.as_deref(), days_left: self.days_left };
        match seen.judge(wanted, now) {
            Ok(text) => Probed::Good(text),
            Err(answer) => Probed::NotYet(answer),
        }
    }
}

/// Words for an error of the connection or of TLS.
fn explain(error: &io::Error, each: Duration, host: &str, port: u16) -> Answer {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        Some(tls) => certificate::about(tls),
        None if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock) => connect::silent(each),
        None => connect::answer(error, host, port),
    }
}

/// TLS over a connection, when the certificate is good for this name.
pub(super) fn wrap(
    mut line: Line,
    host: &str,
    ca: Option<&Path>,
    now: Timestamp,
) -> io::Result<Result<StreamOwned<ClientConnection, Line>, Answer>> {
    let Ok(name) = ServerName::try_from(host.to_owned()) else {
        return Ok(Err(Answer::new(format!("`{host}` is no name of a server"), "mend the name")));
    };
    let rules = match Rules::new(ca)? {
        Ok(rules) => rules,
        Err(answer) => return Ok(Err(answer)),
    };
    let connection = rules.shake_hands(&mut line, name)?;
    let wanted = Wanted { name: host, issuer: None, days_left: 0 };
    Ok(rules.seen().and_then(|seen| seen.judge(wanted, now)).map(|_| StreamOwned::new(connection, line)))
}

/// What the server showed, and what the rules say of it.
#[derive(Debug, Clone)]
struct Seen {
    leaf: Vec<u8>,
    verified: Result<(), Error>,
}

impl Seen {
    fn judge(&self, wanted: Wanted<'_>, now: Timestamp) -> Result<String, Answer> {
        match Facts::read(&self.leaf) {
            Some(facts) => certificate::judge(&facts, self.verified.clone(), wanted, now),
            None => Err(Answer::new("the certificate cannot be read", "look at the server's certificate")),
        }
    }
}

/// Whom to trust, and what was seen under these rules.
struct Rules(Arc<Recorder>);

impl Rules {
    fn new(ca: Option<&Path>) -> io::Result<Result<Rules, Answer>> {
        let trusted = match roots::load(ca) {
            Ok(trusted) => trusted,
            Err(answer) => return Ok(Err(answer)),
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let roots = Arc::new(roots::store(trusted.clone()));
        let rules = WebPkiServerVerifier::builder_with_provider(roots, provider.clone());
        let rules = rules.build().map_err(io::Error::other)?;
        Ok(Ok(Rules(Arc::new(Recorder { rules, trusted, provider, seen: Mutex::default() }))))
    }

    /// A whole handshake, so that the server has proved that it holds the key.
    fn shake_hands(&self, line: &mut Line, name: ServerName<'static>) -> io::Result<ClientConnection> {
        let config = ClientConfig::builder_with_provider(self.0.provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .dangerous()
            .with_custom_certificate_verifier(self.0.clone())
            .with_no_client_auth();
        let mut connection = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
        while connection.is_handshaking() {
            connection.complete_io(line)?;
        }
        Ok(connection)
    }

    fn seen(&self) -> Result<Seen, Answer> {
        let seen = self.0.seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        seen.ok_or_else(|| Answer::new("the server showed no certificate", "look at its configuration"))
    }
}

/// Remembers the certificate and the verdict, and lets the handshake go on: the verdict is given afterwards,
/// with reasons. Signatures of the handshake are checked as always.
#[derive(Debug)]
struct Recorder {
    rules: Arc<WebPkiServerVerifier>,
    /// A certificate that is itself among these needs nobody who signed it.
    trusted: Vec<CertificateDer<'static>>,
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
        let mut verified = self.rules.verify_server_cert(leaf, between, name, ocsp, now).map(|_| ());
        if verified.is_err() && self.trusted.contains(leaf) {
            // Its dates are judged afterwards.
            verified = ParsedCertificate::try_from(leaf).and_then(|leaf| verify_server_name(&leaf, name));
        }
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
