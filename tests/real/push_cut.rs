//! `push` over a connection that is cut, and to a registry that dies.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value as Json;

use crate::common::{send, start};
use crate::docker::{Docker, unique};
use crate::push::{Registry, project, with_password};

/// Where a connection is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    Nowhere,
    /// In the middle of a layer, once.
    LayerOnce,
    /// In the middle of each layer.
    Layers,
    /// Where the manifest is sent, which comes last.
    Manifest,
}

/// A way to a registry that can be cut.
struct Way {
    address: String,
    cut: Arc<Mutex<Cut>>,
}

impl Way {
    fn to(registry: &str) -> Way {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let cut = Arc::new(Mutex::new(Cut::Nowhere));
        let (registry, where_) = (registry.to_owned(), Arc::clone(&cut));
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // A registry that is dead: the client sees its connection closed.
                let Ok(server) = TcpStream::connect(&registry) else { continue };
                let (back, cut) = (server.try_clone().unwrap(), Arc::clone(&where_));
                let to = client.try_clone().unwrap();
                std::thread::spawn(move || pass(&back, &to, |_, _| false));
                std::thread::spawn(move || pass(&client, &server, |sent, bytes| is_cut(&cut, sent, bytes)));
            }
        });
        Way { address, cut }
    }

    fn cut(&self, cut: Cut) {
        *self.cut.lock().unwrap() = cut;
    }
}

/// So much of a layer is let through.
const BEGINNING: usize = 200_000;

fn is_cut(cut: &Mutex<Cut>, sent: usize, bytes: &[u8]) -> bool {
    let mut cut = cut.lock().unwrap();
    let is_manifest = bytes.starts_with(b"PUT ") && String::from_utf8_lossy(bytes).contains("/manifests/");
    match *cut {
        Cut::LayerOnce if sent > BEGINNING => {
            *cut = Cut::Nowhere;
            true
        }
        Cut::Layers => sent > BEGINNING,
        Cut::Manifest => is_manifest,
        Cut::LayerOnce | Cut::Nowhere => false,
    }
}

/// Passes bytes on until one side closes, or they are cut.
fn pass(mut from: &TcpStream, mut to: &TcpStream, is_cut: impl Fn(usize, &[u8]) -> bool) {
    let (mut bytes, mut sent) = (vec![0; 64 * 1024], 0);
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        sent += count;
        if is_cut(sent, &bytes[..count]) || to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}

/// A layer that no registry has and that does not get small.
fn big(docker: &Docker, seed: u64) {
    let mut state = seed ^ u64::from(std::process::id());
    let mut text = String::new();
    while text.len() < 3_000_000 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        text.push_str(&format!("{state:016x}"));
    }
    docker.project.write("etl/data", &text);
    docker.project.write("etl/Dockerfile", &format!("FROM {}\nCOPY data /data\n", docker.image));
    docker.infractl(&["build", "local"]).code(0);
}

/// What is written down of the image, and the digest if it was pushed.
fn recorded(docker: &Docker, image: &str) -> Option<String> {
    let known: Json = serde_json::from_str(&docker.project.read(".infractl/images/local.json")).unwrap();
    assert!(known[image].is_object(), "{known}");
    known[image]["pushed"]["reference"].as_str().map(str::to_owned)
}

/// What the registry has behind its two tags.
fn there(registry: &Registry, image: &str) -> [Option<String>; 2] {
    ["1", "latest"].map(|tag| {
        let url = format!("http://{}/v2/team/{image}/manifests/{tag}", registry.address);
        let mut curl = std::process::Command::new("curl");
        curl.args(["-sI", "-u", "ci:CANARY-7f3a-registry", "-H"]);
        curl.arg("Accept: application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json");
        let head = String::from_utf8(curl.arg(url).output().unwrap().stdout).unwrap().to_lowercase();
        let digest = head.lines().find_map(|line| line.strip_prefix("docker-content-digest: "));
        digest.map(|digest| digest.trim().to_owned())
    })
}

fn remove(docker: &Docker, way: &Way, image: &str) {
    for tag in ["1", "latest"] {
        let names = [format!("{}/team/{image}:{tag}", way.address), format!("{image}:{tag}")];
        docker.docker(&["image", "rm", &names[0], &names[1]]);
    }
}

#[test]
fn a_connection_that_is_cut() {
    let Some(registry) = Registry::start() else { return };
    let (image, way) = (unique(), Way::to(&registry.address));
    let Some(docker) = project(&with_password(&way.address, "REGISTRY_PASSWORD"), &image) else { return };
    // In a layer: docker sends it again by itself.
    big(&docker, 1);
    way.cut(Cut::LayerOnce);
    docker.infractl(&["push", "local"]).code(0).says("Retrying in").says("sha256:");
    let first = recorded(&docker, &image).unwrap();
    let [one, latest] = there(&registry, &image).map(Option::unwrap);
    assert!(first.ends_with(&one) && one == latest, "{first} {one} {latest}");

    // Between layers and manifest: that is told, and nothing counts as pushed.
    big(&docker, 2);
    way.cut(Cut::Manifest);
    docker
        .infractl(&["push", "local"])
        .code(1)
        .says("the registry was not reached, or the connection to it broke off")
        .says("push again: layers that the registry has are not sent again");
    assert_eq!(recorded(&docker, &image), None);
    assert_eq!(there(&registry, &image), [Some(one.clone()), Some(one.clone())]);
    way.cut(Cut::Nowhere);
    docker.infractl(&["push", "local"]).code(0).says("Layer already exists");
    let second = recorded(&docker, &image).unwrap();
    let [now, latest] = there(&registry, &image).map(Option::unwrap);
    assert!(second.ends_with(&now) && now == latest && now != one, "{second} {now} {latest}");
    remove(&docker, &way, &image);
}

#[test]
fn a_registry_that_dies_while_it_is_given_an_image() {
    let Some(mut registry) = Registry::start() else { return };
    let (image, way) = (unique(), Way::to(&registry.address));
    let Some(docker) = project(&with_password(&way.address, "REGISTRY_PASSWORD"), &image) else { return };
    big(&docker, 3);
    way.cut(Cut::Layers);
    let mut push = docker.command(&["push", "local"]);
    let mut push = start(&mut push);
    let mut said = String::new();
    let begun = Instant::now();
    let err = push.stderr.as_mut().unwrap();
    let mut bytes = [0; 4096];
    while !said.contains("Retrying in") {
        let count = err.read(&mut bytes).unwrap();
        assert!(count > 0, "it ended: {said}");
        said.push_str(&String::from_utf8_lossy(&bytes[..count]));
    }
    registry.kill();
    // Who does not want to wait for a dead registry gets out at once.
    send(&push, Signal::INT);
    let mut rest = String::new();
    push.stderr.take().unwrap().read_to_string(&mut rest).unwrap();
    assert_eq!(push.wait().unwrap().code(), Some(130), "{said}{rest}");
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    assert_eq!(recorded(&docker, &image), None);

    docker.infractl(&["push", "local"]).code(1).says("`docker login` to");
    registry.again();
    way.cut(Cut::Nowhere);
    docker.infractl(&["push", "local"]).code(0).says("sha256:");
    let pushed = recorded(&docker, &image).unwrap();
    assert!(there(&registry, &image).map(Option::unwrap).iter().all(|digest| pushed.ends_with(digest)));
    remove(&docker, &way, &image);
}
