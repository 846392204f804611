//! Probes against real listeners: late, wrong, silent, and with certificates of every kind.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use jiff::Timestamp;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection};

use super::*;
use crate::config::model::{Method, Status};
use crate::net::dial::Dial;
use crate::net::proxies::Proxies;

const EACH: Duration = Duration::from_millis(1500);

/// A certificate authority of the test, and the file it is trusted by.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    file: PathBuf,
    _dir: tempfile::TempDir,
}

impl Authority {
    fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::OrganizationName, name);
        let certificate = params.self_signed(&key).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("ca.pem");
        crate::disk::write(&file, certificate.pem().as_bytes(), 0o600).unwrap();
        Authority { issuer: Issuer::new(params, key), file, _dir: dir }
    }

    /// A certificate for these names, valid between two days given as (year, month, day).
    fn leaf(&self, names: &[&str], from: (i32, u8, u8), to: (i32, u8, u8)) -> Shown {
        let key = KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.not_before = date_time_ymd(from.0, from.1, from.2);
        params.not_after = date_time_ymd(to.0, to.1, to.2);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Shown { chain: vec![certificate.der().clone()], key }
    }
}

/// What a server shows.
struct Shown {
    chain: Vec<CertificateDer<'static>>,
    key: KeyPair,
}

/// The days before and after now, in whole years: certificates of tests that never age.
fn year(distance: i16) -> (i32, u8, u8) {
    let now = Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
    (i32::from(now.year() + distance), 1, 2)
}

/// A server that does this with each connection, on a thread of its own.
fn serve(answer: impl Fn(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || listener.incoming().flatten().for_each(answer));
    address
}

fn answers(text: &'static str) -> SocketAddr {
    serve(move |mut stream| {
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(text.as_bytes());
    })
}

/// A server of HTTPS that says "fine" to everybody.
fn serve_tls(shown: &Shown) -> SocketAddr {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::try_from(shown.key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(shown.chain.clone(), key)
        .unwrap();
    let config = Arc::new(config);
    serve(move |mut stream| {
        let mut connection = ServerConnection::new(config.clone()).unwrap();
        let mut tls = rustls::Stream::new(&mut connection, &mut stream);
        if tls.read(&mut [0; 4096]).is_ok_and(|length| length > 0) {
            let _ = tls.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\nfine");
        }
        connection.send_close_notify();
        let _ = connection.write_tls(&mut stream);
    })
}

fn said(probed: Probed) -> String {
    match probed {
        Probed::Good(text) | Probed::Done(text) => format!("good: {text}"),
        Probed::NotYet(answer) | Probed::Unknown(answer) => answer.text,
        Probed::Never(answer) => format!("never: {}", answer.text),
    }
}

fn http(url: &str) -> Http {
    Http {
        url: url.to_owned(),
        method: Method::Get,
        json: Vec::new(),
        status: Vec::new(),
        body: None,
        headers: Vec::new(),
        redirects: false,
        dial: Dial::default(),
        ca: None,
    }
}

async fn ask(http: &Http) -> String {
    said(http.probe(EACH, Timestamp::now()).await)
}

#[tokio::test]
async fn a_port_that_listens_is_told_from_one_that_does_not() {
    let address = serve(drop);
    assert_eq!(
        said(tcp::probe(&address.to_string(), EACH).await),
        format!("good: {address} accepts connections")
    );
    assert_eq!(said(tcp::probe("127.0.0.1:1", EACH).await), "connection refused");
    assert_eq!(said(tcp::probe("no-port", EACH).await), "never: `no-port` is no address");
    let said = said(tcp::probe("name.invalid:80", EACH).await);
    assert!(said == "the name name.invalid has no address" || said.starts_with("no answer within"), "{said}");
}

#[tokio::test]
async fn an_address_that_drops_packets_ends_at_the_time_limit() {
    // 192.0.2.0/24 is for documentation: nothing is there. Some networks say so at once.
    let begun = Instant::now();
    let said = said(tcp::probe("192.0.2.1:81", Duration::from_millis(300)).await);
    assert!(begun.elapsed() < Duration::from_secs(3));
    assert!(
        said == "no answer within 300 ms" || said.contains("no route") || said.contains("refused"),
        "{said}"
    );
}

#[tokio::test]
async fn a_status_a_text_and_a_redirect_are_judged() {
    let ok = answers("HTTP/1.1 200 OK\r\ncontent-length: 12\r\nconnection: close\r\n\r\nall is ready");
    let url = format!("http://{ok}/health");
    assert_eq!(ask(&http(&url)).await, "good: status 200");
    let body = |pattern: &str| Http { body: Some(pattern.to_owned()), ..http(&url) };
    assert_eq!(ask(&body("is r.ady$")).await, "good: status 200, matches `is r.ady$`");
    assert_eq!(ask(&body("up")).await, "status 200, but the answer does not match `up`: `all is ready`");
    let status = Http { status: vec![Status::parse("201-204").unwrap()], ..http(&url) };
    assert_eq!(ask(&status).await, "status 200 OK, not 201-204");

    let busy = answers("HTTP/1.1 503 Busy\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    assert_eq!(ask(&http(&format!("http://{busy}"))).await, "status 503 Service Unavailable, not 200-299");
    let moved: &'static str = Box::leak(
        format!("HTTP/1.1 302 Found\r\nlocation: {url}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            .into(),
    );
    let moved = format!("http://{}/", answers(moved));
    assert_eq!(ask(&http(&moved)).await, format!("status 302 Found to {url}, not 200-299"));
    assert_eq!(ask(&Http { redirects: true, ..http(&moved) }).await, "good: status 200");
    let status = Http { status: vec![Status::parse("302").unwrap()], ..http(&moved) };
    assert_eq!(ask(&status).await, "good: status 302");
}

#[tokio::test]
async fn headers_are_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut bytes = [0; 4096];
        let length = stream.read(&mut bytes).unwrap();
        stream.write_all(b"HTTP/1.1 204 No\r\nconnection: close\r\n\r\n").unwrap();
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    });
    let with = Http { headers: vec![("X-Token".into(), "CANARY-h".to_owned().into())], ..http(&url) };
    assert_eq!(ask(&with).await, "good: status 204");
    assert!(server.join().unwrap().to_lowercase().contains("x-token: canary-h"));
    assert!(!format!("{with:?}").contains("CANARY"));
}

