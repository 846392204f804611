//! A server of files, and a proxy for requests that name a host.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread;

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// First lines of the requests.
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Answers everything with these bytes, and with no more of them than `sent` after it promised all.
    pub(crate) fn new(bytes: Vec<u8>, sent: usize) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&asked);
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let (mut got, mut buffer) = (Vec::new(), [0; 4096]);
                while !got.ends_with(b"\r\n\r\n") {
                    let count = stream.read(&mut buffer).unwrap();
                    assert!(count != 0, "a request was cut");
                    got.extend(&buffer[..count]);
                }
                let line = String::from_utf8_lossy(&got).lines().next().unwrap().to_owned();
                all.lock().unwrap().push(line);
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    bytes.len()
                );
                let _ = stream.write_all(head.as_bytes());
                let _ = stream.write_all(&bytes[..sent.min(bytes.len())]);
            }
        });
        Server { address, asked }
    }

    /// Address of a folder of it.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/v", self.address)
    }
}
