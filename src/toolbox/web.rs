//! Asks servers for archives: through proxies and a mirror, never from an encrypted line to an open one.

use std::io::Read;
use std::sync::OnceLock;
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use ureq::http::Uri;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::context::Vars;
use crate::failure::{Failure, Kind};
use crate::net::proxies::{Proxies, basic};
use crate::net::{connect, roots};

const CONNECT: Duration = Duration::from_secs(10);
/// A server that says nothing for so long has gone away.
const SILENCE: Duration = Duration::from_secs(30);
/// Who is asked by the way answers by then, or not at all.
const SOON: Duration = Duration::from_millis(1500);
const REDIRECTS: u32 = 5;
/// A server in trouble is asked so often.
const TRIES: u32 = 3;
/// More no list of checksums has.
const LONGEST_TEXT: u64 = 1024 * 1024;

/// How servers are reached.
pub(crate) struct Web {
    proxies: Proxies,
    mirror: Option<Mirror>,
    roots: OnceLock<RootCerts>,
}

struct Mirror {
    /// Without a login and a `/` at its end.
    address: String,
    login: Option<String>,
}

/// What a server has sent.
pub(crate) struct Sent {
    /// How many bytes it wants to send.
    pub length: Option<u64>,
    /// What it sends is a page.
    pub is_page: bool,
    /// What it sends.
    pub body: Box<dyn Read + Send>,
}

/// Why there is no answer.
pub(crate) enum Missing {
    /// The server has no such file.
    NotThere(Failure),
    /// Another try may help.
    Again(Failure),
    /// It would not.
    Refused(Failure),
}

impl Missing {
    /// The reason.
    pub(crate) fn failure(self) -> Failure {
        let (Missing::NotThere(failure) | Missing::Again(failure) | Missing::Refused(failure)) = self;
        failure
    }
}

impl Web {
    /// As the environment has it.
    pub(crate) fn of(vars: &Vars) -> Result<Web, Failure> {
        let mirror = vars.get("INFRACTL_TOOLS_MIRROR").filter(|text| !text.is_empty());
        Ok(Web {
            proxies: Proxies::of(|name| vars.get(name)),
            mirror: mirror.map(Mirror::read).transpose()?,
            roots: OnceLock::new(),
        })
    }

    /// The address that is really asked, for messages too.
    pub(crate) fn address(&self, url: &str) -> String {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        self.mirror.as_ref().map_or_else(|| url.to_owned(), |mirror| format!("{}/{rest}", mirror.address))
    }