#[tokio::test]
async fn who_accepts_and_says_nothing_or_nonsense_is_not_up() {
    let (keeper, kept) = std::sync::mpsc::channel();
    let silent = serve(move |stream| keeper.send(stream).unwrap());
    let begun = Instant::now();
    let each = Duration::from_millis(400);
    assert_eq!(
        said(http(&format!("http://{silent}/")).probe(each, Timestamp::now()).await),
        "connected, then silent for 400 ms"
    );
    let tls =
        Tls { address: silent.to_string(), issuer: None, days_left: 0, dial: Dial::default(), ca: None };
    assert_eq!(said(tls.probe(each, Timestamp::now()).await), "connected, then silent for 400 ms");
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    drop(kept);

    let nonsense = answers("SSH-2.0-OpenSSH_9.2\r\n");
    assert!(ask(&http(&format!("http://{nonsense}/"))).await.starts_with("no answer of HTTP"));
    let hangs_up = serve(|mut stream| drop(stream.read(&mut [0; 4096])));
    let said_ = ask(&http(&format!("http://{hangs_up}/"))).await;
    assert!(
        said_.contains("hung up") || said_.contains("reset") || said_.contains("no answer of HTTP"),
        "{said_}"
    );
    assert_eq!(ask(&http("http://127.0.0.1:1/")).await, "connection refused");
    assert!(ask(&http("127.0.0.1")).await.starts_with("never: "));
}

#[tokio::test]
async fn a_service_that_trickles_is_ended_at_the_time_limit() {
    let slow = serve(|mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n");
        while stream.write_all(b"x").is_ok() {
            thread::sleep(Duration::from_millis(50));
        }
    });
    let begun = Instant::now();
    let wanted = Http { body: Some("y".into()), ..http(&format!("http://{slow}/")) };
    let said = said(wanted.probe(Duration::from_millis(500), Timestamp::now()).await);
    assert!(said.contains("the answer was not whole within 500 ms, only its first "), "{said}");
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
}

async fn look(
    address: SocketAddr,
    name: &str,
    ca: &Authority,
    issuer: Option<&str>,
    days_left: u32,
) -> String {
    let tls = Tls {
        address: format!("{name}:{}", address.port()),
        issuer: issuer.map(str::to_owned),
        days_left,
        dial: Dial::default(),
        ca: Some(ca.file.clone()),
    };
    said(tls.probe(EACH, Timestamp::now()).await)
}

