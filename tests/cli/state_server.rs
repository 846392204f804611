//! A server for terraform's http backend, with faults: a state, its lock, and who asked for what.

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use crate::common::Asked;

#[derive(Default)]
pub(crate) struct Kept {
    pub(crate) state: Option<Vec<u8>>,
    pub(crate) lock: Option<Vec<u8>>,
    /// Answers 500 to whoever wants to save.
    pub(crate) refuses: bool,
    /// Answers this to whoever wants to read.
    pub(crate) status: Option<u16>,
    /// So often somebody read.
    pub(crate) reads: usize,
}

/// Lives as long as the test.
#[derive(Clone)]
pub(crate) struct StateServer {
    address: String,
    kept: Arc<Mutex<Kept>>,
}

impl StateServer {
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/state", listener.local_addr().unwrap());
        let server = StateServer { address, kept: Arc::default() };
        let kept = server.kept.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let kept = kept.clone();
                std::thread::spawn(move || answer(&stream, &kept));
            }
        });
        server
    }

    /// `[terraform.backend]` for it.
    pub(crate) fn settings(&self) -> String {
        let address = &self.address;
        format!(
            "[terraform.backend]\naddress = \"{address}\"\nlock_address = \"{address}\"\nunlock_address = \"{address}\"\nretry_max = \"0\"\n"
        )
    }

    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut Kept) -> T) -> T {
        work(&mut self.kept.lock().unwrap())
    }

    pub(crate) fn is_locked(&self) -> bool {
        self.with(|kept| kept.lock.is_some())
    }
}

/// One request, then the connection is closed.
fn answer(mut stream: &TcpStream, kept: &Mutex<Kept>) {
    let Some(Asked { method, body, .. }) = Asked::read(stream) else { return };
    let (code, text) = act(&method, body, &mut kept.lock().unwrap());
    let head = format!("HTTP/1.1 {code} x\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", text.len());
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(&text);
}

fn act(method: &str, body: Vec<u8>, kept: &mut Kept) -> (u16, Vec<u8>) {
    match method {
        "GET" if kept.status.is_some() => (kept.status.unwrap_or_default(), Vec::new()),
        "GET" => {
            kept.reads += 1;
            kept.state.clone().map_or((404, Vec::new()), |state| (200, state))
        }
        "POST" if kept.refuses => (500, Vec::new()),
        "POST" => {
            kept.state = Some(body);
            (200, Vec::new())
        }
        "LOCK" if kept.lock.is_some() => (423, kept.lock.clone().unwrap_or_default()),
        "LOCK" => {
            kept.lock = Some(body);
            (200, Vec::new())
        }
        "UNLOCK" => {
            kept.lock = None;
            (200, Vec::new())
        }
        _ => (405, Vec::new()),
    }
}