    /// Begins to read a file. Blocks.
    pub(crate) fn get(&self, url: &str) -> Result<Sent, Missing> {
        let mut address = self.address(url);
        for _ in 0..=REDIRECTS {
            let answer = self.ask(&address)?;
            let status = answer.status().as_u16();
            let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok());
            match status {
                200 => {
                    let is_page = header("content-type").is_some_and(|kind| kind.starts_with("text/html"));
                    let length = header("content-length").and_then(|length| length.parse().ok());
                    return Ok(Sent { length, is_page, body: Box::new(answer.into_body().into_reader()) });
                }
                301 | 302 | 303 | 307 | 308 => {
                    let next = header("location").and_then(|to| target(&address, to));
                    let next = next.ok_or_else(|| refused(&address, "it leads to nowhere"))?;
                    if address.starts_with("https://") && !next.starts_with("https://") {
                        let why = format!("it leads to `{}`, an open line", shown(&next));
                        return Err(refused(&address, &why));
                    }
                    address = next;
                }
                404 | 410 => return Err(Missing::NotThere(said(&address, status, NOT_THERE))),
                408 | 429 | 500..=599 => {
                    return Err(Missing::Again(said(
                        &address,
                        status,
                        "try again later, or name a mirror by INFRACTL_TOOLS_MIRROR",
                    )));
                }
                401 | 403 | 407 => {
                    return Err(Missing::Refused(said(
                        &address,
                        status,
                        "give the mirror or the proxy a login: `https://USER:PASSWORD@HOST`",
                    )));
                }
                _ => return Err(Missing::Refused(said(&address, status, NOT_THERE))),
            }
        }
        Err(refused(&address, "it leads on and on"))
    }

    /// A short text, tried again when the server is in trouble. Blocks.
    pub(crate) fn text(&self, url: &str) -> Result<String, Missing> {
        tried(|| {
            let sent = self.get(url)?;
            let mut text = String::new();
            let read = sent.body.take(LONGEST_TEXT).read_to_string(&mut text);
            read.map_err(|error| Missing::Again(self.cut(url, &error)))?;
            Ok(text)
        })
    }

    /// What it means that a server stopped in the middle.
    pub(crate) fn cut(&self, url: &str, why: &dyn std::fmt::Display) -> Failure {
        let address = self.address(url);
        Failure::new(Kind::Failed, why.to_string())
            .context(format!("`{}` was cut off", shown(&address)))
            .help("run it again: nothing of it was kept")
    }

    /// What time it is, as a server says that is asked for nothing else; none if it does not say so soon. Blocks.
    pub(crate) fn date(&self, url: &str) -> Option<Timestamp> {
        let agent = self.agent(url, SOON, SOON).ok()?;
        let answer = agent.head(url).config().timeout_global(Some(SOON)).build().call().ok()?;
        let date = answer.headers().get("date")?.to_str().ok()?;
        rfc2822::parse(date).ok().map(|zoned| zoned.timestamp())
    }

    fn ask(&self, address: &str) -> Result<ureq::http::Response<ureq::Body>, Missing> {
        let agent = self.agent(address, CONNECT, SILENCE)?;
        let mut request = agent.get(address);
        if let Some(mirror) = &self.mirror
            && let Some(login) = &mirror.login
            && address.starts_with(&format!("{}/", mirror.address))
        {
            request = request.header("Authorization", login);
        }
        request.call().map_err(|error| Missing::Again(unreachable(address, error)))
    }

    /// Asks this address, through the proxy that is for it.
    fn agent(&self, address: &str, connect: Duration, silence: Duration) -> Result<ureq::Agent, Missing> {
        let uri: Uri = address.parse().map_err(|_| refused(address, "it is no address"))?;
        let is_tls = uri.scheme_str() == Some("https");
        let host = uri.host().unwrap_or_default();
        let proxy = match self.proxies.on_the_way(is_tls, host, port(&uri)) {
            Some(proxy) => match proxy.for_ureq() {
                Some(known) => Some(known),
                None => {
                    return Err(refused(
                        address,
                        &format!("{} names a proxy that is not of HTTP", proxy.variable),
                    ));
                }
            },
            None => None,
        };
        let roots = if is_tls { self.roots()? } else { RootCerts::WebPki };
        Ok(ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_connect(Some(connect))
            .timeout_recv_response(Some(silence))
            .timeout_per_read(Some(silence))
            .proxy(proxy)
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .user_agent(concat!("infractl/", env!("CARGO_PKG_VERSION")))
            .build()
            .into())
    }

    fn roots(&self) -> Result<RootCerts, Missing> {
        if let Some(roots) = self.roots.get() {
            return Ok(roots.clone());
        }
        let found = roots::of(None).map_err(Missing::Refused)?;
        let found = RootCerts::from(found.iter().map(|der| Certificate::from_der(der).to_owned()));
        Ok(self.roots.get_or_init(|| found).clone())
    }
}

const NOT_THERE: &str = "check the version and the address in `[tools]`";

impl Mirror {
    fn read(text: &str) -> Result<Mirror, Failure> {
        let wrong = || {
            Failure::new(Kind::Usage, "INFRACTL_TOOLS_MIRROR is not the address of a server")
                .help("write it as `https://mirror.example.org/tools`")
        };
        let (scheme, rest) = text.trim_end_matches('/').split_once("://").ok_or_else(wrong)?;
        let (login, rest) = rest.split_once('@').map_or((None, rest), |(login, rest)| (Some(login), rest));
        if !matches!(scheme, "http" | "https") || rest.is_empty() || rest.starts_with('/') {
            return Err(wrong());
        }
        Ok(Mirror { address: format!("{scheme}://{rest}"), login: login.map(basic) })
    }
}

