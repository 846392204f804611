//! Does a server show a certificate that is good for its name?

use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rustls::Error;
use rustls::pki_types::ServerName;

use super::{Answer, Probed};
use crate::net::certificate::{self, Wanted};
use crate::net::connect::{self, host_and_port};
use crate::net::dial::Dial;
use crate::net::tls::{Rules, Seen};

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
