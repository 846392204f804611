//! A store of buckets with faults: what each store in the world cannot do, one by one.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use crate::common::Asked;

/// What it cannot do, and what it has.
#[derive(Default)]
pub(crate) struct Store {
    /// `If-None-Match` and `If-Match` are not looked at.
    pub(crate) takes_everybody: bool,
    /// Only writers that come one after the other are kept apart.
    pub(crate) is_racy: bool,
    /// Says that it keeps versions, and keeps none.
    pub(crate) forgets: bool,
    /// Knows neither versions nor encryption nor public access blocks.
    pub(crate) is_plain: bool,
    /// Refuses checksums that it does not know.
    pub(crate) refuses_checksums: bool,
    /// Somebody without keys can read everything.
    pub(crate) is_open: bool,
    /// The name belongs to somebody else.
    pub(crate) is_taken: bool,
    /// Answers 500 to so many requests.
    pub(crate) stumbles: usize,
    pub(crate) has_bucket: bool,
    pub(crate) is_versioned: bool,
    pub(crate) is_encrypted: bool,
    pub(crate) is_closed: bool,
    /// All versions of each object, the last one last.
    pub(crate) objects: BTreeMap<String, Vec<Vec<u8>>>,
    /// Methods with paths, in order.
    pub(crate) asked: Vec<String>,
}

/// Lives as long as the test.
pub(crate) struct BucketServer {
    pub(crate) address: String,
    store: Arc<Mutex<Store>>,
}

impl BucketServer {
    pub(crate) fn new(store: Store) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let server = BucketServer { address, store: Arc::new(Mutex::new(store)) };
        let store = server.store.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let store = store.clone();
                std::thread::spawn(move || answer(&stream, &store));
            }
        });
        server
    }

    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut Store) -> T) -> T {
        work(&mut self.store.lock().unwrap())
    }
}

