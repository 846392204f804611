//! What a certificate says, and exactly what is wrong with it. Pure.

use jiff::Timestamp;
use rustls::{CertificateError, Error};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::answer::Answer;
use crate::text::{list, plural};

/// What a certificate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Facts {
    /// Names it is for.
    pub names: Vec<String>,
    /// Who signed it: `C=US, O=Let's Encrypt, CN=R3`.
    pub issuer: String,
    /// Signed by itself.
    pub is_self_signed: bool,
    /// Valid from, in seconds since 1970.
    pub not_before: i64,
    /// Valid until, in seconds since 1970.
    pub not_after: i64,
}

impl Facts {
    /// Reads them; none if it is no certificate.
    pub(crate) fn read(der: &[u8]) -> Option<Facts> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let names = certificate.subject_alternative_name().ok().flatten();
        let names = names.map(|extension| extension.value.general_names.iter().filter_map(name).collect());
        Some(Facts {
            names: names.unwrap_or_default(),
            issuer: certificate.issuer().to_string(),
            is_self_signed: certificate.issuer() == certificate.subject(),
            not_before: certificate.validity().not_before.timestamp(),
            not_after: certificate.validity().not_after.timestamp(),
        })
    }

    /// Whole days it is still valid.
    pub(crate) fn days_left(&self, now: Timestamp) -> i64 {
        (self.not_after - now.as_second()).div_euclid(DAY)
    }
}

const DAY: i64 = 86_400;

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress([a, b, c, d]) => Some(format!("{a}.{b}.{c}.{d}")),
        GeneralName::IPAddress(bytes) => {
            let bytes: [u8; 16] = (*bytes).try_into().ok()?;
            Some(std::net::Ipv6Addr::from(bytes).to_string())
        }
        _ => None,
    }
}

/// What is asked of a certificate besides being valid.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    /// Name it must be for.
    pub name: &'a str,
    /// Text in the name of the issuer.
    pub issuer: Option<&'a str>,
    /// Days it must still be valid.
    pub days_left: u32,
}

/// The verdict: a few words when it is good, else exactly what is wrong.
pub(crate) fn judge(
    facts: &Facts,
    verified: Result<(), Error>,
    wanted: Wanted<'_>,
    now: Timestamp,
) -> Result<String, Answer> {
    let days = facts.days_left(now);
    if now.as_second() > facts.not_after {
        let ago = plural(usize::try_from((now.as_second() - facts.not_after) / DAY).unwrap_or(0), "day");
        return Err(Answer::new(
            format!("the certificate expired {ago} ago, on {}", date(facts.not_after)),
            "check that its renewal runs, and that the server was reloaded after it",
        ));
    }
    if now.as_second() < facts.not_before {
        return Err(Answer::new(
            format!("the certificate is not yet valid: it begins on {}", date(facts.not_before)),
            "check the clocks of this machine and of the one that signed it",
        ));
    }
    if let Err(error) = verified {
        return Err(explain(facts, &error, wanted.name));
    }
    if let Some(issuer) = wanted.issuer.filter(|issuer| !facts.issuer.contains(issuer)) {
        return Err(Answer::new(
            format!("the issuer is `{}`, not `{issuer}`", facts.issuer),
            "check where the server gets its certificate from: it may still show the one it made for itself",
        ));
    }
    if days < i64::from(wanted.days_left) {
        return Err(Answer::new(
            format!("the certificate is valid for {} only, until {}", left(days), date(facts.not_after)),
            "check that its renewal runs, and that the server was reloaded after it",
        ));
    }
    Ok(format!("certificate of {}, {} left", facts.issuer, left(days)))
}

fn left(days: i64) -> String {
    plural(usize::try_from(days).unwrap_or(0), "day")
}

fn explain(facts: &Facts, error: &Error, name: &str) -> Answer {
    match error {
        Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => {
            let found = if facts.names.is_empty() {
                "no name at all (a CN does not count)".to_owned()
            } else {
                list(&facts.names, "and")
            };
            Answer::new(
                format!("the certificate is for {found}, not for `{name}`"),
                "check the DNS record of the name, and which site the server shows by default",
            )
        }
        // Whatever a library finds to say of it: nobody here trusts it.
        Error::InvalidCertificate(_) if facts.is_self_signed => Answer::new(
            format!(
                "the certificate is signed by itself (self-signed, `{}`), and nobody trusts it here",
                facts.issuer
            ),
            "name it by `ca` if that is meant; else check where the server gets its certificate from",
        ),
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => Answer::new(
            format!("unknown issuer `{}`", facts.issuer),
            "check that the server sends the certificates in between; name a CA of your own by `ca`",
        ),
        other => about(other),
    }
}

/// An error of TLS without a certificate at hand.
pub(crate) fn about(error: &Error) -> Answer {
    let certificate = "check the certificate: `openssl s_client -connect HOST:PORT -servername HOST`";
    match error {
        Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            Answer::new(
                "the certificate has expired",
                "check that its renewal runs, and that the server was reloaded",
            )
        }
        Error::InvalidCertificate(
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. },
        ) => Answer::new("the certificate is not yet valid", "check the clocks of both machines"),
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => Answer::new(
            "the certificate has an unknown issuer",
            "check that the server sends the certificates in between; name a CA of your own by `ca`",
        ),
        Error::InvalidCertificate(CertificateError::NotValidForNameContext { presented, .. }) => Answer::new(
            format!("the certificate is for other names: {}", presented.join(", ")),
            "check the DNS record of the name, and which site the server shows by default",
        ),
        Error::InvalidMessage(_) => Answer::new(
            "it does not speak TLS",
            "check the port: plain HTTP may be spoken there, or the server has no certificate yet",
        ),
        Error::AlertReceived(alert) => Answer::new(
            format!("the server refused the handshake ({alert:?})"),
            "look at the server's log: it may have no certificate for that name yet",
        ),
        Error::InvalidCertificate(CertificateError::Other(_)) => {
            Answer::new("the certificate is not one that a server may have", certificate)
        }
        Error::InvalidCertificate(CertificateError::BadSignature) => {
            Answer::new("the certificate does not belong to the one that signed it", certificate)
        }
        Error::InvalidCertificate(CertificateError::Revoked) => {
            Answer::new("the certificate was taken back by the one that signed it", certificate)
        }
        Error::InvalidCertificate(CertificateError::BadEncoding) => {
            Answer::new("the certificate cannot be read", certificate)
        }
        Error::PeerIncompatible(_) => Answer::new(
            "it speaks only versions of TLS or ciphers that are no longer safe",
            "let the server speak TLS 1.2 or 1.3",
        ),
        other => Answer::new(other.to_string(), certificate),
    }
}

fn date(second: i64) -> String {
    let time = Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH);
    time.strftime("%Y-%m-%d %H:%M UTC").to_string()
}
