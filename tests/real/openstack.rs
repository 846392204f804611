//! Servers of a test's own in the OpenStack that `tests/install/35-openstack` starts.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::common::need;
use serde_json::Value as Json;

/// The password of its user.
pub(crate) const PASSWORD: &str = "p@ss w0rd";

/// The real client, Keystone and Nova.
pub(crate) struct Openstack {
    /// The client.
    pub(crate) program: PathBuf,
    /// Where Keystone is.
    pub(crate) auth_url: String,
    control: String,
}

impl Openstack {
    /// None when it is not there.
    pub(crate) fn find() -> Option<Openstack> {
        Some(Openstack {
            program: need("openstack")?.into(),
            auth_url: std::env::var("OS_AUTH_URL").unwrap(),
            control: need("openstack-control")?.into_string().unwrap(),
        })
    }

    /// What the client needs besides the password.
    pub(crate) fn vars(&self) -> Vec<(&'static str, &str)> {
        vec![
            ("OS_AUTH_URL", &self.auth_url),
            ("OS_IDENTITY_API_VERSION", "3"),
            ("OS_REGION_NAME", "RegionOne"),
            ("OS_USERNAME", "admin"),
            ("OS_PROJECT_NAME", "admin"),
            ("OS_USER_DOMAIN_NAME", "Default"),
            ("OS_PROJECT_DOMAIN_NAME", "Default"),
        ]
    }

    /// Makes running servers; each name gets an ending that no other test has. A machine with `slow` in its name takes
    /// a minute to stop, one with `broken` accepts it and goes on.
    pub(crate) fn servers(&self, names: &[&str]) -> Vec<String> {
        static NEXT: AtomicUsize = AtomicUsize::new(1);
        let end = format!("{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let names: Vec<String> = names.iter().map(|name| format!("{name}-{end}")).collect();
        self.ask(&format!("servers?names={}", names.join(",")));
        names
    }

    /// A question that Nova's own API does not answer, or not as fast; see `tests/openstack/serve_nova.py`.
    fn ask(&self, question: &str) -> Json {
        let (host, path) = self.control.strip_prefix("http://").unwrap().split_once('/').unwrap();
        let mut stream = TcpStream::connect(host).unwrap();
        write!(stream, "GET /{path}/{question} HTTP/1.0\r\nHost: {host}\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(" 200 OK"), "{answer}");
        serde_json::from_str(body).unwrap()
    }

    /// The client by hand; what it prints.
    pub(crate) fn client(&self, args: &[&str]) -> String {
        let mut command = Command::new(&self.program);
        command.args(args).envs(self.vars()).env("OS_PASSWORD", PASSWORD);
        let Output { status, stdout, stderr } = command.output().unwrap();
        assert!(status.success(), "openstack {args:?}: {}", String::from_utf8_lossy(&stderr));
        String::from_utf8(stdout).unwrap()
    }

    /// `ACTIVE`, `SHUTOFF`, with what it is doing: `ACTIVE powering-off`.
    pub(crate) fn status(&self, name: &str) -> String {
        let found = self.ask(&format!("status?name={name}"));
        let words = found[0].as_array().unwrap().iter().filter_map(Json::as_str);
        words.collect::<Vec<_>>().join(" ")
    }
}
