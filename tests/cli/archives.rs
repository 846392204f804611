//! A server of archives, with faults: what it serves, and who asked for what.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::waits::Shown;

/// What is answered.
#[derive(Clone)]
pub(crate) enum Reply {
    /// A file.
    File(Vec<u8>),
    /// A page for people.
    Page,
    /// A status without a body.
    Status(u16),
    /// Half of a file, and then the line is cut.
    Half(Vec<u8>),
    /// Half of a file, and then nothing for a long time.
    Hang(Vec<u8>),
    /// Somewhere else.
    To(String),
}

/// What is served by path, and the paths that were asked for.
type Served = (HashMap<String, Reply>, Vec<String>);

/// Lives as long as the test.
#[derive(Clone)]
pub(crate) struct Archives {
    pub(crate) address: String,
    kept: Arc<Mutex<Served>>,
}

impl Archives {
    pub(crate) fn new() -> Self {
        Archives::listening(None)
    }

    /// The same by TLS, as `localhost`.
    pub(crate) fn secure(Shown(certificate, key): Shown) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.unwrap().with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
        Archives::listening(Some(Arc::new(config)))
    }

    fn listening(tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let server = Archives { address: format!("{scheme}://localhost:{port}"), kept: Arc::default() };
        let other = server.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (server, tls) = (other.clone(), tls.clone());
                std::thread::spawn(move || match tls {
                    None => server.answer(stream),
                    Some(tls) => {
                        server.answer(StreamOwned::new(ServerConnection::new(tls).unwrap(), stream));
                    }
                });
            }
        });
        server
    }

    pub(crate) fn put(&self, path: &str, reply: Reply) {
        self.kept.lock().unwrap().0.insert(path.to_owned(), reply);
    }

    /// The lines of all requests since the last look.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.kept.lock().unwrap().1)
    }

    /// One request, then the connection is closed.
    fn answer(&self, mut stream: impl Read + Write) {
        let mut reader = BufReader::new(&mut stream);
        let (mut line, mut login) = (String::new(), String::new());
        let _ = reader.read_line(&mut line);
        loop {
            let mut header = String::new();
            if reader.read_line(&mut header).is_err() || header.trim().is_empty() {
                break;
            }
            if header.to_lowercase().starts_with("authorization:") {
                header.trim().clone_into(&mut login);
            }
        }
        let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
        let reply = {
            let mut kept = self.kept.lock().unwrap();
            kept.1.push(format!("{path} {login}").trim_end().to_owned());
            kept.0.get(&path).cloned().unwrap_or(Reply::Status(404))
        };
        let mut say = |code: u16, more: &str, length: usize, body: &[u8]| {
            let head =
                format!("HTTP/1.1 {code} x\r\n{more}Content-Length: {length}\r\nConnection: close\r\n\r\n");
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
            let _ = stream.flush();
        };
        match reply {
            Reply::File(bytes) => say(200, "", bytes.len(), &bytes),
            Reply::Page => say(200, "Content-Type: text/html\r\n", 14, b"<html>login</h"),
            Reply::Status(code) => say(code, "", 0, b""),
            Reply::Half(bytes) => say(200, "", bytes.len(), &bytes[..bytes.len() / 2]),
            Reply::Hang(bytes) => {
                say(200, "", bytes.len(), &bytes[..bytes.len() / 2]);
                std::thread::sleep(std::time::Duration::from_secs(60));
            }
            Reply::To(to) => say(302, &format!("Location: {to}\r\n"), 0, b""),
        }
    }
}

/// A real `.zip` with these files.
pub(crate) fn zip(files: &[(&str, &str)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in files {
        let options = zip::write::SimpleFileOptions::default().unix_permissions(0o755);
        zip.start_file(*name, options).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A real `.tar.gz` with these files; what begins with `->` is a link. Names are taken as they are, traps too.
pub(crate) fn tar_gz(files: &[(&str, &str)]) -> Vec<u8> {
    let gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    let mut tar = tar::Builder::new(gz);
    for (name, text) in files {
        let mut header = tar::Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_mode(0o755);
        if let Some(to) = text.strip_prefix("->") {
            header.set_entry_type(tar::EntryType::Symlink);
            header.set_link_name(to).unwrap();
            header.set_size(0);
            header.set_cksum();
            tar.append(&header, &[][..]).unwrap();
        } else {
            header.set_size(text.len() as u64);
            header.set_cksum();
            tar.append(&header, text.as_bytes()).unwrap();
        }
    }
    tar.into_inner().unwrap().finish().unwrap()
}
