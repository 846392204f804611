//! TLS that can say why a certificate is not good for the name of a server.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme, StreamOwned};

use super::answer::Answer;
use super::certificate::{self, Facts, Wanted};
use super::dial::Line;
use super::roots;

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
pub(crate) struct Seen {
    leaf: Vec<u8>,
    verified: Result<(), Error>,
}

impl Seen {
    /// The verdict of [`certificate::judge`].
    pub(crate) fn judge(&self, wanted: Wanted<'_>, now: Timestamp) -> Result<String, Answer> {
        match Facts::read(&self.leaf) {
            Some(facts) => certificate::judge(&facts, self.verified.clone(), wanted, now),
            None => Err(Answer::new("the certificate cannot be read", "look at the server's certificate")),
        }
    }
}

/// Whom to trust, and what was seen under these rules.
pub(crate) struct Rules(Arc<Recorder>);

impl Rules {
    /// Those of the system and of a file.
    pub(crate) fn new(ca: Option<&Path>) -> io::Result<Result<Rules, Answer>> {
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
    pub(crate) fn shake_hands(
        &self,
        line: &mut Line,
        name: ServerName<'static>,
    ) -> io::Result<ClientConnection> {
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

    /// What was seen.
    pub(crate) fn seen(&self) -> Result<Seen, Answer> {
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
