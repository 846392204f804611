//! The proxies that the environment names, read as curl reads them. Pure.

use std::net::IpAddr;

use base64::Engine as _;

use crate::text::percent_decoded;

/// What the variables say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Proxies {
    http: Option<Proxy>,
    https: Option<Proxy>,
    /// `no_proxy`.
    direct: String,
}

/// A proxy.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Proxy {
    /// The variable that names it.
    pub(crate) variable: &'static str,
    /// `http` if the variable names no scheme.
    pub(crate) scheme: String,
    /// Name or address.
    pub(crate) host: String,
    /// Port.
    pub(crate) port: u16,
    /// What it wants to know of us: `user:password`.
    pub(crate) login: Option<Vec<u8>>,
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}:{}", self.variable, self.host, self.port)
    }
}

impl Proxies {
    /// Reads them; `HTTP_PROXY` in capitals counts for nothing, because a web server sets it to what a visitor sends.
    pub(crate) fn of<'a>(var: impl Fn(&str) -> Option<&'a str>) -> Proxies {
        let first = |names: &[&'static str]| {
            let set = |name: &&'static str| Some((*name, var(name).filter(|text| !text.trim().is_empty())?));
            names.iter().find_map(set)
        };
        let proxy =
            |names: &[&'static str]| first(names).and_then(|(name, text)| Proxy::read(name, text.trim()));
        Proxies {
            http: proxy(&["http_proxy", "all_proxy", "ALL_PROXY"]),
            https: proxy(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]),
            direct: first(&["no_proxy", "NO_PROXY"]).map_or_else(String::new, |(_, text)| text.to_owned()),
        }
    }

    /// The proxy on the way to a server; none where the way is direct.
    pub(crate) fn on_the_way(&self, is_tls: bool, host: &str, port: u16) -> Option<&Proxy> {
        let proxy = if is_tls { &self.https } else { &self.http };
        let mut entries = self.direct.split([',', ' ', '\t']).filter(|entry| !entry.is_empty());
        proxy.as_ref().filter(|_| !entries.any(|entry| covers(entry, host, port)))
    }
}

impl Proxy {
    /// The line of HTTP that says who asks; empty if nobody wants to know.
    pub(crate) fn authorization(&self) -> String {
        let encode = |login| base64::engine::general_purpose::STANDARD.encode(login);
        self.login
            .as_ref()
            .map_or_else(String::new, |login| format!("Proxy-Authorization: Basic {}\r\n", encode(login)))
    }

    /// The same for a library that connects by itself; none for a kind of proxy that it does not know.
    pub(crate) fn for_ureq(&self) -> Option<ureq::Proxy> {
        let kind = match self.scheme.as_str() {
            "http" => ureq::ProxyProtocol::Http,
            "https" => ureq::ProxyProtocol::Https,
            _ => return None,
        };
        let login = self.login.as_ref().map(|login| String::from_utf8_lossy(login).into_owned());
        let proxy = ureq::Proxy::builder(kind).host(&self.host).port(self.port);
        let proxy = match &login {
            Some(login) => {
                let (user, password) = login.split_once(':').unwrap_or((login, ""));
                proxy.username(user).password(password)
            }
            None => proxy,
        };
        proxy.build().ok()
    }

    fn read(variable: &'static str, text: &str) -> Option<Proxy> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let place = rest.split(['/', '?', '#']).next()?;
        let (user, place) = place.rsplit_once('@').map_or((None, place), |(user, place)| (Some(user), place));
        let (host, port) = host_and_port(place);
        Some(Proxy {
            variable,
            scheme: scheme.to_lowercase(),
            host: Some(host).filter(|host| !host.is_empty())?.to_owned(),
            // as curl; https has its own
            port: port.unwrap_or(if scheme.eq_ignore_ascii_case("https") { 443 } else { 1080 }),
            login: user.map(percent_decoded),
        })
    }
}

/// `user:password`, encoded as in an address, as the value of a header.
pub(crate) fn basic(user: &str) -> String {
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(percent_decoded(user)))
}

/// `name`, `name:80`, `::1`, `[::1]:80`.
fn host_and_port(place: &str) -> (&str, Option<u16>) {
    if let Some((host, port)) = place.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return (host, port.strip_prefix(':').and_then(|port| port.parse().ok()));
    }
    match place.split_once(':') {
        Some((host, port)) if !port.contains(':') => (host, port.parse().ok()),
        _ => (place, None),
    }
}

