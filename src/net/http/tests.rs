//! Requests against real listeners: cut, too long, sent elsewhere, around in a circle.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use super::*;

const EACH: Duration = Duration::from_millis(1500);

/// A server that answers each request by what it was asked; what it got is told.
fn serve(answer: impl Fn(&str) -> String + Send + 'static) -> (SocketAddr, Receiver<String>) {
    serve_on("127.0.0.1:0", answer)
}

fn serve_on(at: &str, answer: impl Fn(&str) -> String + Send + 'static) -> (SocketAddr, Receiver<String>) {
    let listener = TcpListener::bind(at).unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, told) = channel();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let got = read(&mut stream);
            let _ = stream.write_all(answer(&got).as_bytes());
            let _ = tell.send(got);
        }
    });
    (address, told)
}

/// Head and body of a request.
fn read(stream: &mut TcpStream) -> String {
    let _ = stream.set_read_timeout(Some(Duration::from_millis(500)));
    let mut got = String::new();
    let mut bytes = [0; 4096];
    loop {
        let length = got.to_ascii_lowercase().split_once("content-length: ").map_or(0, |(_, rest)| {
            rest.split("\r\n").next().unwrap_or_default().parse::<usize>().unwrap_or(0)
        });
        let is_whole = got.split_once("\r\n\r\n").is_some_and(|(_, body)| body.len() >= length);
        match stream.read(&mut bytes) {
            _ if is_whole => return got,
            Ok(count) if count > 0 => got.push_str(&String::from_utf8_lossy(&bytes[..count])),
            _ => return got,
        }
        if got.split_once("\r\n\r\n").is_some_and(|(_, body)| body.len() >= length && length > 0)
            || got.ends_with("\r\n\r\n") && !got.to_ascii_lowercase().contains("content-length: ")
        {
            return got;
        }
    }
}

fn answer(status: &str, more: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{more}content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

fn request(method: &'static str, url: impl Into<String>) -> Request {
    Request {
        method,
        url: url.into(),
        headers: Vec::new(),
        body: None,
        redirects: true,
        dial: Dial::default(),
        ca: None,
    }
}

fn with_secrets(method: &'static str, url: String) -> Request {
    let headers = [("X-Token", "CANARY-head"), ("Accept", "application/json")];
    Request {
        headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned().into())).into(),
        body: Some("{\"a\":\"CANARY-body\"}".to_owned().into()),
        ..request(method, url)
    }
}

async fn sent(request: Request) -> Result<Reply, Trouble> {
    send(request, EACH, Timestamp::now()).await
}

async fn wrong(request: Request) -> String {
    match sent(request).await {
        Ok(reply) => format!("status {}", reply.status),
        Err(trouble) => trouble.answer.text,
    }
}

#[tokio::test]
async fn what_is_sent_arrives_whole_by_every_method() {
    let (address, told) = serve(|_| answer("200 OK", "x-a: b\r\n", "[1]"));
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        let reply =
            sent(with_secrets(method, format!("http://{address}/p?q=1"))).await.unwrap_or_else(|_| panic!());
        assert_eq!((reply.status, reply.header("X-A"), &*reply.text()), (200, Some("b"), "[1]"));
        let got = told.recv().unwrap();
        assert!(got.starts_with(&format!("{method} /p?q=1 HTTP/1.1\r\n")), "{got}");
        assert!(
            got.contains("x-token: CANARY-head\r\n") && got.ends_with("\r\n\r\n{\"a\":\"CANARY-body\"}"),
            "{got}"
        );
    }
    for method in ["GET", "OPTIONS", "DELETE", "POST"] {
        assert!(sent(request(method, format!("http://{address}/"))).await.is_ok(), "{method}");
        assert!(told.recv().unwrap().starts_with(method));
    }
    assert_eq!(
        sent(request("HEAD", format!("http://{address}/"))).await.ok().map(|reply| reply.body),
        Some(vec![])
    );
}

#[tokio::test]
async fn an_answer_is_whole_or_there_is_none() {
    let (address, _) = serve(|got| match got.split(' ').nth(1) {
        Some("/cut") => "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf".to_owned(),
        Some("/chunk") => "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n".to_owned(),
        Some("/long") => answer("200 OK", "", &"x".repeat(5 * 1024 * 1024 + 1)),
        Some("/most") => answer("200 OK", "", &"x".repeat(5 * 1024 * 1024)),
        Some("/head") => "HTTP/1.1 200 OK\r\ncontent-le".to_owned(),
        _ => String::new(),
    });
    let said = async |path: &str| wrong(request("GET", format!("http://{address}{path}"))).await;
    for cut in ["/cut", "/chunk"] {
        let said = said(cut).await;
        assert!(said.starts_with("status 200, but the answer was cut after 4 bytes: "), "{said}");
    }
    assert_eq!(said("/long").await, "status 200, but the answer is longer than 5 MB");
    assert_eq!(said("/most").await, "status 200");
    for nothing in ["/head", "/"] {
        let said = said(nothing).await;
        assert!(said.contains("hung up") || said.contains("no answer of HTTP"), "{said}");
    }
}