struct Request {
    method: String,
    /// Below the bucket: the key of an object, or nothing.
    key: String,
    query: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

/// One request, then the connection is closed.
fn answer(mut stream: &TcpStream, store: &Mutex<Store>) {
    let Some(Asked { method, address, headers, body }) = Asked::read(stream) else { return };
    let (path, query) = address.split_once('?').unwrap_or((&address, ""));
    let key = path.trim_start_matches('/').split_once('/').map_or("", |(_, key)| key).to_owned();
    let request = Request { method, key, query: query.to_owned(), headers, body };
    let is_racy = {
        let mut store = store.lock().unwrap();
        store.asked.push(format!("{} {} {}", request.method, request.key, request.query));
        store.is_racy
    };
    // Everybody sees that nothing is there before anybody writes.
    let knows_nothing = is_racy
        && request.key.ends_with("at-once")
        && !store.lock().unwrap().objects.contains_key(&request.key);
    if knows_nothing {
        std::thread::sleep(std::time::Duration::from_millis(400));
    }
    let (code, text, headers) = act(&request, &mut store.lock().unwrap(), knows_nothing);
    let length = if request.method == "HEAD" { 0 } else { text.len() };
    let head = format!("HTTP/1.1 {code} x\r\nContent-Length: {length}\r\n{headers}Connection: close\r\n\r\n");
    let _ = stream.write_all(head.as_bytes());
    if request.method != "HEAD" {
        let _ = stream.write_all(&text);
    }
}

type Answered = (u16, Vec<u8>, String);

fn error(code: u16, name: &str) -> Answered {
    let text = format!("<Error><Code>{name}</Code><Message>no {name}</Message></Error>");
    (code, text.into_bytes(), String::new())
}

fn well(text: &str) -> Answered {
    (200, text.as_bytes().to_vec(), String::new())
}

fn act(request: &Request, store: &mut Store, knows_nothing: bool) -> Answered {
    if store.stumbles > 0 {
        store.stumbles -= 1;
        return error(500, "InternalError");
    }
    if !request.headers.contains_key("authorization") {
        return if store.is_open {
            object(request, store, knows_nothing)
        } else {
            error(403, "AccessDenied")
        };
    }
    if store.is_taken {
        return error(403, "AccessDenied");
    }
    match (request.key.as_str(), request.query.split(['=', '&']).next().unwrap_or_default()) {
        ("", "") => match request.method.as_str() {
            "HEAD" if store.has_bucket => well(""),
            "HEAD" => error(404, "NoSuchBucket"),
            "PUT" if store.is_plain && !request.body.is_empty() => error(400, "InvalidLocationConstraint"),
            "PUT" => {
                store.has_bucket = true;
                well("")
            }
            _ => error(405, "MethodNotAllowed"),
        },
        ("", "prefix") => {
            let prefix = request.query.split(['=', '&']).nth(1).unwrap_or_default().replace("%2F", "/");
            let listed = store.objects.iter().filter(|(key, _)| key.starts_with(&prefix)).flat_map(
                |(key, versions)| {
                    (0..versions.len()).map(move |at| {
                        format!("<Version><Key>{key}</Key><VersionId>v{at}</VersionId></Version>")
                    })
                },
            );
            well(&listed.collect::<String>())
        }
        ("", _) if store.is_plain => error(501, "NotImplemented"),
        ("", _) if request.method == "PUT" && !request.headers.contains_key("content-md5") => {
            error(400, "InvalidRequest")
        }
        ("", "versioning") if request.method == "PUT" => {
            store.is_versioned = true;
            well("")
        }
        ("", "versioning") if store.is_versioned => well("<Status>Enabled</Status>"),
        ("", "versioning") => well("<VersioningConfiguration/>"),
        ("", "encryption") if request.method == "PUT" => {
            store.is_encrypted = true;
            well("")
        }
        ("", "encryption") if store.is_encrypted => well("<SSEAlgorithm>AES256</SSEAlgorithm>"),
        ("", "publicAccessBlock") if request.method == "PUT" => {
            store.is_closed = true;
            well("")
        }
        ("", "publicAccessBlock") if store.is_closed => well(
            "<BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls>\
             <BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>true</RestrictPublicBuckets>",
        ),
        ("", _) => error(404, "NoSuchConfiguration"),
        _ => object(request, store, knows_nothing),
    }
}

fn object(request: &Request, store: &mut Store, knows_nothing: bool) -> Answered {
    let header = |name: &str| request.headers.get(name).cloned();
    let there = store.objects.get(&request.key).and_then(|versions| versions.last()).cloned();
    match request.method.as_str() {
        "GET" => there.map_or_else(|| error(404, "NoSuchKey"), |body| (200, body, String::new())),
        "DELETE" => {
            if request.query.starts_with("versionId=v") {
                // Which of them does not matter: they are counted.
                let versions = store.objects.get_mut(&request.key).unwrap();
                versions.pop();
                if versions.is_empty() {
                    store.objects.remove(&request.key);
                }
            } else if !store.is_versioned || store.forgets {
                store.objects.remove(&request.key);
            }
            (204, Vec::new(), String::new())
        }
        "PUT" => {
            let is_refused = !store.takes_everybody
                && !knows_nothing
                && (header("if-none-match").is_some() && there.is_some() || header("if-match").is_some());
            if is_refused {
                return error(412, "PreconditionFailed");
            }
            if store.refuses_checksums && header("x-amz-checksum-sha256").is_some() {
                return error(400, "InvalidArgument");
            }
            let versions = store.objects.entry(request.key.clone()).or_default();
            if !store.is_versioned || store.forgets {
                versions.clear();
            }
            versions.push(request.body.clone());
            let encryption = header("x-amz-server-side-encryption").filter(|_| !store.is_plain);
            let headers =
                encryption.map_or(String::new(), |how| format!("x-amz-server-side-encryption: {how}\r\n"));
            (200, Vec::new(), format!("ETag: \"1\"\r\n{headers}"))
        }
        _ => error(405, "MethodNotAllowed"),
    }
}