#[tokio::test]
async fn a_certificate_is_good_or_it_is_said_what_is_wrong_with_it() {
    let (ours, foreign) = (Authority::new("Lab CA"), Authority::new("Foreign CA"));
    let good = serve_tls(&ours.leaf(&["localhost", "127.0.0.1"], year(-1), year(2)));
    let said = look(good, "localhost", &ours, Some("Lab CA"), 30).await;
    assert!(
        said.starts_with("good: certificate of ") && said.contains("Lab CA") && said.ends_with(" days left"),
        "{said}"
    );
    assert!(look(good, "127.0.0.1", &ours, None, 0).await.starts_with("good: "));

    let said = look(good, "localhost", &ours, Some("Let's Encrypt"), 0).await;
    assert!(said.starts_with("the issuer is `") && said.ends_with("not `Let's Encrypt`"), "{said}");
    let said = look(good, "localhost", &ours, None, 5000).await;
    assert!(
        said.starts_with("the certificate is valid for ") && said.contains(" days only, until "),
        "{said}"
    );
    let said = look(good, "localhost", &foreign, None, 0).await;
    assert!(said.starts_with("unknown issuer `") && said.contains("Lab CA"), "{said}");

    let old = serve_tls(&ours.leaf(&["localhost"], year(-3), year(-1)));
    let said = look(old, "localhost", &ours, None, 0).await;
    assert!(said.starts_with("the certificate expired ") && said.contains(" days ago, on "), "{said}");
    let future = serve_tls(&ours.leaf(&["localhost"], year(2), year(3)));
    let said = look(future, "localhost", &ours, None, 0).await;
    assert!(said.starts_with("the certificate is not yet valid: it begins on "), "{said}");
    let other = serve_tls(&ours.leaf(&["other.example", "www.other.example"], year(-1), year(2)));
    assert_eq!(
        look(other, "localhost", &ours, None, 0).await,
        "the certificate is for `other.example` and `www.other.example`, not for `localhost`"
    );
    let key = KeyPair::generate().unwrap();
    let own = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    let own = serve_tls(&Shown { chain: vec![own.der().clone()], key });
    assert!(look(own, "localhost", &ours, None, 0).await.starts_with("the certificate is signed by itself"));
    let plain = answers("HTTP/1.1 400 Bad Request\r\n\r\n");
    assert_eq!(look(plain, "localhost", &ours, None, 0).await, "it does not speak TLS");
}

#[tokio::test]
async fn https_checks_the_certificate_too() {
    let ours = Authority::new("Lab CA");
    let good = serve_tls(&ours.leaf(&["localhost"], year(-1), year(2)));
    let url = format!("https://localhost:{}/", good.port());
    let trusted = Http { ca: Some(ours.file.clone()), body: Some("^fine$".into()), ..http(&url) };
    assert_eq!(ask(&trusted).await, "good: status 200, matches `^fine$`");
    assert_eq!(ask(&http(&url)).await, "unknown issuer `CN=rcgen self signed cert, O=Lab CA`");
    let old = serve_tls(&ours.leaf(&["localhost"], year(-3), year(-1)));
    let url = format!("https://localhost:{}/", old.port());
    let said = ask(&Http { ca: Some(ours.file.clone()), ..http(&url) }).await;
    assert!(said.starts_with("the certificate expired "), "{said}");
    let other = serve_tls(&ours.leaf(&["other.example"], year(-1), year(2)));
    let url = format!("https://localhost:{}/", other.port());
    let said = ask(&Http { ca: Some(ours.file.clone()), ..http(&url) }).await;
    assert_eq!(said, "the certificate is for `other.example`, not for `localhost`");
}