#[tokio::test]
async fn nothing_goes_along_to_another_server() {
    let (other, told) = serve(|_| answer("200 OK", "", "fine"));
    let to = move |status: &str| answer(status, &format!("location: http://{other}/there\r\n"), "");
    let (address, _) = serve(move |got| match got.split(' ').nth(1) {
        Some("/303") => to("303 See Other"),
        Some("/302") => to("302 Found"),
        _ => to("307 Temporary Redirect"),
    });
    let url = |path: &str| format!("http://{address}{path}");
    for (method, path) in [("POST", "/303"), ("PUT", "/303"), ("POST", "/302")] {
        assert_eq!(wrong(with_secrets(method, url(path))).await, "status 200");
        let got = told.recv().unwrap();
        assert!(got.starts_with("GET /there ") && !got.contains("CANARY"), "{got}");
        assert!(got.to_lowercase().contains("accept: application/json"), "{got}");
    }
    for (method, path) in [("POST", "/307"), ("PUT", "/302"), ("DELETE", "/307")] {
        let said = wrong(with_secrets(method, url(path))).await;
        assert!(said.contains(&format!("it redirects to http://{other}/there, another server")), "{said}");
    }
    assert!(told.try_recv().is_err(), "the other server was asked");
    let stays = Request { redirects: false, ..with_secrets("POST", url("/307")) };
    assert_eq!(wrong(stays).await, "status 307");
}

#[tokio::test]
async fn at_the_same_server_all_of_it_goes_along_and_a_circle_ends() {
    let (address, told) = serve(|got| match got.split(' ').nth(1) {
        Some("/a/b") => answer("308 Permanent Redirect", "location: ../c?x=1\r\n", ""),
        Some("/loop") => answer("302 Found", "location: /loop\r\n", ""),
        Some("/ftp") => answer("302 Found", "location: ftp://x/\r\n", ""),
        _ => answer("200 OK", "", "fine"),
    });
    assert_eq!(wrong(with_secrets("PUT", format!("http://{address}/a/b"))).await, "status 200");
    told.recv().unwrap();
    let got = told.recv().unwrap();
    assert!(
        got.starts_with("PUT /c?x=1 ") && got.contains("CANARY-head") && got.contains("CANARY-body"),
        "{got}"
    );
    let said = wrong(request("GET", format!("http://{address}/loop"))).await;
    assert_eq!(said, format!("redirected more than 10 times, last to http://{address}/loop"));
    let said = wrong(request("GET", format!("http://{address}/ftp"))).await;
    assert_eq!(said, "it redirects to `ftp://x/`, which is no address");
}

#[tokio::test]
async fn what_cannot_be_sent_is_not_begun() {
    let refused = async |request: Request| {
        let trouble = sent(request).await.err().unwrap();
        assert!(!trouble.was_sent);
        (trouble.answer.text, trouble.answer.is_final)
    };
    let mut header = request("GET", "http://127.0.0.1:1/");
    header.headers.push(("X-Token".into(), "CANARY\n".to_owned().into()));
    let (text, is_final) = refused(header).await;
    assert!(
        text.starts_with("the header `X-Token` cannot be sent: its value holds an end of line"),
        "{text}"
    );
    assert!(is_final && !text.contains("CANARY"));
    for url in ["127.0.0.1", "ftp://127.0.0.1/", "http://a b/", "http:///x", ""] {
        let (text, is_final) = refused(request("GET", url)).await;
        assert!(is_final && text.starts_with(&format!("`{url}` is no address")), "{text}");
    }
    assert_eq!(
        refused(request("GET", "http://127.0.0.1:1/")).await,
        ("connection refused".to_owned(), false)
    );
}

#[tokio::test]
async fn an_address_of_ip_version_6_is_asked() {
    if TcpListener::bind("[::1]:0").is_err() {
        return; // this machine has none
    }
    let (address, told) = serve_on("[::1]:0", |_| answer("200 OK", "", "fine"));
    assert_eq!(wrong(request("GET", format!("http://{address}/"))).await, "status 200");
    assert!(told.recv().unwrap().to_lowercase().contains(&format!("host: {address}\r\n")));
}

#[tokio::test]
async fn one_who_takes_what_is_sent_and_hangs_up_may_have_done_it() {
    let (address, _) = serve(|_| String::new());
    let trouble = sent(with_secrets("POST", format!("http://{address}/"))).await.err().unwrap();
    assert!(trouble.was_sent, "{trouble:?}");
    assert!(!format!("{trouble:?}").contains("CANARY"));
}
