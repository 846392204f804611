//! The loops of printed scripts wait as infractl waits: both are run against the same listeners.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::common::{Sandbox, skip};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection};
use socket2::{Domain, Socket, Type};

/// A port where nobody listens yet, and where no other program can.
fn held_port() -> (Socket, u16) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let port = socket.local_addr().unwrap().as_socket().unwrap().port();
    (socket, port)
}

/// Does this with each connection, on a thread of its own, from this long on.
fn serve(socket: Socket, after: Duration, answer: impl Fn(TcpStream) + Send + 'static) {
    let begin = move || {
        socket.listen(64).unwrap();
        TcpListener::from(socket)
    };
    let go_on = move |listener: TcpListener| listener.incoming().flatten().for_each(answer);
    if after.is_zero() {
        let listener = begin();
        thread::spawn(move || go_on(listener));
    } else {
        thread::spawn(move || {
            thread::sleep(after);
            go_on(begin());
        });
    }
}

fn says(text: &'static str) -> impl Fn(TcpStream) + Send + 'static {
    move |mut stream| {
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(text.as_bytes());
    }
}

const FINE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\nfine";
const BROKEN: &str = "HTTP/1.1 503 No\r\ncontent-length: 4\r\nconnection: close\r\n\r\nfine";
const MOVED: &str = "HTTP/1.1 302 Found\r\nlocation: /x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) pem: String,
}

/// A certificate and its key.
pub(crate) struct Shown(pub(crate) CertificateDer<'static>, pub(crate) KeyPair);

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::OrganizationName, name);
        let pem = params.self_signed(&key).unwrap().pem();
        Authority { issuer: Issuer::new(params, key), pem }
    }

    /// For a name, until the second day of a year so far from now.
    pub(crate) fn leaf(&self, name: &str, years: i16) -> Shown {
        let year = i32::from(jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).year() + years);
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(year - 3, 1, 2);
        params.not_after = date_time_ymd(year, 1, 2);
        Shown(params.signed_by(&key, &self.issuer).unwrap().der().clone(), key)
    }
}

/// HTTPS that says "fine" to everybody.
fn secure(Shown(certificate, key): Shown) -> impl Fn(TcpStream) + Send + 'static {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.unwrap().with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
    let config = Arc::new(config);
    move |mut stream| {
        let _ = stream.set_read_timeout(Some(Duration::from_secs(3)));
        let mut connection = ServerConnection::new(config.clone()).unwrap();
        let mut tls = rustls::Stream::new(&mut connection, &mut stream);
        if tls.read(&mut [0; 4096]).is_ok_and(|length| length > 0) {
            let _ = tls.write_all(FINE.as_bytes());
        }
        connection.send_close_notify();
        let _ = connection.write_tls(&mut stream);
    }
}

const NOW: Duration = Duration::ZERO;
const LATE: Duration = Duration::from_millis(900);

type Answer = Box<dyn Fn(TcpStream) + Send>;

/// Something to wait for: the rest of its table, when and how it is there, and whether it is good.
struct Case {
    name: &'static str,
    kind: &'static str,
    more: &'static str,
    there: Option<(Duration, Answer)>,
    good: bool,
}

fn case(name: &'static str, kind: &'static str, more: &'static str, good: bool) -> Case {
    Case { name, kind, more, there: None, good }
}

impl Case {
    fn at(self, after: Duration, answer: impl Fn(TcpStream) + Send + 'static) -> Case {
        Case { there: Some((after, Box::new(answer))), ..self }
    }
}

fn cases() -> (Vec<Case>, String) {
    let own = Authority::new("Our Own");
    let foreign = Authority::new("Somebody Else");
    let ca = ", ca = \"ca.pem\"";
    let issued = ", ca = \"ca.pem\", issuer = \"Our Own\", days-left = 30";
    let all = vec![
        case("tcp", "tcp", "", true).at(NOW, drop),
        case("tcp late", "tcp", "", true).at(LATE, drop),
        case("tcp never", "tcp", "", false),
        case("http", "http", "", true).at(NOW, says(FINE)),
        case("http late, with a body", "http", ", body = \"^fi.e$\"", true).at(LATE, says(FINE)),
        case("http broken", "http", "", false).at(NOW, says(BROKEN)),
        case("http broken as expected", "http", ", status = [\"500-599\"]", true).at(NOW, says(BROKEN)),
        case("http of another body", "http", ", body = \"good\"", false).at(NOW, says(FINE)),
        case("http elsewhere", "http", "", false).at(NOW, says(MOVED)),
        case("http nonsense", "http", "", false).at(NOW, says("hello\r\n")),
        case("http never", "http", "", false),
        case("https", "https", ca, true).at(NOW, secure(own.leaf("localhost", 2))),
        case("https foreign", "https", ca, false).at(NOW, secure(foreign.leaf("localhost", 2))),
        case("https expired", "https", ca, false).at(NOW, secure(own.leaf("localhost", -1))),
        case("tls", "tls", issued, true).at(NOW, secure(own.leaf("localhost", 2))),
        case("tls late", "tls", ca, true).at(LATE, secure(own.leaf("localhost", 2))),
        case("tls foreign", "tls", ca, false).at(NOW, secure(foreign.leaf("localhost", 2))),
        case("tls expired", "tls", ca, false).at(NOW, secure(own.leaf("localhost", -1))),
        case("tls of another name", "tls", ca, false).at(NOW, secure(own.leaf("example.org", 2))),
        case("tls of another issuer", "tls", ", ca = \"ca.pem\", issuer = \"Elsewhere\"", false)
            .at(NOW, secure(own.leaf("localhost", 2))),
        case("tls too short", "tls", ", ca = \"ca.pem\", days-left = 9999", false)
            .at(NOW, secure(own.leaf("localhost", 2))),
        case("tls that speaks plain", "tls", ca, false).at(NOW, says(FINE)),
        case("tls never", "tls", ca, false),
    ];
    (all, own.pem)
}