#[tokio::test]
async fn a_name_that_dns_does_not_know_yet_is_asked_at_an_address() {
    let ca = Authority::new("Lab CA");
    let server = serve_tls(&ca.leaf(&["app.invalid"], year(-1), year(2)));
    let mut tls = Tls {
        address: format!("app.invalid:{}", server.port()),
        issuer: None,
        days_left: 0,
        dial: Dial::default(),
        ca: Some(ca.file.clone()),
    };
    assert_eq!(said(tls.probe(EACH, Timestamp::now()).await), "the name app.invalid has no address");
    tls.dial.at = Some("127.0.0.1".to_owned());
    assert!(said(tls.probe(EACH, Timestamp::now()).await).starts_with("good: "));

    let plain = answers("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    let mut wanted = http(&format!("http://app.invalid:{}/", plain.port()));
    assert!(ask(&wanted).await.contains("has no address"));
    wanted.dial.at = Some("127.0.0.1".to_owned());
    assert_eq!(ask(&wanted).await, "good: status 200");
}

/// A proxy: what it was asked, one line per connection.
async fn through(url: &str, variable: &'static str) -> (String, String) {
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = format!("http://me:it@{}", proxy.local_addr().unwrap());
    let asked = std::thread::spawn(move || {
        let (mut stream, _) = proxy.accept().unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        stream.write_all(b"HTTP/1.1 204 Here\r\nContent-Length: 0\r\n\r\n").unwrap();
        String::from_utf8(head).unwrap()
    });
    let proxies = Proxies::of(|name| (name == variable).then_some(place.as_str()));
    let http = Http { dial: Dial { proxies, at: None }, ..http(url) };
    let said = ask(&http).await;
    (said, asked.join().unwrap())
}

#[tokio::test]
async fn a_proxy_is_asked_as_curl_asks_it() {
    let (said, asked) = through("http://app.invalid:81/health?x=1", "http_proxy").await;
    assert_eq!(said, "good: status 204");
    assert!(asked.starts_with("GET http://app.invalid:81/health?x=1 HTTP/1.1\r\n"), "{asked}");
    assert!(
        asked.contains("Proxy-Authorization: Basic bWU6aXQ=\r\n") && asked.contains("app.invalid:81\r\n")
    );
    let (_, asked) = through("https://app.invalid/", "https_proxy").await;
    assert!(asked.starts_with("CONNECT app.invalid:443 HTTP/1.1\r\n"), "{asked}");
    let proxies = Proxies::of(|name| (name == "http_proxy").then_some("127.0.0.1:1"));
    let down = Http { dial: Dial { proxies, at: None }, ..http("http://app.invalid/") };
    assert_eq!(ask(&down).await, "the proxy 127.0.0.1:1: connection refused");
}

/// A SOCKS 5 proxy that is the server as well: what it was asked for.
async fn by_socks(url: &str, scheme: &str) -> (String, Vec<u8>) {
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = format!("{scheme}://{}", proxy.local_addr().unwrap());
    let asked = std::thread::spawn(move || {
        let (mut stream, _) = proxy.accept().unwrap();
        let mut greeting = [0; 3];
        stream.read_exact(&mut greeting).unwrap();
        assert_eq!(greeting, [5, 1, 0]);
        stream.write_all(&[5, 0]).unwrap();
        let mut bytes = [0; 64];
        let length = stream.read(&mut bytes).unwrap();
        stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).unwrap();
        let mut head = [0; 1024];
        let _ = stream.read(&mut head).unwrap();
        assert!(head.starts_with(b"GET /health HTTP/1.1\r\n"), "{}", String::from_utf8_lossy(&head));
        stream.write_all(b"HTTP/1.1 204 Here\r\nContent-Length: 0\r\n\r\n").unwrap();
        bytes[..length].to_vec()
    });
    let proxies = Proxies::of(|name| (name == "all_proxy").then_some(place.as_str()));
    let said = ask(&Http { dial: Dial { proxies, at: None }, ..http(url) }).await;
    (said, asked.join().unwrap())
}

#[tokio::test]
async fn a_proxy_of_socks_5_is_a_way_and_other_kinds_are_refused_at_once() {
    let (said, asked) = by_socks("http://app.invalid:81/health", "socks5h").await;
    assert_eq!((said.as_str(), &asked[3..]), ("good: status 204", &b"\x03\x0bapp.invalid\x00\x51"[..]));
    let (said, asked) = by_socks("http://127.0.0.1:81/health", "socks5").await;
    assert_eq!((said.as_str(), &asked[3..]), ("good: status 204", &b"\x01\x7f\x00\x00\x01\x00\x51"[..]));
    for kind in ["https", "socks4", "socks4a", "quic"] {
        let place = format!("{kind}://127.0.0.1:1");
        let proxies = Proxies::of(|name| (name == "https_proxy").then_some(place.as_str()));
        let dial = Dial { proxies, at: None };
        let wanted = format!("never: `https_proxy` names a proxy of the kind {kind}");
        assert_eq!(ask(&Http { dial: dial.clone(), ..http("https://app.invalid/") }).await, wanted);
        let tls = Tls { address: "app.invalid".into(), issuer: None, days_left: 0, dial, ca: None };
        assert_eq!(said_of(&tls).await, wanted);
    }
}

async fn said_of(tls: &Tls) -> String {
    said(tls.probe(EACH, Timestamp::now()).await)
}

#[tokio::test]
async fn a_certificate_that_is_itself_trusted_is_good_for_its_names_only() {
    let ours = Authority::new("Lab CA");
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let own = dir.path().join("own.pem");
    crate::disk::write(&own, certificate.pem().as_bytes(), 0o600).unwrap();
    let server = serve_tls(&Shown { chain: vec![certificate.der().clone()], key });
    for (name, ca, wanted) in [
        ("localhost", Some(&own), "good: status 200"),
        ("127.0.0.1", Some(&own), "the certificate is for `localhost`, not for `127.0.0.1`"),
        ("localhost", Some(&ours.file), "the certificate is signed by itself"),
    ] {
        let url = format!("https://{name}:{}/", server.port());
        let said = ask(&Http { ca: ca.cloned(), ..http(&url) }).await;
        assert!(said.starts_with(wanted), "{said}");
    }
}