/// An address for people: what stands behind a `?` may be a key.
fn shown(address: &str) -> &str {
    address.split(['?', '#']).next().unwrap_or(address)
}

fn port(uri: &Uri) -> u16 {
    uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 })
}

/// Where a redirect leads.
fn target(from: &str, to: &str) -> Option<String> {
    let (scheme, rest) = from.split_once("://")?;
    if to.contains("://") {
        return Some(to.to_owned());
    }
    if let Some(other) = to.strip_prefix("//") {
        return Some(format!("{scheme}://{other}"));
    }
    let host = rest.split('/').next()?;
    match to.strip_prefix('/') {
        Some(path) => Some(format!("{scheme}://{host}/{path}")),
        None => Some(format!("{}/{to}", shown(from).rsplit_once('/')?.0)),
    }
}

fn refused(address: &str, why: &str) -> Missing {
    let failure = Failure::new(Kind::Failed, why.to_owned());
    Missing::Refused(failure.context(format!("`{}` was not taken", shown(address))).help(NOT_THERE))
}

fn said(address: &str, status: u16, help: &str) -> Failure {
    Failure::new(Kind::Failed, format!("`{}` answers with status {status}", shown(address))).help(help)
}

fn unreachable(address: &str, error: ureq::Error) -> Failure {
    let uri: Uri = address.parse().unwrap_or_default();
    let (host, port) = (uri.host().unwrap_or_default(), port(&uri));
    let (why, check) = match error {
        ureq::Error::Io(error) => {
            let answer = connect::answer(&error, host, port);
            (answer.text, answer.check)
        }
        ureq::Error::HostNotFound => (format!("the name {host} has no address"), Vec::new()),
        ureq::Error::Timeout(_) => ("no answer in time".to_owned(), Vec::new()),
        other => (connect::root(&other), Vec::new()),
    };
    let failure =
        Failure::new(Kind::Failed, why).context(format!("`{}` could not be reached", shown(address)));
    check
        .into_iter()
        .fold(failure, Failure::help)
        .help("name a proxy by https_proxy or a mirror by INFRACTL_TOOLS_MIRROR, if this machine needs one")
}

/// Tries again while that may help. Blocks.
pub(crate) fn tried<T>(mut work: impl FnMut() -> Result<T, Missing>) -> Result<T, Missing> {
    let mut pause = Duration::from_millis(300);
    for _ in 1..TRIES {
        match work() {
            Err(Missing::Again(failure)) => tracing::debug!(why = %failure.error, "tried again"),
            other => return other,
        }
        std::thread::sleep(pause);
        pause *= 2;
    }
    work()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn web(vars: &[(&str, &str)]) -> Result<Web, Failure> {
        Web::of(&Vars(vars.iter().map(|(name, value)| (name.into(), value.into())).collect()))
    }

    #[test]
    fn a_mirror_has_every_server_below_it_and_its_login_is_never_shown() {
        let web = web(&[("INFRACTL_TOOLS_MIRROR", "https://me:s%40cret@mirror.test/tools/")]).unwrap();
        let address = web.address("https://get.helm.sh/helm-v3.tar.gz");
        assert_eq!(address, "https://mirror.test/tools/get.helm.sh/helm-v3.tar.gz");
        assert_eq!(web.mirror.unwrap().login.as_deref(), Some("Basic bWU6c0BjcmV0"));
        for wrong in ["mirror.test", "ftp://mirror.test", "https://", "https:///x"] {
            assert!(self::web(&[("INFRACTL_TOOLS_MIRROR", wrong)]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn redirects_are_read_in_all_their_forms() {
        let from = "https://a.test/x/y.zip?key=1";
        for (to, wanted) in [
            ("https://b.test/z?sig=2", "https://b.test/z?sig=2"),
            ("//b.test/z", "https://b.test/z"),
            ("/z", "https://a.test/z"),
            ("z", "https://a.test/x/z"),
        ] {
            assert_eq!(target(from, to).as_deref(), Some(wanted));
        }
        assert_eq!(shown(from), "https://a.test/x/y.zip");
    }
}