/// Whether an entry of `no_proxy` is about this server: `*`, a name and what is below it, an address, a network; with
/// or without a port.
fn covers(entry: &str, host: &str, port: u16) -> bool {
    if entry == "*" {
        return true;
    }
    let (name, network) = entry.split_once('/').map_or((entry, None), |(name, bits)| (name, Some(bits)));
    let (name, only) = host_and_port(name);
    if only.is_some_and(|only| only != port) {
        return false;
    }
    let host = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.').to_lowercase();
    match (host.parse::<IpAddr>(), name.parse::<IpAddr>(), network) {
        (Ok(host), Ok(name), None) => host == name,
        (Ok(host), Ok(name), Some(bits)) => bits.parse().is_ok_and(|bits| is_in(host, name, bits)),
        (Err(_), Err(_), None) => {
            let name =
                name.trim_start_matches('*').trim_start_matches('.').trim_end_matches('.').to_lowercase();
            let above = host.strip_suffix(&name).filter(|_| !name.is_empty());
            above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
        }
        _ => false,
    }
}

fn is_in(host: IpAddr, network: IpAddr, bits: u32) -> bool {
    match (host, network) {
        (IpAddr::V4(host), IpAddr::V4(network)) if bits <= 32 => {
            (host.to_bits() ^ network.to_bits()).checked_shr(32 - bits).unwrap_or(0) == 0
        }
        (IpAddr::V6(host), IpAddr::V6(network)) if bits <= 128 => {
            (host.to_bits() ^ network.to_bits()).checked_shr(128 - bits).unwrap_or(0) == 0
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(vars: &[(&str, &'static str)]) -> Proxies {
        Proxies::of(|name| vars.iter().find(|(other, _)| *other == name).map(|(_, value)| *value))
    }

    #[test]
    fn each_kind_of_address_has_its_own_proxy() {
        let way = |vars: &[(&str, &'static str)], is_tls| {
            proxies(vars).on_the_way(is_tls, "a.test", 1).map(|proxy| format!("{proxy:?}"))
        };
        assert_eq!(way(&[("http_proxy", "http://p:3128")], false).unwrap(), "http_proxy p:3128");
        assert_eq!(way(&[("http_proxy", "p")], false).unwrap(), "http_proxy p:1080");
        assert_eq!(way(&[("http_proxy", "p:1")], true), None);
        assert_eq!(way(&[("HTTPS_PROXY", "p:1")], false), None);
        assert_eq!(way(&[("HTTP_PROXY", "p:1")], false), None, "a web server may have set it");
        assert_eq!(way(&[("https_proxy", ""), ("ALL_PROXY", "[::1]:2/")], true).unwrap(), "ALL_PROXY ::1:2");
        let login = proxies(&[("http_proxy", "http://me:p%40ss%@p:1")]).http.unwrap().authorization();
        assert_eq!(login, "Proxy-Authorization: Basic bWU6cEBzcyU=\r\n");
    }

    #[test]
    fn no_proxy_is_read_in_all_its_forms() {
        for (entry, host, wanted) in [
            ("*", "a.test", true),
            ("a.test", "a.test", true),
            ("A.Test.", "x.a.test", true),
            (".a.test", "a.test", true),
            ("*.a.test", "x.a.test", true),
            ("a.test", "ba.test", false),
            ("a.test:443", "a.test", true),
            ("a.test:80", "a.test", false),
            ("b.test, a.test", "a.test", true),
            ("b.test a.test", "a.test", true),
            ("127.0.0.1", "127.0.0.1", true),
            ("127.0.0.1:443", "127.0.0.1", true),
            ("0.0.1", "127.0.0.1", false),
            ("10.0.0.0/8", "10.200.3.4", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("0.0.0.0/0", "11.0.0.1", true),
            ("10.0.0.0/99", "10.0.0.1", false),
            ("::1", "::1", true),
            ("[::1]", "[::1]", true),
            ("[::1]:443", "::1", true),
            ("fd00::/8", "fd12::1", true),
            ("", "a.test", false),
            (",", "a.test", false),
        ] {
            let proxies = Proxies { direct: entry.to_owned(), ..proxies(&[("https_proxy", "p:1")]) };
            assert_eq!(proxies.on_the_way(true, host, 443).is_none(), wanted, "{entry} {host}");
        }
    }
}