/// A project with one pipeline for each case, each at a port of its own; listeners begin now.
fn project() -> (Sandbox, Vec<(&'static str, bool)>) {
    let project = Sandbox::new();
    let (cases, ca) = cases();
    let mut toml = String::from("[secrets]\nfiles = []\nrequired = []\n[pipelines]\n");
    let mut wanted = Vec::new();
    let mut begin = Vec::new();
    for (number, case) in cases.into_iter().enumerate() {
        let (socket, port) = held_port();
        let (kind, address) = match case.kind {
            "tcp" => ("tcp", format!("localhost:{port}")),
            "tls" => ("tls", format!("localhost:{port}")),
            scheme => ("http", format!("{scheme}://localhost:{port}/")),
        };
        toml.push_str(&format!(
            "case-{number} = [{{ name = \"wait {}\", wait = {{ {kind} = \"{address}\", each = \"2s\"{} }}, attempts = {}, every = \
             \"250ms\" }}]\n",
            case.name,
            case.more,
            if case.good { 60 } else { 2 }
        ));
        wanted.push((case.name, case.good));
        match case.there {
            Some((after, answer)) => begin.push((socket, after, answer)),
            // Held as long as the process lives.
            None => std::mem::forget(socket),
        }
    }
    project.write("environments/local/environment.toml", &toml);
    project.write("ca.pem", &ca);
    for (socket, after, answer) in begin {
        serve(socket, after, answer);
    }
    (project, wanted)
}

fn lacks(program: &str) -> bool {
    let is_missing =
        Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    let is_missing = is_missing.is_err();
    if is_missing {
        skip(&format!("{program} is not installed"));
    }
    is_missing
}

#[test]
fn infractl_judges_each_as_it_should() {
    let (project, wanted) = project();
    thread::scope(|scope| {
        for (number, (name, good)) in wanted.iter().enumerate() {
            let project = &project;
            scope.spawn(move || {
                // A run holds the lock of the environment: the next one waits for its turn.
                let run =
                    project.infractl(&["pipeline", "local", &format!("case-{number}"), "--lock-wait", "5m"]);
                assert_eq!(run.code, i32::from(!good), "{name}: {}", run.err);
            });
        }
    });
}

#[test]
fn a_printed_script_judges_each_in_the_same_way() {
    if ["bash", "curl", "openssl"].into_iter().any(lacks) {
        return;
    }
    let (project, wanted) = project();
    let root = project.root();
    thread::scope(|scope| {
        for (number, (name, good)) in wanted.iter().enumerate() {
            let script =
                project.infractl(&["pipeline", "local", &format!("case-{number}"), "--print"]).code(0).out;
            let file = format!("script-{number}.sh");
            project.write(&file, &script);
            scope.spawn(move || {
                let begun = Instant::now();
                // By its first line, from a shell that is no bash.
                let call = format!("chmod +x {file} && exec ./{file}");
                let mut command = Command::new("sh");
                command.args(["-c", &call]).current_dir(root).stdin(Stdio::null());
                let done = command.env_remove("CI").output().unwrap();
                let err = String::from_utf8_lossy(&done.stderr).into_owned();
                assert_eq!(done.status.code(), Some(i32::from(!good)), "{name}: {err}\n{script}");
                assert_eq!(err.contains("waited in vain"), !good, "{name}: {err}");
                assert!(begun.elapsed() < Duration::from_secs(30), "{name}: {err}");
            });
        }
    });
}

/// A script for bash in another shell does nothing at all, rather than half of it.
#[test]
fn dash_refuses_a_script_before_its_first_step() {
    if lacks("bash") || Command::new("dash").args(["-c", ":"]).status().is_err() {
        eprintln!("skipped: dash is not installed");
        return;
    }
    let project = Sandbox::new();
    let toml = "[secrets]\nfiles = []\nrequired = []\n[pipelines]\nlook = [{ command = \"touch done\", secrets = [] }]\n";
    project.write("environments/local/environment.toml", toml);
    let script = project.infractl(&["look", "local", "--print"]).code(0).out;
    project.write("script.sh", &script);
    let done = Command::new("dash").arg("script.sh").current_dir(project.root()).output().unwrap();
    assert!(!done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(!project.path("done").exists());
    assert!(Command::new("bash").arg("script.sh").current_dir(project.root()).status().unwrap().success());
    assert!(project.path("done").exists());
}
