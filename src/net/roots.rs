//! Certificates that are trusted: those of the system (`SSL_CERT_FILE` and `SSL_CERT_DIR` are respected), and a
//! file besides.

use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::failure::{Failure, Kind};
use crate::net::answer::Answer;

/// All of them. Reads files: not for the thread of the runtime.
pub(crate) fn load(ca: Option<&Path>) -> Result<Vec<CertificateDer<'static>>, Answer> {
    let found = rustls_native_certs::load_native_certs();
    let mut certificates = found.certs;
    if let Some(path) = ca {
        let shown = path.display();
        let own: Result<Vec<_>, _> =
            CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        match own {
            Ok(own) if own.is_empty() => {
                return Err(Answer::new(
                    format!("`{shown}` holds no certificate"),
                    "name a file in the PEM format",
                ));
            }
            Ok(own) => certificates.extend(own),
            Err(error) => {
                return Err(Answer::new(format!("`{shown}` could not be read: {error}"), "check `ca`"));
            }
        }
    }
    if certificates.is_empty() {
        let why = found.errors.first().map_or_else(|| "none were found".to_owned(), ToString::to_string);
        return Err(Answer::new(
            format!("this machine trusts no certificate: {why}"),
            "install the package `ca-certificates`, mend SSL_CERT_FILE, or name a file by `ca`",
        ));
    }
    Ok(certificates)
}

/// The same as rustls wants them. A root that it cannot read is left out, as every client does.
pub(crate) fn store(certificates: Vec<CertificateDer<'static>>) -> RootCertStore {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(certificates);
    store
}

/// Those of a file and no others, or those of the system.
pub(crate) fn of(file: Option<&str>) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let Some(file) = file else {
        return load(None).map_err(|answer| {
            answer.check.into_iter().fold(Failure::new(Kind::Failed, answer.text), Failure::help)
        });
    };
    let read =
        CertificateDer::pem_file_iter(Path::new(file)).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    read.map_err(|error| {
        Failure::new(Kind::Config, format!("the certificates in `{file}` could not be read: {error}"))
    })
}
